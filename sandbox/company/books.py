"""The company's objects with their look-ups, side by side with its preferences and habits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from sandbox.company.behaviour import Behaviour
from sandbox.company.refusals import bad_reference, inactive
from sandbox.company.schema import PEOPLE, TRANSACTIONS
from sandbox.company.storage import MINOR, Columns, Storage
from sandbox.company.values import ZERO, currency_places, dumps, loads, now, stamp, today, zone

_LIST_WORDS = {
    "Customer": "Names",
    "Vendor": "Names",
    "Employee": "Names",
    "Item": "Items",
    "Account": "Accounts",
    "Class": "Classes",
    "Department": "Departments",
    "Term": "Terms",
    "PaymentMethod": "PaymentMethods",
    "TaxCode": "TaxCodes",
    "TaxRate": "TaxRates",
    "TaxAgency": "TaxAgencies",
}

_SEQUENCES = {**dict.fromkeys(PEOPLE, "name"), **dict.fromkeys((*TRANSACTIONS, "Deposit"), "transaction")}
"""Kinds that share one sequence of ids: one cannot tell a customer's id from a vendor's."""

_FIRST_IDS = {"Item": 11, "Account": 31, "TaxCode": 2, "TaxRate": 61, "name": 201, "transaction": 1001}
"""Ids of different lists lie apart, so that an id used for the wrong list is not valid by chance."""

DELETED_SUFFIX = " (deleted)"


class Books:
    """Everything the company knows. All methods need the storage's transaction around them."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        saved = storage.meta("behaviour")
        self.behaviour = Behaviour().changed(loads(saved)) if saved else Behaviour()
        self._accounts_by_type: dict[tuple[str, str], str] = {}

    def change_behaviour(self, wanted: Mapping[str, Any]) -> None:
        """Raises ValueError."""
        self.behaviour = self.behaviour.changed(wanted)
        self.storage.set_meta("behaviour", dumps(self.behaviour.described()))

    # Preferences and company

    @property
    def preferences(self) -> dict[str, Any]:
        return self._single("Preferences")

    @property
    def company_info(self) -> dict[str, Any]:
        return self._single("CompanyInfo")

    def _single(self, kind: str) -> dict[str, Any]:
        found = self.storage.get(kind, "1")
        if found is None:
            raise LookupError(f"{kind} was never written")
        return found

    def preference(self, section: str, name: str) -> Any:
        """One preference; None when the company does not have it."""
        return (self.preferences.get(section) or {}).get(name)

    @property
    def home_currency(self) -> str:
        return str(self.preferences["CurrencyPrefs"]["HomeCurrency"]["value"])

    def places_of(self, currency: str) -> int:
        """Decimals of amounts in that currency, as this company counts them."""
        return currency_places(currency, three=self.behaviour.three_decimals == "keep")

    @property
    def multicurrency(self) -> bool:
        return bool(self.preference("CurrencyPrefs", "MultiCurrencyEnabled"))

    @property
    def country(self) -> str:
        return str(self.company_info["Country"])

    @property
    def tax_world(self) -> str:
        """off | us_automated | us_manual | global (QBO reference, Taxes in the four worlds)."""
        if not self.preference("TaxPrefs", "UsingSalesTax"):
            return "off"
        if self.country != "US":
            return "global"
        return "us_automated" if self.preference("TaxPrefs", "PartnerTaxEnabled") else "us_manual"

    @property
    def time_zone(self) -> tzinfo:
        return zone(str(self.company_info.get("DefaultTimeZone") or "America/Los_Angeles"))

    @property
    def today(self) -> str:
        return today(self.time_zone)

    @property
    def subscription_status(self) -> str:
        pairs = self.company_info.get("NameValue") or []
        return next((str(pair["Value"]) for pair in pairs if pair["Name"] == "SubscriptionStatus"), "SUBSCRIBED")

    # Objects

    def get(self, kind: str, ident: str) -> dict[str, Any] | None:
        return self.storage.get(kind, ident)

    def target(self, kind: str, ref: Mapping[str, Any], element: str, *, active: bool = True) -> dict[str, Any]:
        """The object a reference points to. Raises 2500 when there is none, 610 when it is inactive."""
        found = self.storage.get(kind, str(ref["value"]))
        if found is None:
            raise bad_reference(_LIST_WORDS.get(kind, kind), str(ref["value"]), element)
        if active and found.get("Active") is False:
            raise inactive(element)
        return found

    def first(self, kind: str, name: str) -> dict[str, Any]:
        """The object of that name; the profile created it. Raises LookupError."""
        row = self.storage.row(
            "SELECT id FROM object WHERE type = ? AND name = ? AND deleted = 0", (kind, name.casefold())
        )
        found = self.storage.get(kind, str(row[0])) if row else None
        if found is None:
            raise LookupError(f"The company has no {kind} named {name!r}")
        return found

    def account_of_type(self, kind: str, sub_type: str = "") -> dict[str, Any]:
        """The first account of an AccountType (and AccountSubType). Raises LookupError."""
        key = (kind, sub_type)
        if key not in self._accounts_by_type:
            found = self.storage.row(
                "SELECT id FROM object WHERE type = 'Account' AND deleted = 0"
                " AND json_extract(json, '$.AccountType') = ?"
                " AND (? = '' OR json_extract(json, '$.AccountSubType') = ?) ORDER BY length(id), id",
                (kind, sub_type, sub_type),
            )
            if found is None:
                raise LookupError(f"The company has no account of type {kind} {sub_type}".rstrip())
            self._accounts_by_type[key] = str(found[0])
        account = self.storage.get("Account", self._accounts_by_type[key])
        if account is None:
            raise LookupError(f"The account of type {kind} {sub_type} is gone".rstrip())
        return account

    def new_id(self, kind: str) -> str:
        sequence = _SEQUENCES.get(kind, kind)
        return str(self.storage.next(f"id:{sequence}", _FIRST_IDS.get(sequence, 1)))

    def save(
        self,
        kind: str,
        value: dict[str, Any],
        old: Mapping[str, Any] | None = None,
        *,
        postings: dict[str, int] | None = None,
    ) -> dict[str, Any]:
        """Store a new object, or the next version of `old`: Id, SyncToken, MetaData, columns and balances."""
        at = now()
        created = at
        if kind == "Account":
            self._accounts_by_type.clear()
        if old is None:
            value["Id"] = value.get("Id") or self.new_id(kind)
            value["SyncToken"] = "0"
            value["MetaData"] = {"CreateTime": stamp(at), "LastUpdatedTime": stamp(at)}
        else:
            value["Id"] = old["Id"]
            value["SyncToken"] = str(int(old["SyncToken"]) + 1)
            value["MetaData"] = {"CreateTime": old["MetaData"]["CreateTime"], "LastUpdatedTime": stamp(at)}
            row = self.storage.row("SELECT created FROM object WHERE type = ? AND id = ?", (kind, str(old["Id"])))
            created = int(row[0]) if row else at
            if postings is not None:
                self.storage.move(self.storage.postings(kind, str(old["Id"])), -1)
        if postings is not None:
            self.storage.move(postings)
        value.setdefault("domain", "QBO")
        value["sparse"] = False
        self.storage.put(
            kind, value, columns_of(kind, value), created=created, updated=at,
            postings=None if postings is None else dumps(postings),
        )  # fmt: skip
        return value

    def touch(self, kind: str, value: dict[str, Any], *, token: bool = True, balance: Decimal | None = None) -> None:
        """Store a side effect on an object (a payment linked, a quantity moved): a new time, mostly a new SyncToken."""
        at = now()
        if token:
            value["SyncToken"] = str(int(value["SyncToken"]) + 1)
        value["MetaData"] = {**value["MetaData"], "LastUpdatedTime": stamp(at)}
        self.storage.rewrite(kind, value, updated=at, balance=None if balance is None else float(balance))

    def remove(self, kind: str, value: Mapping[str, Any]) -> None:
        """Delete a transaction and take its movements back."""
        self.storage.move(self.storage.postings(kind, str(value["Id"])), -1)
        self.storage.mark_deleted(kind, str(value["Id"]), at=now())

    def owe(self, customer: str, amount: Decimal) -> None:
        """Change what a customer owes (their Balance); not a change of the customer that others would notice."""
        found = self.storage.get("Customer", customer)
        if found is None or not amount:
            return
        balance = Decimal(found.get("Balance") or 0) + amount
        changed = {**found, "Balance": balance, "BalanceWithJobs": balance}
        self.storage.rewrite("Customer", changed, balance=float(balance))

    def account_balance(self, account: str) -> Decimal:
        """Debits less credits, home currency."""
        row = self.storage.row("SELECT amount FROM balance WHERE account = ?", (account,))
        return Decimal(row[0]) / MINOR if row else ZERO


def columns_of(kind: str, value: Mapping[str, Any]) -> Columns:
    """The look-up columns of an object."""
    columns = Columns(active=value.get("Active") is not False)
    name = value.get("DisplayName") or value.get("Name") or value.get("Code")
    if name:
        columns.name = str(name).casefold()
        base = str(name).removesuffix(DELETED_SUFFIX) if not columns.active else str(name)
        family = "person" if kind in PEOPLE else kind
        parent = (value.get("ParentRef") or {}).get("value", "") if kind not in PEOPLE else ""
        columns.unique_name = f"{family}:{parent}:{base.casefold()}"
    number = value.get("Sku") if kind == "Item" else value.get("DocNumber")
    if number:
        columns.number = str(number).casefold()
    if value.get("CustomerRef"):
        columns.customer = str(value["CustomerRef"]["value"])
    if value.get("PrimaryEmailAddr"):
        columns.email = str(value["PrimaryEmailAddr"]["Address"]).casefold()
    columns.txn_date = value.get("TxnDate")
    if "TotalAmt" in value:
        columns.total = float(value["TotalAmt"])
    if "Balance" in value:
        columns.balance = float(value["Balance"])
    return columns
