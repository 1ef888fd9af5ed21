"""A NUL is no text: PostgreSQL refuses it, so that it must not get as far as a query."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_an_address_or_a_form_with_a_nul_is_a_bad_request() -> None:
    client = Client()
    assert client.get("/accounts/login/", {"next": "/x"}).status_code == 200
    assert client.get("/accounts/login/", {"next": "\x00"}).status_code == 400
    assert client.post("/accounts/login/", {"login": "alice\x00@dupont.example", "password": "x"}).status_code == 400
    assert client.post("/accounts/login/", {"login\x00": "alice"}).status_code == 400


def test_other_bodies_are_left_to_whom_they_are_for() -> None:
    answer = Client().post("/webhooks/quickbooks", b'{"a": "\\u0000"}', content_type="application/json")
    assert answer.status_code == 401


def test_what_machines_send_reaches_them_unread_whatever_it_calls_itself() -> None:
    """Else the view, which checks a signature over the raw body, could not read it any more."""
    form = "application/x-www-form-urlencoded"
    assert Client().post("/webhooks/quickbooks", b"a=b", content_type=form).status_code == 401
    assert Client().post("/webhooks/quickbooks", {"a": "b"}).status_code == 401
