"""An order or a refund and its document side by side, line by line, in the words and amounts each system uses.

Left: the store's JSON as it was read. Right: what QuickBooks answered, else what was sent, else what is planned. The
store shows amounts with tax where its prices include it; QuickBooks' lines never do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from connector.accounting.commerce import FeeLine, LineTax, Order, OrderLine, Refund, ShippingLine, TaxLine
from connector.woo.parse import parse_order, parse_refund
from sync.models import Posting, Record
from sync.templatetags.formats import as_decimal, money, quantity, unit_price
from sync.web.amounts import Amounts, amounts_of
from sync.web.edits import shown_version
from sync.web.labels import ENTITIES, HEADING, named
from sync.web.reasons import fill

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Side:
    """One cell: a name, how it is made up, and its amount in the document's currency."""

    name: str
    note: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Source:
    """What an order and a refund have in common, positive either way. `discount` as the store shows it."""

    lines: tuple[OrderLine, ...]
    shipping_lines: tuple[ShippingLine, ...]
    fee_lines: tuple[FeeLine, ...]
    tax_lines: tuple[TaxLine, ...]
    currency: str
    prices_include_tax: bool
    discount: Decimal = ZERO
    coupons: tuple[str, ...] = ()
    amount: Decimal = ZERO
    """Of a refund that names no lines."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    left: Side | None
    right: Side | None


@dataclass(frozen=True, slots=True)
class Total:
    """A pair of sums. `agrees` None: nothing to compare. `tag` marks what the amount is, e.g. the store's amount."""

    left: str
    left_amount: Decimal | None
    right: str
    right_amount: Decimal | None
    agrees: bool | None = None
    tag: str = ""


@dataclass(slots=True)
class Comparison:
    """`is_planned`: the right side was never sent; `has_right` False: there is no document and no plan of one."""

    left_title: str
    right_title: str
    left_unit: str
    right_unit: str
    has_right: bool = False
    is_planned: bool = False
    rows: list[Row] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)


BESIDE = frozenset({"Payment", "Purchase"})
"""What stands beside a sale's own document: its payment, and the fee that the gateway kept."""


def compare(record: Record, postings: Sequence[Posting]) -> Comparison | None:
    """None when the store's data cannot be read as an order or a refund."""
    source = _source(record)
    if source is None:
        return None
    posting = shown_version(record, last_sale(postings))
    body, entity, number = _document(record, posting)
    comparison = Comparison(
        left_title=named(record, HEADING),
        right_title=f"{ENTITIES.get(entity, '')} {number}".strip(),
        left_unit=_("with tax") if source.prices_include_tax else _("without tax"),
        right_unit=_("without tax"),
        has_right=bool(body),
        is_planned=bool(body) and posting is None,
    )
    comparison.rows = pair(_left_lines(source), _right_lines(body, source.currency))
    comparison.totals = _totals(record, source, posting, comparison)
    return comparison


def _source(record: Record) -> Source | None:
    if not record.raw:
        return None
    if record.source == Record.Source.ORDER:
        order = parse_order(record.raw)
        return _of_order(order) if isinstance(order, Order) else None
    if record.source == Record.Source.REFUND and record.parent is not None:
        refund = parse_refund(record.raw, record.parent.woo_id)
        return _of_refund(refund, record, record.parent.raw or {}) if isinstance(refund, Refund) else None
    return None


def _of_order(order: Order) -> Source:
    return Source(
        lines=order.lines,
        shipping_lines=order.shipping_lines,
        fee_lines=order.fee_lines,
        tax_lines=order.tax_lines,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        discount=order.discount_total + (order.discount_tax if order.prices_include_tax else ZERO),
        coupons=order.coupons,
    )


def _of_refund(refund: Refund, record: Record, sold: Mapping[str, Any]) -> Source:
    """sold: the order's data, which know how prices are shown and what the rates are called."""
    order = parse_order(sold) if sold else None
    known = order if isinstance(order, Order) else None
    return Source(
        lines=refund.lines,
        shipping_lines=refund.shipping_lines,
        fee_lines=refund.fee_lines,
        tax_lines=known.tax_lines if known else refund.tax_lines,
        currency=record.currency,
        prices_include_tax=known.prices_include_tax if known else False,
        amount=refund.amount,
        reason=refund.reason,
    )


def last_sale(postings: Sequence[Posting]) -> Posting | None:
    """The last version that QuickBooks confirmed, of the sale or of the credit; payments and fees are told apart."""
    is_living = any(
        posting.operation == "create" and posting.state == Posting.State.POSTED and posting.entity not in BESIDE
        for posting in postings
    )
    sent = [
        posting
        for posting in postings
        if posting.state == Posting.State.POSTED
        and posting.operation in ("create", "update")
        and posting.entity not in BESIDE
    ]
    return sent[-1] if sent and is_living else None


def _document(record: Record, posting: Posting | None) -> tuple[Mapping[str, Any], str, str]:
    """Body, entity and number of the right side; an empty body when there is none."""
    if posting is not None:
        body = posting.answer if posting.answer.get("Line") else posting.payload
        return body, posting.entity, posting.doc_number or str(body.get("DocNumber", ""))
    planned = record.details.get("planned")
    if not isinstance(planned, Mapping):
        return {}, "", ""
    body = planned.get("payload", planned)
    return body, str(planned.get("entity", "")), str(body.get("DocNumber", ""))


def _left_lines(order: Source) -> list[Side]:
    lines: list[Side] = []
    if order.amount and not (order.lines or order.shipping_lines or order.fee_lines):
        return [Side(order.reason or _("An amount without lines"), "", order.amount)]
    for line in order.lines:
        shown = line.total + (line.total_tax if order.prices_include_tax else ZERO)
        before = line.subtotal + (line.subtotal_tax if order.prices_include_tax else ZERO)
        lines.append(Side(line.name, _product_note(order, line.quantity, before, shown, line.taxes), shown))
    for shipping in order.shipping_lines:
        shown = shipping.total + (shipping.total_tax if order.prices_include_tax else ZERO)
        lines.append(Side(shipping.name or _("Shipping"), _rates(order, shipping.taxes), shown))
    for fee in order.fee_lines:
        shown = fee.total + (fee.total_tax if order.prices_include_tax else ZERO)
        lines.append(Side(fee.name or _("Fee"), _rates(order, fee.taxes), shown))
    return lines


def _product_note(order: Source, pieces: Decimal, before: Decimal, shown: Decimal, taxes: Sequence[LineTax]) -> str:
    """2 × 25,50 € − 5,10 € de remise · TVA 5,5 %."""
    each = before / pieces if pieces else before
    words = {
        "quantity": quantity(pieces),
        "price": money(each, order.currency),
        "discount": money(before - shown, order.currency),
    }
    made_of = (
        fill(_("%(quantity)s × %(price)s − %(discount)s discount"), words)
        if before - shown > Decimal("0.005")
        else fill(_("%(quantity)s × %(price)s"), words)
    )
    return _joined(made_of, _rates(order, taxes))


def _rates(order: Source, taxes: Sequence[LineTax]) -> str:
    """The labels of the rates that tax this line, as the store spells them."""
    labels = {line.rate_id: line.label or line.code for line in order.tax_lines}
    used = [tax.rate_id for tax in taxes if tax.total] or [tax.rate_id for tax in taxes]
    return " + ".join(dict.fromkeys(labels[rate_id] for rate_id in used if labels.get(rate_id)))


def _right_lines(body: Mapping[str, Any], currency: str) -> list[Side]:
    lines: list[Side] = []
    for line in body.get("Line", []):
        detail = line.get("SalesItemLineDetail")
        if not isinstance(detail, Mapping):
            continue
        item = str((detail.get("ItemRef") or {}).get("name", ""))
        pieces, price = as_decimal(_text(detail.get("Qty"))), as_decimal(_text(detail.get("UnitPrice")))
        made_of = ""
        if pieces is not None and price is not None:
            made_of = fill(
                _("%(quantity)s × %(price)s"), {"quantity": quantity(pieces), "price": unit_price(price, currency)}
            )
        name = str(line.get("Description") or item)
        note = _joined(item if item != name else "", made_of)
        lines.append(Side(name, note, as_decimal(_text(line.get("Amount"))) or ZERO))
    return lines


def pair(left: Sequence[Side], right: Sequence[Side]) -> list[Row]:
    """Lines in their order, each with its counterpart: same name first, else the next in line where counts agree.

    A line that takes away, as a discount does, is nobody's counterpart but of another that does."""
    if len(left) == len(right) and all(
        (one.amount < 0) == (other.amount < 0) for one, other in zip(left, right, strict=True)
    ):
        return [Row(one, other) for one, other in zip(left, right, strict=True)]
    rest = list(right)
    rows: list[Row] = []
    for place, side in enumerate(left):
        found = next((one for one in rest if _same_name(side.name, one.name)), None)
        if found is None and rest and len(rest) >= len(left) - place:
            named = [other.name for other in left[place + 1 :]]
            free = [one for one in rest if not any(_same_name(name, one.name) for name in named)]
            found = next((one for one in free if (one.amount < 0) == (side.amount < 0)), None)
        if found is not None:
            rest.remove(found)
        rows.append(Row(side, found))
    return rows + [Row(None, one) for one in rest]


def _same_name(left: str, right: str) -> bool:
    """Descriptions begin with the product's name; names may be cut."""
    short, long = sorted((left.casefold().strip(), right.casefold().strip()), key=len)
    return bool(short) and long.startswith(short)


def _totals(record: Record, order: Source, posting: Posting | None, comparison: Comparison) -> list[Total]:
    """Discount or net, each rate, the total; the right side as QuickBooks answered, else as planned."""
    amounts = amounts_of(record, posting)
    tag = _("the store’s amount") if record.proof.get("means") == "stated" else ""
    totals = [_net_total(order, amounts, comparison)]
    totals += [_total(rate.label, rate.store, rate.label, rate.document, comparison, tag) for rate in amounts.rates]
    if not amounts.rates and record.source == Record.Source.ORDER:
        totals += [Total(line.label or line.code, line.total, "", None) for line in order.tax_lines if line.total]
    whole = _("Total with tax")
    totals.append(_total(whole, amounts.store_total, whole, amounts.document_total, comparison))
    return totals


def _net_total(order: Source, amounts: Amounts, comparison: Comparison) -> Total:
    """What the store shows as discount stands opposite the document's net; without one, net opposite net."""
    if not order.discount:
        net = _("Total without tax")
        return _total(net, amounts.store_net, net, amounts.document_net, comparison)
    codes = ", ".join(order.coupons)
    label = fill(_("Discount included (%(codes)s)"), {"codes": codes}) if codes else _("Discount included")
    if not comparison.has_right:
        return Total(label, -order.discount, "", None)
    return Total(label, -order.discount, _("Total without tax"), amounts.document_net)


def _total(
    left: str,
    left_amount: Decimal | None,
    right: str,
    right_amount: Decimal | None,
    comparison: Comparison,
    tag: str = "",
) -> Total:
    if not comparison.has_right:
        return Total(left, left_amount, "", None)
    return Total(left, left_amount, right, right_amount, _agree(left_amount, right_amount), tag)


def _agree(left: Decimal | None, right: Decimal | None) -> bool | None:
    return None if left is None or right is None else left == right


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
