"""A decision taken in a card: what it chooses, what leaves because of it, and how it is taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Link, OptionsVersion, Record, Run
from tenants.models import AuditEntry, Role, Tenant
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits, point_at  # noqa: F401  (fixtures)
from tests.sync.test_reconciliation import TEA
from tests.sync.test_refunds import refund
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, buyer, finish, record_of, run_to_end, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(new_world: Any) -> World:  # noqa: F811
    world: World = new_world("fr", orders=12)
    return world


def owner_of(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def press(client: Client, tenant: Tenant, reason: str, subject: str = "", *, htmx: bool = False, **answers: str) -> str:
    """What the page says after the decision."""
    headers = {"HX-Request": "true"} if htmx else {}
    body = {"reason": reason, "subject": subject, "back": "attention", **answers}
    answer = client.post(reverse("take_cure", args=[tenant.slug]), body, headers=headers, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def offered(client: Client, tenant: Tenant, reason: str) -> Any:
    """The card of a reason on the attention page."""
    cards = client.get(reverse("attention", args=[tenant.slug])).context["cards"]
    return next(card for card in cards if card.cause.reason == reason)


def finish_runs(tenant: Tenant) -> None:
    for run in Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE):
        finish(run)


def chosen(tenant: Tenant) -> dict[str, Any]:
    document: dict[str, Any] = OptionsVersion.objects.for_tenant(tenant).order_by("-number")[0].document
    return document


def test_a_blocking_rate_is_chosen_in_the_card_and_its_orders_leave_with_that_code(shop: World) -> None:
    tenant = shop.connect()
    rows = chosen(tenant)["taxes"]["rates"]
    rate = next(rate for rate in shop.store_taxes() if float(rate["rate"]) == 20 and rate["country"] == "FR")
    code = next(row["tax_code"] for row in rows if row["rate_ids"] == [rate["id"]])
    without = [row for row in rows if row["rate_ids"] != [rate["id"]]]
    shop.apply(shop.document(taxes={"rates": without}))
    run_to_end(tenant)
    held = states(tenant)["attention:unmapped_tax_rate"]
    assert held
    owner = owner_of(tenant)
    card = offered(owner, tenant, "unmapped_tax_rate")
    field = card.offer.fields[0]
    assert field.value == code["id"], "the suggestion is chosen already"
    assert all(option.label.startswith("20.0%") or not option.value for option in field.options)
    subject = card.cause.subject
    assert subject == str(rate["id"])
    said = press(owner, tenant, "unmapped_tax_rate", subject, htmx=True, action="match", code=code["id"])
    assert code["name"] in said
    assert Record.objects.for_tenant(tenant).filter(events__kind="queued_again").count() == held
    finish_runs(tenant)
    assert not states(tenant)["attention:unmapped_tax_rate"]
    sent = [one for one in shop.documents("SalesReceipt") if any(tax["name"] == code["name"] for tax in one["taxes"])]
    assert len(sent) >= held
    entry = AuditEntry.objects.get(tenant=tenant, action="mappings.taxes")
    assert entry.changes["taxes.rates"][1][-1]["tax_code"] == code


def test_a_code_at_another_percentage_is_refused_in_the_card(shop: World) -> None:
    tenant = shop.connect(taxes={"rates": []})
    run_to_end(tenant)
    owner = owner_of(tenant)
    card = offered(owner, tenant, "unmapped_tax_rate")
    fitting = {option.value for option in card.offer.fields[0].options}
    other = next(row for row in shop.names("TaxCode") if row["Id"] not in fitting)
    said = press(owner, tenant, card.cause.reason, card.cause.subject, htmx=True, action="match", code=other["Id"])
    assert "Choose the tax code of this rate first." in said
    assert chosen(tenant)["taxes"]["rates"] == []


def test_a_choice_is_taken_back_before_anything_leaves(shop: World) -> None:
    tenant = shop.connect(taxes={"rates": []})
    run_to_end(tenant)
    before, held = chosen(tenant), states(tenant)["attention:unmapped_tax_rate"]
    owner = owner_of(tenant)
    card = offered(owner, tenant, "unmapped_tax_rate")
    code = card.offer.fields[0].value
    owner.post(
        reverse("take_cure", args=[tenant.slug]),
        {"reason": card.cause.reason, "subject": card.cause.subject, "action": "match", "code": code},
    )
    assert chosen(tenant)["taxes"]["rates"]
    page = owner.get(reverse("attention", args=[tenant.slug]))
    token = next(str(one.extra_tags).removeprefix("take-back:") for one in page.context["messages"])
    owner.post(reverse("undo_cure", args=[tenant.slug]), {"token": token})
    assert chosen(tenant) == before
    finish_runs(tenant)
    assert states(tenant)["attention:unmapped_tax_rate"] == held
    assert AuditEntry.objects.filter(tenant=tenant, action="choice_taken_back").count() == 1


def test_a_token_of_another_workspace_takes_nothing_back(shop: World) -> None:
    tenant = shop.connect(taxes={"rates": []})
    other = shop.connect(slug="other", orders={"number_prefix": "Oth"})
    owner = owner_of(tenant)
    member(other, "alice@dupont.example", Role.OWNER)
    run_to_end(tenant)
    card = offered(owner, tenant, "unmapped_tax_rate")
    answers = {"action": "match", "code": card.offer.fields[0].value}
    said = press(owner, tenant, card.cause.reason, card.cause.subject, htmx=True, **answers)
    token = said.split('name="token" value="')[1].split('"')[0]
    number = OptionsVersion.objects.for_tenant(other).count()
    owner.post(reverse("undo_cure", args=[other.slug]), {"token": token})
    assert OptionsVersion.objects.for_tenant(other).count() == number


def test_an_account_is_chosen_for_a_payment_method(shop: World) -> None:
    tenant = shop.connect(payments={"default_account": None, "methods": []})
    run_to_end(tenant)
    owner = owner_of(tenant)
    while (count := states(tenant)["attention:unmapped_gateway"]) > 0:
        card = offered(owner, tenant, "unmapped_gateway")
        account = next(option for option in card.offer.fields[0].options if option.label == "Stripe clearing")
        said = press(owner, tenant, card.cause.reason, card.cause.subject, action="record", account=account.value)
        assert "Stripe clearing" in said
        finish_runs(tenant)
        assert states(tenant)["attention:unmapped_gateway"] < count
    receipts = shop.documents("SalesReceipt")
    assert receipts
    assert {one["DepositToAccountRef"]["name"] for one in receipts if one["TotalAmt"] != "0.00"} == {"Stripe clearing"}


def test_a_missing_item_is_chosen_in_the_card(shop: World) -> None:
    tenant = shop.connect(orders={"shipping_item": None})
    run_to_end(tenant)
    held = states(tenant)["attention:missing_setting:shipping_item"]
    assert held
    owner = owner_of(tenant)
    card = offered(owner, tenant, "missing_setting:shipping_item")
    proposed = card.offer.fields[0].value
    assert next(option.label for option in card.offer.fields[0].options if option.value == proposed) == "Shipping"
    press(owner, tenant, "missing_setting:shipping_item", action="save", value=proposed)
    finish_runs(tenant)
    assert not states(tenant)["attention:missing_setting:shipping_item"]
    assert chosen(tenant)["orders"]["shipping_item"]["name"] == "Shipping"


def test_a_long_prefix_is_shortened_in_the_card(shop: World) -> None:
    tenant = shop.connect(orders={"number_prefix": "a-long-prefix-"})
    run_to_end(tenant)
    record = Record.objects.for_tenant(tenant).filter(state="synced").first()
    assert record is not None
    number = f"a-long-prefix-{record.number}-and-more"
    Record.objects.filter(pk=record.pk).update(
        state="attention", reason="number_too_long", details={"number": number, "limit": "21"}
    )
    owner = owner_of(tenant)
    refused = press(owner, tenant, "number_too_long", htmx=True, action="shorten", prefix="a-long-prefix-")
    assert "QuickBooks accepts 21" in refused
    assert offered(owner, tenant, "number_too_long").offer.fields[0].limit == 15
    press(owner, tenant, "number_too_long", action="shorten", prefix="W")
    assert chosen(tenant)["orders"]["number_prefix"] == "W"


def test_a_closed_period_is_opened_to_the_first_open_day(shop: World) -> None:
    tenant = shop.connect()
    run_to_end(tenant)
    record = Record.objects.for_tenant(tenant).filter(state="synced").first()
    assert record is not None
    details = {"date": "2026-01-02", "closed_until": "2026-01-31"}
    Record.objects.filter(pk=record.pk).update(state="attention", reason="closed_period", details=details)
    owner = owner_of(tenant)
    press(owner, tenant, "closed_period", "2026-01-31", action="first_open_day")
    assert chosen(tenant)["orders"]["closed_period"] == "first_open_day"


def test_reading_quickbooks_again_finds_what_was_changed_there(shop: World) -> None:
    tenant = shop.connect()
    run_to_end(tenant)
    record = Record.objects.for_tenant(tenant).filter(state="synced").first()
    assert record is not None
    Record.objects.filter(pk=record.pk).update(state="attention", reason="currency_off", details={"currency": "CHF"})
    company = tenant.company
    assert company is not None
    company.facts_read_at = None
    company.save(update_fields=["facts_read_at"])
    said = press(owner_of(tenant), tenant, "currency_off", "CHF", action="read_again")
    assert "read again" in said
    company.refresh_from_db()
    assert company.facts_read_at is not None
    record.refresh_from_db()
    assert record.state == Record.State.QUEUED


def test_a_decision_that_nothing_waits_for_changes_nothing(shop: World) -> None:
    tenant = shop.connect()
    versions = OptionsVersion.objects.count()
    said = press(owner_of(tenant), tenant, "unmapped_tax_rate", "1", action="match", code="1")
    assert "Nothing waits for this decision any more." in said
    assert OptionsVersion.objects.count() == versions
    assert not Run.objects.exists()


def test_an_item_is_chosen_or_made_for_a_product_in_the_card(shop: World) -> None:
    tenant = shop.connect(items={"create": False}, orders={"default_item": None})
    run_to_end(tenant)
    owner = owner_of(tenant)
    cards = owner.get(reverse("attention", args=[tenant.slug])).context["cards"]
    chosen_card, made_card = [card for card in cards if card.cause.reason == "unmatched_product" and card.told.title][
        :2
    ]
    assert "Choose the item first." in press(owner, tenant, "unmatched_product", chosen_card.cause.subject, htmx=True)
    item = next(option for option in chosen_card.offer.fields[0].options if option.label.startswith("Online sale"))
    press(owner, tenant, "unmatched_product", chosen_card.cause.subject, action="link", item=item.value)
    linked = Link.objects.for_tenant(tenant).get(made_by="hand")
    assert (linked.kind, linked.qbo_id) == ("item", item.value)
    press(owner, tenant, "unmatched_product", made_card.cause.subject, action="create")
    finish_runs(tenant)
    run_to_end(tenant)
    held = {record.details.get("sku") for record in Record.objects.for_tenant(tenant).filter(state="attention")}
    assert not held & {chosen_card.cause.subject, made_card.cause.subject}
    made = [row for row in shop.names("Item") if row.get("Sku")]
    assert {row["Sku"] for row in made} <= {made_card.cause.subject}
    assert AuditEntry.objects.filter(tenant=tenant, action="mappings.products").count() >= 2


@pytest.mark.parametrize(("action", "state", "documents"), [("alone", "synced", 1), ("ignore", "skipped:by_hand", 0)])
def test_a_refund_without_its_sale_is_sent_alone_or_left_out(
    new_world: Any,  # noqa: F811
    action: str,
    state: str,
    documents: int,
) -> None:
    world: World = new_world("fr")
    order_id = world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    world.store_control("refunds", order=order_id, amount="2.00")
    world.tick()
    tenant = world.connect(orders={"statuses": ["completed"]})
    run_to_end(tenant)
    assert states(tenant, "refund") == {"attention:refund_without_sale": 1}
    owner = owner_of(tenant)
    card = offered(owner, tenant, "refund_without_sale")
    assert [button.action for button in card.offer.buttons] == ["alone", "ignore"]
    press(owner, tenant, "refund_without_sale", card.cause.subject, action=action)
    finish_runs(tenant)
    assert states(tenant, "refund") == {state: 1}
    assert len(world.documents("RefundReceipt")) == documents
    assert AuditEntry.objects.filter(tenant=tenant, action=f"refunds.{action}").count() == 1


def sleeping_item(shop: World) -> tuple[Tenant, str, int]:
    """(tenant, id of an item made inactive after its first sale, a later order of it)."""
    tea = [{"sku": "THE-SEN-100", "quantity": 1}]
    shop.add_order(line_items=tea)
    tenant = shop.connect()
    run_to_end(tenant)
    item = next(one["Id"] for one in shop.names("Item") if one.get("Sku") == "THE-SEN-100")
    shop.edit_books("Item", id=item, change={"Active": False})
    order_id = shop.add_order(line_items=tea)
    notice_changes(shop, tenant)
    return tenant, item, order_id


def notice_changes(shop: World, tenant: Tenant) -> None:
    """A run that creates something, and so reads what others changed."""
    shop.make_names_old(tenant)
    name = f"Nora {Record.objects.count()}"
    shop.add_order(line_items=[{"sku": "LIV-OKA", "quantity": 1}], **buyer(name, "Petit", f"{name[5:]}@petit.example"))
    run_to_end(tenant)


def document_of(shop: World, order_id: int) -> dict[str, Any]:
    number = f"Wio{shop.number_of(order_id)}"
    return next(one for one in shop.documents() if one["DocNumber"] == number)


def items_of(shop: World, order_id: int) -> set[str]:
    lines = document_of(shop, order_id)["Line"]
    return {line["SalesItemLineDetail"]["ItemRef"]["value"] for line in lines if "SalesItemLineDetail" in line}


def test_an_inactive_item_is_made_active_again_once(shop: World) -> None:
    tenant, item, order_id = sleeping_item(shop)
    assert record_of(tenant, order_id).reason == "inactive_item"
    owner = owner_of(tenant)
    subject = offered(owner, tenant, "inactive_item").cause.subject
    assert "is made active again" in press(owner, tenant, "inactive_item", subject, action="reactivate", htmx=True)
    finish_runs(tenant)
    assert record_of(tenant, order_id).state == "synced"
    assert item in items_of(shop, order_id)
    assert not Link.objects.for_tenant(tenant).filter(may_reactivate=True).exists()

    shop.edit_books("Item", id=item, change={"Active": False})
    again = shop.add_order(line_items=[{"sku": "THE-SEN-100", "quantity": 1}])
    notice_changes(shop, tenant)
    assert record_of(tenant, again).reason == "inactive_item", "one word is not a word for ever"


def test_another_item_is_chosen_for_an_inactive_one(shop: World) -> None:
    tenant, item, order_id = sleeping_item(shop)
    owner = owner_of(tenant)
    card = offered(owner, tenant, "inactive_item")
    subject = card.cause.subject
    assert "Choose the other one first." in press(owner, tenant, "inactive_item", subject, action="other", htmx=True)
    other = next(option for option in card.offer.fields[0].options if option.label.startswith("Online sale"))
    press(owner, tenant, "inactive_item", subject, action="other", other=other.value)
    finish_runs(tenant)
    assert record_of(tenant, order_id).state == "synced"
    assert other.value in items_of(shop, order_id)
    assert not next(one for one in shop.names("Item") if one["Id"] == item)["Active"]


def test_always_reactivating_is_a_setting_that_can_be_taken_back(shop: World) -> None:
    tenant, _item, order_id = sleeping_item(shop)
    owner = owner_of(tenant)
    subject = offered(owner, tenant, "inactive_item").cause.subject
    assert "token" in press(owner, tenant, "inactive_item", subject, action="always", htmx=True)
    assert chosen(tenant)["items"]["reactivate"] is True
    finish_runs(tenant)
    assert record_of(tenant, order_id).state == "synced"


@pytest.mark.parametrize("action", ["reactivate", "other"])
def test_an_inactive_customer_is_made_active_again_or_replaced(shop: World, action: str) -> None:
    tea = [{"sku": "THE-SEN-100", "quantity": 1}]
    shop.add_order(line_items=tea, **buyer())
    tenant = shop.connect()
    run_to_end(tenant)
    old = Link.objects.for_tenant(tenant).get(kind="customer", store_key__contains="jeanne@").qbo_id
    shop.edit_books("Customer", id=old, change={"Active": False})
    body = {"DisplayName": "Jeanne M.", "PrimaryEmailAddr": {"Address": "jeanne@moreau.example"}}
    made = shop.edit_books("Customer", create=body)
    new = str((made.get("Customer") or made)["Id"])
    order_id = shop.add_order(line_items=tea, **buyer())
    notice_changes(shop, tenant)
    assert record_of(tenant, order_id).reason == "inactive_customer"
    owner = owner_of(tenant)
    subject = offered(owner, tenant, "inactive_customer").cause.subject
    press(owner, tenant, "inactive_customer", subject, action=action, other=new)
    finish_runs(tenant)
    assert record_of(tenant, order_id).state == "synced"
    assert document_of(shop, order_id)["CustomerRef"]["value"] == (old if action == "reactivate" else new)
    assert AuditEntry.objects.filter(tenant=tenant, action="mappings.customers").exists()


LEGAL = {"number_source": "_legal", "number_prefix": "W-"}


def legal(number: str) -> dict[str, Any]:
    return {"line_items": TEA, "meta_data": [{"key": "_legal", "value": number}]}


def test_a_number_too_long_by_itself_is_chosen_anew_and_no_prefix_is_asked_for(shop: World) -> None:
    order_id = shop.add_order(**legal("FACTURE-EUROPE-2026-0000012345"))
    tenant = shop.connect(orders=LEGAL)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.reason, record.details["problem"]) == ("number_too_long", "own")
    owner = owner_of(tenant)
    card = offered(owner, tenant, "number_too_long")
    assert [field.name for field in card.offer.fields] == ["number"]
    assert [button.action for button in card.offer.buttons] == ["number", "automatic", "skip"]
    assert "#row-orders-number_source" in card.offer.ways[0].url
    proposed = card.offer.fields[0].value
    assert proposed == "EUROPE-2026-0000012345"[-21:]
    assert "QuickBooks accepts 21" in press(
        owner, tenant, "number_too_long", "own", htmx=True, action="number", number="9" * 22
    )
    assert "It is sent with number" in press(
        owner, tenant, "number_too_long", "own", htmx=True, action="number", number=proposed
    )
    finish_runs(tenant)
    assert [one["DocNumber"] for one in shop.documents("SalesReceipt") if one["DocNumber"] == proposed] == [proposed]
    assert AuditEntry.objects.filter(tenant=tenant, action="records.renumber").exists()


def test_a_second_refund_whose_number_is_too_long_gets_another(shop: World) -> None:
    number = "FACTURE-2026-0012345"
    order_id = shop.add_order(**legal(number[2:]))
    tenant = shop.connect(orders={**LEGAL, "number_prefix": number[:2]})
    run_to_end(tenant)
    refund(shop, order_id, amount="1.00")
    refund(shop, order_id, amount="2.00")
    run_to_end(tenant)
    assert f"C{number}" in {one["DocNumber"] for one in shop.documents("RefundReceipt")}
    owner = owner_of(tenant)
    card = offered(owner, tenant, "number_too_long")
    assert card.cause.subject == "sale"
    assert not card.offer.ways
    assert f"C{number}-2" in card.told.sentence
    press(owner, tenant, "number_too_long", "sale", action="number", number="CFACT-12345-2")
    finish_runs(tenant)
    assert "CFACT-12345-2" in {one["DocNumber"] for one in shop.documents("RefundReceipt")}


def test_numbers_too_long_are_left_to_quickbooks(shop: World) -> None:
    ids = [shop.add_order(**legal(f"FACTURE-EUROPE-2026-000001234{n}")) for n in range(2)]
    tenant = shop.connect(orders=LEGAL)
    run_to_end(tenant)
    owner = owner_of(tenant)
    card = offered(owner, tenant, "number_too_long")
    assert not card.offer.fields, "two documents cannot bear one number"
    assert record_of(tenant, ids[0]).reason == "number_too_long"
    press(owner, tenant, "number_too_long", "own", action="automatic")
    assert chosen(tenant)["orders"]["automatic_numbers"] is True
    finish_runs(tenant)
    assert record_of(tenant, ids[0]).state == "synced"


def test_a_number_too_long_can_be_left_out(shop: World) -> None:
    order_id = shop.add_order(**legal("FACTURE-EUROPE-2026-0000012345"))
    tenant = shop.connect(orders=LEGAL)
    run_to_end(tenant)
    press(owner_of(tenant), tenant, "number_too_long", "own", action="skip")
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("skipped", "by_hand")
