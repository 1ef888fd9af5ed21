"""Every reason has words in every language, and no missing detail breaks a page."""

from __future__ import annotations

import pytest
from django.utils import translation

from sync.models import Record, RecordEvent
from sync.web.history import KINDS, tell_history
from sync.web.reason_texts import ATTENTION, REASONS, SKIPPED, UNKNOWN, WAITING
from sync.web.reasons import fill, order_label, status_name, tell, tell_notice
from sync.web.troubles import TROUBLES

CLOSED_LIST = {
    "skipped": "before_start_date status:failed draft trash empty_order zero_total zero_refund by_hand undone"
    " deletion_accepted kept_in_quickbooks",
    "waiting": "awaiting_payment awaiting_sale",
    "attention": (
        "unmapped_tax_rate unmapped_gateway unmatched_product ambiguous_sku inactive_item inactive_customer"
        " missing_setting:shipping_item currency_off number_too_long duplicate_number closed_period totals_differ"
        " tax_not_representable too_many_lines edited_in_quickbooks document_gone order_gone cancelled_but_paid"
        " refund_without_sale refund_deleted refund_exceeds_sale unreadable not_yet_available"
        " refused_by_quickbooks:6000 refused_by_store:500"
    ),
}
REASONS_IN_LIFE = [reason for group in CLOSED_LIST.values() for reason in group.split()]
LANGUAGES = ["en", "fr", "fr-ca"]


def test_the_table_holds_the_closed_list() -> None:
    tables = {"skipped": SKIPPED, "waiting": WAITING, "attention": ATTENTION}
    for state, table in tables.items():
        known = {key.partition("/")[0] for key in table}
        assert known >= {reason.partition(":")[0] for reason in CLOSED_LIST[state].split()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("source", ["order", "refund", "product"])
@pytest.mark.parametrize("reason", REASONS_IN_LIFE)
def test_a_reason_without_any_detail_can_be_told(reason: str, source: str, language: str) -> None:
    with translation.override(language):
        told = tell(reason, {}, source=source)
    assert told.short
    assert told.title
    assert told.sentence
    assert "%(" not in f"{told.short}{told.title}{told.sentence}{told.cure}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", sorted(REASONS))
def test_every_text_fills_and_is_translated(key: str, language: str) -> None:
    reason = REASONS[key]
    with translation.override(language):
        for text in (reason.short, reason.title, reason.sentence, reason.cure, reason.refund):
            assert "%(" not in fill(text, {})


@pytest.mark.parametrize(
    "details", [{}, {"problem": None}, {"problem": ["x"]}, {"date": "not a date"}, {"tax": "NaN?"}]
)
def test_strange_details_do_not_break(details: dict[str, object]) -> None:
    for reason in REASONS_IN_LIFE:
        assert tell(reason, details, currency="EUR").sentence


def test_an_unknown_reason_is_named() -> None:
    assert "moon_phase" in tell("moon_phase", {}).sentence
    assert tell("moon_phase", {}).icon == UNKNOWN.icon


def test_details_are_written_as_people_write_them() -> None:
    details = {"date": "2026-10-31", "closed_until": "2026-11-01"}
    with translation.override("fr"):
        told = tell("closed_period", details, number="3987")
    assert told.sentence == (
        "La commande n°\u00a03987 est datée du 31 octobre 2026, dans une période clôturée jusqu’au 1er novembre 2026."
        " Elle reste en suspens jusqu’à votre choix."
    )


def test_the_closest_case_is_told() -> None:
    changed = {"problem": "rate_changed", "rate": "TVA 20%", "mapped_percent": "20", "percent": "21"}
    assert "was 20% when you chose its tax code; it is 21% now" in tell("unmapped_tax_rate", changed).sentence
    assert tell("unmatched_product", {"name": "Miel", "sku": ""}).title == "“Miel” has no SKU in the store"
    apart = {"store_total": "14.58", "books_total": "14.59"}
    assert "€14.58 in the store, €14.59 in QuickBooks" in tell("totals_differ", apart, currency="EUR").sentence


def test_amounts_and_counts_of_one_name_are_told_apart() -> None:
    assert "€10.00" in tell("totals_differ", {"problem": "lines_differ", "lines": "10"}, currency="EUR").sentence
    assert "1,200 lines" in tell("too_many_lines", {"lines": "1200", "limit": "1000"}, currency="EUR").sentence


def test_a_refund_is_not_called_an_order() -> None:
    told = tell("unmapped_tax_rate", {"rate": "TVA 10%"}, source="refund")
    assert told.sentence.endswith("Choose one and this refund will leave at the next sync.")


def test_statuses_of_the_store_keep_their_names() -> None:
    assert status_name("on-hold") == "On hold"
    assert status_name("wc-picked", other="Picked up") == "Picked up"
    assert "“Failed”" in tell("status:failed", {}).sentence


def test_numbers_are_marked_once() -> None:
    assert order_label("2289") == "#2289"
    assert order_label("#2289") == "#2289"


def test_a_notice_without_words_is_left_out() -> None:
    assert tell_notice({"reason": "moon_phase"}) == ""
    assert "“Klarna”" in tell_notice({"reason": "unmapped_gateway", "gateway": "klarna", "title": "Klarna"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_is_a_sentence_even_without_details(language: str) -> None:
    record = Record(source="order", number="1", currency="EUR")
    kinds = [key.partition("/") for key in KINDS]
    events = [
        RecordEvent(record=record, kind=kind, details={"entity": entity, "number": "Wio1"} if entity else {})
        for kind, _slash, entity in kinds
    ]
    with translation.override(language):
        for line in tell_history(record, [*events, RecordEvent(record=record, kind="new_thing")]):
            assert line.title
            assert "%(" not in f"{line.title}{line.detail}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_trouble_says_what_happened(language: str) -> None:
    with translation.override(language):
        for trouble in TROUBLES.values():
            assert str(trouble.text)
