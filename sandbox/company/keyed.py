"""Documents that a person keys, or another connector posts: a customer, one line, a total with its tax."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.company.schema import SALES
from sandbox.company.taxation import uses_of
from sandbox.company.values import ZERO, half_up, loads

if TYPE_CHECKING:
    from sandbox.company.app import Company

CENT = Decimal("0.01")
FIRST_ITEM = "Online sale"


def key_in(company: Company, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """One document as the company stores it, with its payment where `paid` asks for one. Raises Refusal, ValueError.

    wanted: as GET /_sandbox/ tells. The net amount is found from total and percent, so that the company's own
    arithmetic gives that total."""
    kind = str(wanted["type"])
    if kind not in SALES:
        raise ValueError(f"{kind!r} is no sales document.")
    customer = {"value": _customer(company, str(wanted.get("customer") or "Walk-in"))}
    day = str(wanted.get("date") or company.books.today)
    total, percent = Decimal(str(wanted["total"])), Decimal(str(wanted.get("percent") or 0))
    body: dict[str, Any] = {"CustomerRef": customer, "TxnDate": day}
    names = {"DocNumber": "number", "PrivateNote": "note"}
    body |= {key: str(wanted[name]) for key, name in names.items() if wanted.get(name)}
    if wanted.get("account"):
        body["DepositToAccountRef"] = {"value": _id_of(company, "Account", str(wanted["account"]))}
    elif kind in ("SalesReceipt", "RefundReceipt"):
        body["DepositToAccountRef"] = {"value": _id_of(company, "Account", "Undeposited Funds")}
    document = _create(company, kind, body | _amounts(company, total, percent, day))
    if wanted.get("paid"):
        link = {"Amount": total, "LinkedTxn": [{"TxnId": document["Id"], "TxnType": kind}]}
        _create(company, "Payment", {"CustomerRef": customer, "TxnDate": day, "TotalAmt": total, "Line": [link]})
    return dict(company.books.get(kind, document["Id"]) or document)


def _amounts(company: Company, total: Decimal, percent: Decimal, day: str) -> dict[str, Any]:
    item = {"value": _id_of(company, "Item", FIRST_ITEM)}
    net = next((one for one in _around(half_up(total / (1 + percent / 100))) if _gross(one, percent) == total), total)
    detail: dict[str, Any] = {"ItemRef": item}
    line = {"Amount": net, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    if company.books.tax_world != "global":
        return {"Line": [line]}
    detail["TaxCodeRef"] = {"value": _code(company, percent, day)}
    return {"Line": [line], "GlobalTaxCalculation": "TaxExcluded"}


def _around(net: Decimal) -> Iterator[Decimal]:
    yield from (net + CENT * step for step in (0, 1, -1))


def _gross(net: Decimal, percent: Decimal) -> Decimal:
    return net + half_up(net * percent / 100)


def _code(company: Company, percent: Decimal, day: str) -> str:
    for code in _rows(company, "TaxCode"):
        if sum((use.percent for use in uses_of(company.books, code, day)), ZERO) == percent:
            return str(code["Id"])
    raise ValueError(f"No tax code stands at {percent} %.")


def _customer(company: Company, name: str) -> str:
    known = {str(row["DisplayName"]).casefold(): str(row["Id"]) for row in _rows(company, "Customer")}
    return known.get(name.casefold()) or str(_create(company, "Customer", {"DisplayName": name})["Id"])


def _id_of(company: Company, kind: str, name: str) -> str:
    found = next((row for row in _rows(company, kind) if row.get("Name") == name), None)
    if found is None:
        raise ValueError(f"There is no {kind} {name!r}.")
    return str(found["Id"])


def _rows(company: Company, kind: str) -> list[dict[str, Any]]:
    rows = company.storage.rows(
        "SELECT json FROM object WHERE type = ? AND deleted = 0 ORDER BY length(id), id", (kind,)
    )
    return [loads(json) for (json,) in rows]


def _create(company: Company, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = loads(company.api.perform("create", kind, body, include="allowduplicatedocnum"))
    return answer
