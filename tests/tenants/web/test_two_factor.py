"""The second factor: on, used, lost, off; its secrets sealed."""

from __future__ import annotations

import io
import json
import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from tenants.secrets import decrypt
from tenants.web.two_factor import rotate_authenticators
from tests.factories import PASSWORD, Cast
from tests.tenants.web.codes import code_of

pytestmark = pytest.mark.django_db
SIGN_IN, AUTHENTICATE = "/accounts/login/", "/accounts/two-factor/authenticate/"
ACTIVATE = "/accounts/two-factor/totp/activate/"


def enrolled(people: Cast) -> tuple[Client, str]:
    """A signed-in client that has turned it on, and the key of the app."""
    client = Client()
    client.post(SIGN_IN, {"login": people.alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(ACTIVATE).content.decode()
    secret = re.search(r"<code>(\w+)</code>", page)
    assert secret is not None
    assert "<svg" in page
    assert "data:" not in page
    assert "style=" not in page
    answer = client.post(ACTIVATE, {"code": code_of(secret[1])})
    assert answer.headers["Location"] == "/accounts/two-factor/recovery-codes/"
    return client, secret[1]


def half_way(people: Cast) -> Client:
    """The password was right; the code is still to come."""
    client = Client()
    answer = client.post(SIGN_IN, {"login": people.alice.email, "password": PASSWORD})
    assert answer.headers["Location"] == AUTHENTICATE
    assert client.get("/account/").status_code == 302
    return client


def test_signing_in_then_takes_a_code(
    people: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        _client, secret = enrolled(people)
    assert mail.outbox[-1].subject == "Two-factor authentication is on"
    client = half_way(people)
    assert "is not valid" in client.post(AUTHENTICATE, {"code": "000000"}).content.decode()
    assert client.post(AUTHENTICATE, {"code": code_of(secret, later=1)}).headers["Location"] == "/"
    assert client.get("/account/").status_code == 200


def test_a_code_works_once(people: Cast) -> None:
    _client, secret = enrolled(people)
    code = code_of(secret, later=1)
    half_way(people).post(AUTHENTICATE, {"code": code})
    assert "is not valid" in half_way(people).post(AUTHENTICATE, {"code": code}).content.decode()


def test_guessing_codes_is_throttled(people: Cast) -> None:
    _client, secret = enrolled(people)
    client = half_way(people)
    for guess in range(5):
        client.post(AUTHENTICATE, {"code": f"00000{guess}"})
    page = client.post(AUTHENTICATE, {"code": code_of(secret, later=1)}).content.decode()
    assert "Too many attempts" in page


def test_a_recovery_code_opens_once(people: Cast) -> None:
    client, _secret = enrolled(people)
    page = client.get("/accounts/two-factor/recovery-codes/").content.decode()
    code = re.findall(r"<code>(\d{8})</code>", page)[3]
    assert half_way(people).post(AUTHENTICATE, {"code": code}).headers["Location"] == "/"
    assert "is not valid" in half_way(people).post(AUTHENTICATE, {"code": code}).content.decode()
    assert client.get("/accounts/two-factor/recovery-codes/").content.decode().count("<code>") == 9


def test_new_codes_end_the_former_ones_and_off_ends_all(
    people: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client, _secret = enrolled(people)
    before = client.get("/accounts/two-factor/recovery-codes/download/").content.decode().split()
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/two-factor/recovery-codes/generate/")
    after = client.get("/accounts/two-factor/recovery-codes/download/").content.decode().split()
    assert len(before) == len(after) == 10
    assert not set(before) & set(after)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/two-factor/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert [letter.subject for letter in mail.outbox[-2:]] == [
        "You have new recovery codes",
        "Two-factor authentication is off",
    ]


@pytest.mark.parametrize("path", ["totp/activate/", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/"])
def test_what_weakens_an_account_asks_for_the_password_again(path: str, people: Cast) -> None:
    if path != "totp/activate/":
        enrolled(people)
        client = half_way(people)
        secret = decrypt(Authenticator.objects.get(type="totp").data["secret"])
        client.post(AUTHENTICATE, {"code": code_of(secret, later=1)})
    else:
        client = Client()
        client.post(SIGN_IN, {"login": people.alice.email, "password": PASSWORD})
    assert "/reauthenticate/" in client.get(f"/accounts/two-factor/{path}").headers["Location"]


def test_secrets_are_sealed_and_move_to_a_new_key(people: Cast, settings: Settings) -> None:
    _client, secret = enrolled(people)
    row = Authenticator.objects.get(type="totp")
    assert secret not in json.dumps(row.data)
    old = settings.FIELD_ENCRYPTION_KEYS
    new = "bmV3IGtleSBmb3IgdGVzdHMsIDMyIGJ5dGVzIGxvbmc="
    settings.FIELD_ENCRYPTION_KEYS = [new, *old]
    call_command("rotate_keys", stdout=io.StringIO())
    assert rotate_authenticators() == (2, 0, 0), "the command left nothing to do"
    settings.FIELD_ENCRYPTION_KEYS = [new]
    row.refresh_from_db()
    assert decrypt(row.data["secret"]) == secret
    settings.FIELD_ENCRYPTION_KEYS = old
    assert rotate_authenticators() == (2, 0, 2)
