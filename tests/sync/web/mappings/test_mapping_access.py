"""Who may see and change what is matched: every address of these pages and of the cards' decisions, by role."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Link, OptionsVersion, Record, Run
from sync.web.mappings.urls import workspace_urls
from tenants.models import AuditEntry
from tests.factories import Cast, captured, hold, record_of

LOOKS = [
    "mappings",
    "mapping_taxes",
    "mapping_taxes_check",
    "mapping_payments",
    "mapping_products",
    "mapping_customers",
]
CHOICES = ["mapping_product_choose", "mapping_customer_choose", "item_options"]
"""Looked at by those who may decide."""
ACTIONS = [
    "take_cure",
    "undo_cure",
    "mapping_tax_save",
    "mapping_taxes_accept",
    "mapping_payment_save",
    "mapping_default_account",
    "mapping_payments_accept",
    "mapping_product_save",
    "mapping_customer_save",
]
DECISION = {"reason": "unmapped_tax_rate", "subject": "1", "action": "match", "code": "5", "key": "1"}
ask_looks = pytest.mark.parametrize("name", LOOKS)
ask_actions = pytest.mark.parametrize("name", ACTIONS)


@pytest.fixture(autouse=True)
def held(people: Cast) -> Record:
    return hold(record_of(people.tenant, captured(271)), "unmapped_tax_rate", rate="FR 20 %", rate_ids="1")


def address(name: str, people: Cast) -> str:
    return reverse(name, args=[people.tenant.slug])


def untouched() -> bool:
    return (
        OptionsVersion.objects.count() == 1
        and not AuditEntry.objects.exists()
        and not Run.objects.exists()
        and not Link.objects.exists()
        and Record.objects.filter(state=Record.State.ATTENTION).count() == 1
    )


@ask_looks
def test_a_stranger_does_not_find_a_page(name: str, charlie: Client, people: Cast) -> None:
    assert charlie.get(address(name, people)).status_code == 404


@ask_actions
def test_a_stranger_does_not_find_a_decision(name: str, charlie: Client, people: Cast) -> None:
    assert charlie.post(address(name, people), DECISION).status_code == 404
    assert untouched()


@pytest.mark.parametrize("name", [*LOOKS, *ACTIONS])
def test_a_visitor_is_sent_to_the_sign_in(name: str, people: Cast) -> None:
    answer = Client().post(address(name, people)) if name in ACTIONS else Client().get(address(name, people))
    assert answer.headers["Location"].startswith(reverse("account_login"))


@ask_looks
def test_a_viewer_looks(name: str, bob: Client, people: Cast) -> None:
    """Also where the company or the store cannot be asked: then the page says so."""
    answer = bob.get(address(name, people), follow=True)
    assert answer.status_code == 200
    assert "/save/" not in answer.content.decode()


@ask_actions
def test_a_viewer_decides_nothing(name: str, bob: Client, people: Cast) -> None:
    assert bob.post(address(name, people), DECISION).status_code == 403
    assert untouched()


@ask_actions
def test_looking_at_a_decision_does_nothing(name: str, alice: Client, people: Cast) -> None:
    assert alice.get(address(name, people)).status_code == 405
    assert untouched()


def test_a_viewer_sees_the_cause_without_its_control(bob: Client, people: Cast) -> None:
    page = bob.get(reverse("attention", args=[people.tenant.slug])).content.decode()
    assert "FR 20 %" in page
    assert reverse("take_cure", args=[people.tenant.slug]) not in page


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_is_for_those_who_may_take_it(
    name: str, alice: Client, bob: Client, charlie: Client, people: Cast
) -> None:
    url = address(name, people)
    assert [client.get(url, follow=True).status_code for client in (alice, bob, charlie)] == [200, 403, 404]
    assert Client().get(url).headers["Location"].startswith(reverse("account_login"))
    assert untouched()


def test_every_address_is_asked_for() -> None:
    assert {pattern.name for pattern in workspace_urls} == {*LOOKS, *CHOICES, *ACTIONS}  # type: ignore[union-attr]
