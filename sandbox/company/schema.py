"""Which properties an entity takes, and the check of a body against them (QBO reference, Entities).

A body is refused for a property QuickBooks does not know (2010), a text that is too long (2050), a number, date,
flag or reference of the wrong shape. Read-only properties are known and dropped. An empty text means no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.company.refusals import Refusal, missing, too_long, unknown_property, wrong_shape
from sandbox.company.values import decimal_of

Check = Callable[[str, Any], Any]
"""Takes the property's name and its non-empty value; gives the value to store or raises Refusal."""

_TOO_MUCH = Decimal(10) ** 15
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def text(limit: int, label: str = "") -> Check:
    def check(name: str, value: Any) -> str:
        if isinstance(value, bool | list | dict):
            raise wrong_shape(name, "java.lang.String")
        written = str(value)
        if len(written) > limit:
            raise too_long(label or name, limit, len(written))
        return written

    return check


def flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise wrong_shape(name, "java.lang.Boolean")


def number(name: str, value: Any) -> Decimal:
    if type(value) is Decimal:
        given = value
    else:
        try:
            given = decimal_of(value)
        except ValueError as error:
            raise Refusal("2080", f"Invalid Number : {value}", name) from error
    if abs(given) >= _TOO_MUCH:
        raise Refusal("2140", f"Invalid Amount : {value}", name)
    return given


def day(name: str, value: Any) -> str:
    written = str(value)
    if not _DATE.match(written):
        raise Refusal("2060", f"Invalid Date : {written} is not of the form YYYY-MM-DD", name)
    try:
        return date.fromisoformat(written[:10]).isoformat()
    except ValueError as error:
        raise Refusal("2070", f"Invalid Date : {written}", name, message="Invalid Date Value") from error


def ref(name: str, value: Any) -> dict[str, Any] | None:
    """A reference keeps its value alone; its name is filled in from the object it points to."""
    if not isinstance(value, dict):
        raise wrong_shape(name, "com.intuit.schema.finance.v3.ReferenceType")
    for key in value:
        if key not in ("value", "name", "type"):
            raise unknown_property(str(key), "ReferenceType")
    target = value.get("value")
    return None if target in (None, "") else {"value": str(target)}


def memo(limit: int, label: str) -> Check:
    def check(name: str, value: Any) -> dict[str, Any] | None:
        if isinstance(value, str):
            value = {"value": value}
        if not isinstance(value, dict):
            raise wrong_shape(name, "com.intuit.schema.finance.v3.MemoRef")
        written = str(value.get("value") or "")
        if len(written) > limit:
            raise too_long(label, limit, len(written))
        return {"value": written} if written else None

    return check


def choice(*values: str) -> Check:
    def check(name: str, value: Any) -> str:
        if value not in values:
            raise Refusal("2170", f"Invalid Enumeration : {value}", name)
        return str(value)

    return check


def email(name: str, value: Any) -> dict[str, Any] | None:
    address = str(_only(name, value, "EmailAddress", "Address", "Id", "Default", "Tag").get("Address") or "")
    if len(address) > 100:
        raise too_long(name, 100, len(address))
    if address and not all("@" in one and "." in one.rpartition("@")[2] for one in address.split(",")):
        raise Refusal("2210", f"Invalid Email Address format : {address}", name)
    return {"Address": address} if address else None


def phone(name: str, value: Any) -> dict[str, Any] | None:
    parts = _only(
        name, value, "TelephoneNumber", "FreeFormNumber", "Id", "DeviceType", "CountryCode", "AreaCode",
        "ExchangeCode",
        "Extension", "Default", "Tag",
    )  # fmt: skip
    written = str(parts.get("FreeFormNumber") or "")
    if len(written) > 21:
        raise too_long(name, 21, len(written))
    return {"FreeFormNumber": written} if written else None


def web(name: str, value: Any) -> dict[str, Any] | None:
    uri = str(_only(name, value, "WebSiteAddress", "URI", "Id", "Default", "Tag").get("URI") or "")
    if len(uri) > 1000:
        raise too_long(name, 1000, len(uri))
    if uri and ("." not in uri or " " in uri):
        raise Refusal("2200", f"Invalid URI : {uri}", name)
    return {"URI": uri} if uri else None


def _only(name: str, value: Any, kind: str, *known: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise wrong_shape(name, f"com.intuit.schema.finance.v3.{kind}")
    for key in value:
        if key not in known:
            raise unknown_property(str(key), kind)
    return value


_ADDRESS: dict[str, int] = {
    **{f"Line{n}": 500 for n in range(1, 6)},
    "City": 255,
    "CountrySubDivisionCode": 255,
    "Country": 255,
    "PostalCode": 30,
}
_ADDRESS_IGNORED = ("Id", "Lat", "Long", "Note", "Tag", "CountryCode", "County", "PostalCodeSuffix")


def address(name: str, value: Any) -> dict[str, Any] | None:
    kept: dict[str, Any] = {}
    for key, written in _only(name, value, "PhysicalAddress", *_ADDRESS, *_ADDRESS_IGNORED).items():
        if key in _ADDRESS and written not in (None, ""):
            kept[key] = text(_ADDRESS[key], f"{name}.{key}")(key, written)
    return kept or None


def read_only(name: str, value: Any) -> None:
    """Known to QuickBooks and computed by it: what a client sends is ignored."""
    return


def anything(name: str, value: Any) -> Any:
    return value


def nested(kind: str, fields: Mapping[str, Check]) -> Check:
    def check(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong_shape(name, f"com.intuit.schema.finance.v3.{kind}")
        return {key: kept for key, kept in clean(kind, fields, value).items() if kept is not None}

    return check


def list_of(check: Check) -> Check:
    def check_list(name: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise wrong_shape(name, "java.util.List")
        return [check(name, one) for one in value]

    return check_list


def clean(kind: str, fields: Mapping[str, Check], body: Mapping[str, Any]) -> dict[str, Any]:
    """The body's known, checked,
    writable properties. A null or an empty text is kept as None: it clears the field."""
    kept: dict[str, Any] = {}
    for name, value in body.items():
        check = fields.get(name)
        if check is None:
            raise unknown_property(str(name), kind)
        if check is read_only:
            continue
        kept[name] = None if value is None or value == "" else check(name, value)
    return kept


_LINKED = list_of(nested("LinkedTxn", {"TxnId": text(20), "TxnType": text(40), "TxnLineId": text(20)}))

_CUSTOM_FIELD = list_of(
    nested("CustomField", {
        "DefinitionId": text(20), "Name": text(100), "Type": text(20), "StringValue": text(31),
        "BooleanType": anything,
        "DateType": anything, "NumberType": anything, "BooleanValue": anything, "DateValue": anything,
        "NumberValue": anything,
    })
)  # fmt: skip

_COMMON: dict[str, Check] = {
    "Id": read_only, "SyncToken": read_only, "MetaData": read_only, "domain": read_only, "sparse": read_only,
    "status": read_only, "CustomField": _CUSTOM_FIELD, "AttachableRef": anything,
}  # fmt: skip

_SALES_ITEM: dict[str, Check] = {
    "ItemRef": ref, "ClassRef": ref, "UnitPrice": number, "RatePercent": number, "PriceLevelRef": ref,
    "MarkupInfo": anything, "Qty": number, "UOMRef": anything, "ItemAccountRef": read_only, "InventorySiteRef": ref,
    "TaxCodeRef": ref, "TaxClassificationRef": ref, "ServiceDate": day, "TaxInclusiveAmt": number,
    "DiscountRate": number, "DiscountAmt": number, "DeferredRevenue": anything,
}  # fmt: skip

_DISCOUNT: dict[str, Check] = {
    "PercentBased": flag, "DiscountPercent": number, "DiscountAccountRef": ref, "ClassRef": ref, "TaxCodeRef": ref,
    "Discount": anything, "DiscountRef": ref, "ServiceDate": day,
}  # fmt: skip

LINE: dict[str, Check] = {
    "Id": text(20), "LineNum": number, "Description": text(4000), "Amount": number, "Received": number,
    "LinkedTxn": _LINKED, "CustomField": _CUSTOM_FIELD, "ProjectRef": ref,
    "DetailType": choice(
        "SalesItemLineDetail", "DiscountLineDetail", "DescriptionOnly", "DescriptionLineDetail", "SubTotalLineDetail",
        "GroupLineDetail", "PaymentLineDetail",
    ),
    "SalesItemLineDetail": nested("SalesItemLineDetail", _SALES_ITEM),
    "DiscountLineDetail": nested("DiscountLineDetail", _DISCOUNT),
    "DescriptionLineDetail": nested("DescriptionLineDetail", {"ServiceDate": day, "TaxCodeRef": ref}),
    "SubTotalLineDetail": anything, "GroupLineDetail": anything, "LineEx": anything, "PaymentLineDetail": anything,
}  # fmt: skip

EXPENSE_LINE: dict[str, Check] = {
    "Id": text(20), "LineNum": number, "Description": text(4000), "Amount": number,
    "DetailType": choice("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"),
    "AccountBasedExpenseLineDetail": nested("AccountBasedExpenseLineDetail", {
        "AccountRef": ref, "TaxCodeRef": ref, "ClassRef": ref, "CustomerRef": ref, "TaxAmount": number,
        "BillableStatus": choice("Billable", "NotBillable", "HasBeenBilled"), "TaxInclusiveAmt": number,
    }),
    "ItemBasedExpenseLineDetail": anything, "LineEx": anything, "ProjectRef": ref,
}  # fmt: skip

_TAX_LINE: dict[str, Check] = {
    "Id": read_only, "LineNum": read_only, "Description": read_only, "Amount": number, "DetailType": text(40),
    "TaxLineDetail": nested("TaxLineDetail", {
        "TaxRateRef": ref, "PercentBased": flag, "TaxPercent": number, "NetAmountTaxable": number,
        "TaxInclusiveAmount": number, "OverrideDeltaAmount": number, "ServiceDate": day,
    }),
}  # fmt: skip

TXN_TAX_DETAIL: dict[str, Check] = {
    "DefaultTaxCodeRef": ref, "TxnTaxCodeRef": ref, "TotalTax": number, "TaxReviewStatus": read_only,
    "UseAutomatedSalesTax": flag, "TaxLine": list_of(nested("Line", _TAX_LINE)),
}  # fmt: skip

_TXN: dict[str, Check] = {
    **_COMMON, "DocNumber": text(21), "TxnDate": day, "DepartmentRef": ref, "CurrencyRef": ref,
    "ExchangeRate": number,
    "PrivateNote": text(4000), "TxnStatus": read_only, "LinkedTxn": read_only, "TxnSource": anything,
    "TransactionLocationType": text(100), "RecurDataRef": ref, "TaxFormType": anything, "TaxFormNum": anything,
    "TotalAmt": read_only, "HomeTotalAmt": read_only, "CustomerRef": ref, "Line": list_of(nested("Line", LINE)),
}  # fmt: skip

_SALE: dict[str, Check] = {
    **_TXN, "AutoDocNumber": flag, "CustomerMemo": memo(1000, "Customer Memo"), "BillAddr": address,
    "ShipAddr": address, "ShipFromAddr": address, "FreeFormAddress": flag, "RemitToRef": ref, "ClassRef": ref,
    "SalesTermRef": ref,
    "DueDate": day, "SalesRepRef": ref, "PONumber": text(25), "FOB": text(100), "ShipMethodRef": ref, "ShipDate": day,
    "TrackingNum": text(31), "GlobalTaxCalculation": choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
    "ApplyTaxAfterDiscount": flag, "TemplateRef": ref, "PrintStatus": choice("NotSet", "NeedToPrint",
    "PrintComplete"),
    "EmailStatus": choice("NotSet", "NeedToSend", "EmailSent"), "BillEmail": email, "BillEmailCc": email,
    "BillEmailBcc": email, "ARAccountRef": ref, "Balance": read_only, "HomeBalance": read_only,
    "FinanceCharge": flag, "PaymentMethodRef": ref, "PaymentRefNum": text(21), "CheckPayment": anything,
    "PaymentType": choice("Cash", "Check", "CreditCard", "Other"), "CreditCardPayment": anything,
    "DepositToAccountRef": ref, "DeliveryInfo": anything, "DiscountAmt": number, "DiscountRate": number,
    "GovtTxnRefIdentifier": anything, "TaxExemptionRef": ref, "ProjectRef": ref, "TxnTaxDetail":
    nested("TxnTaxDetail", TXN_TAX_DETAIL), "ShippingTaxIncludedInTotalTax": flag,
}  # fmt: skip

_PERSON: dict[str, Check] = {
    **_COMMON, "Title": text(16), "GivenName": text(100), "MiddleName": text(100), "FamilyName": text(100),
    "Suffix": text(16), "FullyQualifiedName": read_only, "CompanyName": text(100), "DisplayName": text(500),
    "PrintOnCheckName": text(110), "Active": flag, "PrimaryPhone": phone, "AlternatePhone": phone, "Mobile": phone,
    "Fax": phone, "PrimaryEmailAddr": email, "WebAddr": web, "BillAddr": address, "Notes": text(2000),
    "CurrencyRef": ref, "Balance": read_only, "UserId": read_only, "Organization": flag, "OtherContactInfo": anything,
    "TaxIdentifier": text(20), "AcctNum": text(100), "BillRate": number, "OtherAddr": address, "OpenBalanceDate": day,
    "IntuitId": read_only, "ContactName": text(100), "AltContactName": text(100), "DefaultTaxCodeRef": ref,
    "BusinessNumber": text(10), "GSTIN": text(15), "GSTRegistrationType": text(15), "CostRate": number,
}  # fmt: skip

_LIST: dict[str, Check] = {
    **_COMMON, "Name": text(100), "FullyQualifiedName": read_only, "ParentRef": ref, "Active": flag,
    "Level": read_only,
    "Description": text(4000),
}  # fmt: skip

ENTITIES: dict[str, dict[str, Check]] = {
    "Customer": {
        **_PERSON, "ShipAddr": address, "Job": flag, "BillWithParent": flag, "ParentRef": ref, "Level": read_only,
        "Taxable": flag, "BalanceWithJobs": read_only, "SalesTermRef": ref, "PaymentMethodRef": ref,
        "ARAccountRef": ref, "PreferredDeliveryMethod": choice("Print", "Email", "None"), "ResaleNum": text(16),
        "IsProject": read_only,
        "PrimaryTaxIdentifier": text(20), "SecondaryTaxIdentifier": text(20), "CustomerTypeRef": ref,
        "Source": read_only, "TaxExemptionReasonId": text(3), "ClientEntityId": read_only, "V4IDPseudonym": read_only,
        "TaxRegime": anything,
        "SalesRepRef": ref, "PriceLevelRef": ref, "CreditLimit": number, "CreditChargeInfo": anything,
    },
    "Vendor": {
        **_PERSON, "TermRef": ref, "Vendor1099": flag, "APAccountRef": ref, "TaxReportingBasis": text(20),
        "VendorPaymentBankDetail": anything, "HasTPAR": flag, "T4AEligible": flag, "T5018Eligible": flag,
        "V4IDPseudonym": read_only, "Source": read_only,
    },
    "Employee": {
        **_PERSON, "SSN": text(100), "PrimaryAddr": address, "EmployeeNumber": text(100), "BirthDate": day,
        "Gender": text(20), "HiredDate": day, "ReleasedDate": day, "BillableTime": flag, "EmailAddress": anything,
        "V4IDPseudonym": read_only,
    },
    "Item": {
        **_LIST, "Sku": text(100), "SubItem": flag, "Taxable": flag, "SalesTaxIncluded": flag, "UnitPrice": number,
        "Type": choice("Inventory", "NonInventory", "Service", "Category", "Group"), "IncomeAccountRef": ref,
        "ExpenseAccountRef": ref, "AssetAccountRef": ref, "COGSAccountRef": ref, "PurchaseDesc": text(4000),
        "PurchaseTaxIncluded": flag, "PurchaseCost": number, "TrackQtyOnHand": flag, "QtyOnHand": number,
        "InvStartDate": day, "SalesTaxCodeRef": ref, "PurchaseTaxCodeRef": ref, "ReorderPoint": number,
        "PrefVendorRef": ref, "ClassRef": ref, "TaxClassificationRef": ref, "AvgCost": read_only,
        "QtyOnOrder": read_only, "QtyOnSalesOrder": read_only, "ItemCategoryType": text(20),
        "AbatementRate": anything, "ServiceType": anything,
        "ReverseChargeRate": anything, "DeferredRevenue": flag, "Source": read_only, "RatePercent": number,
    },
    "Account": {
        **_LIST, "SubAccount": flag, "Classification": text(20), "AccountType": text(50), "AccountSubType": text(60),
        "AcctNum": text(20), "CurrencyRef": ref, "CurrentBalance": read_only,
        "CurrentBalanceWithSubAccounts": read_only, "TaxCodeRef": ref, "OpeningBalance": number,
        "OpeningBalanceDate": day, "BankNum": text(30), "TxnLocationType":
        text(50), "OnlineBankingEnabled": read_only, "FIName": read_only, "JournalCodeRef": ref,
        "AccountAlias": text(100),
    },
    "Class": {**_LIST, "SubClass": flag},
    "Department": {**_LIST, "SubDepartment": flag, "Address": address},
    "PaymentMethod": {**_COMMON, "Name": text(31), "Active": flag, "Type": choice("CREDIT_CARD", "NON_CREDIT_CARD")},
    "Term": {
        **_COMMON, "Name": text(31), "Active": flag, "Type": read_only, "DueDays": number, "DiscountPercent": number,
        "DiscountDays": number, "DayOfMonthDue": number, "DueNextMonthDays": number, "DiscountDayOfMonth": number,
    },
    "CompanyCurrency": {**_COMMON, "Code": text(3), "Name": text(100), "Active": flag},
    "TaxAgency": {
        **_COMMON, "DisplayName": text(100), "TaxRegistrationNumber": text(30), "TaxTrackedOnSales": flag,
        "TaxTrackedOnPurchases": flag, "LastFileDate": read_only, "TaxAgencyConfig": read_only,
    },
    "Invoice": {
        **_SALE, "Deposit": number, "AllowIPNPayment": flag, "AllowOnlinePayment": flag,
        "AllowOnlineCreditCardPayment": flag, "AllowOnlineACHPayment": flag, "EInvoiceStatus": read_only,
        "ECloudStatusTimeStamp": read_only, "InvoiceLink": read_only, "InvoiceStatus": read_only,
        "CallToActionText": read_only, "InvoiceStatusLog": read_only, "LinkedTxn": _LINKED,
    },
    "SalesReceipt": _SALE,
    "CreditMemo": {**_SALE, "RemainingCredit": read_only, "InvoiceRef": ref},
    "RefundReceipt": {**_SALE, "RemainingCredit": read_only, "PaymentRefNum": text(21)},
    "Purchase": {
        **{name: check for name, check in _TXN.items() if name != "CustomerRef"},
        "Line": list_of(nested("Line", EXPENSE_LINE)), "AccountRef": ref, "EntityRef": ref,
        "PaymentType": choice("Cash", "Check", "CreditCard"), "PaymentMethodRef": ref,
        "Credit": flag, "PrintStatus": choice("NotSet", "NeedToPrint", "PrintComplete"), "RemitToAddr": address,
        "GlobalTaxCalculation": choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
        "TxnTaxDetail": nested("TxnTaxDetail", TXN_TAX_DETAIL), "PurchaseEx": anything,
    },
    "Payment": {
        **_TXN, "TotalAmt": number, "UnappliedAmt": read_only, "ProcessPayment": flag, "DepositToAccountRef": ref,
        "PaymentMethodRef": ref, "PaymentRefNum": text(21), "ARAccountRef": ref, "CreditCardPayment": anything,
        "TaxExemptionRef": ref, "PaymentType": text(20), "CheckPayment": anything, "DocNumber": read_only,
    },
}  # fmt: skip

SALES = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")
TRANSACTIONS = (*SALES, "Payment", "Purchase")
PEOPLE = ("Customer", "Vendor", "Employee")


def clean_entity(entity: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The writable properties of a body for that entity. Raises Refusal."""
    return clean(entity, ENTITIES[entity], body)


def identity_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """Id and SyncToken of an update, a delete or a void. Raises Refusal when one is missing or no number."""
    ident, token = body.get("Id"), body.get("SyncToken")
    if ident in (None, ""):
        raise missing("Id")
    if not str(ident).isdigit():
        raise Refusal("2030", f"Invalid ID : Id should be a valid number. Supplied value:{ident}", "Id")
    if token in (None, ""):
        raise missing("SyncToken")
    return str(ident), str(token)
