"""One item of five thousand: pages stay light, the best comes first, any other is found, none that is unfit."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from sync.choices import save_choices
from sync.mappings.shortlist import SHOWN_AT_MOST, Hint, ItemList
from sync.models import Link, MirrorEntry, OptionsVersion, Record
from tenants.models import Company, Role, Tenant
from tests.factories import Cast, member
from tests.sync.conftest import new_world, nobody_waits, point_at  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.web.test_cures import chosen, finish_runs, offered, press
from tests.sync.web.test_manage import filled
from tests.sync.world import World, record_of, run_to_end

pytestmark = pytest.mark.django_db

MANY = 5000
MOST_BYTES = 150_000
HELD: dict[str, Any] = {"items": {"create": False}, "orders": {"default_item": None}}


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    cache.clear()


@pytest.fixture
def shop(new_world: Any) -> World:  # noqa: F811
    world: World = new_world("fr", orders=12)
    return world


def owner_of(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def add_item(company: Company, qbo_id: str, name: str, **more: Any) -> str:
    values = {"type": "Service", "name_key": name.casefold(), "sku_key": str(more.get("sku", "")).casefold()}
    MirrorEntry.objects.create(company=company, kind="Item", qbo_id=qbo_id, name=name, **{**values, **more})
    return qbo_id


def add_many(tenant: Tenant) -> Company:
    company = tenant.company
    assert company is not None
    MirrorEntry.objects.bulk_create(
        MirrorEntry(
            company=company,
            kind="Item",
            qbo_id=f"9{n:05}",
            name=f"Article du fournisseur n° {n:05}",
            name_key=f"article du fournisseur n° {n:05}",
            sku=f"FOU-{n:05}",
            sku_key=f"fou-{n:05}",
            type="NonInventory",
        )
        for n in range(MANY)
    )
    return company


def items_asked(client: Client, tenant: Tenant, **asked: str) -> str:
    answer = client.get(reverse("item_options", args=[tenant.slug]), asked, headers={"HX-Target": "list"})
    assert answer.status_code == 200
    return answer.content.decode()


def ids_in(html: str) -> list[str]:
    return re.findall(r'<option value="(\d+)"', html)


def test_pages_with_selects_of_items_stay_light(shop: World, django_assert_max_num_queries: Any) -> None:
    tenant = shop.connect(**HELD)
    run_to_end(tenant)
    add_many(tenant)
    fees = {f"Supplément {n}": {"id": f"9{n:05}"} for n in range(20)}
    assert save_choices(tenant, {"orders": {"fee_items": fees}}, helps=()).version
    owner = owner_of(tenant)
    held = Record.objects.for_tenant(tenant).filter(state="attention", reason="unmatched_product").order_by("pk")
    attention = reverse("attention", args=[tenant.slug])
    cards = [card for card in owner.get(attention).context["cards"] if card.cause.reason == "unmatched_product"]
    assert len(cards) >= 3
    pages = {
        attention: 35 + 8 * len(cards),
        reverse("record", args=[tenant.slug, held[0].pk]): 40,
        reverse("overview", args=[tenant.slug]): 60,
        reverse("manage_orders", args=[tenant.slug]): 40,
        reverse("manage_products", args=[tenant.slug]): 25,
        reverse("manage_refunds", args=[tenant.slug]): 25,
        reverse("setup_orders", args=[tenant.slug]): 35,
        reverse("setup_mappings", args=[tenant.slug]): 35,
        reverse("mapping_product_choose", args=[tenant.slug]) + "?key=" + key_of(held[0]): 30,
    }
    for url, queries in pages.items():
        with django_assert_max_num_queries(queries):
            answer = owner.get(url)
        assert answer.status_code == 200, url
        assert len(answer.content) <= MOST_BYTES, f"{url}: {len(answer.content)}"
        for select in re.findall(r"<select.*?</select>", answer.content.decode(), re.DOTALL):
            assert select.count("FOU-") <= SHOWN_AT_MOST + 1


def key_of(record: Record) -> str:
    line = next(one for one in record.raw["line_items"] if one["sku"] == record.details["sku"])
    return f"item:{line['product_id']}:{line['variation_id']}"


def test_the_same_sku_comes_first_then_the_name_then_words_of_it(shop: World) -> None:
    tenant = shop.connect()
    company = add_many(tenant)
    add_item(company, "1001", "Zebra cup with a pattern")
    add_item(company, "1002", "Zebra cup")
    add_item(company, "1003", "Something else", sku="ZEB-1")
    add_item(company, "1004", "Zebra cup (old)", is_active=False)
    add_item(company, "1005", "Zebra", type="Category")
    shown = ItemList(company).suggest(Hint("zeb-1", "Zebra cup"))
    assert [row.qbo_id for row in shown.rows[:3]] == ["1003", "1002", "1001"]
    assert (len(shown.rows), shown.more) == (SHOWN_AT_MOST, ItemList(company).total - SHOWN_AT_MOST)
    found = ItemList(company).find("cup zeb")
    assert ([row.qbo_id for row in found.rows], found.more) == (["1002", "1001"], 0)


def test_what_is_typed_is_looked_for_in_the_whole_list(shop: World) -> None:
    tenant = shop.connect()
    add_many(tenant)
    owner = owner_of(tenant)
    asked = {"field": "value", "role": "orders.shipping_item"}
    html = items_asked(owner, tenant, q="FOU-04321", **asked)
    assert ids_in(html) == ["904321"]
    assert '<small id="list-found" hx-swap-oob="innerHTML">1 item matches.</small>' in html
    html = items_asked(owner, tenant, q="fournisseur", value="904999", **asked)
    assert len(ids_in(html)) == SHOWN_AT_MOST + 1
    assert '<option value="904999" selected data-kept>' in html
    assert "4,950 more: type more letters." in html
    html = items_asked(owner, tenant, q="nothing like that", value="904999", **asked)
    assert ids_in(html) == ["904999"], "what was chosen stays chosen"
    assert "No active item of QuickBooks matches." in html
    assert ids_in(items_asked(owner, tenant, field="v", role="orders.rounding_item", q="FOU-04321")) == []


def test_another_workspace_finds_nothing_of_this_one(people: Cast, alice: Client, shop: World) -> None:
    add_many(shop.connect())
    assert ids_in(items_asked(alice, people.tenant, field="v", q="FOU-04321")) == []


def test_an_item_that_no_select_shows_is_linked_and_its_orders_leave(shop: World) -> None:
    tenant = shop.connect(**HELD)
    run_to_end(tenant)
    add_many(tenant)
    owner, real = owner_of(tenant), MirrorEntry.objects.get(company=tenant.company, name="Shipping")
    MirrorEntry.objects.filter(pk=real.pk).update(name_key="zzz", name="Zzz")
    card = offered(owner, tenant, "unmatched_product")
    assert real.qbo_id not in [option.value for option in card.offer.fields[0].options]
    subject = card.cause.subject
    press(owner, tenant, "unmatched_product", subject, action="link", item=real.qbo_id)
    assert Link.objects.for_tenant(tenant).get(made_by="hand").qbo_id == real.qbo_id
    finish_runs(tenant)
    held = Record.objects.for_tenant(tenant).filter(state="attention").order_by("pk")
    assert subject not in {record.details.get("sku") for record in held}


UNFIT = {
    "1001": "“Old cup” is inactive in QuickBooks.",
    "1002": "“Cups” is a category or a bundle in QuickBooks.",
    "1003": "“Cup and saucer” is a category or a bundle in QuickBooks.",
    "424242": "QuickBooks has no such product or service any more.",
}


@pytest.mark.parametrize("qbo_id", UNFIT)
def test_an_item_that_cannot_be_sold_is_refused_wherever_it_is_sent(shop: World, qbo_id: str) -> None:
    tenant = shop.connect(**HELD)
    run_to_end(tenant)
    company = add_many(tenant)
    add_item(company, "1001", "Old cup", is_active=False)
    add_item(company, "1002", "Cups", type="Category")
    add_item(company, "1003", "Cup and saucer", type="Group")
    owner, said = owner_of(tenant), UNFIT[qbo_id]
    subject = offered(owner, tenant, "unmatched_product").cause.subject
    assert said in press(owner, tenant, "unmatched_product", subject, htmx=True, action="link", item=qbo_id)
    assert not Link.objects.for_tenant(tenant).filter(made_by="hand").exists()
    versions = OptionsVersion.objects.count()
    url = reverse("manage_orders", args=[tenant.slug])
    data = filled(owner, url)
    assert said in owner.post(url, data | {"orders-shipping_item": qbo_id}).content.decode()
    fee = {"orders-fee_items-0-name": "Tip", "orders-fee_items-0-item": qbo_id}
    answer = owner.post(url, data | fee).content.decode()
    assert f"“Tip”: {said}" in answer
    url = reverse("setup_orders", args=[tenant.slug])
    form = owner.get(url).context["form"]
    data = {field.html_name: field.value() for field in form if field.value() not in (None, False)}
    assert said in owner.post(url, data | {"fee_item": qbo_id}).content.decode()
    row = Record.objects.for_tenant(tenant).filter(reason="unmatched_product").order_by("pk")[0]
    body = {"key": key_of(row), "do": "link", "item": qbo_id}
    assert said in owner.post(reverse("mapping_product_save", args=[tenant.slug]), body, follow=True).content.decode()
    assert OptionsVersion.objects.count() == versions


@pytest.mark.parametrize("meant", [{"id": "1002"}, "Cups"])
def test_a_category_is_no_item_of_a_settings_document(shop: World, meant: Any) -> None:
    tenant = shop.connect()
    assert tenant.company is not None
    add_item(tenant.company, "1002", "Cups", type="Category")
    saved = save_choices(tenant, {"orders": {"shipping_item": meant}})
    assert [problem.path for problem in saved.problems] == ["orders.shipping_item"]
    assert "“Cups” is a category or a bundle in QuickBooks." in saved.problems[0].message
    add_item(tenant.company, "1003", "Cups")
    if meant == "Cups":
        assert save_choices(tenant, {"orders": {"shipping_item": meant}}).version, "the one that can be sold is meant"


def test_a_service_is_needed_for_rounding(shop: World) -> None:
    tenant = shop.connect()
    add_many(tenant)
    owner, url = owner_of(tenant), reverse("manage_orders", args=[tenant.slug])
    html = owner.post(url, filled(owner, url) | {"orders-rounding_item": "900007"}).content.decode()
    assert "“Article du fournisseur n° 00007” is not a service. Choose a service." in html


def test_an_item_that_no_select_shows_is_saved_and_shown_as_chosen(shop: World) -> None:
    tenant = shop.connect()
    add_many(tenant)
    owner, url = owner_of(tenant), reverse("manage_orders", args=[tenant.slug])
    pair = {"orders-fee_items-0-name": "Tip", "orders-fee_items-0-item": "904998"}
    answer = owner.post(url, filled(owner, url) | {"orders-fee_item": "904999"} | pair)
    assert answer.headers["Location"] == url
    assert chosen(tenant)["orders"]["fee_item"] == {"id": "904999", "name": "Article du fournisseur n° 04999"}
    assert chosen(tenant)["orders"]["fee_items"]["Tip"]["id"] == "904998"
    html = owner.get(url).content.decode()
    assert '<option value="904999" selected>' in html
    assert '<option value="904998" selected>' in html


def test_without_script_a_search_keeps_what_was_entered_and_saves_nothing(shop: World) -> None:
    tenant = shop.connect()
    add_many(tenant)
    owner, url, versions = (
        owner_of(tenant),
        reverse("manage_orders", args=[tenant.slug]),
        OptionsVersion.objects.count(),
    )
    typed = {"orders-number_prefix": "WEB", "find": "orders-fee_item-q", "orders-fee_item-q": "FOU-04321"}
    html = owner.post(url, filled(owner, url) | typed).content.decode()
    select = html[html.index('<select name="orders-fee_item"') :]
    assert set(ids_in(select[: select.index("</select>")])) == {"904321", chosen(tenant)["orders"]["fee_item"]["id"]}
    assert 'value="WEB"' in html
    url = reverse("setup_orders", args=[tenant.slug])
    form = owner.get(url).context["form"]
    data = {field.html_name: field.value() for field in form if field.value() not in (None, False)}
    answer = owner.post(url, data | {"number_prefix": "WEB", "find": "1", "fee_item-q": "FOU-04321"})
    assert "904321" in [value for value, _label in answer.context["form"]["fee_item"].field.choices]
    assert answer.context["form"]["number_prefix"].value() == "WEB"
    assert OptionsVersion.objects.count() == versions


def test_a_short_list_needs_no_search(shop: World) -> None:
    tenant = shop.connect(**HELD)
    run_to_end(tenant)
    owner = owner_of(tenant)
    for name in ("attention", "manage_orders", "setup_orders"):
        assert "data-picks" not in owner.get(reverse(name, args=[tenant.slug])).content.decode()


def test_a_missing_setting_is_searched_in_its_card(shop: World) -> None:
    tenant = shop.connect()
    run_to_end(tenant)
    add_many(tenant)
    record = Record.objects.for_tenant(tenant).filter(state="synced").order_by("pk")[0]
    Record.objects.filter(pk=record.pk).update(state="attention", reason="missing_setting:shipping_item")
    owner = owner_of(tenant)
    search = offered(owner, tenant, "missing_setting:shipping_item").offer.fields[0].search
    answer = owner.get(search.url, {**parameters(search.url), search.name: "FOU-04321"})
    assert ids_in(answer.content.decode()) == ["904321"]
    said = press(owner, tenant, "missing_setting:shipping_item", "", htmx=True, action="save", value="904321")
    assert "Article du fournisseur n° 04321" in said
    assert chosen(tenant)["orders"]["shipping_item"]["id"] == "904321"


def parameters(url: str) -> dict[str, str]:
    return dict(parse_qsl(url.partition("?")[2]))


def test_the_default_product_takes_the_place_of_an_item(shop: World) -> None:
    """The order was held while none was chosen; afterwards a card offers it, and this product takes it from now on."""
    tenant = shop.connect(**HELD)
    run_to_end(tenant)
    owner = owner_of(tenant)
    card = offered(owner, tenant, "unmatched_product")
    place = f"{reverse('manage_products', args=[tenant.slug])}#row-orders-default_item"
    assert [way.url for way in card.offer.ways] == [place]
    assert "default" not in [button.action for button in card.offer.buttons]
    subject = card.cause.subject
    refused = press(owner, tenant, "unmatched_product", subject, htmx=True, action="default")
    assert "No default product is chosen yet." in refused
    assert save_choices(tenant, {"orders": {"default_item": "Online sale"}}, helps=()).version
    card = next(
        one
        for one in owner.get(reverse("attention", args=[tenant.slug])).context["cards"]
        if one.cause.subject == subject
    )
    assert "default" in [button.action for button in card.offer.buttons]
    order = card.cause.sample.woo_id
    said = press(owner, tenant, "unmatched_product", subject, htmx=True, action="default")
    assert "is sold as the default product from now on." in said
    assert Link.objects.for_tenant(tenant).get(made_by=Link.DEFAULT).name == "Online sale"
    finish_runs(tenant)
    assert (
        record_of(tenant, order).state == Record.State.SYNCED or record_of(tenant, order).details.get("sku") != subject
    )


def test_an_item_is_created_only_where_the_settings_allow_one_to_be_made(shop: World) -> None:
    tenant = shop.connect(items={"create": False, "income_account": None}, orders={"default_item": None})
    run_to_end(tenant)
    card = offered(owner_of(tenant), tenant, "unmatched_product")
    assert "create" not in [button.action for button in card.offer.buttons]
    assert "income account" in card.offer.note
