"""The table of docs/exactness.md: every captured order and refund, in every tax world, in every kind of company.

Each document is followed to its end in the stand-in company (`till.settle`); what the company teaches is kept for the
documents after it, as the engine keeps it. An end counts as exact when the company's own answer has the store's total,
the store's tax and the store's tax of each rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any

from connector.accounting.books import NoSale
from connector.accounting.cancellations import plan_cancellation
from connector.accounting.commerce import Order, Refund
from connector.accounting.documents import Held, Means, Outcome, Planned, Skipped
from connector.accounting.money import half_up, smallest_unit
from connector.accounting.plan import plan_order
from connector.accounting.policy import PostingPolicy, Ref, TaxPolicy
from connector.accounting.refunds import plan_refund
from connector.woo.parse import parse_order, parse_refund
from tests.canada import canadian_orders, canadian_refunds, canadian_taxes
from tests.connector.accounting.shops import (
    EXEMPT,
    captured_orders,
    captured_refunds,
    fr_policy,
    fr_taxes,
    parties_of,
    posted_sale,
    us_manual_taxes,
    us_policy,
    us_taxes,
)
from tests.connector.accounting.test_golden import FROM_THE_BEGINNING
from tests.connector.accounting.till import End, settle

OVERRIDES = {
    "keep": "keeps any amount", "tolerance": "keeps amounts within 0.05, refuses more",
    "ignore": "ignores amounts", "refuse": "refuses amounts",
}  # fmt: skip
ROUNDINGS = {"per_rate": "per rate", "per_line": "per line"}
DOCUMENTS = ("sales receipt", "invoice", "refund receipt", "credit memo", "cancellation's credit memo")
HELD_WORDS = {
    "rate_deleted": "the store's rate no longer exists",
    "automated_tax": "the engine drops the store's tax: the merchant is asked",
    "beyond_rounding": "rates lie on some lines only, and the document has one code",
    "awaiting_sale": "its sale is held",
}


@dataclass(frozen=True)
class World:
    """A tax world with the shop (or shops) posted to it. `shop`: whose captures; "both" are those moved to Canada."""

    title: str
    shop: str
    taxes: TaxPolicy
    company: str = ""
    """What the company's own preferences say, where the merchant chose otherwise."""

    @property
    def behaviours(self) -> list[dict[str, str]]:
        if self.taxes.world == "off":
            return [{}]
        if self.taxes.world == "us_automated":
            return [{"automated": "keep"}, {"automated": "ignore"}]
        return [{"overrides": one, "rounding": other} for other in ROUNDINGS for one in OVERRIDES]

    def policy(self, **changes: Any) -> PostingPolicy:
        places = {"fr": fr_policy, "us": us_policy, "both": fr_policy}
        options: dict[str, Any] = {"start_date": FROM_THE_BEGINNING, "multicurrency": True, "taxes": self.taxes}
        options |= {"home_currency": "CAD", "country": "CA"} if self.shop == "both" else {}
        return places[self.shop](refund_item=Ref("86", "Refunds"), **options, **changes)


_BY_HAND = TaxPolicy("off", untaxed=EXEMPT, tax_item=Ref("90", "Tax"), needs_line_codes=True)
WORLDS = (
    World("Off (American shop)", "us", us_taxes()),
    World("Off by hand, automated sales tax in the company", "us", us_taxes(needs_line_codes=True), "us_automated"),
    World("Off by hand, VAT in the company", "fr", _BY_HAND, "global"),
    World("US automated sales tax", "us", TaxPolicy("us_automated", us_manual_taxes().rates)),
    World("US rates set by hand", "us", us_manual_taxes()),
    World("Global: France", "fr", fr_taxes()),
    World("Global: Canada (both shops, taxed anew)", "both", canadian_taxes()),
)


@dataclass
class Row:
    """How the documents of one kind ended in one company."""

    world: World
    document: str
    behaviour: Mapping[str, str]
    means: Counter[Means] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Documents that would stand in the books with another amount than was planned; there must be none."""
    taxes: TaxPolicy | None = None

    @property
    def exact(self) -> int:
        return sum(count for means, count in self.means.items() if means is not Means.ROUNDING)

    @property
    def total(self) -> int:
        return sum(self.means.values()) + sum(self.held.values())


@cache
def shop_orders(shop: str) -> tuple[Order, ...]:
    if shop != "both":
        return captured_orders(shop)
    parsed = [parse_order(raw) for one in ("fr", "us") for raw in canadian_orders(one)]
    return tuple(order for order in parsed if isinstance(order, Order))


@cache
def shop_refunds(shop: str) -> tuple[tuple[Order, Refund, tuple[Refund, ...]], ...]:
    """Each refund with its order and the order's other refunds."""
    if shop != "both":
        pairs = list(captured_refunds(shop))
    else:
        pairs = []
        for one in ("fr", "us"):
            orders = {raw["id"]: parse_order(raw) for raw in canadian_orders(one)}
            for order_id, listed in canadian_refunds(one).items():
                refunds = [parse_refund(raw, int(order_id)) for raw in listed]
                pairs += [(orders[int(order_id)], refund) for refund in refunds]  # type: ignore[misc]
    return tuple(
        (order, refund, tuple(one for other, one in pairs if other is order and one is not refund))
        for order, refund in pairs
    )


def make_row(world: World, document: str, behaviour: Mapping[str, str]) -> Row:
    row = Row(world, document, behaviour)
    options = {"document": "invoice" if document in ("invoice", "credit memo", DOCUMENTS[4]) else "sales_receipt"}
    policy = world.policy(**options, record_payments=document not in ("credit memo", DOCUMENTS[4]))
    for name, goods, plan in _plans(world, document):
        end = settle(plan, policy, behaviour, company=world.company)
        policy = replace(policy, taxes=end.taxes)
        _count(row, name, goods, end)
    row.taxes = policy.taxes
    return row


Plan = Callable[[PostingPolicy], Outcome]


def _plans(world: World, document: str) -> Iterator[tuple[str, Order | Refund, Plan]]:
    if document in ("sales receipt", "invoice"):
        for order in shop_orders(world.shop):
            yield f"order {order.id}", order, _sale_plan(order)
    elif document == DOCUMENTS[4]:
        for order in shop_orders(world.shop):
            yield f"cancelled order {order.id}", order, _cancellation_plan(order)
    else:
        for order, refund, others in shop_refunds(world.shop):
            yield f"refund {refund.id}", refund, _refund_plan(order, refund, others)


def _sale_plan(order: Order) -> Plan:
    return lambda policy: plan_order(order, policy, parties_of(order), include_selection=False)


def _refund_plan(order: Order, refund: Refund, others: tuple[Refund, ...]) -> Plan:
    def plan(policy: PostingPolicy) -> Outcome:
        planned = isinstance(_sale_plan(order)(policy), Planned)
        sale = posted_sale(order, policy) if planned else NoSale.AWAITED
        return plan_refund(refund, order, policy, parties_of(order), sale, earlier=others)

    return plan


def _cancellation_plan(order: Order) -> Plan:
    """The order as if nobody had paid it, and it was cancelled after it was sent."""
    unpaid = replace(order, status="on-hold", paid_at=None)

    def plan(policy: PostingPolicy) -> Outcome:
        sale = _sale_plan(unpaid)(policy)
        if not isinstance(sale, Planned):
            return sale
        cancelled = replace(unpaid, status="cancelled")
        outcome = plan_cancellation(cancelled, policy, parties_of(order), posted_sale(unpaid, policy))
        assert not isinstance(outcome, Held), outcome
        return outcome if isinstance(outcome, Planned) else Skipped("nothing_left")

    return plan


def _count(row: Row, name: str, goods: Order | Refund, end: End) -> None:
    outcome = end.outcome
    if isinstance(outcome, Skipped):
        return
    if not isinstance(outcome, Planned):
        problem = getattr(outcome, "details", {}).get("problem", "")
        row.held[problem if problem in HELD_WORDS else outcome.reason] += 1
        return
    row.means[outcome.proof.means] += 1
    assert end.answer is not None
    currency = outcome.sale.currency
    amount = half_up(goods.total if isinstance(goods, Order) else goods.amount, smallest_unit(currency))
    in_tax = end.answer.tax or Decimal(0)
    if outcome.sale.tax is None:
        in_tax = sum((line.amount for line in outcome.sale.lines if line.source == "tax"), Decimal(0))
    is_right = end.answer.total == amount
    if outcome.proof.means is not Means.ROUNDING:
        is_right = is_right and in_tax == outcome.proof.store_tax
        for rate in outcome.proof.rates if end.answer.rates and row.world.taxes.world != "us_automated" else ():
            ids = rate.rate_id.split("+")
            answered = sum((end.answer.rates.get(ident, Decimal(0)) for ident in ids), Decimal(0))
            is_right = is_right and answered == rate.store
        if isinstance(goods, Order):
            is_right = is_right and in_tax == half_up(goods.total_tax, smallest_unit(currency))
    if not is_right:
        row.wrong.append(name)


@cache
def all_rows() -> tuple[Row, ...]:
    return tuple(
        make_row(world, document, behaviour)
        for world in WORLDS
        for document in DOCUMENTS
        for behaviour in world.behaviours
    )


def company_words(behaviour: Mapping[str, str]) -> str:
    if not behaviour:
        return "any"
    if "automated" in behaviour:
        return "keeps the store's total" if behaviour["automated"] == "keep" else "goes by its own rates"
    return f"{OVERRIDES[behaviour['overrides']]}; rounds {ROUNDINGS[behaviour['rounding']]}"


def render(rows: tuple[Row, ...]) -> str:
    """The page, whole."""
    parts = [_HEAD]
    parts.append("| world | company | documents | exact | |\n| --- | --- | ---: | ---: | --- |")
    for world in WORLDS:
        for behaviour in world.behaviours:
            mine = [row for row in rows if row.world is world and row.behaviour == behaviour]
            exact, total = sum(row.exact for row in mine), sum(row.total for row in mine)
            gone = sum(row.held["rate_deleted"] for row in mine)
            share = f"{100 * exact / total:.1f} %" if exact + gone < total else "all"
            share += " but the deleted rate" if gone and share == "all" else ""
            parts.append(f"| {world.title} | {company_words(behaviour)} | {total} | {exact} | {share} |")
    for world in WORLDS:
        parts.append(f"\n## {world.title}\n")
        parts.append(
            "| document | company | of | exact | computed | stated | cancelling | no tax | rounding line | held |\n"
            "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
        )
        parts.extend(_line(row) for row in rows if row.world is world)
    return "\n".join(parts) + "\n"


def _line(row: Row) -> str:
    by_means = (Means.COMPUTED, Means.STATED, Means.CANCELLING, Means.NONE, Means.ROUNDING)
    counts = " | ".join(str(row.means[means]) if row.means[means] else "" for means in by_means)
    held = "; ".join(f"{count} × {HELD_WORDS.get(reason, reason)}" for reason, count in row.held.most_common())
    return f"| {row.document} | {company_words(row.behaviour)} | {row.total} | {row.exact} | {counts} | {held} |"


_HEAD = """# How exact: every captured order and refund, in every tax world and every kind of company

Made by `make exactness` and compared by the tests; do not edit. Each order and refund of the two captured shops is
planned, encoded, answered by the stand-in company, compared and where need be repaired, as the engine does it, and what
the company teaches is kept for the next. **Exact** means: the company's own answer has the store's total, its tax, and
its tax of each rate. Of US automated sales tax the rates are the engine's own; total and tax are compared.

- computed: QuickBooks' own arithmetic gives the store's tax. stated: the store's amounts are sent. cancelling: two
  lines that cancel make QuickBooks compute the store's tax. no tax: nothing is taxed, or the tax is a line of its own.
- rounding line: the total is exact, a rate is a cent or two off, and the record shows it. Not counted as exact.
- held: not in the books; the record says why and what to do.
- The refunds of an order come after its sale; credit memos are those of unpaid invoices. For the cancellations every
  order is taken as one that nobody paid and that was cancelled after it was sent.
- Canada: the orders and refunds of both shops with a province's rates in place of their own (`tests/canada.py`): GST
  and QST of 9.975 %, GST with a QST laid on it, HST of 13 and 15 %, GST and PST; some rounded by line, some at the
  subtotal; prices with and without tax.
- Off by hand: the merchant of a company that keeps tax wants the store's tax as a line of the document instead, which
  is also the way out where an automated engine goes by its own rates.
- Orders that are empty and refunds of nothing are skipped and not counted. Orders in a foreign currency are posted, for
  these companies keep several.

## In short
"""
