"""Every captured refund and cancelled order of both shops, and the hard cases, against the documents we accepted.

`pytest --update-golden` rewrites them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.books import PostedCredit, PostedSale
from connector.accounting.cancellations import UNDONE_STATUSES, plan_cancellation
from connector.accounting.commerce import Order, Refund
from connector.accounting.documents import CreditApplication, DocumentKind, Held, Means, Outcome, Planned
from connector.accounting.payments import invoice_payments
from connector.accounting.plan import plan_order
from connector.accounting.policy import PostingPolicy, RateMapping, Ref, TaxCode, TaxPolicy, TaxRate
from connector.accounting.refunds import plan_refund
from connector.woo.parse import parse_order, parse_refund
from tests.connector.accounting.golden import render_document, render_outcome
from tests.connector.accounting.shops import (
    EXEMPT,
    POLICIES,
    captured_orders,
    captured_refunds,
    earlier_of,
    parties_of,
    posted_sale,
    us_automated_taxes,
    us_manual_taxes,
)
from tests.connector.accounting.test_golden import FROM_THE_BEGINNING, GOLDEN, read_policy

WORLDS = {"fr": "global", "us": "off"}
SALES: dict[str, dict[str, Any]] = {
    "receipts": {"document": "sales_receipt"},
    "invoices": {"document": "invoice"},
    "unpaid_invoices": {"document": "invoice", "record_payments": False},
}
SETS = [(shop, sales) for shop in WORLDS for sales in SALES]
EVERYWHERE = [("fr", "global"), ("fr", "off"), *(("us", w) for w in ("global", "off", "us_manual", "us_automated"))]
LATER = sorted(file.parent.name for file in GOLDEN.glob("*/later.json"))
CASES = sorted({file.parent.name for file in GOLDEN.glob("*/refunds.json")} - set(LATER))


def policy_of(shop: str, sales: str, **changes: Any) -> PostingPolicy:
    options = {"refund_item": Ref("86", "Refunds"), "start_date": FROM_THE_BEGINNING, **SALES[sales], **changes}
    return POLICIES[shop](**options)


def plans(shop: str, policy: PostingPolicy) -> list[tuple[Refund, Outcome]]:
    found = []
    for order, refund in captured_refunds(shop):
        sale = posted_sale(order, policy)
        outcome = plan_refund(refund, order, policy, parties_of(order), sale, earlier=earlier_of(shop, refund))
        found.append((refund, outcome))
    return found


def assert_golden(name: str, rendered: Iterable[dict[str, Any]], config: pytest.Config) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in rendered]
    path = GOLDEN / f"{name}.jsonl"
    if config.getoption("--update-golden"):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == path.read_text(encoding="utf-8").splitlines()


def assert_exact(refund: Refund, outcome: Outcome) -> Planned:
    assert isinstance(outcome, Planned), outcome
    assert outcome.sale.total == outcome.proof.store_total == outcome.proof.document_total == refund.amount
    assert outcome.proof.store_tax == outcome.proof.document_tax
    assert all(rate.store == rate.document for rate in outcome.proof.rates)
    return outcome


@pytest.mark.parametrize(("shop", "sales"), SETS)
def test_captured_refunds_give_the_accepted_documents(shop: str, sales: str, pytestconfig: pytest.Config) -> None:
    rows = [
        {"order": refund.order_id, "refund": refund.id, **render_outcome(outcome)}
        for refund, outcome in plans(shop, policy_of(shop, sales))
    ]
    assert_golden(f"{shop}_{WORLDS[shop]}_refunds_of_{sales}", rows, pytestconfig)


@pytest.mark.parametrize(("shop", "sales"), SETS)
def test_captured_cancellations_give_the_accepted_outcomes(shop: str, sales: str, pytestconfig: pytest.Config) -> None:
    policy = policy_of(shop, sales)
    rows = [
        {
            "order": order.id,
            **render_outcome(plan_cancellation(order, policy, parties_of(order), posted(order, policy))),
        }
        for order in captured_orders(shop)
        if order.status in UNDONE_STATUSES
    ]
    assert_golden(f"{shop}_{WORLDS[shop]}_cancelled_{sales}", rows, pytestconfig)


def posted(order: Order, policy: PostingPolicy) -> Any:
    """The sale of an order that was cancelled later: as it would have been planned while it was on hold or paid."""
    before = replace(order, status="processing" if order.paid_at else "on-hold")
    return posted_sale(before, policy)


@pytest.mark.parametrize("case", CASES)
def test_a_hard_case_gives_the_accepted_document(case: str, pytestconfig: pytest.Config) -> None:
    """The last of the case's refunds is planned, after the others."""
    folder = GOLDEN / case
    order = parse_order(json.loads((folder / "order.json").read_text(encoding="utf-8")))
    assert isinstance(order, Order)
    raws = json.loads((folder / "refunds.json").read_text(encoding="utf-8"))
    refunds = [refund for raw in raws if isinstance(refund := parse_refund(raw, order.id), Refund)]
    assert len(refunds) == len(raws)
    *earlier, refund = sorted(refunds, key=lambda one: one.id)
    policy = read_policy(json.loads((folder / "policy.json").read_text(encoding="utf-8")))
    sale = posted_sale(order, policy)
    rendered = render_outcome(plan_refund(refund, order, policy, parties_of(order), sale, earlier=earlier))
    path = folder / "documents.json"
    if pytestconfig.getoption("--update-golden"):
        path.write_text(json.dumps(rendered, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    assert rendered == json.loads(path.read_text(encoding="utf-8"))
    assert (folder / "why.md").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("case", LATER)
def test_what_becomes_of_a_sale_later_is_what_was_accepted(case: str, pytestconfig: pytest.Config) -> None:
    """later.json: the order as it was saved afterwards, time after time; refunds.json: what was refunded before."""
    folder = GOLDEN / case
    policy = read_policy(json.loads((folder / "policy.json").read_text(encoding="utf-8")))
    order = parse_order(json.loads((folder / "order.json").read_text(encoding="utf-8")))
    assert isinstance(order, Order)
    sale = posted_sale(order, policy)
    rendered = [render_outcome(plan_order(order, policy, parties_of(order), include_selection=False))]
    raws = (
        json.loads((folder / "refunds.json").read_text(encoding="utf-8")) if (folder / "refunds.json").exists() else []
    )
    refunds = [refund for raw in raws if isinstance(refund := parse_refund(raw, order.id), Refund)]
    for refund in refunds:
        outcome = plan_refund(refund, order, policy, parties_of(order), sale, earlier=refunds)
        rendered.append(render_outcome(outcome))
        sale = with_credit(sale, outcome)
    for raw in json.loads((folder / "later.json").read_text(encoding="utf-8")):
        saved = parse_order(raw)
        assert isinstance(saved, Order)
        if saved.status in UNDONE_STATUSES:
            taken = plan_cancellation(saved, policy, parties_of(order), sale, refunds=refunds)
            rendered.append(render_outcome(taken))
            sale = with_credit(sale, taken)
        else:
            rendered.append(render_payment(saved, policy, sale))
    path = folder / "documents.json"
    if pytestconfig.getoption("--update-golden"):
        path.write_text(json.dumps(rendered, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    assert rendered == json.loads(path.read_text(encoding="utf-8"))
    assert (folder / "why.md").read_text(encoding="utf-8").startswith("# ")


def render_payment(order: Order, policy: PostingPolicy, sale: PostedSale) -> dict[str, Any]:
    found = invoice_payments(order, policy, customer=sale.customer, total=sale.total, credits=sale.applied)
    assert not isinstance(found, Held)
    payments, notices = found
    return {
        "outcome": "planned" if payments else "nothing",
        "documents": [render_document(payment) for payment in payments],
        "notices": [notice.reason for notice in notices],
    }


def with_credit(sale: PostedSale, outcome: object) -> PostedSale:
    """The sale after the company took the credit."""
    if not isinstance(outcome, Planned):
        return sale
    applied = sum((one.amount for one in outcome.documents if isinstance(one, CreditApplication)), Decimal(0))
    credit = PostedCredit(outcome.sale.key, outcome.sale.number, outcome.sale.total, applied)
    return replace(sale, open_balance=sale.open_balance - applied, credits=(*sale.credits, credit))


@pytest.mark.parametrize("credit_memos", ["automatic", "credit_memo", "refund_receipt"])
@pytest.mark.parametrize("sales", SALES)
@pytest.mark.parametrize(("shop", "world"), EVERYWHERE)
def test_every_captured_refund_is_exact_in_every_world(shop: str, world: str, sales: str, credit_memos: str) -> None:
    policy = policy_of(shop, sales, credit_memos=credit_memos, taxes=taxes_of(shop, world))
    outcomes = [assert_exact(refund, outcome) for refund, outcome in plans(shop, policy)]
    assert len(outcomes) == {"fr": 22, "us": 24}[shop]
    is_receipt = credit_memos == "refund_receipt" or (credit_memos == "automatic" and sales != "unpaid_invoices")
    assert {outcome.sale.kind for outcome in outcomes} == {
        DocumentKind.REFUND_RECEIPT if is_receipt else DocumentKind.CREDIT_MEMO
    }
    applied = sales == "unpaid_invoices" and not is_receipt
    assert {len(outcome.documents) for outcome in outcomes} == {2 if applied else 1}


@pytest.mark.parametrize("overrides", ["ignored", "refused"])
@pytest.mark.parametrize(("shop", "rounded"), [("fr", 0), ("us", 1)])
def test_every_captured_refund_is_exact_in_a_company_that_computes(shop: str, rounded: int, overrides: str) -> None:
    """Where two rates share a code no shift may suit both: then the total is exact and the proof shows the cent."""
    taxes = replace(taxes_of(shop, "global"), overrides=overrides)  # type: ignore[arg-type]
    outcomes = [outcome for _, outcome in plans(shop, policy_of(shop, "receipts", taxes=taxes))]
    means = [outcome.proof.means for outcome in outcomes if isinstance(outcome, Planned)]
    assert len(means) == len(outcomes)
    assert means.count(Means.ROUNDING) == rounded


def taxes_of(shop: str, world: str) -> TaxPolicy:
    """Any shop in any world: the American rates get a code for each combination that occurs on a line."""
    if world == "off":
        return TaxPolicy("off", tax_item=Ref("90", "Tax"))
    if world != "global":
        return us_manual_taxes() if world == "us_manual" else us_automated_taxes()
    return POLICIES["fr"]().taxes if shop == "fr" else TaxPolicy("global", _combinations("us"), EXEMPT)


def _combinations(shop: str) -> tuple[RateMapping, ...]:
    found: dict[frozenset[int], RateMapping] = {}
    for order in captured_orders(shop):
        percents: dict[int, Decimal] = {line.rate_id: line.percent for line in order.tax_lines}
        for line in (*order.lines, *order.shipping_lines, *order.fee_lines):
            listed = frozenset(tax.rate_id for tax in line.taxes)
            ids = frozenset(rate_id for rate_id in listed if percents.get(rate_id)) or listed
            rates = tuple(TaxRate(f"q{rate_id}", str(rate_id), percents[rate_id]) for rate_id in sorted(ids))
            if ids:
                found[ids] = RateMapping(ids, TaxCode("c" + "-".join(map(str, sorted(ids))), "Code", rates))
    return tuple(found.values())
