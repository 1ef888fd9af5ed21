"""The numbers that pages show add up, and a page costs the same for a small shop and a large one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sync.models import Record
from tests.factories import Cast, busy_month, captured, record_of


def amount(text: str) -> Decimal:
    """An amount as it stands on a page, in any of our languages."""
    bare = re.sub(r"[^\d,.−-]", "", text).replace("−", "-")
    whole, cents = re.fullmatch(r"(-?[\d.,]*?)[.,](\d\d)", bare).groups()  # type: ignore[union-attr]
    return Decimal(f"{re.sub('[.,]', '', whole)}.{cents}")


def overview(client: Client, people: Cast) -> tuple[str, dict[str, Decimal]]:
    """The page, and the parts of its proof by their icon: store, books, to resolve, on the way."""
    answer = client.get(reverse("overview", args=[people.tenant.slug]))
    assert answer.status_code == 200
    assert answer.context is not None
    parts = {part.icon: amount(part.amount) for part in answer.context["proof"].parts}
    page = answer.content.decode()
    assert all(part.amount in page for part in answer.context["proof"].parts)
    return page, parts


def test_the_store_is_the_books_plus_what_is_open(alice: Client, people: Cast) -> None:
    busy_month(people.tenant)
    _page, parts = overview(alice, people)
    assert parts["inbox"] > 0
    assert parts["store"] == parts["book-open-check"] + parts["inbox"] + parts.get("hourglass", Decimal(0))


def test_nothing_open_means_equal(alice: Client, people: Cast) -> None:
    record = record_of(people.tenant, captured(240, created=datetime.now(UTC) - timedelta(hours=2)))
    assert record.state == Record.State.SYNCED
    _page, parts = overview(alice, people)
    assert parts == {"store": record.store_total, "book-open-check": record.store_total}


def test_the_counted_states_are_all_records_of_the_period(alice: Client, people: Cast) -> None:
    busy_month(people.tenant)
    answer = alice.get(reverse("overview", args=[people.tenant.slug]))
    period = answer.context["period"]
    open_records = Record.objects.filter(state=Record.State.ATTENTION).count()
    assert answer.context["open_records"] == open_records
    assert sum(period.states.values()) == period.seen


@pytest.mark.parametrize("name", ["overview", "attention", "records", "runs"])
def test_a_list_costs_the_same_whatever_the_size(name: str, alice: Client, people: Cast) -> None:
    run = busy_month(people.tenant)
    url = reverse(name, args=[people.tenant.slug])
    alice.get(url)  # what is read once and kept is read
    before = queries(alice, url)
    for raw_id in (240, 241, 244):
        raw = captured(raw_id, created=datetime.now(UTC) - timedelta(hours=3))
        record_of(people.tenant, raw | {"id": 90_000 + raw_id}, run=run)
    assert queries(alice, url) == before


def test_a_record_costs_the_same_whatever_happened_to_it(alice: Client, people: Cast) -> None:
    short, long = record_of(people.tenant, captured(240)), record_of(people.tenant, captured(241))
    for _time in range(20):
        long.events.create(kind="queued_again", details={"by": "Alice"})
    urls = [reverse("record", args=[people.tenant.slug, one.pk]) for one in (short, long)]
    alice.get(urls[0])
    assert queries(alice, urls[0]) == queries(alice, urls[1])


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured_queries:
        assert client.get(url).status_code == 200
    return len(captured_queries)
