"""Options whose proof stands elsewhere: on a page of its own, over several days, or in a letter."""

from __future__ import annotations

from dataclasses import dataclass

_MAILS = "tests/sync/test_report_mails.py"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    changes: str
    test: str


PROVED_ELSEWHERE = {
    "stock.enabled": Elsewhere(
        "Nothing in the books; the store's quantities follow theirs.",
        "tests/sync/test_stock_decisions.py::test_turned_on_it_is_sent_and_goes_on_by_itself",
    ),
    "tenant.report.language": Elsewhere(
        "Nothing in the books; the language of reports.",
        f"{_MAILS}::test_the_language_of_reports_is_for_all_who_have_none_of_their_own_here",
    ),
    "tenant.report.languages": Elsewhere(
        "Nothing in the books; the language of each recipient's reports.",
        f"{_MAILS}::test_each_reader_reads_their_language",
    ),
    "tenant.report.recipients": Elsewhere(
        "Nothing in the books; who gets reports.",
        f"{_MAILS}::test_each_reader_reads_their_language",
    ),
    "tenant.report.when": Elsewhere(
        "Nothing in the books; when reports leave and which days they tell of.",
        f"{_MAILS}::test_a_weekly_report_is_about_monday_to_sunday",
    ),
    "retention_days": Elsewhere(
        "Nothing in the books; how long the store's raw data are kept here.",
        "tests/sync/test_retention.py::test_the_settings_say_how_many_days",
    ),
}
