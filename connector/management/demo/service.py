"""Web, worker and beat as threads of this process, over the in-memory broker; the same code and tasks as apart."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from celery.beat import EmbeddedService
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections
from waitress.server import create_server  # type: ignore[import-untyped]

from connector.celery import app
from sync.models import Run
from sync.tasks import enqueue, request_webhooks, start_run
from tenants.models import Company, Tenant

QUEUES = ("interactive", "sync", "backfill", "mail")
WORKER_THREADS = 4


class Service:
    """Everything that serves the demo. `start` returns when the web server listens."""

    def __init__(self, *, port: int, folder: Path) -> None:
        # Celery warns of root because of pickled messages; here they are JSON and never leave the process.
        warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
        self._server: Any = create_server(get_wsgi_application(), host="127.0.0.1", port=port, threads=8)
        self._worker: Any = app.Worker(
            pool="threads", concurrency=WORKER_THREADS, queues=",".join(QUEUES), hostname="demo@localhost",
            quiet=True, without_gossip=True, without_mingle=True, loglevel="WARNING",
        )  # fmt: skip
        self._beat: Any = EmbeddedService(app, thread=True, schedule_filename=str(folder / "beat-schedule"))
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._run("web", self._server.run)
        self._run("worker", self._worker.start)
        self._beat.start()

    def _run(self, name: str, work: Callable[[], object]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self, seconds: float) -> bool:
        """True when every thread ended in time. A slice under way stops at its next call: its lease is gone."""
        closers = [
            threading.Thread(target=close, daemon=True)
            for close in (_give_up_leases, self._server.close, self._beat.stop, self._worker.stop)
        ]
        for closer in closers:
            closer.start()
        deadline = time.monotonic() + seconds
        for thread in [*closers, *self._threads]:
            thread.join(timeout=max(deadline - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in [*closers, *self._threads])


def resume(tenant: Tenant) -> None:
    """Sends what the last process left behind (its messages are gone with it), and the very first sync.

    The shop's webhooks are looked over too: this start may have another port."""
    active = list(Run.objects.filter(state__in=Run.ACTIVE).values_list("pk", flat=True))
    for run_id in active:
        enqueue(run_id)
    if not active and not Run.objects.for_tenant(tenant).exists():
        start_run(tenant, trigger="schedule")
    request_webhooks(tenant)
    connections.close_all()


def listen_to_books(company_url: str) -> None:
    """The stand-in company tells the service what changes, as Intuit does once the operator gave it the address."""
    address = {"url": f"{settings.PUBLIC_URL}/webhooks/quickbooks"}
    requests.post(f"{company_url}/_sandbox/webhooks", json=address, timeout=10).raise_for_status()


def _give_up_leases() -> None:
    """This process is the only one that works here; who comes next need not wait for its leases to run out."""
    Company.objects.exclude(lease_token="").update(lease_token="", lease_until=None)
    connections.close_all()
