"""Items and accounts that the settings need: found missing, made once, and chosen where they belong."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from connector.errors import RetryableError
from connector.woo.facts import StoreGateway
from sync import missing, setup
from sync.choices import save_choices
from sync.models import Batch, Link, MirrorEntry, OptionsVersion, Posting
from tenants.lease import acquire_run_lease
from tenants.models import AuditEntry, Company, Role, Tenant, User
from tests.factories import member
from tests.sync.web.conftest import signed_in
from tests.sync.web.test_manage import filled, filled_from
from tests.sync.world import World, run_to_end, states

pytestmark = pytest.mark.django_db

NOTHING_CHOSEN = dict.fromkeys(("shipping_item", "fee_item", "rounding_item", "default_item"))
MADE = ["Shipping", "Fee", "Rounding", "Refund", "Online sale"]


@pytest.fixture
def bare(world: World) -> World:
    """A company in which nothing bears the usual names."""
    for place, item in enumerate(world.names("Item")):
        world.edit_books("Item", id=item["Id"], change={"Name": f"Article {place}"})
    return world


@pytest.fixture
def tenant(bare: World) -> Tenant:
    return bare.connect(orders=NOTHING_CHOSEN, payments={"methods": []})


@pytest.fixture
def owner(tenant: Tenant) -> User:
    return member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont")


def needed(tenant: Tenant) -> list[missing.Missing]:
    return [one for one in missing.find_missing(tenant, setup.options_of(tenant)) if not one.is_optional]


def test_what_is_missing_is_shown_with_the_account_it_goes_to(tenant: Tenant) -> None:
    found = missing.find_missing(tenant, setup.options_of(tenant))
    assert {one.name: one.account for one in found} == {
        "Shipping": "Shipping Income",
        "Fee": "Services",
        "Rounding": "Rounding differences",
        "Refund": "Sales of Product Income",
        "Online sale": "Sales of Product Income",
        "Discount": "Discounts given",
    }
    assert [one.name for one in found if one.is_optional] == ["Discount"]


def test_they_are_made_once_whoever_asks_again(tenant: Tenant, owner: User, bare: World) -> None:
    wanted = needed(tenant)
    made = missing.make_missing(tenant, wanted, user=owner)
    assert not made.refused
    items = {one["Name"]: one for one in bare.names("Item")}
    assert {ref.id for ref in made.refs.values()} == {items[name]["Id"] for name in MADE}
    assert items["Shipping"]["IncomeAccountRef"]["name"] == "Shipping Income"
    assert all(items[name]["Type"] == "Service" for name in MADE)
    assert missing.make_missing(tenant, wanted, user=owner).refs == made.refs
    assert len(bare.names("Item")) == len(items)
    assert needed(tenant) == []
    assert not Link.objects.exists(), "they are no products of the store"
    entry = AuditEntry.objects.filter(tenant=tenant, action="names_created").earliest("pk")
    assert entry.changes["orders.shipping_item"] == [None, "Shipping"]


def test_a_lost_answer_makes_nothing_twice(tenant: Tenant, owner: User, bare: World) -> None:
    wanted = needed(tenant)
    bare.break_company(path_contains="/batch", action="hang_up_after", times=3)
    with pytest.raises(RetryableError):
        missing.make_missing(tenant, wanted, user=owner)
    assert Batch.objects.filter(state=Batch.State.OPEN).count() == 1
    bare.heal()
    made = missing.make_missing(tenant, wanted, user=owner)
    assert len(made.refs) == len(wanted)
    assert sorted(one["Name"] for one in bare.names("Item") if one["Name"] in MADE) == sorted(MADE)
    assert Posting.objects.filter(state=Posting.State.PLANNED).count() == 0


def test_a_throttled_creation_goes_on_at_the_next_click(tenant: Tenant, owner: User, bare: World) -> None:
    fault = {"code": "3001", "message": "Throttled", "detail": "later"}
    bare.break_company(item_body_contains='"Shipping"', fault=fault, times=1)
    with pytest.raises(RetryableError):
        missing.make_missing(tenant, needed(tenant), user=owner)
    assert len(missing.make_missing(tenant, needed(tenant), user=owner).refs) == 1
    assert [one["Name"] for one in bare.names("Item")].count("Shipping") == 1


def test_a_name_that_is_taken_is_used_or_explained(tenant: Tenant, owner: User, bare: World) -> None:
    wanted = {one.key: one for one in needed(tenant)}
    income = next(one["Id"] for one in bare.names("Account") if one["Name"] == "Services")
    item = {"Type": "Service", "IncomeAccountRef": {"value": income}}
    fee = bare.edit_books("Item", create={**item, "Name": "Fee"})
    shipping = bare.edit_books("Item", create={**item, "Name": "Shipping"})
    bare.deactivate("Item", str((shipping.get("Item") or shipping)["Id"]))
    both = [wanted["orders.fee_item"], wanted["orders.shipping_item"]]
    made = missing.make_missing(tenant, both, user=owner)
    assert made.refs["orders.fee_item"].id == str((fee.get("Item") or fee)["Id"])
    assert "inactive" in made.refused["orders.shipping_item"]


def test_an_account_is_made_before_the_item_that_needs_it(tenant: Tenant, owner: User, bare: World) -> None:
    found = missing.find_missing(tenant, setup.options_of(tenant), tax_is_off=True)
    tax = [one for one in found if one.key == "taxes.tax_item"]
    liabilities = MirrorEntry.objects.filter(kind="Account", type="Other Current Liability", name__icontains="tax")
    liabilities.delete()
    [again] = [
        one
        for one in missing.find_missing(tenant, setup.options_of(tenant), tax_is_off=True)
        if one.key == "taxes.tax_item"
    ]
    assert [one.account for one in tax] == ["Tax liability"]
    assert again.new_account == "Sales tax to pay"
    made = missing.make_missing(tenant, [again], user=owner)
    item = next(one for one in bare.names("Item") if one["Id"] == made.refs["taxes.tax_item"].id)
    assert item["IncomeAccountRef"]["name"] == "Sales tax to pay"


def test_only_processors_get_an_account(tenant: Tenant, owner: User, bare: World) -> None:
    gateways = [
        StoreGateway("stripe", "Carte", True),  # the company has its account already
        StoreGateway("mollie_wc_gateway_ideal", "iDEAL", True),
        StoreGateway("klarna_payments", "Klarna", False),
        StoreGateway("bacs", "Virement", True),
    ]
    found = list(missing.find_missing(tenant, setup.options_of(tenant), gateways=gateways))
    accounts = [one for one in found if one.kind == "Account"]
    assert [one.name for one in accounts] == ["Mollie clearing"]
    made = missing.make_missing(tenant, accounts, user=owner)
    account = next(one for one in bare.names("Account") if one["Name"] == "Mollie clearing")
    assert (account["AccountType"], made.refs[accounts[0].key].id) == ("Bank", account["Id"])


def test_while_a_run_is_at_work_one_is_asked_to_wait(tenant: Tenant, owner: User) -> None:
    assert acquire_run_lease(Company.objects.get().pk)
    with pytest.raises(RetryableError, match="company_busy"):
        missing.make_missing(tenant, needed(tenant), user=owner)


def test_one_click_in_the_wizard_keeps_the_rest_of_the_form(tenant: Tenant, owner: User, bare: World) -> None:
    client, url = signed_in(owner), reverse("setup_orders", args=[tenant.slug])
    form: dict[str, Any] = {
        field.html_name: field.value() for field in client.get(url).context["form"] if field.value()
    }
    answer = client.post(
        url,
        {**form, "number_prefix": "Z-", "make": [one.key for one in needed(tenant)], "make_missing": "1"},
    )
    after = answer.context["form"]
    assert after["number_prefix"].value() == "Z-"
    items = {one["Name"]: one["Id"] for one in bare.names("Item")}
    assert after["shipping_item"].value() == items["Shipping"]
    assert [one.name for one in answer.context["missing"]] == ["Discount"]
    assert setup.options_of(tenant)["orders"]["number_prefix"] == "Wio", "nothing is saved by creating"
    saved = client.post(url, {field.html_name: field.value() for field in after if field.value()})
    assert saved.status_code == 302
    bare.add_order(line_items=[{"sku": "THE-SEN-100", "quantity": 1}])
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}


def test_names_are_in_the_readers_language(tenant: Tenant) -> None:
    with translation.override("fr"):
        names = [one.name for one in missing.find_missing(tenant, setup.options_of(tenant))]
    assert names[0] == "Expédition"


def test_the_settings_make_and_choose_what_is_ticked_in_one_version(tenant: Tenant, owner: User, bare: World) -> None:
    client, url = signed_in(owner), reverse("manage_orders", args=[tenant.slug])
    shown = client.get(url)
    keys = [one.key for one in shown.context["missing"] if not one.is_optional]
    assert {"orders.shipping_item", "orders.fee_item", "orders.rounding_item"} == set(keys)
    assert "goes to the account “Shipping Income”" in shown.content.decode()
    income = next(one["Id"] for one in bare.names("Account") if one["Name"] == "Services")
    item = {"Type": "Service", "IncomeAccountRef": {"value": income}}
    taken = bare.edit_books("Item", create={**item, "Name": "Fee"})
    bare.deactivate("Item", str((taken.get("Item") or taken)["Id"]))
    before = OptionsVersion.objects.for_tenant(tenant).count()
    answer = client.post(f"{url}missing/", {"make": [*keys, "orders.default_item"]}, follow=True)
    text = answer.content.decode()
    assert "Created in QuickBooks and chosen here: “Shipping”, “Rounding”." in text
    assert "“Fee” is in QuickBooks already, but inactive or of another kind." in text
    options = setup.options_of(tenant)["orders"]
    assert (options["shipping_item"]["name"], options["rounding_item"]["name"]) == ("Shipping", "Rounding")
    assert options["fee_item"] is None
    assert options["default_item"] is None, "another page's item is not made here"
    assert OptionsVersion.objects.for_tenant(tenant).count() == before + 1
    entry = AuditEntry.objects.filter(tenant=tenant, action="options", user=owner).get()
    assert set(entry.changes) == {"orders.shipping_item", "orders.rounding_item"}


def test_what_else_was_changed_on_the_page_stays_there_unsaved(tenant: Tenant, owner: User, bare: World) -> None:
    client, url = signed_in(owner), reverse("manage_orders", args=[tenant.slug])
    page = client.get(url).content.decode()
    assert f'form="options" formaction="{url}missing/"' in page
    form = {**filled(client, url), "orders-number_prefix": "Z-"}
    answer = client.post(f"{url}missing/", {**form, "make": ["orders.shipping_item"], "make_missing": "1"})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Created in QuickBooks and chosen here: “Shipping”." in text
    assert "Your other changes on this page are not saved yet." in text
    shown, options = answer.context["page"].form, setup.options_of(tenant)["orders"]
    assert shown["orders-number_prefix"].value() == "Z-"
    assert shown["orders-shipping_item"].value() == options["shipping_item"]["id"]
    assert options["number_prefix"] != "Z-"
    assert answer.context["is_unsaved"]
    assert f'action="{url}" novalidate' in text
    saved = client.post(url, {**filled_from(answer), "version": str(answer.context["number"])}, follow=True)
    assert saved.status_code == 200
    assert setup.options_of(tenant)["orders"]["number_prefix"] == "Z-"
    assert setup.options_of(tenant)["orders"]["shipping_item"]["name"] == "Shipping"


def test_what_is_wrong_on_the_page_stays_there_too(tenant: Tenant, owner: User, bare: World) -> None:
    client, url = signed_in(owner), reverse("manage_orders", args=[tenant.slug])
    form = {**filled(client, url), "orders-number_prefix": "Z-", "orders-statuses": []}
    answer = client.post(f"{url}missing/", {**form, "make": ["orders.shipping_item"], "make_missing": "1"})
    assert answer.status_code == 422
    shown = answer.context["page"].form
    assert list(shown.errors) == ["orders-statuses"]
    assert shown["orders-number_prefix"].value() == "Z-"
    assert setup.options_of(tenant)["orders"]["shipping_item"]["name"] == "Shipping"


def test_the_settings_make_clearing_accounts_and_keep_other_methods(tenant: Tenant, owner: User, bare: World) -> None:
    client, url = signed_in(owner), reverse("manage_payments", args=[tenant.slug])
    kept: dict[str, Any] = {"gateway": "bacs", "account": None, "payment_method": None, "record": True}
    account = MirrorEntry.objects.filter(kind="Account", type="Bank").first()
    assert account is not None
    kept["account"] = {"id": account.qbo_id, "name": account.name}
    assert not save_choices(tenant, {"payments": {"methods": [kept]}}, user=owner).problems
    for row in MirrorEntry.objects.filter(kind="Account", name__icontains="stripe"):
        bare.edit_books("Account", id=row.qbo_id, change={"Name": f"Till {row.qbo_id}"})
        row.delete()
    keys = [one.key for one in client.get(url).context["missing"] if one.kind == "Account"]
    assert keys == ["payments.methods:stripe"]
    client.post(f"{url}missing/", {"make": keys})
    rows = {row["gateway"]: row["account"] for row in setup.options_of(tenant)["payments"]["methods"]}
    assert rows.pop("bacs")["id"] == account.qbo_id
    made = {one["Id"] for one in bare.names("Account") if one["AccountType"] == "Bank"}
    assert {f"payments.methods:{gateway}" for gateway in rows} == set(keys)
    assert {one["id"] for one in rows.values()} <= made


def test_a_viewer_finds_nothing_to_press(tenant: Tenant, bare: World) -> None:
    client = signed_in(member(tenant, "vera@dupont.example", Role.VIEWER, "Vera Dupont"))
    url = reverse("manage_orders", args=[tenant.slug])
    answer = client.get(url)
    assert answer.context["missing"] == []
    assert 'name="make_missing"' not in answer.content.decode()
    before = len(bare.names("Item"))
    assert client.post(f"{url}missing/", {"make": ["orders.shipping_item"]}).status_code == 403
    assert len(bare.names("Item")) == before
