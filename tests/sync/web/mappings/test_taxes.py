"""The tax page against a living shop and company: what is there, what is suggested, what one click does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from sync.mappings.check import check_orders
from sync.mappings.taxes import tax_table
from sync.models import OptionsVersion, Run
from sync.reports import records_of_cause
from sync.setup import facts_of
from tenants.models import Role, Tenant
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits, point_at  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, finish, run_to_end, states

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    cache.clear()


def shop(new_world: Any, profile: str = "fr", orders: int = 12) -> World:  # noqa: F811
    world: World = new_world(profile, orders=orders)
    return world


def owner_of(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def rates_of(tenant: Tenant) -> list[dict[str, Any]]:
    version = OptionsVersion.objects.for_tenant(tenant).order_by("-number")[0]
    rows: list[dict[str, Any]] = version.document["taxes"]["rates"]
    return rows


def test_every_rate_of_the_store_has_a_row_and_only_codes_at_its_rate(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world)
    tenant = world.connect(taxes={"rates": []})
    table = tax_table(tenant)
    assert {row.rate_ids for row in table.rows if row.is_in_store and len(row.rate_ids) == 1} == {
        (rate["id"],) for rate in world.store_taxes()
    }
    for row in table.rows:
        wanted = Decimal(0) if row.is_untaxed else row.percent
        assert all(code.percent == wanted for code in row.fitting), row.name
    assert len(table.suggested) >= len(world.store_taxes()) - 1


def test_accepting_the_suggestions_matches_what_the_settings_of_the_shop_say(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world)
    tenant = world.connect()
    wanted = {tuple(row["rate_ids"]): row["tax_code"]["id"] for row in rates_of(tenant)}
    world.apply(world.document(taxes={"rates": []}))
    owner = owner_of(tenant)
    owner.post(reverse("mapping_taxes_accept", args=[tenant.slug]))
    found = {tuple(row["rate_ids"]): row["tax_code"]["id"] for row in rates_of(tenant)}
    assert {ids: code for ids, code in found.items() if ids in wanted} == {
        ids: code for ids, code in wanted.items() if ids in found
    }
    assert found
    assert all(Decimal(row["percent"]) >= 0 for row in rates_of(tenant))


def test_combinations_on_a_line_are_found_and_matched_at_their_effective_rate(new_world: Any) -> None:  # noqa: F811
    """Quebec: GST and QST on one line are one code; before the first run they are read from the store's orders."""
    world = shop(new_world, "ca", orders=30)
    tenant = world.connect(taxes={"rates": [], "tax_item": None, "untaxed_code": "Exempt"})
    before_a_run = {row.rate_ids for row in tax_table(tenant).rows if len(row.rate_ids) > 1}
    assert before_a_run
    run_to_end(tenant)
    table = tax_table(tenant)
    both = next(row for row in table.rows if len(row.rate_ids) == 2 and row.percent == Decimal("14.975"))
    assert both.rate_ids in before_a_run
    assert both.name == "GST + QST"
    assert both.orders > 0
    assert both.state == "blocking"
    assert both.suggestion is not None
    code = next(code for code in facts_of(tenant).tax_codes if code.id == both.suggestion.ref.id)  # type: ignore[union-attr]
    assert abs(code.percent - Decimal("14.975")) < Decimal("0.001")
    owner = owner_of(tenant)
    said = owner.post(reverse("mapping_tax_save", args=[tenant.slug]), {"key": both.key, "code": code.id}, follow=True)
    assert "The choice is saved." in said.content.decode()
    row = next(row for row in rates_of(tenant) if sorted(row["rate_ids"]) == sorted(both.rate_ids))
    assert Decimal(row["percent"]) == Decimal("14.975")
    page = owner.get(reverse("mapping_taxes", args=[tenant.slug])).content.decode()
    assert "together on one line" in page
    assert "Lines, last" in page
    finish(Run.objects.for_tenant(tenant).get(state__in=Run.ACTIVE))
    assert not records_of_cause(tenant, "unmapped_tax_rate", both.key).exists()
    named = {tax["name"] for one in world.documents("SalesReceipt") for tax in one["taxes"]}
    assert {rate.name for rate in code.rates} <= named


def test_where_a_document_has_one_code_combinations_are_of_an_order(new_world: Any) -> None:  # noqa: F811
    world: World = new_world("us", orders=12, tax_world="us_manual")
    tenant = world.connect()
    run_to_end(tenant)
    answer = owner_of(tenant).get(reverse("mapping_taxes", args=[tenant.slug]))
    combined = [line for line in answer.context["lines"] if len(line.row.rate_ids) > 1]
    assert combined
    assert all("together on one order" in line.note for line in combined)
    page = answer.content.decode()
    assert "Orders, of the last" in page
    assert "Lines, last" not in page


def test_a_code_at_another_rate_is_refused_in_words(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world)
    tenant = world.connect(taxes={"rates": []})
    owner = owner_of(tenant)
    row = next(row for row in tax_table(tenant).rows if row.percent == Decimal(20))
    other = next(code for code in facts_of(tenant).tax_codes if code.percent == Decimal(10))  # type: ignore[union-attr]
    answer = owner.post(
        reverse("mapping_tax_save", args=[tenant.slug]),
        {"key": row.key, "code": other.id},
        headers={"HX-Request": "true"},
    )
    assert "Choose a tax code at 20%" in answer.content.decode().replace("\xa0", "").replace("\u202f", "")
    assert rates_of(tenant) == []


def test_a_code_that_quickbooks_lost_turns_its_row_stale(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world)
    tenant = world.connect()
    company = tenant.company
    assert company is not None
    lost = rates_of(tenant)[0]
    facts = dict(company.facts)
    facts["tax_codes"] = [code for code in facts["tax_codes"] if code["id"] != lost["tax_code"]["id"]]
    company.facts = facts
    company.save(update_fields=["facts"])
    tenant.refresh_from_db()
    row = tax_table(tenant).row(str(lost["rate_ids"][0]))
    assert row is not None
    assert row.state == "stale"
    page = owner_of(tenant).get(reverse("mapping_taxes", args=[tenant.slug]) + "?show=open").content.decode()
    assert "deleted or inactive in QuickBooks" in page


def test_lines_without_tax_have_a_code_for_each_reason(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world)
    tenant = world.connect()
    owner = owner_of(tenant)
    zero = next(code for code in facts_of(tenant).tax_codes if code.percent == 0 and code.rates)  # type: ignore[union-attr]
    for key in ("untaxed_code", "vat_exempt", "export"):
        owner.post(reverse("mapping_tax_save", args=[tenant.slug]), {"key": key, "code": zero.id})
    taxes = OptionsVersion.objects.for_tenant(tenant).order_by("-number")[0].document["taxes"]
    assert taxes["untaxed_code"]["id"] == taxes["untaxed"]["vat_exempt"]["id"] == taxes["untaxed"]["export"]["id"]
    owner.post(reverse("mapping_tax_save", args=[tenant.slug]), {"key": "export", "code": ""})
    taxes = OptionsVersion.objects.for_tenant(tenant).order_by("-number")[0].document["taxes"]
    assert taxes["untaxed"]["export"] is None


def test_the_check_counts_every_order_once_and_sends_nothing(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world, orders=20)
    tenant = world.connect(taxes={"rates": []})
    run_to_end(tenant)
    before = world.ledger()
    found = check_orders(tenant)
    assert found.orders == found.exact + found.held + found.other > 0
    assert found.held == states(tenant)["attention:unmapped_tax_rate"]
    assert sum(found.rates.values()) == found.held
    world.apply(world.document())
    tenant.refresh_from_db()
    again = check_orders(tenant)
    assert again.held < found.held
    assert again.orders == found.orders
    assert world.ledger() == before
    page = owner_of(tenant).get(reverse("mapping_taxes_check", args=[tenant.slug])).content.decode()
    assert "QuickBooks computes the same tax" in page


def test_where_quickbooks_keeps_no_tax_the_page_says_so_and_has_no_rows(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world, "us")
    tenant = world.connect()
    page = owner_of(tenant).get(reverse("mapping_taxes", args=[tenant.slug]))
    assert "Sales tax is off in QuickBooks" in page.content.decode()
    assert page.context["lines"] == []


def test_a_store_that_does_not_answer_is_told_on_the_page(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world)
    tenant = world.connect()
    world.break_store(action="status", status=503, times=None)
    answer = owner_of(tenant).get(reverse("mapping_taxes", args=[tenant.slug]) + "?refresh=1")
    assert answer.status_code == 200
    assert "Try again" in answer.content.decode()


def test_a_code_made_in_quickbooks_meanwhile_is_offered_after_a_refresh(new_world: Any) -> None:  # noqa: F811
    world = shop(new_world)
    tenant = world.connect(taxes={"rates": []})
    company = tenant.company
    assert company is not None
    facts = dict(company.facts)
    company.facts = {**facts, "tax_codes": [code for code in facts["tax_codes"] if code["name"] != "20.0% S"]}
    company.save(update_fields=["facts"])
    owner, url = owner_of(tenant), reverse("mapping_taxes", args=[tenant.slug])
    assert ">20.0% S<" not in owner.get(url).content.decode()
    assert ">20.0% S<" in owner.get(url, {"refresh": 1}).content.decode()


def test_the_second_of_two_people_does_not_undo_the_first_unseen(new_world: Any) -> None:  # noqa: F811
    tenant = shop(new_world).connect(taxes={"rates": []})
    row = next(row for row in tax_table(tenant).rows if row.percent == 0 or len(row.fitting) > 1)
    first, second = [code.id for code in row.fitting][:2]
    owner, url = owner_of(tenant), reverse("mapping_tax_save", args=[tenant.slug])
    owner.post(url, {"key": row.key, "code": first, "was": ""})
    answer = owner.post(url, {"key": row.key, "code": second, "was": ""}, headers={"HX-Request": "true"})
    assert "Since you opened this page" in answer.content.decode()
    now = tax_table(tenant).row(row.key)
    assert now is not None
    assert now.code is not None
    assert now.code.id == first
