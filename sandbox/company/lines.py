"""The lines of a sales document: amounts, items, discounts (QBO reference, Lines)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.company.books import Books
from sandbox.company.refusals import (
    Refusal,
    amount_mismatch,
    bad_reference,
    business,
    feature_off,
    inactive,
    missing,
    unsupported,
)
from sandbox.company.tax import share_of
from sandbox.company.taxation import SaleLine, line_uses, net_of
from sandbox.company.values import ZERO, half_up, total

_MAX_LINES = 10_000
_PRICE_PLACES = 7
_REWRITTEN = ("ItemRef", "Qty", "UnitPrice", "TaxInclusiveAmt", "ClassRef")
_INCLUSIVE_TOLERANCE = Decimal("0.02")


@dataclass(slots=True)
class Lines:
    """The lines read: `sale_lines` are the item lines in order, `net` their sum, `discount` what is taken off it.

    In a tax-inclusive document the sums are net all the same, so that net - discount + tax is the total.
    """

    sale_lines: list[SaleLine] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    discount: Decimal = ZERO
    discount_account: str = ""

    @property
    def net(self) -> Decimal:
        return total(line.net for line in self.sale_lines)

    def answered(self, codes: Sequence[str | None]) -> list[dict[str, Any]]:
        """The lines as they are stored and answered, with the tax codes they ended up with and the subtotal line."""
        shown: list[dict[str, Any]] = []
        discounts = []
        position = 0
        for answer in self.answers:
            if answer["DetailType"] == "SalesItemLineDetail":
                code = codes[position]
                position += 1
                answer["SalesItemLineDetail"].pop("TaxCodeRef", None)
                if code is not None:
                    answer["SalesItemLineDetail"]["TaxCodeRef"] = {"value": code}
            if answer["DetailType"] == "DiscountLineDetail":
                discounts.append(answer)
            else:
                shown.append(answer)
        subtotal = {"Amount": self.net, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
        return [*shown, subtotal, *discounts]


def read_lines(
    books: Books, kind: str, document: Mapping[str, Any], *, day: str, places: int, old: Mapping[str, Any] | None
) -> Lines:
    """Check every line and give it its identity. Raises Refusal."""
    given = document["Line"]
    if len(given) > _MAX_LINES:
        raise business(f"A transaction can have at most {_MAX_LINES:,} lines.", "Line")
    known = {str(line["Id"]) for line in (old or {}).get("Line") or [] if line.get("Id")}
    last = max((int(ident) for ident in known if ident.isdigit()), default=0)
    inclusive = document.get("GlobalTaxCalculation") == "TaxInclusive" and books.tax_world == "global"
    lines = Lines()
    discount: dict[str, Any] | None = None
    taken: set[str] = set()
    for line in given:
        detail_type = line.get("DetailType")
        if detail_type is None:
            raise missing("DetailType")
        if detail_type == "SubTotalLineDetail":
            continue
        if detail_type == "DiscountLineDetail":
            if discount is not None:
                raise business("A transaction can have only one discount line.", "Line")
            discount = line
            answer = {**line}
        elif detail_type == "SalesItemLineDetail":
            answer, sale_line = _item_line(books, line, day=day, places=places, inclusive=inclusive, old=old)
            lines.sale_lines.append(sale_line)
        elif detail_type in ("DescriptionOnly", "DescriptionLineDetail"):
            answer = {
                "Description": line.get("Description"),
                "DetailType": "DescriptionOnly",
                "DescriptionLineDetail": line.get("DescriptionLineDetail") or {},
            }
        else:
            raise unsupported(f"Line.DetailType {detail_type}")
        ident = line.get("Id")
        if ident not in known or ident in taken:
            last += 1
            ident = str(last)
        taken.add(ident)
        answer["Id"] = ident
        answer["LineNum"] = len(lines.answers) + 1
        lines.answers.append({key: value for key, value in answer.items() if value is not None})
    if not lines.sale_lines:
        raise missing("Line")
    if discount is not None:
        _discount(books, lines, discount, places)
    return lines


def _item_line(
    books: Books, line: Mapping[str, Any], *, day: str, places: int, inclusive: bool, old: Mapping[str, Any] | None
) -> tuple[dict[str, Any], SaleLine]:
    detail = line.get("SalesItemLineDetail")
    if detail is None:
        raise missing("SalesItemLineDetail")
    if line.get("Amount") is None:
        raise missing("Amount")
    amount: Decimal = line["Amount"]
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    if quantity is not None and price is not None and (quantity or price):
        if half_up(quantity * price, places) != amount:
            raise amount_mismatch(amount)
    else:
        quantity = quantity or None
        price = price or None
    amount = half_up(amount, places)
    item = _item(books, detail, day=day, old=old)
    code = (detail.get("TaxCodeRef") or {}).get("value")
    gross: Decimal | None = None
    if inclusive:
        amount, gross = _inclusive_amounts(books, amount, detail.get("TaxInclusiveAmt"), code, day, places)
        if price is not None and quantity:
            price = amount / quantity
    answered: dict[str, Any] = {key: value for key, value in detail.items() if key not in _REWRITTEN}
    answered["ItemRef"] = {"value": item["Id"], "name": item.get("FullyQualifiedName") or item["Name"]}
    if quantity is not None:
        answered["Qty"] = quantity
    if price is not None:
        answered["UnitPrice"] = half_up(price, _PRICE_PLACES).normalize()
    if gross is not None:
        answered["TaxInclusiveAmt"] = gross
    if detail.get("ClassRef") and books.preference("AccountingInfoPrefs", "ClassTrackingPerTxnLine"):
        found = books.target("Class", detail["ClassRef"], "ClassRef")
        answered["ClassRef"] = {"value": found["Id"], "name": found["FullyQualifiedName"]}
    if item.get("IncomeAccountRef"):
        answered["ItemAccountRef"] = item["IncomeAccountRef"]
    answer = {
        "Description": line.get("Description"),
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": answered,
    }
    return answer, SaleLine(amount, {**item, "Qty": quantity}, code, gross)


def _inclusive_amounts(
    books: Books, amount: Decimal, gross: Decimal | None, code: str | None, day: str, places: int
) -> tuple[Decimal, Decimal]:
    """Net and gross of a tax-inclusive line, from either form of request (QBO reference, TaxInclusive)."""
    if not gross:
        return net_of(books, amount, code, day, places), amount
    own = half_up(amount * (1 + share_of(line_uses(books, code, day))), places)
    return amount, gross if abs(gross - own) <= _INCLUSIVE_TOLERANCE else own


def _item(books: Books, detail: Mapping[str, Any], *, day: str, old: Mapping[str, Any] | None) -> Mapping[str, Any]:
    ref = detail.get("ItemRef")
    if ref is None:
        raise Refusal("6440", "Each line needs a product/service or an account.", "ItemRef")
    if ref["value"] == "SHIPPING_ITEM_ID":
        return _shipping_item(books)
    item = books.get("Item", ref["value"])
    if item is None:
        raise bad_reference("Items", ref["value"], "ItemRef")
    if item.get("Active") is False and not _was_on(old, ref["value"]):
        if books.behaviour.inactive_items == "6000":
            raise business("You need to activate this item before updating the quantity.", "ItemRef")
        raise inactive("ItemRef")
    if item["Type"] in ("Category", "Group"):
        raise bad_reference("Items", ref["value"], "ItemRef")
    if item["Type"] == "Inventory" and day < str(item["InvStartDate"]):
        raise Refusal(
            "6270",
            "Invalid inventory transaction date : the transaction date is prior to the start date "
            f"{item['InvStartDate']} of the inventory item {item['Name']}.",
            "TxnDate",
        )
    return item


def _was_on(old: Mapping[str, Any] | None, item: str) -> bool:
    return any(
        (line.get("SalesItemLineDetail") or {}).get("ItemRef", {}).get("value") == item
        for line in (old or {}).get("Line") or []
    )


def _shipping_item(books: Books) -> dict[str, Any]:
    if not books.preference("SalesFormsPrefs", "AllowShipping"):
        raise bad_reference("Items", "SHIPPING_ITEM_ID", "ItemRef")
    account = books.get("Account", str(books.preference("SalesFormsPrefs", "DefaultShippingAccount")))
    ref = {"value": account["Id"], "name": account["Name"]} if account else None
    return {"Id": "SHIPPING_ITEM_ID", "Name": "Shipping", "Type": "Service", "IncomeAccountRef": ref}


def _discount(books: Books, lines: Lines, line: Mapping[str, Any], places: int) -> None:
    """Take the one discount line off: its amount or percentage, spread over the items for tax."""
    if not books.preference("SalesFormsPrefs", "AllowDiscount"):
        raise feature_off("discount")
    detail: Mapping[str, Any] = line.get("DiscountLineDetail") or {}
    percent = detail.get("DiscountPercent") if detail.get("PercentBased") else None
    if percent is None and line.get("Amount") is None:
        raise Refusal("6090", "Discount amount or percent is required.", "DiscountLineDetail")
    shown = total(one.net if one.gross is None else one.gross for one in lines.sale_lines)
    amount = half_up(shown * percent / 100, places) if percent is not None else half_up(line["Amount"], places)
    if amount < 0:
        raise Refusal("2140", f"Invalid Amount : {amount}", "Amount")
    default = {"value": books.preference("SalesFormsPrefs", "DefaultDiscountAccount")}
    account = detail.get("DiscountAccountRef") or default
    lines.discount_account = str(books.target("Account", account, "DiscountAccountRef")["Id"])
    net_discount = ZERO
    for position, one in enumerate(lines.sale_lines):
        basis = one.net if one.gross is None else one.gross
        share = amount * basis / shown if shown else ZERO
        net_discount += share * one.net / basis if basis else ZERO
        lines.sale_lines[position] = SaleLine(one.net, one.item, one.tax_code, one.gross, share)
    lines.discount = half_up(net_discount, places)
    for answer in lines.answers:
        if answer["DetailType"] == "DiscountLineDetail":
            answer["Amount"] = amount
            answer["DiscountLineDetail"] = {
                **detail,
                "PercentBased": percent is not None,
                "DiscountAccountRef": {"value": lines.discount_account},
            }
