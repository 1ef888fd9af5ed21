"""The real command in processes of its own, killed without warning, over a database that outlives them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from tests.sync.world import World

ROOT = Path(__file__).parent.parent.parent
LONGEST_SECONDS = 120


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The URL of an empty database: a file, or a database beside the one that TEST_DATABASE_URL names."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if not given.startswith("postgres"):
        yield f"sqlite:///{folder / 'juste.sqlite3'}"
        return
    name = f"juste_crash_{uuid.uuid4().hex[:12]}"
    _on_server(given, f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    finally:
        _on_server(given, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _on_server(url: str, statement: str) -> None:
    connection = psycopg2.connect(urlunsplit(urlsplit(url)._replace(path="/postgres")))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@dataclass
class Commands:
    """`manage.py` against one world and one database, each time as a new process."""

    world: World
    database_url: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        company = self.world.details["company"]
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TEST_REDIS_URL") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "connector.settings",
            "SECRET_KEY": "only-for-the-crash-tests",
            "FIELD_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "DATABASE_URL": self.database_url,
            "ALLOW_PRIVATE_STORE_URLS": "1",
            "LOG_LEVEL": "ERROR",
            "INTUIT_CLIENT_ID": company["client_id"],
            "INTUIT_CLIENT_SECRET": company["client_secret"],
            "INTUIT_DISCOVERY_URL": company["discovery_url"],
            "QBO_API_BASE_URL": company["api_base_url"],
            "QBO_MAX_REQUESTS_PER_MINUTE": "100000",
            "QBO_MAX_REQUESTS_PER_SECOND": "100000",
            "QBO_MAX_BATCHES_PER_MINUTE": "100000",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.crash.command", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Standard output of a command that must succeed."""
        process = self.start(*arguments)
        out, problem = process.communicate(timeout=LONGEST_SECONDS)
        assert process.returncode == 0, f"{arguments}: {problem[-3000:]}"
        return out

    def set_up(self, document: Mapping[str, Any]) -> None:
        self.run("migrate", "-v0")
        place = self.folder / "tenant.json"
        place.write_text(json.dumps(document), encoding="utf-8")
        self.run("tenant_apply", str(place))

    def records(self, slug: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("records", slug, "--json").splitlines()]


def calls(world: World) -> int:
    """Every request that reached one of the two stand-ins so far."""
    return int(world.box.company.stats.described()["calls"]) + sum(world.box.store.api.calls.values())


def kill_in_the_middle(commands: Commands, slug: str, dice: random.Random) -> bool:
    """Starts a sync and kills it some calls and some milliseconds later; False when it ended before that."""
    last = calls(commands.world) + dice.randint(1, 9)
    pause = dice.choice([0.0, 0.0, 0.002, 0.01, 0.05, 0.15, 0.4])
    process = commands.start("sync", slug, "--json")
    until = time.monotonic() + LONGEST_SECONDS
    while process.poll() is None and calls(commands.world) < last and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(pause)
    was_alive = process.poll() is None
    if was_alive:
        process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LONGEST_SECONDS)
    return was_alive
