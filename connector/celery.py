"""The Celery application and its few fixed beats; what is due is always read from rows, never from the schedule."""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connector.settings")

app = Celery("connector")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["sync"])
app.autodiscover_tasks(["sync"], related_name="mail_tasks")
app.conf.beat_schedule = {
    "dispatch-due-tenants": {"task": "sync.tasks.dispatch_due_tenants", "schedule": 60.0},
    "sweep": {"task": "sync.tasks.sweep", "schedule": 60.0},
    "watch-connections": {"task": "sync.tasks.watch_connections", "schedule": 60.0},
    "forget-old-payloads": {"task": "sync.tasks.forget_old_payloads", "schedule": crontab(minute="17", hour="*/6")},
    "mail-digests": {"task": "sync.mail_tasks.mail_digests", "schedule": 60.0},
}
app.conf.task_routes = {
    "sync.tasks.run_slice": {"queue": "sync"},
    "sync.tasks.dispatch_due_tenants": {"queue": "interactive"},
    "sync.tasks.sweep": {"queue": "interactive"},
    "sync.tasks.watch_connections": {"queue": "interactive"},
    "sync.tasks.read_company_names": {"queue": "interactive"},
    "sync.tasks.pull_forward": {"queue": "sync"},
    "sync.tasks.forget_old_payloads": {"queue": "backfill"},
    "sync.tasks.keep_store_webhooks": {"queue": "backfill"},
    "sync.tasks.compare_books": {"queue": "interactive"},
    "sync.tasks.take_in_events": {"queue": "interactive"},
    "sync.tasks.mail_lost_connection": {"queue": "mail"},
    "sync.mail_tasks.mail_digests": {"queue": "mail"},
    "sync.mail_tasks.send_reports": {"queue": "mail"},
}
