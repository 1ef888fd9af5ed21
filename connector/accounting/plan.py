"""One order and the merchant's choices become documents with a proof, or a reason from the closed list.

`plan_order` is pure and total: for every valid order and policy it answers with a value, never with an exception, and
the same value every time (architecture §6). Money rules with worked numbers: docs/money.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.accounting.assembly import (
    Header,
    assemble,
    checked,
    correction_notices,
    prove,
    settle_parts,
)
from connector.accounting.checks import unusable_problem
from connector.accounting.coding import begin_coding
from connector.accounting.commerce import Order, ProductKey
from connector.accounting.currencies import currency_notices, currency_problem
from connector.accounting.customers import customer_notices, wanted_customer
from connector.accounting.dates import open_date, order_moment
from connector.accounting.documents import (
    Document,
    DocumentKind,
    Held,
    Notice,
    Outcome,
    Parties,
    Planned,
    Skipped,
)
from connector.accounting.keys import item_key, sale_key
from connector.accounting.money import smallest_unit
from connector.accounting.numbers import document_number, number_notices, sale_note
from connector.accounting.parts import collect_parts
from connector.accounting.payments import Deposit, invoice_payments, receipt_deposit
from connector.accounting.policy import PostingPolicy, Ref
from connector.accounting.select import payment_of_another, select_order
from connector.accounting.tax import SettledTax
from connector.accounting.texts import plain_name

SYMBOLIC = "new:"
"""Begins the id of an object that a rehearsal only pretends to have."""


def plan_order(order: Order, policy: PostingPolicy, parties: Parties, *, include_selection: bool = True) -> Outcome:
    """What is to be posted for an order: a sale, and its payment where there is one, or why not.

    parties: the company's customer and items for it. include_selection False plans what selection would leave out,
    for a record that was posted before or that a human asked for.
    """
    if include_selection:
        left_out = select_order(order, policy)
        if left_out is not None:
            return left_out
    problem = unusable_problem(order) or currency_problem(order, policy)
    if problem is not None:
        return problem
    if not (order.lines or order.shipping_lines or order.fee_lines) and order.total == 0:
        return Skipped("empty_order")
    if order.part == "payment":
        return payment_of_another(order)
    if order.part == "balance" and policy.default_item is None and "default_item" not in policy.inactive_refs:
        return Held("missing_setting:default_item", {"problem": "balance"})
    settled = _settle(order, policy, parties)
    if isinstance(settled, Held):
        return settled
    return _assemble(order, policy, parties, settled)


def needed_products(order: Order) -> tuple[ProductKey, ...]:
    """The products whose items the order needs, each once, in the order of its lines; a line may have none."""
    return tuple(dict.fromkeys(line.product for line in order.lines if line.product_id))


def rehearsal_parties(
    order: Order, policy: PostingPolicy, *, items: Mapping[ProductKey, Ref] | None = None, customer: Ref | None = None
) -> Parties:
    """Parties to plan with before anything is created: what is known, and symbols for what would be created.

    items: those already linked or matched. A product that is neither stays out where creation is off or it has no SKU,
    so that the plan falls back to the default item or names it (product specification §6).
    """
    known = dict(items or {})
    for line in order.lines:
        if line.product_id and line.product not in known and policy.create_items and line.sku:
            known[line.product] = Ref(f"{SYMBOLIC}{item_key(*line.product)}", plain_name(line.name))
    if customer is None:
        wanted = wanted_customer(order, policy)
        customer = Ref(f"{SYMBOLIC}{wanted.key}", wanted.display_name)
    return Parties(customer, known)


def is_symbolic(ref: Ref) -> bool:
    return ref.id.startswith(SYMBOLIC)


def _settle(order: Order, policy: PostingPolicy, parties: Parties) -> SettledTax | Held:
    unit = smallest_unit(order.currency)
    coding = begin_coding(order, policy, unit)
    if isinstance(coding, Held):
        return coding
    parts = collect_parts(order, policy, parties, coding, unit)
    return parts if isinstance(parts, Held) else settle_parts(order, policy, coding, parts, unit)


def _assemble(order: Order, policy: PostingPolicy, parties: Parties, settled: SettledTax) -> Planned | Held:
    header = _header(order, policy, parties)
    if isinstance(header, Held):
        return header
    sale = assemble(order, policy, header, settled)
    if isinstance(sale, Held):
        return sale
    documents: tuple[Document, ...] = (sale,)
    notices: tuple[Notice, ...] = (
        *number_notices(policy),
        *customer_notices(order, policy),
        *currency_notices(order, policy),
        *([Notice(f"split_{order.part}")] if order.part != "whole" else []),
    )
    if sale.kind is DocumentKind.INVOICE:
        paid = invoice_payments(order, policy, customer=sale.customer, total=sale.total)
        if isinstance(paid, Held):
            return paid
        payments, payment_notices = paid
        documents = (sale, *payments)
        notices += payment_notices
    proof = prove(order, sale, settled)
    return checked(order, Planned(documents, proof, (*notices, *correction_notices(proof))))


def _header(order: Order, policy: PostingPolicy, parties: Parties) -> Header | Held:
    number = document_number(order, policy)
    if isinstance(number, Held):
        return number
    day = open_date(order_moment(order, policy), policy)
    if isinstance(day, Held):
        return day
    is_invoice = policy.document == "invoice"
    deposit = Deposit() if is_invoice else receipt_deposit(order, policy)
    if isinstance(deposit, Held):
        return deposit
    return Header(
        kind=DocumentKind.INVOICE if is_invoice else DocumentKind.SALES_RECEIPT,
        key=sale_key(order.id),
        number=number,
        day=day,
        customer=parties.customer,
        note=sale_note(order, policy, true_date=day.true_date),
        deposit=deposit,
    )
