"""Company facts as JSON and back: they are read at connection and kept with the company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from connector.accounting.books import CompanyFacts
from connector.accounting.policy import TaxCode, TaxRate


def facts_to_json(facts: CompanyFacts) -> dict[str, Any]:
    plain = asdict(facts)
    plain["closed_until"] = facts.closed_until.isoformat() if facts.closed_until else None
    for name in ("tax_codes", "inactive_tax_codes"):
        plain[name] = [_code_to_json(code) for code in getattr(facts, name)]
    plain["tax_code_ids_unusable"] = list(facts.tax_code_ids_unusable)
    return plain


def facts_from_json(plain: Mapping[str, Any]) -> CompanyFacts:
    """Raises KeyError when the JSON is not what `facts_to_json` writes."""
    return CompanyFacts(
        **{
            **plain,
            "closed_until": date.fromisoformat(plain["closed_until"]) if plain["closed_until"] else None,
            "tax_codes": tuple(_code_from_json(code) for code in plain["tax_codes"]),
            "inactive_tax_codes": tuple(_code_from_json(code) for code in plain["inactive_tax_codes"]),
            "tax_code_ids_unusable": tuple(plain["tax_code_ids_unusable"]),
        }
    )


def _code_to_json(code: TaxCode) -> dict[str, Any]:
    return {
        "id": code.id,
        "name": code.name,
        "rates": [
            {"id": rate.id, "name": rate.name, "percent": str(rate.percent), "compound": rate.compound}
            for rate in code.rates
        ],
    }


def _code_from_json(plain: Mapping[str, Any]) -> TaxCode:
    return TaxCode(
        id=plain["id"],
        name=plain["name"],
        rates=tuple(
            TaxRate(id=rate["id"], name=rate["name"], percent=Decimal(rate["percent"]), compound=rate["compound"])
            for rate in plain["rates"]
        ),
    )
