"""What the settings point to was made inactive in QuickBooks: the setting is named, and one choice sends the order."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse

from sync.choices import save_choices
from sync.models import Record
from sync.setup import options_of
from tenants.models import Company, Role, Tenant
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, assert_no_duplicates, record_of, run_to_end

pytestmark = pytest.mark.django_db

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    cache.clear()


def id_of(world: World, kind: str, name: str) -> str:
    return next(str(row["Id"]) for row in world.names(kind) if row["Name"] == name)


def hold(world: World, tenant: Tenant, kind: str, name: str) -> Record:
    """An order after somebody made this inactive, which nothing told us. The preferences were read long ago."""
    run_to_end(tenant)
    world.deactivate(kind, id_of(world, kind, name))
    Company.objects.update(facts_read_at=None)
    order_id = world.add_order(line_items=TEA)
    run_to_end(tenant)
    return record_of(tenant, order_id)


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("Account", "Stripe clearing", "missing_setting:gateway:stripe"),
        ("PaymentMethod", "Credit Card", "missing_setting:payment_method:stripe"),
    ],
)
def test_what_money_is_recorded_with_is_named(
    kind: str,
    name: str,
    reason: str,
    document: str,
    new_world: Any,  # noqa: F811
) -> None:
    world: World = new_world("fr", orders=3)
    record = hold(world, world.connect(document=document), kind, name)
    assert (record.state, record.reason) == (Record.State.ATTENTION, reason)
    assert (record.details["name"], record.details["problem"]) == (name, "inactive")


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
def test_a_tax_code_is_named_with_its_rate(document: str, new_world: Any) -> None:  # noqa: F811
    world: World = new_world("fr", orders=3)
    record = hold(world, world.connect(document=document), "TaxCode", "5.5% S")
    assert (record.state, record.reason) == (Record.State.ATTENTION, "unmapped_tax_rate")
    assert (record.details["problem"], record.details["code"]) == ("code_inactive", "5.5% S")


def test_payment_terms_are_named(new_world: Any) -> None:  # noqa: F811
    world: World = new_world("fr", orders=3)
    tenant = world.connect(document="invoice")
    term = world.names("Term")[0]
    save_choices(tenant, {"orders": {"terms": {"id": str(term["Id"])}}})
    record = hold(world, tenant, "Term", term["Name"])
    assert (record.state, record.reason) == (Record.State.ATTENTION, "missing_setting:terms")


def test_another_payment_method_is_chosen_in_the_card_and_the_payment_is_recorded(new_world: Any) -> None:  # noqa: F811
    world: World = new_world("fr", orders=3)
    tenant = world.connect(document="invoice")
    record = hold(world, tenant, "PaymentMethod", "Credit Card")
    owner = signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))
    account = gateway(tenant)["account"]
    body = {"reason": record.reason, "subject": "", "action": "save", "value": id_of(world, "PaymentMethod", "PayPal")}
    owner.post(reverse("take_cure", args=[tenant.slug]), body)
    assert gateway(tenant)["payment_method"]["name"] == "PayPal"
    assert gateway(tenant)["account"] == account
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.state == Record.State.SYNCED
    assert_no_duplicates(world)


def gateway(tenant: Tenant) -> dict[str, Any]:
    rows = options_of(tenant)["payments"]["methods"]
    return next(row for row in rows if row["gateway"] == "stripe")
