"""What the operator's probes hear."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client

from tenants.web.views import probes


def test_the_process_answers_without_asking_the_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


@pytest.mark.django_db
def test_ready_when_database_and_broker_answer(client: Client) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "database": "ok", "broker": "ok"}


@pytest.mark.django_db
def test_not_ready_without_the_database(client: Client) -> None:
    def refuse(*_args: object) -> None:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "database": "unreachable", "broker": "ok"}


@pytest.mark.django_db
def test_not_ready_without_the_broker(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes.current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(probes.current_app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["broker"] == "unreachable"
