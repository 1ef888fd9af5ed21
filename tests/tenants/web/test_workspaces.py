"""A first workspace, landing, switching, and what a person decides about pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from sync.models import OptionsVersion
from sync.templatetags.formats import clock
from tenants.models import AuditEntry, Connection, Membership, Role, Tenant
from tenants.web.forms_workspace import free_slug, proposed_zone
from tenants.web.preferences import times_as
from tests.factories import Cast, captured, hold, member, record_of, workspace
from tests.tenants.web.conftest import signed_in

pytestmark = pytest.mark.django_db
NEW = "/workspaces/new/"
FIELDS = {"name": "Café Zoé", "slug": "", "language": "fr", "time_zone": "America/Toronto"}


def test_a_person_without_a_workspace_makes_one_and_connects_the_store(people: Cast) -> None:
    client = signed_in(people.charlie)
    assert client.get("/").headers["Location"] == NEW
    answer = client.post(NEW, FIELDS)
    tenant = Tenant.objects.get(slug="cafe-zoe")
    assert answer.headers["Location"].startswith("/t/cafe-zoe/")
    assert (tenant.name, tenant.language, tenant.time_zone) == ("Café Zoé", "fr", "America/Toronto")
    assert Membership.objects.get(tenant=tenant).role == Role.OWNER
    version = OptionsVersion.objects.get(tenant=tenant)
    assert version.created_by == people.charlie
    assert version.document["tenant"]["time_zone"] == "America/Toronto"
    assert AuditEntry.objects.get(tenant=tenant).action == "workspace_created"
    assert not tenant.automatic_sync


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"slug": "No Spaces"}, {"time_zone": "Mars/Base"}, {"slug": "maison-dupont"}]
)
def test_what_makes_no_sense_makes_no_workspace(change: dict[str, str], people: Cast) -> None:
    page = signed_in(people.charlie).post(NEW, FIELDS | change)
    assert page.status_code == 200
    assert Tenant.objects.count() == 1
    assert 'aria-invalid="true"' in page.content.decode()


def test_a_short_name_is_proposed_and_never_taken_twice(people: Cast) -> None:
    assert free_slug("Maison Dupont") == "maison-dupont-2"
    assert free_slug("Café Zoé & fils") == "cafe-zoe-fils"
    assert free_slug("東京") == "workspace"
    page = signed_in(people.charlie).get("/workspaces/new/slug/", {"name": "Maison Dupont"}).content.decode()
    assert 'value="maison-dupont-2"' in page


@pytest.mark.parametrize(
    ("accepted", "zone"),
    [("fr-CA,fr;q=0.8", "America/Toronto"), ("fr-BE", "Europe/Paris"), ("en-US,en", "America/New_York"), ("", "UTC")],
)
def test_the_zone_is_proposed_from_the_browser(accepted: str, zone: str) -> None:
    assert proposed_zone(accepted) == zone


def test_where_sign_up_is_closed_only_the_operator_makes_workspaces(people: Cast, settings: Settings) -> None:
    settings.SIGN_UP_OPEN = False
    client = signed_in(people.charlie)
    assert client.get(NEW).status_code == client.post(NEW, FIELDS).status_code == 404
    assert NEW not in client.get("/").content.decode()


def more_workspaces(people: Cast, count: int) -> list[Tenant]:
    tenants = [workspace(f"shop-{number}", f"Shop {number}") for number in range(count)]
    for tenant in tenants:
        member(tenant, people.alice.email, Role.ADMIN)
    return tenants


def test_people_land_where_they_were_and_on_all_clients_when_there_are_many(people: Cast) -> None:
    client = signed_in(people.alice)
    assert client.get("/").headers["Location"] == "/t/maison-dupont/"
    more_workspaces(people, 4)
    client.get("/t/shop-2/team/")
    assert client.get("/").headers["Location"] == "/t/shop-2/"
    client.cookies["workspace"] = "somebody-elses"
    assert client.get("/").status_code == 200
    member(workspace("one-more", "One more"), people.alice.email, Role.VIEWER)
    client.get("/t/shop-2/team/")
    assert "Shop 3" in client.get("/").content.decode()


def test_all_clients_are_sorted_by_what_needs_work(people: Cast) -> None:
    calm, waiting, broken = more_workspaces(people, 3)
    record = hold(record_of(waiting, captured(271)), "unmapped_tax_rate", rate="FR 20 %")
    Tenant.objects.filter(pk=broken.pk).update(store_state=Connection.EXPIRED)
    page = signed_in(people.alice).get("/clients/").content.decode()
    places = [page.index(f">{tenant.name}<") for tenant in (broken, waiting, calm)]
    assert places == sorted(places)
    assert record.number
    assert "Reconnect the store" in page


def test_workspaces_that_nobody_connected_are_no_good_news(people: Cast) -> None:
    calm, unfinished = more_workspaces(people, 2)
    Tenant.objects.filter(pk=unfinished.pk).update(company=None)
    page = signed_in(people.alice).get("/clients/").content.decode()
    assert "1 workspace is not connected yet." in page
    assert "Nothing needs you." not in page
    assert page.index(f">{unfinished.name}<") < page.index(f">{calm.name}<")


def test_all_clients_take_as_many_queries_for_one_as_for_twenty(
    people: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    more_workspaces(people, 20)
    client = signed_in(people.alice)
    with django_assert_max_num_queries(10):
        client.get("/clients/")


def test_the_switcher_finds_by_name_and_shop_and_only_ones_own(people: Cast) -> None:
    more_workspaces(people, 3)
    workspace("shop-of-others", "Shop of others")
    client = signed_in(people.alice)
    page = client.get("/clients/switch/", {"q": "shop"}).content.decode()
    assert page.count("<a ") == 3
    assert "others" not in page
    assert client.get("/clients/", {"q": "shop 1"}).content.decode().count('class="lead"') == 1


def test_a_person_chooses_name_language_look_and_clock(people: Cast) -> None:
    client = signed_in(people.alice)
    fields = {"name": "Alice D.", "language": "fr", "theme": "dark", "time_format": "12h"}
    client.post("/account/", fields)
    people.alice.refresh_from_db()
    assert (people.alice.name, people.alice.time_format) == ("Alice D.", "12h")
    page = client.get("/account/").content.decode()
    assert '<html lang="fr" data-theme="dark">' in page


@pytest.mark.parametrize(
    ("language", "chosen", "shown"),
    [("fr", "auto", "14:07"), ("fr", "12h", "2:07 PM"), ("en", "12h", "2:07 pm"), ("fr-ca", "24h", "14 h 07")],
)
def test_times_follow_the_person_before_the_language(language: str, chosen: str, shown: str) -> None:
    moment = datetime(2026, 11, 24, 14, 7, tzinfo=UTC)
    with translation.override(language), timezone.override(UTC), times_as(chosen):
        assert clock(moment).replace("\u202f", " ").replace("\xa0", " ").casefold() == shown.casefold()


def test_the_cookie_of_the_last_workspace_is_a_hint_and_no_key(people: Cast) -> None:
    client: Client = signed_in(people.charlie)
    client.cookies["workspace"] = "maison-dupont"
    assert client.get("/").headers["Location"] == NEW
