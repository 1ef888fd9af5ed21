"""Do the books match? One sentence says so, a strip proves it, and the page costs the same however large the shop."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sync.models import Posting, Record, Run
from tenants.models import Company, Role, Tenant
from tests.factories import Cast, busy_month, captured, ended_run, hold, live_run, member, record_of, workspace

NOW = datetime.now(UTC)


def page_of(client: Client, people: Cast, name: str = "overview") -> str:
    answer = client.get(reverse(name, args=[people.tenant.slug]))
    assert answer.status_code == 200
    return answer.content.decode()


def sell(people: Cast, order_id: int = 240) -> Record:
    ended_run(people.tenant, NOW - timedelta(minutes=9))
    return record_of(people.tenant, captured(order_id, created=NOW - timedelta(days=1)))


def test_all_is_well(alice: Client, people: Cast) -> None:
    sell(people)
    page = page_of(alice, people)
    assert "Your books match your store to the penny." in page
    assert "Unexplained difference: €0.00" in page
    assert "Nothing needs you" in page


def test_an_open_record_is_counted_and_its_amount_explained(alice: Client, people: Cast) -> None:
    sell(people)
    hold(record_of(people.tenant, captured(111, created=NOW)), "unmapped_tax_rate", rate="TVA 10%")
    page = page_of(alice, people)
    assert "Your books match, except for 1 order that waits for your decision." in page
    assert "The tax “TVA 10%” has no QuickBooks tax code" in page
    assert "€180.50" in page
    assert "Unexplained difference: €0.00" in page


def test_a_difference_that_nothing_explains_is_the_verdict(alice: Client, people: Cast) -> None:
    Posting.objects.filter(record=sell(people)).update(total=Decimal("14.50"))
    page = page_of(alice, people)
    assert "Your books and your store differ by €0.08." in page
    assert "€0.08 apart" in page


def test_before_the_first_run_it_says_what_is_next(alice: Client, people: Cast) -> None:
    page = page_of(alice, people)
    assert "Nothing has been sent to QuickBooks yet." in page
    assert reverse("sync_now", args=[people.tenant.slug]) in page


def test_between_connecting_and_turning_on_it_leads_back_to_the_set_up(alice: Client, people: Cast) -> None:
    page = page_of(alice, people)
    assert "Start the first sync" not in page
    assert f'class="btn primary" href="{reverse("setup", args=[people.tenant.slug])}"' in page
    Tenant.objects.update(automatic_sync=True)
    page = page_of(alice, people)
    assert "Start the first sync" in page
    assert reverse("setup", args=[people.tenant.slug]) not in page


def test_after_a_test_order_every_page_leads_back_to_the_set_up(alice: Client, bob: Client, people: Cast) -> None:
    sell(people)
    Run.objects.update(trigger="trial")
    setup = reverse("setup", args=[people.tenant.slug])
    for name in ("overview", "records", "runs"):
        assert "The set-up is not finished" in page_of(alice, people, name)
        assert setup in page_of(alice, people, name)
        assert setup not in page_of(bob, people, name)
    Tenant.objects.update(automatic_sync=True)
    assert "The set-up is not finished" not in page_of(alice, people)


def test_a_first_run_that_failed_is_no_proof_that_the_books_match(alice: Client, people: Cast) -> None:
    Run.objects.create(tenant=people.tenant, state=Run.State.FAILED, finished_at=NOW, error_reason="store_not_json")
    assert "Nothing has been sent to QuickBooks yet." in page_of(alice, people)
    live_run(people.tenant)
    assert "The sync is under way." in page_of(alice, people)


def test_a_shop_without_sales_this_month_keeps_its_figures_while_a_run_works(alice: Client, people: Cast) -> None:
    ended_run(people.tenant, NOW - timedelta(days=40))
    live_run(people.tenant)
    page = page_of(alice, people)
    assert "No order in these 30 days." in page
    assert "Orders appear here as they are read." not in page


def test_what_was_refused_stays_on_the_page_and_what_was_done_is_a_toast(alice: Client, people: Cast) -> None:
    Company.objects.update(state="revoked")
    page = alice.post(reverse("sync_now", args=[people.tenant.slug]), follow=True).content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert "have to be connected before a sync can start" in main
    assert page.count("have to be connected before a sync can start") == 1
    assert "data-toast" not in page


def test_while_the_first_run_works_it_shows_how_far(alice: Client, people: Cast) -> None:
    live_run(people.tenant)
    page = page_of(alice, people)
    assert "The sync is under way." in page
    assert "1,278 of 4,812" in page


def test_an_expired_connection_is_said_on_top_of_every_page(alice: Client, people: Cast) -> None:
    sell(people)
    Company.objects.update(state="expired")
    for name in ("overview", "attention", "records", "runs"):
        assert "QuickBooks has to be reconnected" in page_of(alice, people, name)


def test_amounts_are_written_in_the_readers_language(alice: Client, people: Cast) -> None:
    sell(people)
    people.alice.language = "fr"
    people.alice.save()
    page = page_of(alice, people)
    assert "Vos livres concordent avec votre boutique, au centime près." in page
    assert "14,58\u00a0€" in page
    assert "Écart inexpliqué\u00a0: 0,00\u00a0€" in page


def test_french_of_canada_falls_back_to_french(alice: Client, people: Cast) -> None:
    sell(people)
    people.alice.language = "fr-ca"
    people.alice.save()
    page = page_of(alice, people)
    assert "Vos livres concordent avec votre boutique, au cent près." in page
    assert "Connexions" in page


def test_overview_and_attention_cost_the_same_for_one_order_and_for_many(alice: Client, people: Cast) -> None:
    hold(sell(people), "totals_differ")
    few = [_queries(alice, people, name) for name in ("overview", "attention")]
    large = workspace("large", "Large")
    member(large, people.alice.email, Role.OWNER)
    busy_month(large)
    many = [_queries(alice, replace(people, tenant=large), name) for name in ("overview", "attention")]
    assert many[0] == few[0] <= 19
    assert many[1] <= few[1] + 20


def test_the_page_is_light(alice: Client, people: Cast) -> None:
    busy_month(people.tenant)
    for name in ("overview", "attention", "records", "runs"):
        assert len(gzip.compress(page_of(alice, people, name).encode())) < 20_000


def test_sync_now_starts_a_run_and_a_second_click_joins_it(alice: Client, people: Cast) -> None:
    url = reverse("sync_now", args=[people.tenant.slug])
    first = alice.post(url)
    second = alice.post(url, follow=True)
    assert first.headers["Location"] == reverse("run", args=[people.tenant.slug, Run.objects.get().pk])
    assert "A sync is already running; here is how far it is." in second.content.decode()


def test_sync_now_without_a_connection_says_what_is_missing(alice: Client, people: Cast) -> None:
    Company.objects.update(state="revoked")
    answer = alice.post(reverse("sync_now", args=[people.tenant.slug]), follow=True)
    assert "have to be connected before a sync can start" in answer.content.decode()
    assert not Run.objects.exists()


def _queries(client: Client, people: Cast, name: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        page_of(client, people, name)
    return len(queries)
