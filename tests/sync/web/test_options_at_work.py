"""Every option set through its page: what differs in the books, or in the rules that plan them; and their table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from connector.accounting.policy import PostingPolicy
from sync.choices import latest_version
from sync.models import Record
from sync.policy import build_policy
from sync.schema import SCHEMA
from sync.web.manage.table import TABLE
from tenants.models import Role, Tenant
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.web.test_manage import filled, page
from tests.sync.world import World, run_to_end

PAPER = Path(settings.BASE_DIR) / "docs" / "options.md"
TEA = [{"sku": "THE-SEN-100", "quantity": 1}]
FEE = [{"key": "_stripe_fee", "value": "1.17"}, {"key": "_stripe_currency", "value": "EUR"}]
Books = tuple[list[dict[str, Any]], list[Record]]


@dataclass(frozen=True, slots=True)
class Proof:
    """data: what the page sends besides what it showed; None leaves a field out, a pair is the id of that row of
    the company's list. seen: what must hold afterwards."""

    data: dict[str, str | list[str] | tuple[str, str] | None]
    seen: Callable[[Books], bool]


def _kinds(books: Books) -> set[str]:
    return {one["type"] for one in books[0]}


def _reasons(books: Books) -> set[str]:
    return {record.reason for record in books[1]}


def _fee_account(document: dict[str, Any]) -> str:
    details = [line.get("AccountBasedExpenseLineDetail") for line in document["Line"]]
    return next((str(one["AccountRef"]["name"]) for one in details if one), "")


IN_THE_BOOKS: dict[str, Proof] = {
    "orders.enabled": Proof({"orders-enabled": None}, lambda b: not b[0] and not b[1]),
    "orders.statuses": Proof({"orders-statuses": ["completed"]}, lambda b: _reasons(b) == {"status:processing"}),
    "orders.document": Proof({"orders-document": "invoice"}, lambda b: _kinds(b) == {"Invoice", "Payment"}),
    "orders.number_prefix": Proof({"orders-number_prefix": "WEB"}, lambda b: b[0][0]["DocNumber"].startswith("WEB")),
    "orders.automatic_numbers": Proof(
        {"orders-automatic_numbers": "on"}, lambda b: not b[0][0].get("DocNumber", "").startswith("Wio")
    ),
    "orders.number_source": Proof(
        {"orders-number_source": "_no_such_field"}, lambda b: _reasons(b) == {"missing_setting:number_source"}
    ),
    "orders.language": Proof({"orders-language": "fr"}, lambda b: "Commande" in b[0][0]["PrivateNote"]),
    "orders.customer_note": Proof({"orders-customer_note": None}, lambda b: "Ring twice" not in b[0][0]["PrivateNote"]),
    "orders.customer_mode": Proof(
        {"orders-customer_mode": "generic"}, lambda b: b[0][0]["CustomerRef"]["name"] == "WooCommerce Customer"
    ),
    "orders.generic_customer": Proof(
        {"orders-customer_mode": "generic", "orders-generic_customer": "Web sales"},
        lambda b: b[0][0]["CustomerRef"]["name"] == "Web sales",
    ),
    "items.create": Proof(
        {"items-create": None, "orders-default_item": ""}, lambda b: _reasons(b) == {"unmatched_product"}
    ),
    "payments.record": Proof({"payments-record": None}, lambda b: "Payment" not in _kinds(b)),
    "payments.gateway_fees": Proof(
        {"payments-gateway_fees": "on", "payments-fee_account": ("Account", "Bank charges")},
        lambda b: [one["TotalAmt"] for one in b[0] if one["type"] == "Purchase"] == ["1.17"],
    ),
    "payments.fee_account": Proof(
        {"payments-gateway_fees": "on", "payments-fee_account": ("Account", "Cost of Goods Sold")},
        lambda b: any(_fee_account(one) == "Cost of Goods Sold" for one in b[0]),
    ),
    "tenant.start_date": Proof({"tenant-start_date": "2099-01-01"}, lambda b: not b[0]),
}

IN_THE_RULES: dict[str, tuple[str, Callable[[PostingPolicy], Any], Any]] = {
    "tenant.time_zone": ("Asia/Tokyo", lambda p: p.time_zone, "Asia/Tokyo"),
    "tenant.language": ("fr", lambda p: p.language, "fr"),
    "orders.date": ("paid", lambda p: p.date_choice, "paid"),
    "orders.zero_total": ("skip", lambda p: p.zero_total, "skip"),
    "orders.closed_period": ("first_open_day", lambda p: p.closed_period, "first_open_day"),
    "orders.terms": ("Term", lambda p: p.terms and p.terms.id, "chosen"),
    "orders.shipping_item": ("Item", lambda p: p.shipping_item and p.shipping_item.id, "chosen"),
    "orders.discount_item": ("Item", lambda p: p.discount_item and p.discount_item.id, "chosen"),
    "orders.fee_item": ("Item", lambda p: p.fee_item and p.fee_item.id, "chosen"),
    "orders.rounding_item": ("Item", lambda p: p.rounding_item and p.rounding_item.id, "chosen"),
    "orders.refund_item": ("Item", lambda p: p.refund_item and p.refund_item.id, "chosen"),
    "orders.default_item": ("Item", lambda p: p.default_item and p.default_item.id, "chosen"),
    "orders.fee_items": ("Tip", lambda p: {name: ref.id for name, ref in p.fee_items.items()}, "chosen"),
    "orders.credit_memos": ("off", lambda p: p.credit_memos, "off"),
    "orders.cancelled": ("void", lambda p: p.cancelled, "void"),
    "refunds.whole_order": ("amount", lambda p: p.whole_order_refunds, "amount"),
    "items.match_by": ("name", lambda p: p.match_items_by, "name"),
    "items.type": ("service", lambda p: p.items.type, "service"),
    "items.income_account": ("income", lambda p: p.items.income_account and p.items.income_account.id, "chosen"),
    "items.expense_account": ("expense", lambda p: p.items.expense_account and p.items.expense_account.id, "chosen"),
    "items.reactivate": ("on", lambda p: p.items.reactivate, True),
    "items.name_fallback": ("on", lambda p: p.items.name_fallback, True),
    "taxes.mode": ("off", lambda p: p.taxes.world, "off"),
    "taxes.override": ("always", lambda p: p.taxes.override, "always"),
    "taxes.cancelling_lines": ("", lambda p: p.taxes.cancelling_lines, False),
    "payments.default_account": ("money", lambda p: p.default_account and p.default_account.id, "chosen"),
    "customers.reactivate": ("on", lambda p: p.customers.reactivate, True),
    "customers.same_email_other_name": ("new", lambda p: p.customers.same_email_other_name, "new"),
    "customers.update": ("never", lambda p: p.customers.update, "never"),
    "customers.vat_number_source": ("_my_vat", lambda p: p.vat_meta, "_my_vat"),
}
"""Path -> (what is chosen, or the list that its last row is chosen from; the rule; what it must be)."""


@pytest.fixture
def shop(new_world: Any, db: None) -> World:  # noqa: F811
    cache.clear()
    world: World = new_world("fr")
    return world


def owner_of(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def choose(tenant: Tenant, path: str, wanted: dict[str, Any]) -> None:
    """Saves through the page that the option stands on, and those that other fields of `wanted` stand on."""
    client = owner_of(tenant)
    located = TABLE.by_path[path]
    keys = {place.key for place in located.subject.places}
    others = {key: value for key, value in wanted.items() if not any(key.startswith(own) for own in keys)}
    for subject, part in ((_subject_of(others), others), (located.subject.key, wanted)):
        if subject:
            url = page(tenant, subject)
            data = filled(client, url) | part
            answer = client.post(url, {key: value for key, value in data.items() if value is not None})
            assert answer.status_code == 302, answer.context["errors"]


def _subject_of(fields: dict[str, Any]) -> str:
    for subject in TABLE.subjects:
        if any(place.key in fields for place in subject.places):
            return subject.key
    return ""


@pytest.mark.parametrize("path", IN_THE_BOOKS)
def test_the_books_follow(path: str, shop: World) -> None:
    tenant = shop.connect(document="invoice" if path == "payments.record" else "sales_receipt")
    shop.add_order(line_items=TEA, customer_note="Ring twice", meta_data=FEE)
    proof = IN_THE_BOOKS[path]
    wanted = {key: _id(shop, one) if isinstance(one, tuple) else one for key, one in proof.data.items()}
    choose(tenant, path, wanted)
    run_to_end(tenant)
    assert proof.seen((shop.documents(), list(Record.objects.filter(tenant=tenant, source="order"))))


def _id(shop: World, row: tuple[str, str]) -> str:
    kind, name = row
    return next(str(one["Id"]) for one in shop.names(kind) if one["Name"] == name)


def test_without_a_choice_none_of_that_is_so(shop: World) -> None:
    """The proofs above can fail: an untouched workspace shows the opposite of each."""
    tenant = shop.connect()
    shop.add_order(line_items=TEA, customer_note="Ring twice", meta_data=FEE)
    run_to_end(tenant)
    books = (shop.documents(), list(Record.objects.filter(tenant=tenant, source="order")))
    true_anyway = {path for path, proof in IN_THE_BOOKS.items() if proof.seen(books)}
    assert true_anyway == {"payments.record"}, "a sales receipt has no payment of its own; all else must differ"


def test_an_invoice_has_its_payment_unless_one_chooses_otherwise(shop: World) -> None:
    tenant = shop.connect(document="invoice")
    shop.add_order(line_items=TEA)
    run_to_end(tenant)
    assert not IN_THE_BOOKS["payments.record"].seen((shop.documents(), []))


@pytest.mark.parametrize("path", IN_THE_RULES)
def test_the_rules_follow(path: str, shop: World) -> None:
    chosen, rule, expected = IN_THE_RULES[path]
    tenant = shop.connect()
    assert tenant.company is not None
    version = latest_version(tenant)
    assert version is not None
    before = rule(build_policy(tenant, version, tenant.company))
    place = TABLE.by_path[path].place
    wanted: dict[str, Any] = {place.key: chosen or None}
    if expected == "chosen":
        client = owner_of(tenant)
        form = client.get(page(tenant, TABLE.by_path[path].subject.key)).context["page"].form
        values = [value for value, _label in form.fields[place.key].choices]
        expected = next(value for value in reversed(values) if value and value != form[place.key].value())
        wanted = {place.key: expected}
        if path == "orders.fee_items":
            wanted = {f"{place.key}-0-name": "Tip", f"{place.key}-0-item": expected}
            expected = {"Tip": expected}
        url = page(tenant, TABLE.by_path[path].subject.key)
        assert client.post(url, filled(client, url) | wanted).status_code == 302
    else:
        choose(tenant, path, wanted)
    tenant.refresh_from_db()
    version = latest_version(tenant)
    assert version is not None
    after = rule(build_policy(tenant, version, tenant.company))
    assert after == expected
    assert after != before


_PROOFS = "tests/sync/test_option_proofs.py"
_MAILS = "tests/sync/test_report_mails.py"
ELSEWHERE_PROVED = {
    "customers.activate_currency": "tests/sync/test_currencies.py::test_by_option_it_is_added_once",
    "items.cogs_account": "tests/sync/test_products.py::test_stock_items_bear_the_accounts_that_are_chosen",
    "items.initial_quantity": (
        "tests/sync/test_products.py::test_stock_items_begin_with_what_the_shop_has_and_what_is_still_to_be_taken_out"
    ),
    "items.inventory_asset_account": "tests/sync/test_products.py::test_stock_items_bear_the_accounts_that_are_chosen",
    "orders.exchange_rates": "tests/sync/test_currencies.py::test_the_rate_of_the_order_goes_along",
    "payments.methods": (
        f"{_PROOFS}::test_a_transfer_that_comes_three_weeks_later_is_recorded_on_its_day_in_its_account"
    ),
    "products.enabled": f"{_PROOFS}::test_products_follow_their_scope",
    "products.scope": f"{_PROOFS}::test_products_follow_their_scope",
    "products.update": "tests/sync/test_products.py::test_name_price_and_withdrawal_follow_when_that_is_chosen",
    "stock.enabled": "tests/sync/test_stock_decisions.py::test_turned_on_it_is_sent_and_goes_on_by_itself",
    "taxes.rates": f"{_PROOFS}::test_an_order_follows_the_code_that_its_rate_is_matched_with",
    "taxes.tax_item": f"{_PROOFS}::test_where_quickbooks_keeps_no_tax_it_goes_on_the_item_chosen",
    "taxes.untaxed": f"{_PROOFS}::test_exports_have_a_code_of_their_own",
    "taxes.untaxed_code": f"{_PROOFS}::test_lines_without_tax_bear_the_code_chosen_for_them",
    "tenant.report.language": f"{_MAILS}::test_the_language_of_reports_is_for_all_who_have_none_of_their_own_here",
    "tenant.report.languages": f"{_MAILS}::test_each_reader_reads_their_language",
    "tenant.report.recipients": f"{_MAILS}::test_each_reader_reads_their_language",
    "tenant.report.when": f"{_MAILS}::test_a_weekly_report_is_about_monday_to_sunday",
    "retention_days": "tests/sync/test_retention.py::test_the_settings_say_how_many_days",
    "tenant.automatic_sync": (
        "tests/sync/web/test_manage.py::test_turning_automatic_sync_on_gives_the_workspace_its_hour"
    ),
    "orders.class": "tests/sync/web/test_manage.py::test_what_the_company_does_not_track_is_locked_until_it_does",
    "orders.location": "tests/sync/web/test_manage.py::test_what_the_company_does_not_track_is_locked_until_it_does",
}


def proof_of(path: str) -> str:
    if path in IN_THE_BOOKS:
        return f"tests/sync/web/test_options_at_work.py::test_the_books_follow[{path}]"
    if path in IN_THE_RULES:
        return f"tests/sync/web/test_options_at_work.py::test_the_rules_follow[{path}]"
    return ELSEWHERE_PROVED.get(path, "")


def table() -> str:
    """docs/options.md as the table of options and the proofs above give it."""
    lines = [
        "# Options",
        "",
        "Every option of the tenant document, the page where it is set, and the test that proves what it does.",
        "",
        "| option | page | test |",
        "| --- | --- | --- |",
    ]
    pages = {located.place.path: f"manage/{located.subject.key}/" for located in TABLE.by_path.values()}
    pages |= {one.path: f"{one.page.replace('_', '/')}/" for one in TABLE.elsewhere}
    for path, where in sorted(pages.items()):
        proof = proof_of(path)
        told = f"`{proof}`" if proof else ""
        lines.append(f"| `{path}` | `{where}` | {told} |")
    return "\n".join(lines) + "\n"


def test_the_paper_is_what_the_table_and_the_proofs_say() -> None:
    assert PAPER.read_text(encoding="utf-8") == table(), "write it anew: see table() above"
    known = {*SCHEMA, "retention_days", *(one.path for one in TABLE.elsewhere)}
    assert set(IN_THE_BOOKS) | set(IN_THE_RULES) | set(ELSEWHERE_PROVED) <= known
    assert not [row for row in table().splitlines() if row.endswith("|  |")], "an option without a proof"
    for proof in ELSEWHERE_PROVED.values():
        file, _sep, name = proof.partition("::")
        assert f"def {name}(" in (Path(settings.BASE_DIR) / file).read_text(encoding="utf-8")
