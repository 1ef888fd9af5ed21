"""Loads Celery and the logs with Django, so that `connector/__init__.py` can stay empty."""

from django.apps import AppConfig


class ConnectorConfig(AppConfig):
    name = "connector"

    def ready(self) -> None:
        from connector import celery, logs  # noqa: F401  (both need the settings, hence not at import time)

        logs.configure()
        logs.report_errors()
