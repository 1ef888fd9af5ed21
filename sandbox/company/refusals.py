"""What the company refuses, in QuickBooks' own words (QBO reference, Faults)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.company.values import answer_time, dumps

MESSAGES = {
    "100": "General Authentication Error",
    "500": "Unsupported Operation",
    "600": "Duplicate Request ID",
    "610": "Object Not Found",
    "620": "Transaction cannot be linked",
    "1040": "Batch size exceeds limit",
    "2000": "Invalid object name",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2040": "Invalid String",
    "2050": "String length is either shorter or longer than supported by specification",
    "2060": "Invalid Date Format",
    "2080": "Invalid Number Format",
    "2120": "Invalid Type",
    "2130": "Invalid Request Id Format",
    "2140": "Invalid Amount",
    "2150": "Invalid Percent",
    "2170": "Invalid Enumeration",
    "2200": "Invalid URI Format",
    "2210": "Invalid Email Address Format",
    "2220": "Invalid Currency Type",
    "2500": "Invalid Reference Id",
    "3001": "message=ThrottleExceeded; errorCode=003001; statusCode=429",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "5020": "Permission Denied Error",
    "5030": "Feature Not Supported Error",
    "6000": "A business validation error has occurred while processing your request",
    "6010": "Account type or account sub type is required",
    "6070": "Amount calculation incorrect in the request",
    "6080": "No name provided",
    "6090": "Discount amount or percent is required",
    "6100": "Invalid line TaxCode",
    "6140": "Duplicate Document Number Error",
    "6170": "TxnTaxDetail is not allowed",
    "6190": "Invalid Company Status",
    "6210": "Account Period Closed",
    "6240": "Duplicate Name Exists Error",
    "6270": "Invalid inventory transaction date",
    "6420": "Email address required",
    "6430": "Invalid account type used",
    "6440": "A line needs an item or an account",
    "6470": "TaxLiabilityAccount or TaxRateError",
    "6520": "Quantity required",
    "6540": "Deposited Transaction cannot be changed",
    "10000": "An application error has occurred while processing your request",
}


@dataclass(eq=False)
class Refusal(Exception):
    """One fault of the API: HTTP `status`, and the fault's `code`, `detail` and `element`."""

    code: str
    detail: str
    element: str = ""
    status: int = 400
    fault_type: str = "ValidationFault"
    message: str = ""

    def fault(self) -> dict[str, Any]:
        """The `Fault` object of a body or of a batch item."""
        error = {
            "Message": self.message or MESSAGES[self.code],
            "Detail": self.detail,
            "code": self.code,
            "element": self.element,
        }
        return {"Error": [error], "type": self.fault_type}

    def body(self) -> bytes:
        return dumps({"Fault": self.fault(), "time": answer_time()}).encode()


def missing(name: str) -> Refusal:
    return Refusal("2020", f"Required parameter {name} is missing in the request", name)


def unknown_property(name: str, entity: str) -> Refusal:
    return Refusal(
        "2010",
        f'Property Name:Unrecognized field "{name}" (Class com.intuit.schema.finance.v3.{entity}), '
        "not marked as ignorable specified is unsupported or invalid",
        name,
    )


def wrong_shape(name: str, wanted: str) -> Refusal:
    return Refusal(
        "2010",
        f"Property Name:Can not deserialize instance of {wanted} ({name}) specified is unsupported or invalid",
        name,
    )


def too_long(name: str, limit: int, length: int) -> Refusal:
    return Refusal(
        "2050",
        "String length specified does not match the supported length. "
        f"Min:0 Max:{limit:,} supported. Supplied length:{length:,}",
        name,
    )


def bad_characters(name: str) -> Refusal:
    return Refusal(
        "2040",
        f"Invalid String : {name} must have at least one character and cannot include tabs, newlines or ':'",
        name,
    )


def bad_id(value: object) -> Refusal:
    return Refusal("2030", f"Invalid ID : Id should be a valid number. Supplied value:{value}", "Id")


def bad_reference(kind: str, ident: str, element: str) -> Refusal:
    """`kind` is the list in QuickBooks' words: Accounts, Items, Names, TaxCodes…"""
    return Refusal("2500", f"Invalid Reference Id : {kind} element id {ident} not found", element)


def inactive(element: str = "") -> Refusal:
    return Refusal(
        "610",
        "Object Not Found : Something you're trying to use has been made inactive. "
        "Check the fields with accounts, customers, items, vendors or employees.",
        element,
    )


def gone() -> Refusal:
    return Refusal("610", "Object Not Found : Another user has deleted this transaction.")


def stale(user: str = "Office") -> Refusal:
    return Refusal(
        "5010",
        f"Stale Object Error : You and {user} were working on this at the same time. "
        f"{user} finished before you did, so your work was not saved.",
    )


def business(sentence: str, element: str = "") -> Refusal:
    return Refusal("6000", f"Business Validation Error: {sentence}", element)


def amount_mismatch(supplied: Decimal) -> Refusal:
    return Refusal("6070", f"Amount is not equal to UnitPrice * Qty. Supplied value:{supplied:,f}", "Amount")


def duplicate_number(number: str, txn_type: str, ident: str) -> Refusal:
    return Refusal(
        "6140",
        "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={number} is assigned to TxnType={txn_type} with TxnId={ident}",
    )


def duplicate_name(ident: str | None, element: str = "") -> Refusal:
    """`ident` is the object of the same type that holds the name; None when another type holds it."""
    owner = (
        f"Id={ident}"
        if ident
        else "Another customer, vendor or employee is already using this name. Please use a different name."
    )
    return Refusal("6240", f"The name supplied already exists. : {owner}", element)


def closed_books() -> Refusal:
    return Refusal(
        "6210",
        "Account Period Closed, Cannot Update Through Services Error : The account period has closed and the "
        "account books cannot be updated through the QBO Services API. "
        "Please use the QBO website to make these changes.",
    )


def deposited() -> Refusal:
    return Refusal(
        "6540",
        "Deposited Transaction cannot be changed : This transaction has been deposited. If you want to change or "
        "delete it, you must edit the deposit it appears on and remove it first.",
    )


def feature_off(feature: str) -> Refusal:
    return Refusal("5030", f"Feature Not Supported Error : The {feature} feature is not turned on for this company.")


def not_linkable(why: str = "") -> Refusal:
    return Refusal("620", f"The transaction you are trying to link to cannot be linked. {why}".strip(), "LinkedTxn")


def tax_rate_error(sentence: str) -> Refusal:
    return Refusal("6470", f"TaxLiabilityAccount or TaxRateError : {sentence}", "TxnTaxDetail")


def repeated(request_id: str) -> Refusal:
    return Refusal("600", f"Duplicate Request ID : {request_id} was used before.", "requestid")


def query_parser(detail: str) -> Refusal:
    return Refusal("4000", f"QueryParserError: {detail}")


def query_validation(detail: str) -> Refusal:
    return Refusal("4001", f"QueryValidationError: {detail}")


def unsupported(detail: str) -> Refusal:
    return Refusal("500", f"Unsupported operation : {detail}")


def throttled() -> Refusal:
    return Refusal(
        "3001", "You have exceeded the number of requests allowed. Try again later.", status=429, fault_type="SERVICE"
    )
