"""Creating tax codes through `taxservice/taxcode` (QBO reference, Taxes: TaxService create)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.company.books import Books
from sandbox.company.refusals import Refusal, bad_reference, duplicate_name, missing
from sandbox.company.schema import anything, clean, list_of, nested, number, text
from sandbox.company.values import plain

_DETAIL = nested("TaxRateDetails", {
    "TaxRateName": text(100), "TaxRateId": text(20), "RateValue": number, "TaxAgencyId": text(20),
    "TaxApplicableOn": text(20),
})  # fmt: skip
_FIELDS = {
    "TaxCode": text(100), "TaxCodeId": anything, "TaxRateDetails": list_of(_DETAIL), "Id": anything,
    "domain": anything, "sparse": anything,
}  # fmt: skip


def create_tax_code(books: Books, body: Mapping[str, Any]) -> dict[str, Any]:
    """A new code from new or existing rates; the answer has no envelope. Raises Refusal."""
    wanted = clean("TaxService", _FIELDS, body)
    name = wanted.get("TaxCode")
    if not name:
        raise missing("TaxCode")
    details = wanted.get("TaxRateDetails") or []
    if not details:
        raise missing("TaxRateDetails")
    _refuse_taken(books, "TaxCode", name)
    rates = [_rate(books, detail) for detail in details]
    code = books.save("TaxCode", {
        "Name": name, "Description": name, "Active": True, "Hidden": False, "Taxable": True, "TaxGroup": True,
        "TaxCodeConfigType": "USER_DEFINED", "SalesTaxRateList": rate_list(rates),
        "PurchaseTaxRateList": {"TaxRateDetail": []},
    })  # fmt: skip
    answered = [
        {
            "TaxRateName": rate["Name"],
            "TaxRateId": rate["Id"],
            "RateValue": plain(Decimal(rate["RateValue"])),
            "TaxAgencyId": rate["AgencyRef"]["value"],
            "TaxApplicableOn": "Sales",
        }
        for rate in rates
    ]
    return {"TaxCode": name, "TaxCodeId": code["Id"], "TaxRateDetails": answered}


def rate_list(rates: list[dict[str, Any]], *, compound: bool = False) -> dict[str, Any]:
    """A SalesTaxRateList over the rates in order; `compound`: later ones stand on earlier ones."""
    return {
        "TaxRateDetail": [
            {
                "TaxRateRef": {"value": rate["Id"], "name": rate["Name"]},
                "TaxTypeApplicable": "TaxOnAmountPlusTax" if compound and order else "TaxOnAmount",
                "TaxOrder": order,
            }
            for order, rate in enumerate(rates)
        ]
    }


def new_rate(books: Books, name: str, percent: Decimal, agency: str) -> dict[str, Any]:
    return books.save("TaxRate", {
        "Name": name, "Description": name, "Active": True, "RateValue": percent, "AgencyRef": {"value": agency},
        "SpecialTaxType": "NONE" if percent else "ZERO_RATE", "DisplayType": "ReadOnly",
        "EffectiveTaxRate": [{"RateValue": percent, "EffectiveDate": "2000-01-01"}],
    })  # fmt: skip


def _rate(books: Books, detail: Mapping[str, Any]) -> dict[str, Any]:
    if detail.get("TaxRateId"):
        found = books.get("TaxRate", detail["TaxRateId"])
        if found is None:
            raise bad_reference("TaxRates", detail["TaxRateId"], "TaxRateId")
        return found
    for name in ("TaxRateName", "RateValue", "TaxAgencyId"):
        if detail.get(name) is None:
            raise missing(name)
    if not 0 <= detail["RateValue"] <= 100:
        raise Refusal("2150", f"Invalid Percent : {detail['RateValue']}", "RateValue")
    if books.get("TaxAgency", detail["TaxAgencyId"]) is None:
        raise bad_reference("TaxAgencies", detail["TaxAgencyId"], "TaxAgencyId")
    _refuse_taken(books, "TaxRate", detail["TaxRateName"])
    return new_rate(books, detail["TaxRateName"], detail["RateValue"], detail["TaxAgencyId"])


def _refuse_taken(books: Books, kind: str, name: str) -> None:
    row = books.storage.row("SELECT id FROM object WHERE type = ? AND name = ?", (kind, name.casefold()))
    if row is not None:
        raise duplicate_name(str(row[0]), "Name")
