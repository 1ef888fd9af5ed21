"""QuickBooks' answers as our values; every amount becomes a Decimal, straight from the text of the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from connector.accounting.books import (
    Changes,
    FoundDocument,
    NameKind,
    NameRow,
    Payload,
    Posted,
    Refused,
    lacking_details,
)
from connector.qbo.faults import Fault

NAME_KINDS: tuple[NameKind, ...] = get_args(NameKind)
CHANGES_CAP = 1000
"""Objects in one change-data-capture answer, shared by all entities (QBO reference, 7.1)."""

_MADE_WITHIN = timedelta(seconds=2)
_DELETED_SUFFIX = " (deleted)"
_DISPLAY_NAMES = frozenset({"Customer", "Vendor", "Employee"})


class UnreadableAnswerError(Exception):
    """The answer lacks what every answer of its kind has. Stays inside connector.qbo."""


def loads(text: str | bytes) -> Any:
    """JSON with exact decimals. Raises ValueError."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


def posted(bid: str, entity: str, body: Mapping[str, Any]) -> Posted:
    """What the company stored. Raises UnreadableAnswerError when the answer names no id."""
    tax, rates = tax_of(body)
    return Posted(
        bid=bid,
        entity=entity,
        qbo_id=_id(body, entity),
        sync_token=text_of(body, "SyncToken"),
        number=text_of(body, "DocNumber"),
        total=amount(body.get("TotalAmt")),
        tax=tax,
        rates=rates,
        raw=plain(body),
        balance=amount(body.get("Balance")),
    )


def refused(bid: str, fault: Fault) -> Refused:
    return Refused(
        bid=bid,
        code=fault.code,
        message=fault.message,
        detail=fault.detail,
        element=fault.element,
        existing_id=fault.existing_id,
        existing_kind=fault.existing_kind,
        retryable=fault.retryable,
    )


def found_document(entity: str, body: Mapping[str, Any]) -> FoundDocument:
    """A document as it stands in the company. Raises UnreadableAnswerError when it names no id."""
    tax, rates = tax_of(body)
    return FoundDocument(
        entity=entity,
        qbo_id=_id(body, entity),
        sync_token=text_of(body, "SyncToken"),
        number=text_of(body, "DocNumber"),
        private_note=str(body.get("PrivateNote") or ""),
        document_date=day(body.get("TxnDate")),
        customer_id=ref_of(body, "CustomerRef"),
        total=amount(body.get("TotalAmt")),
        tax=tax,
        rates=rates,
        raw=plain(body),
        balance=amount(body.get("Balance")),
    )


def name_row(kind: NameKind, body: Mapping[str, Any]) -> NameRow:
    """One row of a name list, also from a stub that only says it was deleted.

    An inactive row reads "Name (deleted)"; the name it still holds is given back (QBO reference, 1.4).
    """
    deleted = body.get("status") == "Deleted"
    active = not deleted and body.get("Active") is not False
    name, full_name = (
        text_of(body, "DisplayName" if kind in _DISPLAY_NAMES else "Name"),
        text_of(body, "FullyQualifiedName"),
    )
    if not active:
        name, full_name = name.removesuffix(_DELETED_SUFFIX), full_name.removesuffix(_DELETED_SUFFIX)
    email = body.get("PrimaryEmailAddr")
    return NameRow(
        kind=kind,
        qbo_id=_id(body, kind),
        name=name,
        active=active,
        sync_token=text_of(body, "SyncToken") or "0",
        full_name=full_name,
        email=text_of(email, "Address") if isinstance(email, Mapping) else "",
        sku=text_of(body, "Sku"),
        currency=ref_of(body, "CurrencyRef"),
        type=text_of(body, "AccountType" if kind == "Account" else "Type"),
        subtype=text_of(body, "AccountSubType"),
        deleted=deleted,
        inventory_start=day(body.get("InvStartDate")),
        lacks=lacking_details(body) if kind == "Customer" and not deleted else frozenset(),
        quantity=amount(body.get("QtyOnHand")) if body.get("Type") == "Inventory" else None,
        untouched=_is_untouched(body),
    )


def _is_untouched(body: Mapping[str, Any]) -> bool:
    """Whether an object was never changed since it was made; some seconds pass while QuickBooks makes it."""
    times = body.get("MetaData")
    made, changed = (
        (moment(times.get("CreateTime")), moment(times.get("LastUpdatedTime")))
        if isinstance(times, Mapping)
        else (None, None)
    )
    return made is not None and changed is not None and changed - made <= _MADE_WITHIN


def changes(body: Mapping[str, Any], *, fallback: datetime) -> Changes:
    """The rows of a change-data-capture answer; `fallback` is the moment to ask from when the answer has no time."""
    rows: list[NameRow] = []
    count = 0
    for kind, objects in _changed(body):
        count += len(objects)
        rows.extend(name_row(kind, one) for one in objects)
    return Changes(
        rows=tuple(rows),
        as_of=moment(body.get("time")) or fallback,
        complete=count < CHANGES_CAP,
    )


def rows_of(body: Mapping[str, Any], entity: str) -> tuple[Mapping[str, Any], ...]:
    """The rows of a query's answer, none when it has none. Raises UnreadableAnswerError when it is no such answer."""
    answer = body.get("QueryResponse")
    if not isinstance(answer, Mapping):
        raise UnreadableAnswerError("the answer to a query has no QueryResponse")
    rows = answer.get(entity, ())
    return tuple(row for row in rows if isinstance(row, Mapping))


def entity_of(body: Mapping[str, Any], entity: str) -> Mapping[str, Any]:
    """The entity inside its envelope. Raises UnreadableAnswerError when it is not there."""
    inner = body.get(entity)
    if not isinstance(inner, Mapping):
        raise UnreadableAnswerError(f"the answer has no {entity}")
    return inner


def tax_of(body: Mapping[str, Any]) -> tuple[Decimal | None, dict[str, Decimal]]:
    """Total tax (None when the company states none) and the amount of each rate, summed over its tax lines."""
    detail = body.get("TxnTaxDetail")
    if not isinstance(detail, Mapping):
        return None, {}
    rates: dict[str, Decimal] = {}
    for line in detail.get("TaxLine") or ():
        inner = line.get("TaxLineDetail") if isinstance(line, Mapping) else None
        rate = ref_of(inner, "TaxRateRef") if isinstance(inner, Mapping) else ""
        if rate:
            rates[rate] = rates.get(rate, Decimal(0)) + (amount(line.get("Amount")) or Decimal(0))
    return amount(detail.get("TotalTax")), rates


def amount(value: object) -> Decimal | None:
    """A JSON number or numeric string as a Decimal, None when absent. Raises UnreadableAnswerError otherwise."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise UnreadableAnswerError(f"{value!r} is not an amount")
    try:
        found = Decimal(value)
    except InvalidOperation as error:
        raise UnreadableAnswerError(f"{value!r} is not an amount") from error
    if not found.is_finite():
        raise UnreadableAnswerError(f"{value!r} is not an amount")
    return found


def day(value: object) -> date | None:
    """The date of "2026-01-05" or "2005-07-01T00:00:00-07:00" as written, whatever its zone."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def moment(value: object) -> datetime | None:
    """An ISO time with offset as aware UTC, None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None


def text_of(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return "" if value is None else str(value)


def ref_of(body: Mapping[str, Any], name: str) -> str:
    """The id of a reference; a few fields hold it as a plain text instead (QBO reference, 5.7)."""
    value = body.get(name)
    return text_of(value, "value") if isinstance(value, Mapping) else "" if value is None else str(value)


def plain(body: Mapping[str, Any]) -> Payload:
    """The same as plain JSON values, fit for a JSON column: a Decimal becomes the number that reads back as it."""
    return {str(key): _plain(value) for key, value in body.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        nearest = float(value)
        return nearest if Decimal(repr(nearest)) == value else str(value)
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _changed(body: Mapping[str, Any]) -> Iterator[tuple[NameKind, list[Mapping[str, Any]]]]:
    answers = body.get("CDCResponse")
    if not isinstance(answers, list):
        raise UnreadableAnswerError("the answer about changes has no CDCResponse")
    for answer in answers:
        for block in answer.get("QueryResponse") or ():
            for kind in NAME_KINDS:
                if kind in block:
                    yield kind, [one for one in block[kind] if isinstance(one, Mapping)]


def _id(body: Mapping[str, Any], entity: str) -> str:
    found = text_of(body, "Id")
    if not found:
        raise UnreadableAnswerError(f"the answer names no id of {entity}")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
