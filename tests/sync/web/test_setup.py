"""The wizard against a living shop and company: what is suggested, what is kept, and that nothing is sent too early."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sync import setup
from sync.engine.keyed import STREAM
from sync.models import Cursor, OptionsVersion, Posting, Record, Run
from tenants.models import AuditEntry, Role, Tenant, User
from tests.factories import member, person
from tests.sync.conftest import new_world, nobody_waits, point_at  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, finish

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(new_world: object) -> World:  # noqa: F811
    world: World = new_world("fr", orders=12)  # type: ignore[operator]
    return world


@pytest.fixture
def tenant(shop: World) -> Tenant:
    return shop.connect()


@pytest.fixture
def looked(tenant: Tenant) -> None:
    """The books were looked through for what stands in them already."""
    looked_through(tenant)


def looked_through(tenant: Tenant) -> None:
    Cursor.objects.create(tenant=tenant, stream=STREAM, position=timezone.now(), covered_from=date(2018, 1, 1))


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def page(tenant: Tenant, step: str) -> str:
    return reverse(f"setup_{step}", args=[tenant.slug])


def filled(owner: Client, url: str) -> dict[str, object]:
    """The form of a step as it stands when nobody touches it."""
    form = owner.get(url).context["form"]
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, False)}


def owner_of(tenant: Tenant) -> User:
    return tenant.memberships.get(role=Role.OWNER).user


def saved(tenant: Tenant) -> dict[str, dict[str, object]]:
    return dict(OptionsVersion.objects.filter(tenant=tenant).order_by("-number")[0].document)


def test_every_rate_has_its_code_chosen_before_anybody_chooses(owner: Client, tenant: Tenant, shop: World) -> None:
    version = OptionsVersion.objects.get(tenant=tenant)
    OptionsVersion.objects.filter(pk=version.pk).update(
        document={**version.document, "taxes": {**version.document["taxes"], "rates": []}}
    )
    rates = owner.get(page(tenant, "mappings")).context["rates"]
    assert {row.row.name for row in rates} == {rate["name"] for rate in shop.store_taxes()}
    assert len(rates) == len(shop.store_taxes())
    assert all(row.hint for row in rates)
    names = {code.id: code.name for code in setup.facts_of(tenant).tax_codes}  # type: ignore[union-attr]
    assert all(f"{float(row.row.percent):.1f}%" in names[row.field.value()] for row in rates)


@pytest.mark.parametrize(("step", "leads_to"), [("orders", "mappings"), ("mappings", "rehearsal")])
def test_saving_makes_a_version_and_an_audit_entry(step: str, leads_to: str, owner: Client, tenant: Tenant) -> None:
    versions = OptionsVersion.objects.filter(tenant=tenant).count()
    values = filled(owner, page(tenant, step))
    change: dict[str, object] = {"number_prefix": "WEB-"} if step == "orders" else {"default_account": ""}
    answer = owner.post(page(tenant, step), values | change)
    assert answer.headers.get("Location") == page(tenant, leads_to), answer.content.decode()
    assert OptionsVersion.objects.filter(tenant=tenant).count() == versions + 1
    entry = AuditEntry.objects.get(tenant=tenant, action=f"setup.{step}")
    assert "Alice Dupont" in entry.who or entry.user is not None
    if step == "orders":
        assert saved(tenant)["orders"]["number_prefix"] == "WEB-"
        assert entry.changes["orders.number_prefix"] == ["Wio", "WEB-"]
    else:
        assert saved(tenant)["payments"]["default_account"] is None


def test_the_start_date_is_asked_before_anything_is_rehearsed(owner: Client, tenant: Tenant) -> None:
    before = saved(tenant)["tenant"]["start_date"]
    values = filled(owner, page(tenant, "orders"))
    assert str(values["start_date"]) == before, "a day is there already: nobody has to choose one"
    owner.post(page(tenant, "orders"), values)
    assert saved(tenant)["tenant"]["start_date"] == before
    owner.post(page(tenant, "orders"), values | {"start_date": "2099-01-01"})
    assert saved(tenant)["tenant"]["start_date"] == "2099-01-01"
    assert str(owner.get(page(tenant, "on")).context["form"]["start_date"].value()) == "2099-01-01"


def test_a_prefix_that_leaves_no_room_for_the_number_is_refused(owner: Client, tenant: Tenant) -> None:
    values = filled(owner, page(tenant, "orders"))
    number = setup.store_lists(tenant).latest_number
    for prefix, fits in (("W" * 15, len(number) <= 6), ("W" * 16, False)):
        answer = owner.post(page(tenant, "orders"), values | {"number_prefix": prefix})
        assert ("number_prefix" not in answer.context["form"].errors if answer.context else True) is fits
    assert saved(tenant)["orders"]["number_prefix"] != "W" * 16


def test_the_dry_run_sends_and_writes_nothing(owner: Client, tenant: Tenant, shop: World) -> None:
    before = shop.ledger()
    shop.forget_stats()
    answer = owner.get(page(tenant, "rehearsal"))
    assert answer.status_code == 200
    shown = [*answer.context["exceptions"], *answer.context["ready"], *answer.context["more"]]
    assert len(shown) == len(setup.rehearse_latest(tenant)) > 0
    assert all(row.store_total == row.document_total for row in answer.context["ready"])
    assert shop.ledger() == before
    for model in (Record, Posting, Run):
        assert not model.objects.exists()
    assert AuditEntry.objects.filter(tenant=tenant, action="setup.rehearsal").count() == 1


def test_the_dry_run_is_a_list_of_cards_on_a_phone(owner: Client, tenant: Tenant) -> None:
    page_of_it = owner.get(page(tenant, "rehearsal")).content.decode()
    rows = page_of_it.count('<th scope="row" class="lead">')
    assert rows > 0
    assert page_of_it.count('<table class="grid cards">') >= 1
    assert page_of_it.count('class="num lead-amount"') == page_of_it.count('data-label="QuickBooks"') == rows


def test_the_dry_run_adds_up_and_names_every_tax(owner: Client, tenant: Tenant) -> None:
    context = owner.get(page(tenant, "rehearsal")).context
    rows = [*context["ready"], *context["more"]]
    assert all(row.tax_agrees and row.store_tax is not None for row in rows)
    assert context["proof"].look == "ok"
    everything = [*rows, *context["exceptions"]]
    assert sum(int(part.note.split()[0]) for part in context["proof"].parts[1:]) == len(everything)


def test_one_order_is_sent_as_a_test_and_the_set_up_goes_on(owner: Client, tenant: Tenant, shop: World) -> None:
    trial = owner.get(page(tenant, "rehearsal")).context["trial"]
    owner.post(page(tenant, "test"), {"order": trial.woo_id})
    run = finish(Run.objects.get(tenant=tenant))
    assert (run.state, run.trigger) == (Run.State.FINISHED, setup.TRIAL)
    [record] = Record.objects.filter(tenant=tenant, source="order")
    assert (record.woo_id, record.state) == (trial.woo_id, Record.State.SYNCED)
    assert len(shop.documents("SalesReceipt")) == 1
    tenant.refresh_from_db()
    assert not tenant.automatic_sync
    assert not setup.is_set_up(tenant)
    assert "setup.trial" in AuditEntry.objects.filter(tenant=tenant).values_list("action", flat=True)


def test_the_test_is_removed_again_and_the_set_up_goes_on(owner: Client, tenant: Tenant, shop: World) -> None:
    row = owner.get(page(tenant, "rehearsal")).context["trial"]
    owner.post(page(tenant, "test"), {"order": str(row.woo_id)})
    finish(Run.objects.get(tenant=tenant))
    assert len(shop.documents("SalesReceipt")) == 1
    tried = owner.get(page(tenant, "rehearsal")).context["tried"]
    assert tried.woo_id == row.woo_id
    undo = reverse("record_undo", args=[tenant.slug, tried.pk])
    assert undo in owner.get(page(tenant, "rehearsal")).content.decode()
    owner.post(undo)
    finish(Run.objects.get(tenant=tenant, state__in=Run.ACTIVE))
    assert shop.documents("SalesReceipt") == []
    assert not setup.is_set_up(tenant)
    context = owner.get(page(tenant, "rehearsal")).context
    assert (context["tried"], context["trial"].woo_id) == (None, row.woo_id)


@pytest.mark.parametrize("order", ["", "x", "-1", "²"])
def test_a_test_needs_an_order(order: str, owner: Client, tenant: Tenant) -> None:
    owner.post(page(tenant, "test"), {"order": order})
    assert not Run.objects.exists()


def test_an_order_before_the_start_date_is_no_test(owner: Client, tenant: Tenant) -> None:
    assert not setup.save_step(tenant, "on", {"tenant": {"start_date": "2099-01-01"}}, user=owner_of(tenant))
    answer = owner.get(page(tenant, "rehearsal"))
    assert answer.context["ready"]
    assert answer.context["trial"] is None


@pytest.mark.usefixtures("looked")
def test_turning_on_starts_the_first_run(owner: Client, tenant: Tenant) -> None:
    answer = owner.post(page(tenant, "on"), {"start_date": "2026-01-01"})
    run = Run.objects.get(tenant=tenant)
    assert answer.headers["Location"] == reverse("run", args=[tenant.slug, run.pk])
    tenant.refresh_from_db()
    assert tenant.automatic_sync
    assert tenant.next_run_at is not None
    assert saved(tenant)["tenant"]["start_date"] == "2026-01-01"
    assert run.requested_by is not None

    owner.post(page(tenant, "off"))
    tenant.refresh_from_db()
    assert (tenant.automatic_sync, tenant.next_run_at) == (False, None)


@pytest.mark.usefixtures("looked")
def test_once_it_is_on_the_last_step_leads_away(owner: Client, tenant: Tenant) -> None:
    owner.post(page(tenant, "on"), {"start_date": "2026-01-01"})
    assert owner.get(page(tenant, "on")).headers["Location"] == reverse("overview", args=[tenant.slug])
    again = owner.post(page(tenant, "on"), {"start_date": "2026-01-01"})
    assert again.headers["Location"] == reverse("run", args=[tenant.slug, Run.objects.get(tenant=tenant).pk])


@pytest.mark.parametrize("profile", ["fr", "gb", "ca", "us"])
def test_what_the_dry_run_promises_is_sent_when_every_suggestion_is_taken(
    profile: str,
    new_world: object,  # noqa: F811
) -> None:
    shop: World = new_world(profile, orders=12)  # type: ignore[operator]
    tenant, owner = unmapped(shop)
    for step, leads_to in (("orders", "mappings"), ("mappings", "rehearsal")):
        answer = owner.post(page(tenant, step), filled(owner, page(tenant, step)))
        assert answer.headers.get("Location") == page(tenant, leads_to), answer.content.decode()
    context = owner.get(page(tenant, "rehearsal")).context
    promised = {row.woo_id for row in [*context["ready"], *context["more"]]}
    assert promised
    looked_through(tenant)
    owner.post(page(tenant, "on"), {"start_date": "2018-01-01"})
    finish(Run.objects.get(tenant=tenant))
    states = dict(Record.objects.filter(tenant=tenant, source="order").values_list("woo_id", "state"))
    assert {woo_id: states[woo_id] for woo_id in promised} == dict.fromkeys(promised, Record.State.SYNCED)


def unmapped(shop: World) -> tuple[Tenant, Client]:
    """Connected, with nothing chosen."""
    whole = shop.document()
    shop.apply({name: whole[name] for name in ("tenant", "woocommerce", "quickbooks")})
    tenant = shop.document_tenant()
    return tenant, signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def take_all(owner: Client, tenant: Tenant) -> None:
    for step in ("orders", "mappings"):
        answer = owner.post(page(tenant, step), filled(owner, page(tenant, step)))
        assert answer.status_code == 302, answer.content.decode()


def first_run(owner: Client, tenant: Tenant) -> list[Record]:
    """The orders after everything was turned on."""
    looked_through(tenant)
    owner.post(page(tenant, "on"), {"start_date": "2018-01-01"})
    finish(Run.objects.get(tenant=tenant))
    return list(Record.objects.filter(tenant=tenant, source="order"))


def test_in_canada_rates_that_stand_together_are_one_choice(new_world: object) -> None:  # noqa: F811
    shop: World = new_world("ca", orders=30)  # type: ignore[operator]
    tenant, owner = unmapped(shop)
    answer = owner.get(page(tenant, "mappings"))
    rates = {row.row.name: row for row in answer.context["rates"]}
    both = rates["GST + QST"]
    ids = {rate["name"]: rate["id"] for rate in shop.store_taxes()}
    assert both.row.rate_ids == tuple(sorted((ids["GST"], ids["QST"])))
    assert both.row.percent == Decimal("14.975")
    assert both.hint
    code = next(code for code in setup.facts_of(tenant).tax_codes if code.id == both.field.value())  # type: ignore[union-attr]
    assert code.name == "GST/QST QC - 9.975"
    assert "QST" not in rates, "it never stands alone"
    assert not rates["RST MB"].field.value(), "no order bears it, and no code is at its rate"
    assert answer.context["unmatched"] == 0, "only what orders bear is asked for"
    take_all(owner, tenant)
    rows = saved(tenant)["taxes"]["rates"]
    assert {"rate_ids": list(both.row.rate_ids), "tax_code": code.id, "percent": "14.975"} in [
        {**row, "tax_code": row["tax_code"]["id"]}
        for row in rows  # type: ignore[attr-defined]
    ]
    again = {row.row.name: row for row in owner.get(page(tenant, "mappings")).context["rates"]}
    assert (again["GST + QST"].field.value(), again["GST + QST"].hint) == (code.id, "")
    orders = first_run(owner, tenant)
    assert not [order for order in orders if order.reason == "unmapped_tax_rate"]
    sold = [order for order in orders if order.state == Record.State.SYNCED]
    assert sold
    assert all(order.proof["store_tax"] == order.proof["document_tax"] for order in sold)
    named = {tax["name"] for one in shop.documents("SalesReceipt") for tax in one["taxes"]}
    assert {rate.name for rate in code.rates} <= named


def test_with_us_rates_by_hand_every_combination_of_an_order_is_one_choice(new_world: object) -> None:  # noqa: F811
    shop: World = new_world("us", orders=12, tax_world="us_manual")  # type: ignore[operator]
    tenant, owner = unmapped(shop)
    context = owner.get(page(tenant, "mappings")).context
    combined = [row for row in context["rates"] if row.is_combined]
    assert combined
    assert all(row.field.value() for row in combined)
    alone = {row.row.rate_ids[0] for row in context["rates"] if not row.is_combined and not row.row.lines}
    assert not alone & {rate_id for row in combined for rate_id in row.row.rate_ids}
    take_all(owner, tenant)
    chosen = {tuple(row["rate_ids"]): row["tax_code"]["id"] for row in saved(tenant)["taxes"]["rates"]}  # type: ignore[attr-defined]
    assert {row.row.rate_ids: row.field.value() for row in combined}.items() <= chosen.items()
    orders = first_run(owner, tenant)
    assert not [order for order in orders if order.reason == "unmapped_tax_rate"]
    assert [order for order in orders if order.state == Record.State.SYNCED]


def test_a_combination_that_is_not_asked_for_keeps_its_code(owner: Client, tenant: Tenant, shop: World) -> None:
    ids = sorted(rate["id"] for rate in shop.store_taxes())[:2]
    rates = saved(tenant)["taxes"]["rates"]
    own = {"rate_ids": [*ids, 987654], "tax_code": rates[0]["tax_code"]}  # type: ignore[index]
    person = owner_of(tenant)
    assert not setup.save_step(tenant, "mappings", {"taxes": {"rates": [*rates, own]}}, user=person)  # type: ignore[misc]
    values = filled(owner, page(tenant, "mappings"))
    owner.post(page(tenant, "mappings"), values | {f"rate_{ids[0]}": ""})
    left = [row["rate_ids"] for row in saved(tenant)["taxes"]["rates"]]  # type: ignore[attr-defined]
    assert own["rate_ids"] in left
    assert [ids[0]] not in left


def test_a_day_that_is_none_turns_nothing_on(owner: Client, tenant: Tenant) -> None:
    assert owner.post(page(tenant, "on"), {"start_date": "soon"}).status_code == 200
    tenant.refresh_from_db()
    assert not tenant.automatic_sync
    assert not Run.objects.exists()


def test_a_store_that_does_not_answer_leaves_the_step_open(owner: Client, tenant: Tenant, shop: World) -> None:
    shop.break_store(action="status", status=503, times=None)
    answer = owner.get(f"{page(tenant, 'orders')}?refresh=1")
    assert answer.status_code == 200
    assert answer.context["trouble"] is not None
    cache.clear()
    rehearsal = owner.get(page(tenant, "rehearsal")).content.decode()
    assert "<h1>The dry run has to wait.</h1>" in rehearsal


def test_the_wizard_is_for_owners_and_admins(tenant: Tenant) -> None:
    viewer = signed_in(member(tenant, "bob@cabinet.example", Role.VIEWER, "Bob Martin"))
    stranger = signed_in(person("charlie@elsewhere.example"))
    for step in ("orders", "mappings", "rehearsal", "on"):
        assert viewer.get(page(tenant, step)).status_code == 403
        assert stranger.get(page(tenant, step)).status_code == 404
    assert not AuditEntry.objects.filter(tenant=tenant, action__startswith="setup.").exists()


def test_products_and_stock_are_asked_for_without_being_in_the_way(owner: Client, tenant: Tenant) -> None:
    for step in ("orders", "mappings"):
        owner.post(page(tenant, step), filled(owner, page(tenant, step)))
    owner.get(page(tenant, "rehearsal"))
    states = {step.key: step.state for step in setup.steps(tenant)}
    assert (states["extras"], states["on"]) == ("todo", "current")
    answer = owner.post(page(tenant, "extras"), {"products": "all", "stock": "on"})
    assert answer.headers["Location"] == page(tenant, "on")
    assert saved(tenant)["products"] == {"enabled": True, "scope": "all", "update": False}
    assert saved(tenant)["stock"] == {"enabled": True}
    assert not Run.objects.exists()
    assert {step.key: step.state for step in setup.steps(tenant)}["extras"] == "done"
