"""A session that ended while a page was open costs nothing but signing in again."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Run
from tests.factories import PASSWORD, Cast

PAGE = "http://testserver/t/maison-dupont/records/?q=240"


def test_a_form_of_a_signed_out_person_leads_back_to_its_page(people: Cast) -> None:
    client = Client()
    away = client.post(reverse("sync_now", args=[people.tenant.slug]), headers={"referer": PAGE})
    assert away.headers["Location"] == "/accounts/login/?next=%2Ft%2Fmaison-dupont%2Frecords%2F%3Fq%3D240"
    sign_in = client.get(away.headers["Location"]).content.decode()
    assert "You were signed out meanwhile, so nothing was changed." in sign_in
    back = unescape(re.findall(r'name="next" value="([^"]+)"', sign_in)[0])
    answer = client.post("/accounts/login/", {"login": people.alice.email, "password": PASSWORD, "next": back})
    assert answer.headers["Location"] == "/t/maison-dupont/records/?q=240"
    assert client.get(answer.headers["Location"]).status_code == 200
    assert not Run.objects.exists()


@pytest.mark.parametrize("referer", ["", "https://evil.example/t/x/", "//evil.example", "javascript:alert(1)"])
def test_without_a_page_of_ours_it_leads_to_the_start(referer: str, people: Cast) -> None:
    answer = Client().post(reverse("sync_now", args=[people.tenant.slug]), headers={"referer": referer})
    assert answer.headers["Location"] == "/accounts/login/?next=%2F"


@pytest.mark.parametrize(("method", "name"), [("get", "records"), ("post", "sync_now")])
def test_a_part_of_a_page_never_becomes_the_sign_in(method: str, name: str, people: Cast) -> None:
    """htmx would put what a redirect leads to into the page."""
    headers = {"hx-request": "true", "hx-current-url": PAGE}
    answer = getattr(Client(), method)(reverse(name, args=[people.tenant.slug]), headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Ft%2Fmaison-dupont%2Frecords%2F%3Fq%3D240"


def test_a_page_that_is_asked_for_comes_after_signing_in(people: Cast) -> None:
    path = reverse("team", args=[people.tenant.slug])
    assert Client().get(path).headers["Location"] == f"/accounts/login/?next={path}"


def test_the_address_of_a_button_says_that_it_is_none_of_a_page(people: Cast) -> None:
    client = Client()
    client.force_login(people.alice, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(reverse("sync_now", args=[people.tenant.slug]))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "It belongs to a button." in answer.content.decode()
    assert client.get("/webhooks/quickbooks", headers={"accept": "application/json"}).content == b""
