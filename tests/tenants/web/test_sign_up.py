"""Getting in: nobody without a confirmed address, nobody learns who has an account."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tenants.models import User
from tests.factories import PASSWORD, Cast, person

pytestmark = pytest.mark.django_db
SIGN_UP, SIGN_IN = "/accounts/signup/", "/accounts/login/"
SENT = "/accounts/confirm-email/"


def sign_up(client: Client, email: str, password: str = PASSWORD) -> str:
    answer = client.post(SIGN_UP, {"email": email, "password1": password})
    return str(answer.headers.get("Location", answer.content.decode()))


def path_in(body: str) -> str:
    found = re.search(r"https?://[^/]+(/\S+)", body)
    assert found is not None
    return found[1]


def test_a_new_person_confirms_the_address_and_is_in() -> None:
    client = Client()
    assert sign_up(client, "Claire@Example.com") == SENT
    assert client.get("/account/").status_code == 302
    link = path_in(mail.outbox[0].body)
    assert not EmailAddress.objects.get().verified
    assert client.get(link).status_code == 200, "looking at the link, as mail scanners do, confirms nothing"
    assert not EmailAddress.objects.get().verified
    assert client.post(link).headers["Location"] == "/"
    assert EmailAddress.objects.get().verified
    assert client.get("/account/").status_code == 200


def test_a_known_address_meets_the_same_answer_and_its_owner_a_letter() -> None:
    person("claire@example.com")
    known, new = Client(), Client()
    assert sign_up(known, "claire@example.com") == sign_up(new, "nobody@example.com") == SENT
    pages = [client.get(SENT).content.decode() for client in (known, new)]
    blank = [re.sub(r"csrfmiddlewaretoken\" value=\"\w+|(claire|nobody)@example.com", "", page) for page in pages]
    assert blank[0] == blank[1]
    assert [letter.subject for letter in mail.outbox] == ["You already have an account", "Confirm your e-mail address"]
    assert User.objects.count() == 2


def test_a_password_reset_tells_nothing_either() -> None:
    person("claire@example.com")
    answers = [
        Client().post("/accounts/password/reset/", {"email": email}).headers["Location"]
        for email in ("claire@example.com", "nobody@example.com")
    ]
    assert answers[0] == answers[1]
    assert [letter.subject for letter in mail.outbox] == [
        "Choose a new password",
        "There is no account for this address",
    ]


def test_sign_in_says_the_same_for_an_unknown_address_and_a_wrong_password() -> None:
    person("claire@example.com")
    said = [
        Client().post(SIGN_IN, {"login": email, "password": "wrong horse battery"}).content.decode()
        for email in ("claire@example.com", "nobody@example.com")
    ]
    assert all("do not belong together" in page for page in said)


def test_nobody_signs_in_before_the_address_is_confirmed_and_the_letter_comes_again() -> None:
    client = Client()
    sign_up(client, "claire@example.com")
    other = Client()
    answer = other.post(SIGN_IN, {"login": "claire@example.com", "password": PASSWORD})
    assert answer.headers["Location"] == SENT
    assert other.get("/account/").status_code == 302


def test_the_letter_is_sent_again_but_not_without_end(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": "2/m/key"}
    client = Client()
    sign_up(client, "claire@example.com")
    for _again in range(3):
        assert client.post(SENT).headers["Location"] == SENT
    assert len(mail.outbox) == 2
    assert "moment ago" in client.get(SENT).content.decode()


def test_a_worn_out_link_says_what_to_do() -> None:
    page = Client().get("/accounts/confirm-email/worn-out/").content.decode()
    assert "This link no longer works" in page
    assert SIGN_IN in page


def test_a_used_link_confirms_nothing_more() -> None:
    client = Client()
    sign_up(client, "claire@example.com")
    link = path_in(mail.outbox[0].body)
    client.post(link)
    assert "This link no longer works" in Client().get(link).content.decode()


def test_guessing_passwords_is_throttled_and_the_right_one_no_longer_helps() -> None:
    person("claire@example.com")
    client = Client()
    for _guess in range(5):
        client.post(SIGN_IN, {"login": "claire@example.com", "password": "wrong horse battery"})
    page = client.post(SIGN_IN, {"login": "claire@example.com", "password": PASSWORD}).content.decode()
    assert "Too many attempts" in page


def test_too_many_sign_ups_from_one_place_meet_our_own_page() -> None:
    client = Client()
    answers = [client.post(SIGN_UP, {"email": f"p{n}@example.com", "password1": "x"}) for n in range(21)]
    assert answers[-1].status_code == 429
    assert "Too many attempts" in answers[-1].content.decode()


def test_where_sign_up_is_closed_nobody_makes_an_account(settings: Settings) -> None:
    settings.SIGN_UP_OPEN = False
    sign_up(Client(), "claire@example.com")
    assert not User.objects.exists()
    assert "by invitation" in Client().get(SIGN_UP).content.decode()
    assert SIGN_UP not in Client().get(SIGN_IN).content.decode()


@pytest.mark.parametrize("password", ["short", "password123", "claire@example.com"])
def test_weak_passwords_are_refused(password: str) -> None:
    sign_up(Client(), "claire@example.com", password)
    assert not User.objects.exists()


def test_a_new_person_keeps_the_language_of_the_page_and_reads_letters_in_it() -> None:
    client = Client(headers={"Accept-Language": "fr"})
    sign_up(client, "claire@example.com")
    assert User.objects.get().language == "fr"
    assert mail.outbox[0].subject == "Confirmez votre adresse e-mail"


def test_links_in_letters_ignore_the_address_the_request_came_by(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://books.example.com"
    client = Client(headers={"Host": "evil.example.com"})
    sign_up(client, "claire@example.com")
    client.post("/accounts/password/reset/", {"email": "claire@example.com"})
    assert all("https://books.example.com/" in letter.body for letter in mail.outbox)
    assert not any("evil" in letter.body for letter in mail.outbox)


def test_a_new_password_by_the_link_once() -> None:
    someone = person("claire@example.com")
    client = Client()
    client.post("/accounts/password/reset/", {"email": someone.email})
    link = path_in(mail.outbox[0].body)
    form = client.get(link).headers["Location"]
    new = "another horse battery"
    answer = client.post(form, {"password1": new, "password2": new})
    assert answer.headers["Location"] == reverse("account_reset_password_from_key_done")
    someone.refresh_from_db()
    assert someone.check_password(new)
    assert mail.outbox[-1].subject == "Your password was changed"
    assert "This link no longer works" in Client().get(link).content.decode()


def test_changing_the_password_ends_the_other_sessions(people: Cast) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.post(SIGN_IN, {"login": people.alice.email, "password": PASSWORD})
    new = "another horse battery"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", fields).headers["Location"] == "/account/"
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert mail.outbox[-1].subject == "Your password was changed"


def test_a_session_says_when_it_was_last_used(people: Cast) -> None:
    cache.clear()
    client = Client()
    client.post(SIGN_IN, {"login": people.alice.email, "password": PASSWORD})
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(days=2))
    cache.clear()
    page = client.get("/accounts/sessions/").content.decode()
    assert "last seen:" in page
    seen = UserSession.objects.get().last_seen_at
    assert seen > timezone.now() - timedelta(minutes=1)
    client.get("/accounts/sessions/")
    assert UserSession.objects.get().last_seen_at == seen, "not a row for every page"


def test_all_other_sessions_can_be_ended(people: Cast) -> None:
    here, elsewhere = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}), Client()
    for client in (here, elsewhere):
        client.post(SIGN_IN, {"login": people.alice.email, "password": PASSWORD})
    page = here.get("/accounts/sessions/").content.decode()
    assert "Firefox, Linux" in page
    assert "signed in on 2 devices" in page
    here.post("/accounts/sessions/")
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_another_address_counts_once_it_is_confirmed(people: Cast) -> None:
    client = Client()
    client.post(SIGN_IN, {"login": people.alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": "alice@new.example", "action_add": ""})
    people.alice.refresh_from_db()
    assert people.alice.email == "alice@dupont.example"
    client.post(path_in(mail.outbox[-1].body))
    people.alice.refresh_from_db()
    assert people.alice.email == "alice@new.example"
    assert mail.outbox[-1].to == ["alice@dupont.example"]
    assert mail.outbox[-1].subject == "Your e-mail address was changed"


def test_a_mail_server_that_refuses_is_said_on_the_page(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    client = Client()
    assert sign_up(client, "claire@example.com") == SENT
    assert "could not be sent" in client.get(SENT).content.decode()
