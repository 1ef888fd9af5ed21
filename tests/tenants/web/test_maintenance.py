"""While an operator works on the service, and Intuit's own artwork."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings


@pytest.fixture
def at_work(settings: Settings, tmp_path: Path) -> Path:
    settings.MAINTENANCE_FILE = tmp_path / "maintenance"
    settings.MAINTENANCE_FILE.touch()
    return tmp_path / "maintenance"


def test_every_page_says_so_in_both_languages_without_asking_the_database(client: Client, at_work: Path) -> None:
    for address in ("/", "/accounts/login/", "/t/anything/", "/readyz", "/webhooks/quickbooks"):
        answer = client.get(address)
        assert (answer.status_code, answer["Retry-After"]) == (503, "300")
        assert "Back in a few minutes" in answer.text
        assert "De retour dans quelques minutes" in answer.text
        assert "Content-Security-Policy" not in answer or "unsafe" not in answer["Content-Security-Policy"]


def test_the_process_still_lives_and_shops_are_not_told_to_give_up(client: Client, at_work: Path) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.post("/webhooks/woocommerce/anything", data=b"{}", content_type="application/json").status_code == 202


@pytest.mark.django_db
def test_it_ends_with_the_file(client: Client, at_work: Path) -> None:
    at_work.unlink()
    assert client.get("/accounts/login/").status_code == 200


@pytest.mark.django_db
def test_the_artwork_of_the_operator_is_shown(client: Client, settings: Settings, tmp_path: Path) -> None:
    assert client.get("/intuit/button").status_code == 404
    artwork = tmp_path / "connect.svg"
    artwork.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    settings.INTUIT_BUTTON_FILE = str(artwork)
    answer = client.get("/intuit/button")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
