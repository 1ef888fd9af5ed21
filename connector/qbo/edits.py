"""What two versions of one document say differently, as a bookkeeper would name it (QBO reference, 5.4 and 5.5).

Left out is what QuickBooks keeps by itself (tokens, times, balances, links), what it may spell otherwise from one
answer to the next (addresses, e-mail status), and how tax is shared out, since the total tax tells that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connector.accounting.books import Edit
from connector.qbo.decode import amount, ref_of, text_of

_TEXTS: Mapping[str, str] = {
    "number": "DocNumber", "date": "TxnDate", "due_date": "DueDate", "note": "PrivateNote",
    "reference": "PaymentRefNum",
}  # fmt: skip
_REFERENCES: Mapping[str, str] = {
    "customer": "CustomerRef", "account": "DepositToAccountRef", "method": "PaymentMethodRef", "terms": "SalesTermRef",
    "class": "ClassRef", "location": "DepartmentRef", "message": "CustomerMemo",
}  # fmt: skip
VOIDED = "Voided"
"""What QuickBooks puts before the note of a document that was voided."""


def edits(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Edit, ...]:
    """Two answers of QuickBooks about one document; empty when they say the same in the books."""
    return (*_header(before, after, [*_TEXTS, *_REFERENCES]), *_sums(before, after), *_lines(before, after))


def says(payload: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Whether a document as it stands says what a write of ours wanted it to say; what was not sent is not compared."""
    sent = [name for name, key in (*_TEXTS.items(), *_REFERENCES.items()) if key in payload]
    goods = [sorted(line[:3] for line in _item_lines(body)) for body in (payload, answer)]
    return not _header(payload, answer, sent) and ("Line" not in payload or goods[0] == goods[1])


def same_lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return not _lines(before, after)


def is_voided(body: Mapping[str, Any]) -> bool:
    return _plain(body.get("TotalAmt")) == "0" and text_of(body, "PrivateNote").startswith(VOIDED)


def _header(before: Mapping[str, Any], after: Mapping[str, Any], names: Sequence[str]) -> list[Edit]:
    found = []
    for name in names:
        if name in _TEXTS:
            pair = (text_of(before, _TEXTS[name]).strip(), text_of(after, _TEXTS[name]).strip())
            shown = pair
        else:
            pair = (ref_of(before, _REFERENCES[name]), ref_of(after, _REFERENCES[name]))
            shown = (_shown(before, _REFERENCES[name]), _shown(after, _REFERENCES[name]))
        if pair[0] != pair[1]:
            found.append(Edit(name, *shown))
    return found


def _shown(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    name = text_of(value, "name") if isinstance(value, Mapping) else ""
    return name or ref_of(body, key)


def _sums(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Edit]:
    totals = [_plain(body.get("TotalAmt")) for body in (before, after)]
    taxes = [_plain((body.get("TxnTaxDetail") or {}).get("TotalTax") or 0) for body in (before, after)]
    found = [Edit("total", *totals)] if totals[0] != totals[1] else []
    return [*found, Edit("tax", *taxes)] if taxes[0] != taxes[1] else found


def _lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Edit]:
    """Lines that only one side has, those of one description side by side."""
    left, right = _item_lines(before), _item_lines(after)
    for line in list(left):
        if line in right:
            left.remove(line)
            right.remove(line)
    found = []
    for line in left:
        other = next((one for one in right if one[0] == line[0]), None)
        if other is not None:
            right.remove(other)
            if line[:-1] == other[:-1]:
                names = _class_names(before) | _class_names(after)
                was, became = (names.get(one[-1], one[-1]) for one in (line, other))
                found.append(Edit("class", was, became, name=line[1]))
                continue
        found.append(Edit("line", _line_text(line), _line_text(other) if other else "", name=line[1]))
    return found + [Edit("line", "", _line_text(line), name=line[1]) for line in right]


_Line = tuple[str, str, str, str, str, str, str]


def _item_lines(body: Mapping[str, Any]) -> list[_Line]:
    """(item, description, amount, quantity, price, tax code, class) of each line; subtotals are QuickBooks' own."""
    found: list[_Line] = []
    for line in body.get("Line") or ():
        kind = str(line.get("DetailType"))
        if kind in ("SubTotalLineDetail", "None"):  # QuickBooks' own sum; a payment's link
            continue
        detail = line.get(kind) or {}
        found.append(
            (
                ref_of(detail, "ItemRef") or kind,
                " ".join(text_of(line, "Description").split()),
                _plain(line.get("Amount")),
                _plain(detail.get("Qty")),
                _plain(detail.get("UnitPrice")),
                ref_of(detail, "TaxCodeRef"),
                ref_of(detail, "ClassRef"),
            )
        )
    return found


def _class_names(body: Mapping[str, Any]) -> dict[str, str]:
    details = [line.get(str(line.get("DetailType"))) or {} for line in body.get("Line") or ()]
    return {ref_of(one, "ClassRef"): _shown(one, "ClassRef") for one in details if one.get("ClassRef")}


def _line_text(line: _Line) -> str:
    _item, _name, total, quantity, price, _code, _class = line
    return f"{quantity} × {price} = {total}" if quantity and price else total


def _plain(value: Any) -> str:
    """One spelling for one number: 1.50 and 1.5 are the same. Stored JSON holds floats that read back as was sent."""
    number = amount(repr(value) if isinstance(value, float) else value)
    return "" if number is None else f"{number.normalize() + Decimal(0):f}"
