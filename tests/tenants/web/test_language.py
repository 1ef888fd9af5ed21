"""The choice of language and look, for visitors and for people, and the pages for what went wrong."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from tenants.web.views.errors import server_error
from tests.factories import person


@pytest.fixture(autouse=True)
def english() -> object:
    with translation.override("en"):
        yield


@pytest.mark.django_db
def test_a_visitor_reads_in_the_browsers_language(client: Client) -> None:
    page = client.get(reverse("account_login"), headers={"accept-language": "fr-CH,fr;q=0.9"}).content.decode()
    assert '<html lang="fr"' in page
    assert "Mot de passe oublié" in page


@pytest.mark.django_db
def test_a_visitors_choice_wins_and_leads_back(client: Client) -> None:
    answer = client.post(reverse("set_language"), {"language": "fr", "next": "/accounts/login/"})
    assert answer.headers["Location"] == "/accounts/login/"
    assert '<html lang="fr"' in client.get("/accounts/login/", headers={"accept-language": "en"}).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_it_never_leads_away_from_this_site(target: str, client: Client) -> None:
    assert client.post(reverse("set_language"), {"language": "fr", "next": target}).headers["Location"] == "/"


@pytest.mark.django_db
def test_a_persons_choice_is_kept_in_the_profile(client: Client) -> None:
    alice = person("alice@dupont.example")
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    client.post(reverse("set_language"), {"language": "fr-ca", "next": "/"})
    alice.refresh_from_db()
    assert alice.language == "fr-ca"
    client.post(reverse("set_language"), {"language": "tlh", "next": "/"})
    alice.refresh_from_db()
    assert alice.language == "fr-ca"


@pytest.mark.django_db
def test_the_theme_is_drawn_by_the_server(client: Client) -> None:
    client.force_login(
        person("alice@dupont.example", theme="dark"), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert 'data-theme="dark"' in client.get(reverse("account")).content.decode()


@pytest.mark.django_db
def test_what_is_not_there_says_so_with_a_way_back(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "belongs to a workspace you are not in" in answer.content.decode()


def test_what_broke_on_our_side_has_a_reference_and_asks_no_database(rf: RequestFactory) -> None:
    answer = server_error(rf.get("/t/maison-dupont/"))
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "Nothing was posted twice." in page
    assert "reference" in page
