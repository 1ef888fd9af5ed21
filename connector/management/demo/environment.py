"""The demo's environment: everything lives in var/demo and on loopback, whatever this machine's own settings say."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.management.stand_in import ROOT

FOLDER = ROOT / "var" / "demo"


def demo_environment(details: Mapping[str, Any], *, folder: Path, port: int) -> dict[str, str]:
    """Values for every variable that could lead out of the demo. The secrets stay those of var/local.env.

    details: what the stand-ins said when they listened.
    """
    company = details["company"]
    return {
        "DJANGO_SETTINGS_MODULE": "connector.settings",
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{folder / 'juste.sqlite3'}",
        "CELERY_BROKER_URL": "memory://localhost/",
        "REDIS_URL": "",
        "EMAIL_URL": f"file://{folder / 'outbox'}",
        "INTUIT_CLIENT_ID": company["client_id"],
        "INTUIT_CLIENT_SECRET": company["client_secret"],
        "INTUIT_ENVIRONMENT": "sandbox",
        "INTUIT_DISCOVERY_URL": company["discovery_url"],
        "QBO_API_BASE_URL": company["api_base_url"],
        "INTUIT_WEBHOOK_VERIFIER_TOKEN": company["webhook_verifier_token"],
        "ALLOW_PRIVATE_STORE_URLS": "1",
        "SENTRY_DSN": "",
        "LOG_FORMAT": "console",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def enter(environment: Mapping[str, str]) -> None:
    """Puts the values into this process, before the settings are first read."""
    for name in ("INTUIT_CLIENT_SECRET_FILE", "INTUIT_WEBHOOK_VERIFIER_TOKEN_FILE"):
        os.environ.pop(name, None)
    os.environ.update(environment)


def port_problem(name: str, port: int) -> str:
    """Why this port cannot be listened on, with the variable that chooses another; "" when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
            return f"Port {port} {why}. Choose another: {name}={port + 10} make demo"
    return ""
