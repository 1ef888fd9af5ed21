"""A document from settled lines: what every kind of document bears, its proof, and the last gate before it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from connector.accounting.checks import find_mistakes, line_limit
from connector.accounting.coding import Coding
from connector.accounting.commerce import Address, Order
from connector.accounting.currencies import exchange_rate
from connector.accounting.customers import buyer_vat_number
from connector.accounting.dates import DocumentDate
from connector.accounting.documents import DocumentKind, Held, Notice, Planned, Proof, SaleDocument
from connector.accounting.lines import round_parts
from connector.accounting.money import ZERO, half_up, smallest_unit
from connector.accounting.parts import Part
from connector.accounting.payments import Deposit
from connector.accounting.policy import PostingPolicy, Ref
from connector.accounting.settings import optional
from connector.accounting.tax import SettledTax, settle_tax
from connector.accounting.texts import one_line, say, shorten

_SHIP_METHOD_LIMIT = 31
_MEMO_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Header:
    """What tells one document of an order from another. `deposit`: where its money goes to, or comes from."""

    kind: DocumentKind
    key: str
    number: str
    day: DocumentDate
    customer: Ref
    note: str
    deposit: Deposit = field(default_factory=Deposit)


def settle_parts(
    goods: Order, policy: PostingPolicy, coding: Coding, parts: Sequence[Part], unit: Decimal
) -> SettledTax | Held:
    """Lines and tax that add up to what is sold or given back (`goods`: its total, tax and tax of each rate)."""
    lines = round_parts(parts, goods, policy, coding, unit)
    return lines if isinstance(lines, Held) else settle_tax(goods, policy, coding, lines, unit)


def assemble(goods: Order, policy: PostingPolicy, header: Header, settled: SettledTax) -> SaleDocument | Held:
    is_invoice = header.kind is DocumentKind.INVOICE
    is_sale = is_invoice or header.kind is DocumentKind.SALES_RECEIPT
    terms = optional(policy.terms if is_invoice else None, "terms", policy)
    if isinstance(terms, Held):
        return terms
    sales_class = optional(policy.sales_class, "class", policy)
    if isinstance(sales_class, Held):
        return sales_class
    location = optional(policy.location, "location", policy)
    if isinstance(location, Held):
        return location
    ship_method = one_line(goods.shipping_lines[0].name)[:_SHIP_METHOD_LIMIT] if goods.shipping_lines else ""
    return SaleDocument(
        kind=header.kind,
        key=header.key,
        number=header.number,
        document_date=header.day.day,
        currency=goods.currency,
        exchange_rate=exchange_rate(goods, policy),
        customer=header.customer,
        lines=tuple(coded.line for coded in settled.lines),
        tax=settled.tax,
        total=half_up(goods.total, smallest_unit(goods.currency)),
        private_note=header.note,
        customer_memo=_memo(goods, policy),
        email=goods.billing.email.strip(),
        billing=_address(goods.billing),
        shipping=_address(goods.shipping),
        ship_method=ship_method if is_sale else "",
        deposit_account=header.deposit.account,
        payment_method=header.deposit.method,
        payment_reference=header.deposit.reference,
        terms=terms,
        sales_class=sales_class,
        row_classes=policy.row_classes,
        location=location,
        global_tax="TaxExcluded" if keeps_global_tax(policy) else None,
    )


def prove(goods: Order, document: SaleDocument, settled: SettledTax) -> Proof:
    unit = smallest_unit(goods.currency)
    tax = sum((rate.document for rate in settled.rates), ZERO)
    store_tax = half_up(goods.total_tax, unit)
    return Proof(
        store_total=half_up(goods.total, unit),
        document_total=sum((line.amount for line in document.lines), document.tax.total if document.tax else ZERO),
        store_tax=store_tax,
        document_tax=half_up(tax, unit),
        rates=settled.rates,
        means=settled.means,
        computed_tax=settled.computed if settled.computed != store_tax else None,
        rounding=sum((line.amount for line in document.lines if line.source == "rounding"), ZERO),
        moved_base=settled.moved_base,
    )


def correction_notices(proof: Proof) -> tuple[Notice, ...]:
    """Lines that are in no order, and rates that are not the store's, are never posted without a word."""
    moved = Notice("base_moved", {"amount": f"{proof.moved_base:f}"}) if proof.moved_base else None
    rounding = Notice("rounding_line", {"amount": f"{proof.rounding:f}"}) if proof.rounding else None
    others = ", ".join(dict.fromkeys(rate.label for rate in proof.rates if rate.store != rate.document))
    differing = Notice("rates_differ", {"rate": others}) if others else None
    return tuple(notice for notice in (moved, rounding, differing) if notice is not None)


def checked(goods: Order, planned: Planned) -> Planned | Held:
    """The last gate: a document that does not add up never leaves, whatever mistake made it."""
    if planned.sale.total < 0:
        return Held("totals_differ", {"problem": "negative_total", "order": f"{planned.sale.total:f}"})
    limit = line_limit(planned.sale)
    if len(planned.sale.lines) > limit:
        return Held("too_many_lines", {"lines": str(len(planned.sale.lines)), "limit": str(limit)})
    mistakes = find_mistakes(goods, planned)
    if mistakes:
        return Held("totals_differ", {"problem": "check_failed", "mistakes": "; ".join(mistakes)})
    return planned


def keeps_global_tax(policy: PostingPolicy) -> bool:
    """Outside the US a company with tax wants to be told how amounts are meant (QBO reference, 5.8 world D)."""
    off_by_hand = policy.taxes.world == "off" and policy.taxes.needs_line_codes and policy.country != "US"
    return policy.taxes.world == "global" or off_by_hand


def _memo(goods: Order, policy: PostingPolicy) -> str:
    """What the buyer reads: his VAT number, which an invoice without tax has to bear."""
    number = buyer_vat_number(goods, policy)
    return shorten(say("vat_number", policy.language, number=number), _MEMO_LIMIT) if number else ""


def _address(address: Address) -> Address | None:
    return address if address != Address() else None
