"""One order and the merchant's choices become documents with a proof, or a reason from the closed list.

`plan_order` is pure and total: for every valid order and policy it answers with a value, never with an exception, and
the same value every time (architecture §6). Money rules with worked numbers: docs/money.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from connector.accounting.checks import find_mistakes, line_limit, unusable_amounts
from connector.accounting.coding import begin_coding
from connector.accounting.commerce import Address, Order, ProductKey
from connector.accounting.customers import customer_notices, wanted_customer
from connector.accounting.dates import DocumentDate, open_date, order_moment
from connector.accounting.documents import (
    Document,
    DocumentKind,
    Held,
    Notice,
    Outcome,
    Parties,
    Planned,
    Proof,
    SaleDocument,
    Skipped,
)
from connector.accounting.keys import item_key, sale_key
from connector.accounting.lines import round_parts
from connector.accounting.money import ZERO, half_up, smallest_unit
from connector.accounting.numbers import document_number, number_notices, sale_note
from connector.accounting.parts import collect_parts
from connector.accounting.payments import Deposit, invoice_payment, receipt_deposit
from connector.accounting.policy import PostingPolicy, Ref
from connector.accounting.select import select_order
from connector.accounting.settings import optional
from connector.accounting.tax import SettledTax, settle_tax
from connector.accounting.texts import one_line, plain_name, say, shorten

SYMBOLIC = "new:"
"""Begins the id of an object that a rehearsal only pretends to have."""
_SHIP_METHOD_LIMIT = 31
_MEMO_LIMIT = 1000


def plan_order(order: Order, policy: PostingPolicy, parties: Parties, *, include_selection: bool = True) -> Outcome:
    """What is to be posted for an order: a sale, and its payment where there is one, or why not.

    parties: the company's customer and items for it. include_selection False plans what selection would leave out,
    for a record that was posted before or that a human asked for.
    """
    if include_selection:
        left_out = select_order(order, policy)
        if left_out is not None:
            return left_out
    unusable = unusable_amounts(order)
    if unusable:
        return Held("totals_differ", {"problem": "unusable_amount", "where": ", ".join(dict.fromkeys(unusable))})
    problem = _currency_problem(order, policy)
    if problem is not None:
        return problem
    if not (order.lines or order.shipping_lines or order.fee_lines) and order.total == 0:
        return Skipped("empty_order")
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


def _currency_problem(order: Order, policy: PostingPolicy) -> Held | None:
    if order.currency == policy.home_currency:
        return None
    details = {"currency": order.currency, "home": policy.home_currency}
    if policy.multicurrency:
        return Held("not_yet_available", {"what": "multicurrency", **details})
    return Held("currency_off", details)


def _settle(order: Order, policy: PostingPolicy, parties: Parties) -> SettledTax | Held:
    unit = smallest_unit(order.currency)
    coding = begin_coding(order, policy, unit)
    if isinstance(coding, Held):
        return coding
    parts = collect_parts(order, policy, parties, coding, unit)
    if isinstance(parts, Held):
        return parts
    document_net = half_up(order.total, unit) - half_up(order.total_tax, unit)
    lines = round_parts(parts, document_net, policy, coding, unit)
    return lines if isinstance(lines, Held) else settle_tax(order, policy, coding, lines, unit)


def _assemble(order: Order, policy: PostingPolicy, parties: Parties, settled: SettledTax) -> Planned | Held:
    number = document_number(order, policy)
    if isinstance(number, Held):
        return number
    day = open_date(order_moment(order, policy), policy)
    if isinstance(day, Held):
        return day
    sale = _sale(order, policy, parties, settled, number, day)
    if isinstance(sale, Held):
        return sale
    documents: tuple[Document, ...] = (sale,)
    notices: tuple[Notice, ...] = (*number_notices(policy), *customer_notices(order, policy))
    if sale.kind is DocumentKind.INVOICE:
        paid = invoice_payment(order, policy, customer=sale.customer, total=sale.total)
        if isinstance(paid, Held):
            return paid
        payment, payment_notices = paid
        documents = (sale, payment) if payment else (sale,)
        notices += payment_notices
    proof = _proof(order, sale, settled)
    return _checked(order, Planned(documents, proof, (*notices, *_correction_notices(proof))))


def _correction_notices(proof: Proof) -> tuple[Notice, ...]:
    """Lines that are in no order are never posted without a word."""
    moved = Notice("base_moved", {"amount": f"{proof.moved_base:f}"}) if proof.moved_base else None
    rounding = Notice("rounding_line", {"amount": f"{proof.rounding:f}"}) if proof.rounding else None
    return tuple(notice for notice in (moved, rounding) if notice is not None)


def _sale(
    order: Order, policy: PostingPolicy, parties: Parties, settled: SettledTax, number: str, day: DocumentDate
) -> SaleDocument | Held:
    is_invoice = policy.document == "invoice"
    deposit = Deposit() if is_invoice else receipt_deposit(order, policy)
    if isinstance(deposit, Held):
        return deposit
    terms = optional(policy.terms if is_invoice else None, "terms", policy)
    if isinstance(terms, Held):
        return terms
    sales_class = optional(policy.sales_class, "class", policy)
    if isinstance(sales_class, Held):
        return sales_class
    location = optional(policy.location, "location", policy)
    if isinstance(location, Held):
        return location
    return SaleDocument(
        kind=DocumentKind.INVOICE if is_invoice else DocumentKind.SALES_RECEIPT,
        key=sale_key(order.id),
        number=number,
        document_date=day.day,
        currency=order.currency,
        customer=parties.customer,
        lines=tuple(coded.line for coded in settled.lines),
        tax=settled.tax,
        total=half_up(order.total, smallest_unit(order.currency)),
        private_note=sale_note(order, policy, true_date=day.true_date),
        customer_memo=_memo(order, policy),
        email=order.billing.email.strip(),
        billing=_address(order.billing),
        shipping=_address(order.shipping),
        ship_method=one_line(order.shipping_lines[0].name)[:_SHIP_METHOD_LIMIT] if order.shipping_lines else "",
        deposit_account=deposit.account,
        payment_method=deposit.method,
        payment_reference=deposit.reference,
        terms=terms,
        sales_class=sales_class,
        location=location,
        global_tax="TaxExcluded" if _keeps_global_tax(policy) else None,
    )


def _keeps_global_tax(policy: PostingPolicy) -> bool:
    """Outside the US a company with tax wants to be told how amounts are meant (QBO reference, 5.8 world D)."""
    off_by_hand = policy.taxes.world == "off" and policy.taxes.needs_line_codes and policy.country != "US"
    return policy.taxes.world == "global" or off_by_hand


def _memo(order: Order, policy: PostingPolicy) -> str:
    """What the buyer reads: his VAT number, which an invoice without tax has to bear."""
    number = one_line(order.vat_number)
    return shorten(say("vat_number", policy.language, number=number), _MEMO_LIMIT) if number else ""


def _address(address: Address) -> Address | None:
    return address if address != Address() else None


def _proof(order: Order, sale: SaleDocument, settled: SettledTax) -> Proof:
    unit = smallest_unit(order.currency)
    tax = sum((rate.document for rate in settled.rates), ZERO)
    return Proof(
        store_total=half_up(order.total, unit),
        document_total=sum((line.amount for line in sale.lines), sale.tax.total if sale.tax else ZERO),
        store_tax=half_up(order.total_tax, unit),
        document_tax=half_up(tax, unit),
        rates=settled.rates,
        means=settled.means,
        computed_tax=_where_different(settled.computed, half_up(order.total_tax, unit)),
        rounding=sum((line.amount for line in sale.lines if line.source == "rounding"), ZERO),
        moved_base=settled.moved_base,
    )


def _where_different(computed: Decimal | None, store: Decimal) -> Decimal | None:
    return computed if computed != store else None


def _checked(order: Order, planned: Planned) -> Planned | Held:
    """The last gate: a document that does not add up never leaves, whatever mistake made it."""
    if planned.sale.total < 0:
        return Held("totals_differ", {"problem": "negative_total", "order": f"{planned.sale.total:f}"})
    limit = line_limit(planned.sale)
    if len(planned.sale.lines) > limit:
        return Held("too_many_lines", {"lines": str(len(planned.sale.lines)), "limit": str(limit)})
    mistakes = find_mistakes(order, planned)
    if mistakes:
        return Held("totals_differ", {"problem": "check_failed", "mistakes": "; ".join(mistakes)})
    return planned
