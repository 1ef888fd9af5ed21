"""The Manage tab: every option has its place, is saved whole and audited, and nobody's save undoes another's unseen."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from sync.choices import save_choices
from sync.models import MirrorEntry, OptionsVersion, Posting, Record, Run, StockPass
from sync.schema import DEFAULTS, SCHEMA
from sync.web.manage.form import raw_of
from sync.web.manage.locks import LOCKS
from sync.web.manage.notes import _NOTES
from sync.web.manage.places import Place, Subject, value_at
from sync.web.manage.table import TABLE
from tenants.models import AuditEntry, Role, Tenant
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.world import World

SUBJECTS = [subject.key for subject in TABLE.subjects]
PLACES = [located.place for located in TABLE.by_path.values()]


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    cache.clear()


@pytest.fixture
def shop(new_world: Any) -> World:  # noqa: F811
    world: World = new_world("fr", orders=6)
    return world


@pytest.fixture
def tenant(shop: World, db: None) -> Tenant:
    return shop.connect(orders={"discount_item": "Discount", "refund_item": "Refund"})


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


@pytest.fixture
def admin(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "dora@dupont.example", Role.ADMIN, "Dora Dupont"))


def page(tenant: Tenant, subject: str) -> str:
    return reverse(f"manage_{subject}", args=[tenant.slug])


def filled(client: Client, url: str) -> dict[str, Any]:
    """A page's form as a browser sends it when nobody touches it."""
    return filled_from(client.get(url))


def filled_from(answer: Any) -> dict[str, Any]:
    form = answer.context["page"].form
    data: dict[str, Any] = {"version": str(answer.context["number"])}
    for place in form.subject.places:
        raw = form[place.key].value()
        if form.fields[place.key].disabled or raw in (None, False):
            continue
        data |= pairs(place, raw) if place.control == "pairs" else {place.key: "on" if raw is True else raw}
    return data


def pairs(place: Place, raw: list[tuple[str, str]]) -> dict[str, str]:
    found = {}
    for n, (name, item) in enumerate([*raw, ("", "")]):
        found |= {f"{place.key}-{n}-name": name, f"{place.key}-{n}-item": item}
    return found


def saved(tenant: Tenant) -> dict[str, Any]:
    return dict(OptionsVersion.objects.filter(tenant=tenant).order_by("-number")[0].document)


def test_every_option_of_the_document_has_one_place() -> None:
    placed = [place.path for place in PLACES] + [one.path for one in TABLE.elsewhere]
    assert len(placed) == len(set(placed))
    for path in (*SCHEMA, "retention_days"):
        assert any(one == path or one.startswith(f"{path}.") for one in placed), f"{path} is set nowhere"
    known = (*SCHEMA, "retention_days")
    assert [one for one in placed if not any(one == path or one.startswith(f"{path}.") for path in known)] == []


def test_every_place_offers_what_its_option_allows() -> None:
    for place in PLACES:
        option = SCHEMA.get(place.path)
        if option is not None and isinstance(option.kind, tuple):
            assert {one.value for one in place.choices} == set(option.kind), place.path
        if option is not None and option.kind is bool:
            assert place.control == "switch", place.path
        assert not place.lock or place.lock in LOCKS
        assert not place.note or place.note in _NOTES
        assert raw_of(place, value_at(DEFAULTS, place.path)) is not None


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_page_that_nobody_touched_changes_nothing(subject: str, owner: Client, tenant: Tenant) -> None:
    before = saved(tenant)
    answer = owner.post(page(tenant, subject), filled(owner, page(tenant, subject)))
    assert answer.headers.get("Location") == page(tenant, subject), answer.context and answer.context["errors"]
    assert saved(tenant) == before
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 1
    assert not AuditEntry.objects.filter(tenant=tenant, action="options", user__isnull=False).exists()


def test_a_save_is_a_version_with_an_audit_entry_and_touches_nothing_sent(owner: Client, tenant: Tenant) -> None:
    url = page(tenant, "orders")
    wanted = {"orders-number_prefix": "WEB", "orders-document": "invoice"}
    answer = owner.post(url, filled(owner, url) | wanted, follow=True)
    assert "2 settings changed. They apply to orders not yet sent" in answer.content.decode()
    entry = AuditEntry.objects.get(tenant=tenant, action="options", user__isnull=False)
    assert entry.changes == {
        "orders.document": ["sales_receipt", "invoice"],
        "orders.number_prefix": ["Wio", "WEB"],
    }
    version = OptionsVersion.objects.filter(tenant=tenant).order_by("-number")[0]
    assert (version.number, version.created_by, version.who) == (2, entry.user, "Alice Dupont")
    trail = owner.get(reverse("audit", args=[tenant.slug])).content.decode()
    assert "Send orders as" in trail
    assert "Sales receipt" in trail


def test_a_second_editor_is_told_and_loses_nothing(owner: Client, admin: Client, tenant: Tenant) -> None:
    url = page(tenant, "orders")
    alices, doras = filled(owner, url), filled(admin, url)
    owner.post(url, alices | {"orders-document": "invoice", "orders-number_prefix": "ALI"})
    answer = admin.post(url, doras | {"orders-number_prefix": "DOR", "orders-zero_total": "skip"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Alice Dupont saved other settings" in text
    assert saved(tenant)["orders"]["number_prefix"] == "ALI"
    assert {change.path for change in answer.context["newer"]["changes"]} == {"orders.document", "orders.number_prefix"}
    form = answer.context["page"].form
    assert form["orders-number_prefix"].value() == "DOR"
    assert form["orders-document"].value() == "invoice"
    assert {change.path for change in answer.context["changes"]} == {"orders.number_prefix", "orders.zero_total"}

    again = dict(form.data) | {"version": str(answer.context["number"])}
    assert admin.post(url, again).status_code == 302
    orders = saved(tenant)["orders"]
    assert (orders["document"], orders["number_prefix"], orders["zero_total"]) == ("invoice", "DOR", "skip")


@pytest.mark.parametrize(
    ("subject", "wrong", "field", "message"),
    [
        ("orders", {"orders-number_prefix": "W" * 16}, "orders-number_prefix", "at most 15 characters"),
        ("orders", {"orders-statuses": []}, "orders-statuses", "at least one status"),
        ("orders", {"orders-shipping_item": "999999"}, "orders-shipping_item", "no such product or service"),
        ("sync", {"tenant-start_date": "soon"}, "tenant-start_date", "2026-01-31"),
        ("sync", {"retention_days": "0"}, "retention_days", "1 to 3650"),
        ("products", {"items-income_account": ""}, "items-income_account", "income account"),
        ("products", {"items-type": "inventory"}, "items-inventory_asset_account", "needs this account"),
        (
            "orders",
            {"orders-fee_items-0-name": "Tip", "orders-fee_items-0-item": ""},
            "orders-fee_items",
            "Choose an item for “Tip”",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    subject: str, wrong: dict[str, Any], field: str, message: str, owner: Client, tenant: Tenant
) -> None:
    url = page(tenant, subject)
    other = {"orders": {"orders-customer_note": ""}, "sync": {}, "products": {"items-name_fallback": "on"}}[subject]
    sent = {name: value for name, value in (filled(owner, url) | wrong | other).items() if value != "" or name in wrong}
    answer = owner.post(url, sent)
    assert answer.status_code == 422
    [shown] = [error for bound, error in answer.context["errors"] if bound.html_name == field]
    assert message in shown
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 1
    if subject == "products":
        assert answer.context["page"].form["items-name_fallback"].value() is True


def test_do_not_record_and_sales_receipts_contradict_across_pages(owner: Client, tenant: Tenant) -> None:
    """The method is chosen under Mappings, the document here: the whole document is checked."""
    invoices = {"orders": {"document": "invoice"}, "payments": {"methods": [{"gateway": "cod", "record": False}]}}
    assert save_choices(tenant, invoices).version is not None
    url = page(tenant, "orders")
    answer = owner.post(url, filled(owner, url) | {"orders-document": "sales_receipt"})
    assert answer.status_code == 422
    [problem] = answer.context["problems"]
    assert problem.startswith("Accounts of payment methods: “do not record” (cod)")


def test_an_item_that_vanished_elsewhere_stops_no_other_choice(owner: Client, tenant: Tenant, shop: World) -> None:
    for name in ("Shipping", "Online sale"):
        qbo_id = next(row["Id"] for row in shop.names("Item") if row["Name"] == name)
        shop.deactivate("Item", qbo_id)
    assert owner.post(reverse("manage_refresh", args=[tenant.slug]), {"subject": "orders"}).status_code == 302
    url = page(tenant, "orders")
    data = filled(owner, url)
    assert "not in this list any more" in owner.get(url).content.decode()
    fee = next(row["Id"] for row in shop.names("Item") if row["Name"] == "Fee")
    assert owner.post(url, data | {"orders-shipping_item": fee}).status_code == 302
    assert saved(tenant)["orders"]["shipping_item"]["name"] == "Fee"
    assert saved(tenant)["orders"]["default_item"]["name"] == "Online sale"


def test_what_the_company_does_not_track_is_locked_until_it_does(owner: Client, tenant: Tenant, shop: World) -> None:
    url = page(tenant, "orders")
    form = owner.get(url).context["page"].form
    assert "Class tracking is off" in form.reasons["orders-class"]
    owner.post(url, filled(owner, url) | {"orders-class": "1"})
    assert saved(tenant)["orders"]["class"] is None


def test_a_viewer_sees_every_choice_and_can_press_none(tenant: Tenant) -> None:
    viewer = signed_in(member(tenant, "bob@cabinet.example", Role.VIEWER, "Bob Martin"))
    for subject in SUBJECTS:
        answer = viewer.get(page(tenant, subject))
        assert answer.status_code == 200
        assert all(field.disabled for field in answer.context["page"].form.fields.values())
        assert "btn primary" not in answer.content.decode().split('id="main"')[1]
        assert viewer.post(page(tenant, subject), {}).status_code == 403
        assert viewer.get(f"{page(tenant, subject)}live/").status_code == 200
        assert viewer.post(f"{page(tenant, subject)}live/", {}).status_code == 403
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 1


def test_the_preview_sends_and_writes_nothing(owner: Client, tenant: Tenant, shop: World) -> None:
    before = shop.ledger()
    shop.forget_stats()
    data = filled(owner, page(tenant, "orders")) | {"orders-document": "invoice", "orders-number_prefix": "WEB"}
    answer = owner.post(f"{page(tenant, 'orders')}live/", data)
    preview = answer.context["preview"]
    assert (preview.title, preview.number[:3], preview.agrees) == ("Invoice", "WEB", True)
    assert {change.path for change in answer.context["changes"]} == {"orders.document", "orders.number_prefix"}
    assert shop.ledger() == before
    for model in (Record, Posting, Run):
        assert not model.objects.exists()
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 1


def test_a_shop_without_orders_shows_an_invented_one(new_world: Any, db: None) -> None:  # noqa: F811
    tenant = new_world("fr").connect()
    alice = signed_in(member(tenant, "alice@dupont.example", Role.OWNER))
    answer = alice.post(f"{page(tenant, 'orders')}live/", filled(alice, page(tenant, "orders")))
    assert answer.context["preview"].is_sample
    assert answer.context["preview"].agrees
    assert "invented" in answer.content.decode()


def test_the_store_being_away_leaves_the_page_usable(owner: Client, tenant: Tenant, shop: World) -> None:
    shop.break_store(action="status", status=503, times=None)
    url = page(tenant, "orders")
    answer = owner.get(url)
    assert answer.context["trouble"] is not None
    assert owner.post(url, filled(owner, url) | {"orders-zero_total": "skip"}).status_code == 302
    assert saved(tenant)["orders"]["zero_total"] == "skip"
    assert saved(tenant)["orders"]["statuses"] == ["processing", "completed", "refunded", "partially-refunded"]


def test_moving_the_start_date_says_how_many_orders_come_in(owner: Client, tenant: Tenant) -> None:
    save_choices(tenant, {"tenant": {"start_date": "2099-01-01"}})
    data = filled(owner, page(tenant, "sync")) | {"tenant-start_date": "2018-01-01"}
    answer = owner.post(f"{page(tenant, 'sync')}live/", data)
    assert "6 older orders will be imported at the next sync." in answer.content.decode()
    later = filled(owner, page(tenant, "sync")) | {"tenant-start_date": "2099-06-01"}
    assert "stay out" in owner.post(f"{page(tenant, 'sync')}live/", later).content.decode()


@pytest.mark.parametrize(
    ("zone", "dated"), [("Europe/Paris", "24 November."), ("Asia/Tokyo", "25 November."), ("America/Toronto", "24 Nov")]
)
def test_the_zone_shows_the_day_that_a_late_order_bears(
    zone: str, dated: str, owner: Client, tenant: Tenant, time_machine: Any
) -> None:
    time_machine.move_to("2026-11-24T12:00:00Z", tick=False)
    data = filled(owner, page(tenant, "sync")) | {"tenant-time_zone": zone}
    answer = owner.post(f"{page(tenant, 'sync')}live/", data)
    assert f"An order at 23:30 on 24 November will be dated {dated}" in answer.content.decode()


def test_turning_automatic_sync_on_gives_the_workspace_its_hour(owner: Client, tenant: Tenant) -> None:
    url = page(tenant, "sync")
    owner.post(url, filled(owner, url) | {"tenant-automatic_sync": "on", "tenant-time_zone": "Europe/Brussels"})
    tenant.refresh_from_db()
    assert tenant.automatic_sync
    assert tenant.next_run_at is not None
    assert tenant.time_zone == "Europe/Brussels"
    off = filled(owner, url)
    del off["tenant-automatic_sync"]
    owner.post(url, off)
    tenant.refresh_from_db()
    assert (tenant.automatic_sync, tenant.next_run_at) == (False, None)


def test_numbers_that_quickbooks_would_leave_empty_are_noticed(owner: Client, tenant: Tenant) -> None:
    data = filled(owner, page(tenant, "orders")) | {"orders-automatic_numbers": "on"}
    text = owner.post(f"{page(tenant, 'orders')}live/", data).content.decode()
    assert "QuickBooks leaves numbers blank while “Custom transaction numbers” is on" in text


def test_another_workspaces_prefix_is_refused(owner: Client, tenant: Tenant, shop: World) -> None:
    shop.connect(slug="second", orders={"number_prefix": "TWO"})
    url = page(tenant, "orders")
    answer = owner.post(url, filled(owner, url) | {"orders-number_prefix": "two"})
    assert answer.status_code == 422
    assert "prefix of another workspace" in answer.content.decode()


def test_lists_are_read_again_on_demand(owner: Client, tenant: Tenant, shop: World) -> None:
    """What somebody made in QuickBooks a minute ago can be chosen."""
    MirrorEntry.objects.filter(company=tenant.company, name="Fee").delete()
    items = owner.get(page(tenant, "orders")).context["page"].lists
    assert not items.items("Item").find("Fee").rows
    owner.post(reverse("manage_refresh", args=[tenant.slug]), {"subject": "orders"})
    items = owner.get(page(tenant, "orders")).context["page"].lists
    assert "Fee" in [row.name for row in items.items("Item").find("Fee").rows]


def test_stock_that_is_turned_on_leads_to_its_preview_and_off_ends_it(owner: Client, tenant: Tenant) -> None:
    url = page(tenant, "stock")
    answer = owner.post(url, filled(owner, url) | {"stock-enabled": "on"})
    assert answer.headers["Location"] == reverse("stock", args=[tenant.slug])
    asked = StockPass.objects.for_tenant(tenant).get()
    assert (asked.kind, asked.state, saved(tenant)["stock"]["enabled"]) == ("preview", "wanted", True)
    assert Run.objects.for_tenant(tenant).get().parameters == {"only": "stock"}
    data = filled(owner, url)
    assert data.pop("stock-enabled") == "on"
    owner.post(url, data)
    asked.refresh_from_db()
    assert (asked.state, saved(tenant)["stock"]["enabled"]) == ("declined", False)


@pytest.mark.parametrize("subject", [one for one in TABLE.subjects if any(card.link for card in one.cards)])
def test_a_card_leads_to_where_the_rest_of_it_is_set(owner: Client, tenant: Tenant, subject: Subject) -> None:
    text = owner.get(page(tenant, subject.key)).content.decode()
    for card in subject.cards:
        if card.link:
            assert f'href="{reverse(card.link, args=[tenant.slug])}">{card.link_text}' in text


def test_every_option_that_is_set_elsewhere_names_a_page_that_is_there(tenant: Tenant) -> None:
    assert all(reverse(one.page, args=[tenant.slug]) for one in TABLE.elsewhere)
