"""The name lists: customers, vendors, employees, items, accounts and the small lists (QBO reference, Entities)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.company.books import DELETED_SUFFIX, Books, columns_of
from sandbox.company.ledger import Movements
from sandbox.company.refusals import Refusal, bad_characters, business, duplicate_name, feature_off, missing
from sandbox.company.schema import PEOPLE
from sandbox.company.values import ZERO

_CLASSIFICATIONS = {
    "Bank": "Asset", "Accounts Receivable": "Asset", "Other Current Asset": "Asset", "Fixed Asset": "Asset",
    "Other Asset": "Asset", "Accounts Payable": "Liability", "Credit Card": "Liability",
    "Other Current Liability": "Liability", "Long Term Liability": "Liability", "Equity": "Equity",
    "Income": "Revenue", "Other Income": "Revenue", "Cost of Goods Sold": "Expense", "Expense": "Expense",
    "Other Expense": "Expense",
}  # fmt: skip

_KEPT = {
    "Customer": ("CurrencyRef", "Balance", "BalanceWithJobs", "Active"),
    "Vendor": ("CurrencyRef", "Balance", "Active"),
    "Employee": ("Active",),
    "Item": ("Type", "QtyOnHand", "TrackQtyOnHand", "Active"),
    "Account": ("CurrencyRef", "Classification", "AccountType", "AccountSubType", "Active"),
}
"""What a full update cannot null by leaving it out."""


def kept_on_full_update(kind: str, old: Mapping[str, Any]) -> dict[str, Any]:
    names = ("Id", *_KEPT.get(kind, ("Active",)))
    return {name: old[name] for name in names if name in old}


def save_name(books: Books, kind: str, wanted: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check and store one entry of a name list. Raises Refusal."""
    value = dict(wanted)
    value["Active"] = value.get("Active") is not False
    if kind in PEOPLE:
        _person(books, kind, value, old)
    elif kind == "Item":
        _item(books, value, old)
    elif kind == "Account":
        _account(books, value)
    elif kind == "CompanyCurrency":
        _currency(books, value)
    elif kind == "TaxAgency":
        value.setdefault("TaxTrackedOnSales", True)
    elif kind in ("Class", "Department"):
        _tracking(books, kind, value)
    name_key = "DisplayName" if kind in (*PEOPLE, "TaxAgency") else "Name"
    value[name_key] = _checked_name(kind, value.get(name_key), name_key)
    if kind not in ("PaymentMethod", "Term", "CompanyCurrency", "TaxAgency"):
        _hierarchy(books, kind, value, name_key)
    _unique(books, kind, value, old, name_key)
    if not value["Active"]:
        for key in (name_key, "FullyQualifiedName"):
            if value.get(key) and kind not in ("PaymentMethod", "Term", "CompanyCurrency", "TaxAgency"):
                value[key] = f"{value[key]}{DELETED_SUFFIX}"
    if kind == "Term":
        value["Type"] = "DATE_DRIVEN" if value.get("DayOfMonthDue") is not None else "STANDARD"
    postings = _opening_stock(books, value) if kind == "Item" and old is None else None
    saved = books.save(kind, value, old, postings=postings)
    if kind == "TaxAgency" and old is None:
        _open_agency_account(books, saved)
    return saved


def _checked_name(kind: str, name: str | None, element: str) -> str:
    if not name or not name.strip():
        raise Refusal("6080", "No name provided.", element) if kind in PEOPLE else missing(element)
    if any(character in name for character in ":\t\n\r") or (kind == "Account" and '"' in name):
        raise bad_characters(element)
    return name.strip().removesuffix(DELETED_SUFFIX)


def _unique(books: Books, kind: str, value: Mapping[str, Any], old: Mapping[str, Any] | None, element: str) -> None:
    """Raises 6240 when the name is taken, by an inactive entry as well."""
    key = columns_of(kind, {**value, "Active": True}).unique_name
    own = str((old or {}).get("Id", ""))
    for holder_kind, ident in books.storage.rows("SELECT type, id FROM object WHERE unique_name = ?", (key,)):
        if holder_kind != kind:
            raise duplicate_name(None)
        if ident != own:
            raise duplicate_name(str(ident), element)


def _hierarchy(books: Books, kind: str, value: dict[str, Any], name_key: str) -> None:
    name = str(value[name_key])
    parent_ref = value.get("ParentRef")
    if parent_ref is None:
        value["FullyQualifiedName"] = name
        value.pop("Level", None)
    else:
        parent = books.target(kind, parent_ref, "ParentRef")
        level = int(parent.get("Level") or 0) + 1
        if level > 4:
            raise Refusal("6180", "You can only have up to 5 levels.", "ParentRef", message="Too many levels")
        value["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{name}"
        value["Level"] = level
        value["ParentRef"] = {"value": parent["Id"], "name": parent["FullyQualifiedName"]}
    flag = {"Item": "SubItem", "Account": "SubAccount", "Class": "SubClass", "Department": "SubDepartment"}.get(kind)
    if flag:
        value[flag] = parent_ref is not None
    elif kind == "Customer":
        value["Job"] = parent_ref is not None


def _person(books: Books, kind: str, value: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    parts = [value.get(name) for name in ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")]
    built = " ".join(str(part) for part in parts if part)
    value["DisplayName"] = value.get("DisplayName") or built or value.get("CompanyName")
    value["PrintOnCheckName"] = value.get("PrintOnCheckName") or value["DisplayName"]
    if kind == "Employee":
        return
    home = books.home_currency
    sent = (value.get("CurrencyRef") or {}).get("value")
    if old is not None:
        value["CurrencyRef"] = old.get("CurrencyRef") or {"value": home}
    else:
        if sent not in (None, home):
            _check_currency(books, str(sent))
        value["CurrencyRef"] = {"value": sent or home}
    value.setdefault("Balance", ZERO)
    if kind == "Customer":
        value.setdefault("BalanceWithJobs", value["Balance"])
        value.setdefault("Taxable", False)
        value.setdefault("PreferredDeliveryMethod", "None")
        if value["PreferredDeliveryMethod"] == "Email" and not value.get("PrimaryEmailAddr"):
            raise Refusal("6420", "Email address required : PreferredDeliveryMethod is Email.", "PrimaryEmailAddr")
    for name, target in (("SalesTermRef", "Term"), ("PaymentMethodRef", "PaymentMethod")):
        if value.get(name):
            found = books.target(target, value[name], name)
            value[name] = {"value": found["Id"], "name": found["Name"]}


def _check_currency(books: Books, code: str) -> None:
    if not books.multicurrency:
        raise business("If you want to use multicurrency, turn it on in Company Settings.", "CurrencyRef")
    row = books.storage.row(
        "SELECT active FROM object WHERE type = 'CompanyCurrency' AND name = ? AND deleted = 0", (code.casefold(),)
    )
    if row is None or not row[0]:
        raise Refusal("2220", f"Invalid Currency Type : {code} is not an active currency.", "CurrencyRef")


def _item(books: Books, value: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    value.setdefault("Type", "Service")
    if old is not None:
        if old["Type"] == "Inventory" and value["Type"] != "Inventory":
            raise business("You can't change the type of an inventory item.", "Type")
        if "QtyOnHand" in old:
            value["QtyOnHand"] = old["QtyOnHand"]
    kind = value["Type"]
    if kind == "Category":
        return
    if kind == "Group":
        raise feature_off("bundle")
    if value.get("IncomeAccountRef") is None:
        raise missing("IncomeAccountRef")
    if books.country in ("CA", "GB") and value.get("ExpenseAccountRef") is None:
        raise missing("ExpenseAccountRef")
    _item_account(books, value, "IncomeAccountRef", ("Income", "Other Income", "Other Current Liability"))
    if kind == "Inventory":
        _inventory(books, value)
    else:
        _item_account(books, value, "ExpenseAccountRef", ("Expense", "Cost of Goods Sold", "Other Expense"))
        value["TrackQtyOnHand"] = False
        for name in ("QtyOnHand", "InvStartDate", "AssetAccountRef"):
            value.pop(name, None)
    if books.country != "US":
        value.pop("Taxable", None)
    else:
        value.setdefault("Taxable", False)


def _inventory(books: Books, value: dict[str, Any]) -> None:
    if not books.preference("ProductAndServicesPrefs", "QuantityOnHand"):
        raise feature_off("inventory")
    if value.get("TrackQtyOnHand") is not True:
        raise missing("TrackQtyOnHand")
    if value.get("QtyOnHand") is None:
        raise Refusal("6520", "Quantity required : a tracked inventory item must have a quantity.", "QtyOnHand")
    for name in ("InvStartDate", "ExpenseAccountRef", "AssetAccountRef"):
        if value.get(name) is None:
            raise missing(name)
    _item_account(books, value, "ExpenseAccountRef", ("Cost of Goods Sold",))
    _item_account(books, value, "AssetAccountRef", ("Other Current Asset",), sub_type="Inventory")


def _item_account(
    books: Books, value: dict[str, Any], name: str, types: tuple[str, ...], *, sub_type: str = ""
) -> None:
    if value.get(name) is None:
        return
    account = books.target("Account", value[name], name)
    if account["AccountType"] not in types or (sub_type and account["AccountSubType"] != sub_type):
        raise Refusal("6430", f"Invalid account type used : {name} must be of type {' or '.join(types)}.", name)
    value[name] = {"value": account["Id"], "name": account["FullyQualifiedName"]}


def _opening_stock(books: Books, value: Mapping[str, Any]) -> dict[str, int] | None:
    worth = Decimal(value.get("PurchaseCost") or 0) * Decimal(value.get("QtyOnHand") or 0)
    if value["Type"] != "Inventory" or not worth:
        return None
    movements = Movements()
    movements.debit(str(value["AssetAccountRef"]["value"]), worth)
    return movements.balanced(str(books.account_of_type("Equity")["Id"]))


def _account(books: Books, value: dict[str, Any]) -> None:
    if not value.get("AccountType") and not value.get("AccountSubType"):
        raise Refusal("6010", "AccountType or AccountSubType is required.", "AccountType")
    kind = value.get("AccountType") or "Expense"
    if kind not in _CLASSIFICATIONS:
        raise Refusal("2170", f"Invalid Enumeration : {kind}", "AccountType")
    longest = 20 if books.country in ("AU", "CA") else 7
    if len(str(value.get("AcctNum") or "")) > longest:
        raise Refusal(
            "2050",
            "String length specified does not match the supported length. "
            f"Min:0 Max:{longest} supported. Supplied length:{len(str(value['AcctNum']))}",
            "AcctNum",
        )
    value["AccountType"] = kind
    value["Classification"] = _CLASSIFICATIONS[kind]
    value.setdefault("AccountSubType", kind.replace(" ", ""))
    value.setdefault("CurrencyRef", {"value": books.home_currency})


def _currency(books: Books, value: dict[str, Any]) -> None:
    if not books.multicurrency:
        raise feature_off("multicurrency")
    code = str(value.get("Code") or "").upper()
    if not code:
        raise missing("Code")
    if len(code) != 3 or not code.isalpha():
        raise Refusal("2220", f"Invalid Currency Type : {code}", "Code")
    value["Code"] = code
    value.setdefault("Name", code)


def _tracking(books: Books, kind: str, value: Mapping[str, Any]) -> None:
    section = "AccountingInfoPrefs"
    if kind == "Department":
        if not books.preference(section, "TrackDepartments"):
            raise feature_off("location tracking")
    elif not (books.preference(section, "ClassTrackingPerTxn") or books.preference(section, "ClassTrackingPerTxnLine")):
        raise feature_off("class tracking")


def _open_agency_account(books: Books, agency: Mapping[str, Any]) -> None:
    """A new tax agency gets its own liability account, as the company's tax centre gives it."""
    name = f"{agency['DisplayName']} Payable"
    account = {"Name": name, "AccountType": "Other Current Liability", "AccountSubType": "GlobalTaxPayable"}
    saved = save_name(books, "Account", account, None)
    books.storage.set_meta(f"agency_account:{agency['Id']}", str(saved["Id"]))
