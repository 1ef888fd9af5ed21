"""Structured logs: one event a line, JSON in production, readable in the demo, and never a secret."""

from __future__ import annotations

import logging
import re
from typing import Any

import sentry_sdk
import structlog
from django.conf import settings
from structlog.typing import EventDict, WrappedLogger

_SECRET_NAMES = re.compile(r"(token|secret|password|authorization|consumer_key|api_key|cookie)", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"\b(ck|cs)_[0-9a-f]{20,}\b|\bBearer\s+\S+|\bBasic\s+[A-Za-z0-9+/=]{8,}", re.IGNORECASE)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blanks out fields that are named like secrets and values that look like keys."""
    for name, value in list(event.items()):
        if _SECRET_NAMES.search(name):
            event[name] = "[redacted]"
        elif isinstance(value, str):
            event[name] = _SECRET_VALUES.sub("[redacted]", value)
    return event


def report_errors() -> None:
    """Sends unhandled errors to Sentry where a DSN is set: no request bodies, no local variables, no people's data."""
    if settings.SENTRY_DSN:
        sentry_sdk.init(dsn=settings.SENTRY_DSN, include_local_variables=False, max_request_body_size="never")


def configure() -> None:
    """Sends everything that the standard library and structlog log through one chain to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.LOG_FORMAT == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.LOG_LEVEL.upper())
    for noisy in ("urllib3", "kombu", "celery.redirected", "amqp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared[:-1], redact, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
