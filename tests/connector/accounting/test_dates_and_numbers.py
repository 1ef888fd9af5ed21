from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from connector.accounting.dates import open_date, order_moment
from connector.accounting.documents import Held, Planned
from connector.accounting.keys import has_marker, sale_marker
from connector.accounting.numbers import document_number, number_notices, sale_note
from connector.accounting.plan import plan_order
from tests.connector.accounting.build import line, order, rate
from tests.connector.accounting.shops import fr_policy, parties_of

LATE = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
ORDER = order(line("10.00", r1="2.00"), rate(1, "20", "2.00"), total="12.00", tax="2.00", created_at=LATE, paid_at=LATE)


def test_half_past_midnight_in_paris_is_the_next_day() -> None:
    day = open_date(LATE, fr_policy())
    assert not isinstance(day, Held)
    assert day.day == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("choice", "paid", "completed", "expected"),
    [
        ("created", 2, 3, 1),
        ("paid", 2, 3, 2),
        ("completed", 2, 3, 3),
        ("paid", None, 3, 3),
        ("completed", 2, None, 2),
        ("paid", None, None, 1),
    ],
)
def test_a_missing_date_falls_back_to_completed_then_paid_then_created(
    choice: str, paid: int | None, completed: int | None, expected: int
) -> None:
    def day(number: int | None) -> datetime | None:
        return datetime(2026, 5, number, tzinfo=UTC) if number else None

    dated = replace(ORDER, created_at=day(1), paid_at=day(paid), completed_at=day(completed))  # type: ignore[arg-type]
    assert order_moment(dated, fr_policy(date_choice=choice)) == day(expected)


def test_a_closed_period_holds_the_order() -> None:
    held = plan_order(ORDER, fr_policy(closed_until=date(2026, 4, 1)), parties_of(ORDER))
    assert held == Held("closed_period", {"date": "2026-04-01", "closed_until": "2026-04-01"})


def test_on_the_first_open_day_the_note_tells_the_true_date() -> None:
    policy = fr_policy(closed_until=date(2026, 4, 30), closed_period="first_open_day")
    planned = plan_order(ORDER, policy, parties_of(ORDER))
    assert isinstance(planned, Planned)
    assert planned.sale.document_date == date(2026, 5, 1)
    assert "Datée du 2026-04-01" in planned.sale.private_note


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ({}, "Wio1234"),
        ({"number_prefix": ""}, "1234"),
        ({"automatic_numbers": True}, ""),
        ({"number_meta": "_invoice"}, "WioF-2026-7"),
    ],
)
def test_the_number_is_prefix_and_chosen_source(options: dict[str, object], number: str) -> None:
    assert document_number(replace(ORDER, meta={"_invoice": " F-2026-7 "}), fr_policy(**options)) == number


def test_22_characters_are_one_too_many() -> None:
    fits, too_long = replace(ORDER, number="1" * 18), replace(ORDER, number="1" * 19)
    assert document_number(fits, fr_policy()) == "Wio" + "1" * 18
    assert document_number(too_long, fr_policy()) == Held(
        "number_too_long", {"number": "Wio" + "1" * 19, "limit": "21"}
    )


def test_a_number_that_no_prefix_can_shorten_says_so() -> None:
    held = document_number(replace(ORDER, number="1" * 22), fr_policy())
    assert held == Held("number_too_long", {"number": "Wio" + "1" * 22, "limit": "21", "problem": "own"})
    assert document_number(replace(ORDER, number="1" * 22), fr_policy(chosen_number="A-1")) == "A-1"


def test_an_order_without_its_legal_number_waits_for_it() -> None:
    held = document_number(ORDER, fr_policy(number_meta="_invoice"))
    assert held == Held("missing_setting:number_source", {"meta": "_invoice", "order": "1234"})


def test_a_company_that_numbers_otherwise_is_told() -> None:
    assert [notice.reason for notice in number_notices(fr_policy(automatic_numbers=True))] == ["number_left_empty"]
    assert [notice.reason for notice in number_notices(fr_policy(custom_numbers_on=False))] == [
        "number_may_be_replaced"
    ]
    assert number_notices(fr_policy()) == ()


def test_the_marker_survives_the_longest_note() -> None:
    note = sale_note(replace(ORDER, customer_note="x" * 9000), fr_policy())
    assert len(note) == 4000
    assert note.endswith("…")
    assert has_marker(note, sale_marker("maison-dupont", 1234))
    assert note.splitlines()[1].startswith("Commande 1234 · Carte · pi_1 · xxx")


def test_the_customers_note_is_an_option() -> None:
    assert "Merci" not in sale_note(replace(ORDER, customer_note="Merci"), fr_policy(customer_note=False))
