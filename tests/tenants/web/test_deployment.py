"""Django's own check of a deployment has nothing to say about settings as production has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TEST_DATABASE_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "a9f3k2m5p8q1r4s7t0u3v6w9x2y5z8b1c4d7e0f3g6h9j2k5-l8m1n4",
    "FIELD_ENCRYPTION_KEYS": "cHJvZHVjdGlvbi1saWtlIGtleSwgMzIgYnl0ZXMhIS4=",
    "ALLOWED_HOSTS": "books.example.com",
    "PUBLIC_URL": "https://books.example.com",
    "EMAIL_URL": "smtp+tls://mail.example.com:587",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


def test_the_deployment_check_is_clean() -> None:
    done = check(**PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    assert "0 silenced" in done.stdout


def test_the_check_would_speak_up() -> None:
    """An http address switches off what https alone allows: then there is something to say."""
    done = check(**PRODUCTION | {"PUBLIC_URL": "http://books.example.com"})
    assert done.returncode != 0
    assert "SESSION_COOKIE_SECURE" in done.stderr
