"""Create, update, delete and void, for every kind of object (QBO reference, Update, delete, void)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.company.books import Books
from sandbox.company.expenses import save_expense
from sandbox.company.ledger import difference, move_stock, stock_taken
from sandbox.company.names import kept_on_full_update, save_name
from sandbox.company.payments import applied_to, auto_apply, release, save_payment, undo_payment
from sandbox.company.refusals import Refusal, business, deposited, gone, stale, unsupported
from sandbox.company.sales import check_open, prepare
from sandbox.company.schema import ENTITIES, SALES, TRANSACTIONS, clean_entity, identity_of
from sandbox.company.values import ZERO, loads

_DEAD_SUBSCRIPTIONS = ("RESTRICTED", "SUSPENDED", "EXPIRED", "CANCELLED")
_VOIDABLE = ("Invoice", "SalesReceipt", "Payment")
_PREFERENCE_SECTIONS = (
    "AccountingInfoPrefs", "ProductAndServicesPrefs", "SalesFormsPrefs", "EmailMessagesPrefs",
    "VendorAndPurchasesPrefs", "TimeTrackingPrefs", "TaxPrefs", "CurrencyPrefs", "ReportPrefs", "OtherPrefs",
)  # fmt: skip


def check_subscription(books: Books) -> None:
    """Raises 6190 when the company's subscription no longer allows writing."""
    if books.subscription_status in _DEAD_SUBSCRIPTIONS:
        raise Refusal(
            "6190",
            "Invalid Company Status : You can't add data to QuickBooks Online Plus because your trial or subscription "
            "period ended.",
        )


def create(books: Books, kind: str, body: Mapping[str, Any], *, include: str = "") -> dict[str, Any]:
    """A new object as it is answered. Raises Refusal."""
    check_subscription(books)
    if kind not in ENTITIES:
        raise unsupported(f"{kind} cannot be created")
    with books.storage.attempt():
        wanted = _without_nulls(clean_entity(kind, body))
        return _save(books, kind, wanted, None, include=include)


def update(books: Books, kind: str, body: Mapping[str, Any], *, include: str = "") -> dict[str, Any]:
    """The changed object as it is answered: sparse keeps what is left out, full nulls it. Raises Refusal."""
    check_subscription(books)
    if kind == "Preferences":
        return _update_preferences(books, body)
    if kind not in ENTITIES:
        raise unsupported(f"{kind} cannot be updated")
    old = _current(books, kind, body)
    with books.storage.attempt():
        given = clean_entity(kind, body)
        sparse = str(body.get("sparse", "")).lower() == "true"
        if kind in TRANSACTIONS:
            _check_changeable(books, old)
            wanted = _merged_transaction(given, old, sparse=sparse)
        else:
            wanted = dict(old) if sparse else kept_on_full_update(kind, old)
            _drop_suffix(wanted, old, given)
            _merge(wanted, given)
        return _save(books, kind, wanted, old, include=include)


def delete(books: Books, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Delete a transaction: `{"status": "Deleted", "domain": "QBO", "Id": …}`. Raises Refusal."""
    check_subscription(books)
    if kind not in TRANSACTIONS:
        raise unsupported(f"{kind} cannot be deleted, make it inactive")
    clean_entity(kind, body)
    old = _current(books, kind, body)
    with books.storage.attempt():
        _check_changeable(books, old)
        if kind == "Payment":
            undo_payment(books, old)
        elif kind in SALES:
            _undo_sale(books, kind, old)
        books.remove(kind, old)
    return {"status": "Deleted", "domain": "QBO", "Id": old["Id"]}


def void(books: Books, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Void an invoice, a sales receipt or a payment: it stays, with all amounts zero. Raises Refusal."""
    check_subscription(books)
    if kind not in _VOIDABLE:
        raise unsupported(f"{kind} cannot be voided, delete it")
    old = _current(books, kind, body)
    with books.storage.attempt():
        _check_changeable(books, old)
        note = str(old.get("PrivateNote") or "")
        voided = {**old, "TotalAmt": ZERO, "PrivateNote": f"Voided - {note}" if note else "Voided"}
        if kind == "Payment":
            undo_payment(books, old)
            voided.update(Line=[], UnappliedAmt=ZERO)
        else:
            _undo_sale(books, kind, old)
            voided["Line"] = [_voided_line(line) for line in old["Line"]]
            voided["LinkedTxn"] = []
            voided["Balance"] = ZERO
            if "TxnTaxDetail" in old:
                voided["TxnTaxDetail"] = {"TotalTax": ZERO}
        return books.save(kind, voided, old, postings={})


def _save(
    books: Books, kind: str, wanted: dict[str, Any], old: Mapping[str, Any] | None, *, include: str
) -> dict[str, Any]:
    if kind == "Payment":
        return save_payment(books, wanted, old)
    if kind == "Purchase":
        return save_expense(books, wanted, old)
    if kind not in SALES:
        return save_name(books, kind, wanted, old)
    prepared = prepare(books, kind, wanted, old, any_number="allowduplicatedocnum" in include.lower())
    document = prepared.document
    applied = ZERO
    if old is not None:
        document["LinkedTxn"] = old.get("LinkedTxn") or []
        applied = applied_to(books, kind, old)
        before = stock_taken(books, kind, old)
        _owe(books, kind, old, -1)
    else:
        document["LinkedTxn"] = []
        before = {}
    open_amount = document["TotalAmt"] - (Decimal(document.get("Deposit") or 0) if kind == "Invoice" else ZERO)
    if open_amount < applied:
        document["LinkedTxn"] = release(books, kind, old or {}, applied - open_amount)
        applied = open_amount
    if kind in ("Invoice", "CreditMemo"):
        document["Balance"] = open_amount - applied
    else:
        document["Balance"] = ZERO
    if kind == "CreditMemo":
        document["RemainingCredit"] = document["Balance"]
    saved = books.save(kind, document, old, postings=prepared.postings)
    move_stock(books, difference(prepared.quantities, before))
    _owe(books, kind, saved, 1)
    if kind == "CreditMemo" and old is None and books.preference("SalesFormsPrefs", "AutoApplyCredit"):
        auto_apply(books, saved)
        saved = books.get(kind, saved["Id"]) or saved
    return saved


def _owe(books: Books, kind: str, document: Mapping[str, Any], sign: int) -> None:
    """What a sale adds to its customer's balance."""
    if kind in ("Invoice", "CreditMemo") and document.get("CustomerRef"):
        amount = Decimal(document["TotalAmt"])
        if kind == "Invoice":
            amount -= Decimal(document.get("Deposit") or 0)
        else:
            amount = -amount
        books.owe(str(document["CustomerRef"]["value"]), sign * amount)


def _undo_sale(books: Books, kind: str, old: Mapping[str, Any]) -> None:
    release(books, kind, old, applied_to(books, kind, old))
    move_stock(books, difference({}, stock_taken(books, kind, old)))
    _owe(books, kind, old, -1)


def _voided_line(line: Mapping[str, Any]) -> dict[str, Any]:
    voided = dict(line)
    if "Amount" in voided:
        voided["Amount"] = ZERO
    if "SalesItemLineDetail" in voided:
        detail = {key: value for key, value in voided["SalesItemLineDetail"].items() if key != "TaxInclusiveAmt"}
        voided["SalesItemLineDetail"] = {**detail, "Qty": ZERO}
    return voided


def _current(books: Books, kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The stored object a write means, its SyncToken compared. Raises 610 or 5010."""
    ident, token = identity_of(body)
    old = books.get(kind, ident)
    if old is None:
        row = books.storage.row("SELECT deleted FROM object WHERE type = ? AND id = ?", (kind, ident))
        if row is not None:
            raise gone()
        raise Refusal("610", f"Object Not Found : Something you're trying to use has been made inactive. Id={ident}")
    if token != old["SyncToken"]:
        raise stale()
    return old


def _check_changeable(books: Books, old: Mapping[str, Any]) -> None:
    if any(link["TxnType"] == "Deposit" for link in old.get("LinkedTxn") or []):
        raise deposited()
    check_open(books, str(old["TxnDate"]))


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _merge(wanted: dict[str, Any], given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if value is None:
            wanted.pop(name, None)
        else:
            wanted[name] = value


def _merged_transaction(given: Mapping[str, Any], old: Mapping[str, Any], *, sparse: bool) -> dict[str, Any]:
    if not sparse:
        return _without_nulls(given)
    wanted = dict(old)
    if "Line" in given and "TxnTaxDetail" not in given:
        wanted.pop("TxnTaxDetail", None)
    _merge(wanted, given)
    return wanted


def _drop_suffix(wanted: dict[str, Any], old: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """An inactive entry shows a suffix after its name that is not part of it."""
    if old.get("Active") is False:
        for name in ("DisplayName", "Name"):
            if name in wanted and name not in given:
                wanted[name] = str(wanted[name]).removesuffix(" (deleted)")


def _update_preferences(books: Books, body: Mapping[str, Any]) -> dict[str, Any]:
    """A few preferences can be changed by a client; the rest is left as it is."""
    old = books.preferences
    if str(body.get("SyncToken", "")) != old["SyncToken"]:
        raise stale()
    changed = {**old}
    for section in _PREFERENCE_SECTIONS:
        if isinstance(body.get(section), Mapping):
            changed[section] = {**(old.get(section) or {}), **body[section]}
    if changed.get("CurrencyPrefs", {}).get("HomeCurrency") != old["CurrencyPrefs"]["HomeCurrency"]:
        raise business("The home currency cannot be changed.", "HomeCurrency")
    return books.save("Preferences", changed, old)


def set_rate(books: Books, body: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the company the exchange rate of a day."""
    code = str(body.get("SourceCurrencyCode") or "")
    rate = loads(str(body.get("Rate") or "0"))
    if not code or not rate or rate <= 0:
        raise business("SourceCurrencyCode and a positive Rate are needed.", "Rate")
    books.storage.set_meta(f"rate:{code}", str(rate))
    return exchange_rate(books, code, str(body.get("AsOfDate") or books.today))


def exchange_rate(books: Books, code: str, day: str) -> dict[str, Any]:
    rate = Decimal(books.storage.meta(f"rate:{code}") or "1")
    return {
        "SourceCurrencyCode": code,
        "TargetCurrencyCode": books.home_currency,
        "Rate": rate,
        "AsOfDate": day,
        "domain": "QBO",
        "sparse": False,
    }
