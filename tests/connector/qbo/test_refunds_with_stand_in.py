"""Every captured refund in the strict stand-in company, over HTTP: what it answers is what was planned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.books import Posted as PostedWrite
from connector.accounting.books import PostedCredit, PostedSale, Write
from connector.accounting.cancellations import plan_cancellation
from connector.accounting.commerce import Order, Refund
from connector.accounting.compare import compare
from connector.accounting.documents import CreditApplication, DocumentKind, Parties, PaymentDocument, Planned, Void
from connector.accounting.keys import request_id
from connector.accounting.plan import needed_products, plan_order
from connector.accounting.policy import GatewayMapping, PostingPolicy, RateMapping, Ref, TaxPolicy
from connector.accounting.refunds import plan_refund
from connector.qbo.client import QuickBooksBooks
from tests.connector.accounting.shops import POLICIES, captured_order, captured_refunds, earlier_of, posted_sale
from tests.connector.qbo.test_with_stand_in import TODAY, Connected, account, connected, make_customer, make_item

__all__ = ["connected"]
UNPAID = {"document": "invoice", "record_payments": False}


@dataclass
class Shop:
    """A captured shop's orders in a company that has one item, one customer and the codes of the shop's rates."""

    name: str
    books: QuickBooksBooks
    policy: PostingPolicy
    customer: Ref
    item: Ref

    def with_options(self, **options: Any) -> Shop:
        return replace(self, policy=replace(self.policy, **options))

    def parties(self, order: Order) -> Parties:
        return Parties(self.customer, dict.fromkeys(needed_products(order), self.item))

    def sell(self, order: Order) -> tuple[PostedSale, str]:
        """The order's sale and payment in the books, as the next refund finds them, and the sale's id."""
        planned = plan_order(order, self.policy, self.parties(order), include_selection=False)
        assert isinstance(planned, Planned), planned
        answer = self.post(planned.sale.key, *self.books.encode(planned.sale))
        assert compare(planned.sale, answer) == ()
        for document in planned.documents:
            if isinstance(document, PaymentDocument):
                self.post(document.key, *self.books.encode(document, paid_id=answer.qbo_id))
        sale = posted_sale(order, self.policy, customer=self.customer, qbo_id=answer.qbo_id, number=answer.number)
        return replace(sale, open_balance=self.balance(sale)), answer.qbo_id

    def give_back(self, outcome: object, sale: PostedSale) -> PostedSale:
        """Posts a refund's or cancellation's documents; the sale as the next one finds it."""
        assert isinstance(outcome, Planned), outcome
        answer = self.post(outcome.sale.key, *self.books.encode(outcome.sale))
        assert compare(outcome.sale, answer) == ()
        assert answer.number == outcome.sale.number
        applied = Decimal(0)
        for document in outcome.documents:
            if isinstance(document, CreditApplication):
                body = self.books.encode(document, paid_id=sale.qbo_id, credit_id=answer.qbo_id)
                assert self.post(document.key, *body).total == 0
                applied = document.amount
        credit = PostedCredit(outcome.sale.key, answer.number, outcome.sale.total, applied)
        return replace(sale, credits=(*sale.credits, credit), open_balance=self.balance(sale))

    def post(self, key: str, entity: str, payload: dict[str, Any]) -> PostedWrite:
        return self.books.post_one(request_id("t", key, "create", 1), Write("b", "create", entity, payload))

    def balance(self, sale: PostedSale) -> Decimal:
        if sale.kind is not DocumentKind.INVOICE:
            return Decimal(0)
        found = self.books.read_document(DocumentKind.INVOICE, sale.qbo_id)
        assert found is not None
        assert found.balance is not None
        return found.balance


@pytest.fixture
def shop(connected: Connected) -> Shop:
    books = connected.books
    facts = books.company_facts(on=TODAY)
    name = "us" if facts.country == "US" else "fr"
    customer = books.post_one("1" * 32, make_customer(books))
    item = Ref(books.post_one("2" * 32, make_item(books)).qbo_id)
    rates = tuple(
        RateMapping(mapping.rate_ids, code)
        for mapping in POLICIES["fr"]().taxes.rates
        for code in facts.tax_codes
        if code.rates and code.percent == mapping.code.percent and len(code.rates) == 1
    )
    untaxed = next(code for code in facts.tax_codes if code.percent == 0) if name == "fr" else None
    taxes = TaxPolicy("global", rates, untaxed) if name == "fr" else TaxPolicy("off", tax_item=item)
    policy = POLICIES[name](
        start_date=TODAY.replace(year=2010),
        home_currency=facts.home_currency,
        taxes=taxes,
        gateways={"bacs": GatewayMapping("bacs", account(books, "Bank"), None)},
        default_account=account(books, "Bank"),
        **dict.fromkeys(("default_item", "shipping_item", "fee_item", "rounding_item", "refund_item"), item),
    )
    return Shop(name, books, policy, Ref(customer.qbo_id), item)


@pytest.mark.parametrize("connected", ["fr", "us:off"], indirect=True)
@pytest.mark.parametrize("options", [{"document": "sales_receipt"}, {"document": "invoice"}, UNPAID])
def test_every_captured_refund_is_booked_as_planned(shop: Shop, options: dict[str, Any]) -> None:
    shop = shop.with_options(**options)
    sales: dict[int, PostedSale] = {}
    booked = 0
    for order, refund in captured_refunds(shop.name):
        if order.id not in sales:
            sales[order.id], _ = shop.sell(order)
        earlier = earlier_of(shop.name, refund)
        outcome = plan_refund(refund, order, shop.policy, shop.parties(order), sales[order.id], earlier=earlier)
        sales[order.id] = shop.give_back(outcome, sales[order.id])
        booked += 1
    assert booked == {"fr": 22, "us": 24}[shop.name]
    for sale in sales.values():
        left = sale.total - sum((credit.total for credit in sale.credits), Decimal(0))
        assert sale.open_balance == (left if options is UNPAID else 0)


@pytest.mark.parametrize("connected", ["fr"], indirect=True)
def test_the_money_of_a_full_refund_leaves_the_clearing_account_at_nothing(shop: Shop, connected: Connected) -> None:
    order, refund = next(pair for pair in captured_refunds("fr") if pair[0].total == pair[1].amount)
    sale, _ = shop.sell(order)
    assert account_balance(shop, sale.money[0].account) == order.total
    shop.give_back(plan_refund(refund, order, shop.policy, shop.parties(order), sale), sale)
    assert account_balance(shop, sale.money[0].account) == 0


@pytest.mark.parametrize("connected", ["fr"], indirect=True)
def test_a_cancelled_invoice_ends_at_nothing_by_credit_memo_or_void(shop: Shop) -> None:
    shop = shop.with_options(document="invoice")
    order = replace(captured_order("fr", 138), status="on-hold")
    cancelled = replace(order, status="cancelled")
    sale, qbo_id = shop.sell(order)

    void = plan_cancellation(cancelled, replace(shop.policy, cancelled="void"), shop.parties(order), sale)
    assert isinstance(void, Void)
    assert (void.kind, void.qbo_id) == (DocumentKind.INVOICE, qbo_id)

    sale = shop.give_back(plan_cancellation(cancelled, shop.policy, shop.parties(order), sale), sale)
    assert sale.open_balance == 0
    assert plan_cancellation(cancelled, shop.policy, shop.parties(order), sale) is None


@pytest.mark.parametrize("connected", ["fr"], indirect=True)
def test_a_partly_refunded_invoice_is_cancelled_for_the_rest(shop: Shop) -> None:
    shop = shop.with_options(document="invoice")
    order = replace(captured_order("fr", 204), status="on-hold", paid_at=None)
    refund: Refund = next(one for _, one in captured_refunds("fr") if one.order_id == 204)
    sale, _ = shop.sell(order)
    sale = shop.give_back(plan_refund(refund, order, shop.policy, shop.parties(order), sale), sale)
    assert sale.open_balance == order.total - refund.amount

    cancelled = replace(order, status="cancelled")
    outcome = plan_cancellation(cancelled, shop.policy, shop.parties(order), sale, refunds=(refund,))
    assert shop.give_back(outcome, sale).open_balance == 0


def account_balance(shop: Shop, ref: Ref) -> Decimal:
    answer = shop.books.select(f"SELECT * FROM Account WHERE Id = '{ref.id}'")
    (row,) = answer["QueryResponse"]["Account"]
    return Decimal(str(row["CurrentBalance"]))
