"""Options whose proof stands elsewhere: on a page of its own, over several days, or in a letter."""

from __future__ import annotations

from dataclasses import dataclass

_PROOFS = "tests/sync/test_option_proofs.py"
_MAILS = "tests/sync/test_report_mails.py"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    changes: str
    test: str


PROVED_ELSEWHERE = {
    "customers.activate_currency": Elsewhere(
        "A currency that the company does not list yet is added for its first buyer, or the order waits.",
        "tests/sync/test_currencies.py::test_by_option_it_is_added_once",
    ),
    "items.cogs_account": Elsewhere(
        "The account of the cost of new stock items.",
        "tests/sync/test_products.py::test_stock_items_bear_the_accounts_that_are_chosen",
    ),
    "items.initial_quantity": Elsewhere(
        "The quantity that a new stock item begins with: none, or the store's.",
        "tests/sync/test_products.py::test_stock_items_begin_with_what_the_shop_has_and_what_is_still_to_be_taken_out",
    ),
    "items.inventory_asset_account": Elsewhere(
        "The account of the value of new stock items.",
        "tests/sync/test_products.py::test_stock_items_bear_the_accounts_that_are_chosen",
    ),
    "orders.exchange_rates": Elsewhere(
        "A sale in another currency bears the rate that the order noted, or QuickBooks' own of the day.",
        "tests/sync/test_currencies.py::test_the_rate_of_the_order_goes_along",
    ),
    "payments.methods": Elsewhere(
        "The account that the money of a payment method reaches.",
        f"{_PROOFS}::test_a_transfer_that_comes_three_weeks_later_is_recorded_on_its_day_in_its_account",
    ),
    "products.enabled": Elsewhere(
        "Products become items without having been sold, or none does.",
        f"{_PROOFS}::test_products_follow_their_scope",
    ),
    "products.scope": Elsewhere(
        "Every published product with a SKU becomes an item, or only those sold.",
        f"{_PROOFS}::test_products_follow_their_scope",
    ),
    "products.update": Elsewhere(
        "Name, price and active state of an item follow the store, or stay.",
        "tests/sync/test_products.py::test_name_price_and_withdrawal_follow_when_that_is_chosen",
    ),
    "stock.enabled": Elsewhere(
        "Nothing in the books; the store's quantities follow theirs.",
        "tests/sync/test_stock_decisions.py::test_turned_on_it_is_sent_and_goes_on_by_itself",
    ),
    "taxes.rates": Elsewhere(
        "The tax code of every line that bears the rate; without one the order waits.",
        f"{_PROOFS}::test_an_order_follows_the_code_that_its_rate_is_matched_with",
    ),
    "taxes.tax_item": Elsewhere(
        "Where QuickBooks keeps no tax: the item that the store's tax stands on.",
        f"{_PROOFS}::test_where_quickbooks_keeps_no_tax_it_goes_on_the_item_chosen",
    ),
    "taxes.untaxed": Elsewhere(
        "The tax code of lines that bear no tax because of their buyer or country.",
        f"{_PROOFS}::test_exports_have_a_code_of_their_own",
    ),
    "taxes.untaxed_code": Elsewhere(
        "The tax code of all other lines that bear no tax.",
        f"{_PROOFS}::test_lines_without_tax_bear_the_code_chosen_for_them",
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
