"""The customers page: which customer each buyer is, who may be there twice, and a choice for documents to come."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sync.mappings.buyers import Buyer, buyers_of, links_of
from sync.models import Link, MirrorEntry, Run
from tenants.models import AuditEntry, Company, Role, Tenant
from tests.factories import Cast, member
from tests.sync.conftest import new_world, nobody_waits, point_at  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, buyer, finish, record_of, run_to_end

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(new_world: Any) -> World:  # noqa: F811
    world: World = new_world("fr")
    return world


def owner_of(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def existing(world: World, name: str, email: str = "") -> str:
    body = {"DisplayName": name, **({"PrimaryEmailAddr": {"Address": email}} if email else {})}
    made = world.edit_books("Customer", create=body)
    return str((made.get("Customer") or made)["Id"])


def rows(tenant: Tenant, **wanted: str) -> dict[str, Buyer]:
    company = tenant.company
    assert company is not None
    return {one.identity: one for one in buyers_of(tenant, company, list(links_of(tenant, company, **wanted)))}


def decide(client: Client, tenant: Tenant, one: Buyer, do: str, **more: str) -> Any:
    body = {"buyer": str(one.link_id), "do": do, **more}
    return client.post(reverse("mapping_customer_save", args=[tenant.slug]), body, follow=True)


def test_a_buyer_shows_the_customer_and_how_it_was_found(shop: World) -> None:
    existing(shop, "J. Moreau", "jeanne@moreau.example")
    existing(shop, "Ana Lopez")
    for who in (buyer(), buyer("Ana", "Lopez", "ana@lopez.example"), buyer("Marcel", "Proust", "m@proust.example")):
        shop.add_order(line_items=TEA, **who)
    tenant = shop.connect()
    run_to_end(tenant)
    found = {identity: (one.customer.name, one.how, one.state) for identity, one in rows(tenant).items()}
    assert found == {
        "jeanne@moreau.example": ("J. Moreau", "email", "linked"),
        "ana@lopez.example": ("Ana Lopez", "name", "linked"),
        "m@proust.example": ("Marcel Proust", "created", "linked"),
    }
    page = owner_of(tenant).get(reverse("mapping_customers", args=[tenant.slug])).content.decode()
    assert "by the e-mail" in page
    assert "Every buyer is a customer." in page


def test_who_may_be_there_twice_is_named_and_taken_for_documents_to_come_only(shop: World) -> None:
    old = existing(shop, "Jeanne Moreau", "old@moreau.example")
    first = shop.add_order(line_items=TEA)
    tenant = shop.connect()
    run_to_end(tenant)
    one = rows(tenant, shown="double")["jeanne@moreau.example"]
    assert [(double.row.name, double.why) for double in one.doubles] == [("Jeanne Moreau", "name")]
    owner = owner_of(tenant)
    page = owner.get(reverse("mapping_customers", args=[tenant.slug])).content.decode()
    assert "1 customer may be there twice" in page
    assert "There is also “Jeanne Moreau”, with another e-mail." in page
    said = decide(owner, tenant, one, "use", customer=old).content.decode()
    assert "Those sent so far stay as they are." in said
    second = shop.add_order(line_items=TEA)
    run_to_end(tenant)
    sent = {one["CustomerRef"]["value"] for one in shop.documents()}
    assert len(sent) == 2
    assert old in sent
    assert {record_of(tenant, number).state for number in (first, second)} == {"synced"}
    names = [one["DisplayName"] for one in shop.names("Customer")]
    assert sorted(names) == ["Jeanne Moreau", "Jeanne Moreau (jeanne@moreau.example)"], "nobody is merged"
    entry = AuditEntry.objects.get(tenant=tenant, action="mappings.customers")
    assert entry.changes == {"jeanne@moreau.example": ["Jeanne Moreau (jeanne@moreau.example)", "Jeanne Moreau"]}


def test_two_customers_with_one_e_mail_are_candidates(shop: World) -> None:
    existing(shop, "Jeanne M.", "jeanne@moreau.example")
    existing(shop, "Mme Moreau", "Jeanne@Moreau.example")
    shop.add_order(line_items=TEA)
    tenant = shop.connect()
    run_to_end(tenant)
    one = rows(tenant, shown="double")["jeanne@moreau.example"]
    assert [(double.row.name, double.why) for double in one.doubles] == [("Mme Moreau", "email")]


def test_one_person_in_two_currencies_is_no_double(people: Cast) -> None:
    tenant, company = people.tenant, people.tenant.company
    assert company is not None
    for qbo_id, name, currency in (("1", "Jane Doe", "EUR"), ("2", "Jane Doe (USD)", "USD")):
        entry(company, qbo_id, name, currency)
        key = f"customer:original:jane@doe.example:{currency}"
        Link.objects.create(tenant=tenant, company=company, kind="customer", store_key=key, qbo_id=qbo_id, name=name)
    assert rows(tenant, shown="double") == {}


def entry(company: Company, qbo_id: str, name: str, currency: str = "EUR", email: str = "") -> None:
    MirrorEntry.objects.create(
        company=company, kind="Customer", qbo_id=qbo_id, name=name, name_key=name.lower(), email_key=email,
        currency=currency,
    )  # fmt: skip


def test_a_customer_in_another_currency_or_inactive_is_refused(people: Cast, alice: Client) -> None:
    tenant, company = people.tenant, people.tenant.company
    assert company is not None
    entry(company, "1", "Jane Doe")
    entry(company, "2", "Jane in dollars", "USD")
    entry(company, "3", "Jane of old")
    MirrorEntry.objects.filter(qbo_id="3").update(is_active=False)
    key = "customer:original:jane@doe.example:EUR"
    Link.objects.create(tenant=tenant, company=company, kind="customer", store_key=key, qbo_id="1", name="Jane Doe")
    one = rows(tenant)["jane@doe.example"]
    choose = reverse("mapping_customer_choose", args=[tenant.slug])
    assert alice.get(choose, {"buyer": one.link_id, "q": "jane"}).context["choices"] == []
    for other in ("2", "3", "4711"):
        said = decide(alice, tenant, one, "use", customer=other).content.decode()
        assert "Choose a customer of the list" in said
    assert Link.objects.get().qbo_id == "1"


def test_a_buyer_of_another_workspace_is_not_found(people: Cast, alice: Client) -> None:
    foreign = Tenant.objects.exclude(pk=people.tenant.pk).first() or Tenant.objects.create(slug="other", name="Other")
    company = people.tenant.company
    assert company is not None
    key = "customer:original:jane@doe.example:EUR"
    link = Link.objects.create(tenant=foreign, company=company, kind="customer", store_key=key, qbo_id="1", name="J")
    entry(company, "2", "Jane")
    body = {"buyer": str(link.pk), "do": "use", "customer": "2"}
    alice.post(reverse("mapping_customer_save", args=[people.tenant.slug]), body)
    link.refresh_from_db()
    assert link.qbo_id == "1"
    page = alice.get(reverse("mapping_customer_choose", args=[people.tenant.slug]), {"buyer": link.pk})
    assert page.status_code == 302


def test_an_inactive_customer_is_made_active_by_the_order_that_waits_for_it(shop: World) -> None:
    shop.add_order(line_items=TEA)
    tenant = shop.connect()
    run_to_end(tenant)
    link = Link.objects.get(kind="customer")
    shop.edit_books("Customer", id=link.qbo_id, change={"Active": False})
    order_id = shop.add_order(line_items=TEA)
    run_to_end(tenant)
    one = rows(tenant, shown="inactive")["jeanne@moreau.example"]
    assert (one.state, one.waiting) == ("inactive", 1)
    decide(owner_of(tenant), tenant, one, "reactivate")
    for run in Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE):
        finish(run)
    assert record_of(tenant, order_id).state == "synced"
    assert {one["CustomerRef"]["value"] for one in shop.documents()} == {link.qbo_id}


def test_unlinking_is_taken_back(shop: World) -> None:
    shop.add_order(line_items=TEA)
    tenant = shop.connect()
    run_to_end(tenant)
    owner = owner_of(tenant)
    before = Link.objects.get(kind="customer")
    answer = decide(owner, tenant, rows(tenant)["jeanne@moreau.example"], "unlink")
    assert not Link.objects.filter(kind="customer").exists()
    token = next(str(one.extra_tags).removeprefix("take-back:") for one in answer.context["messages"])
    owner.post(reverse("undo_cure", args=[tenant.slug]), {"token": token})
    after = Link.objects.get(kind="customer")
    assert (after.qbo_id, after.made_by) == (before.qbo_id, before.made_by)


def test_thousands_of_buyers_cost_no_more_queries(
    people: Cast, alice: Client, django_assert_max_num_queries: Any
) -> None:
    tenant, company = people.tenant, people.tenant.company
    assert company is not None
    for n in range(1, 300):
        entry(company, str(n), f"Buyer {n}", email=f"b{n}@x.example")
    Link.objects.bulk_create(
        Link(tenant=tenant, company=company, kind="customer", qbo_id=str(n), store_key=f"customer:original:b{n}@x:EUR")
        for n in range(1, 300)
    )
    url = reverse("mapping_customers", args=[tenant.slug])
    alice.get(url)
    with django_assert_max_num_queries(25):
        answer = alice.get(url)
    assert len(answer.content) <= 150_000
    assert [line.buyer.identity for line in alice.get(url, {"q": "b299@x"}).context["lines"]] == ["b299@x"]
