"""The stand-in company without HTTP, database or engine: a plan goes in as JSON, its answer comes out.

`settle` does with the answers what the engine does (sync/engine/verify.py): compares, learns, plans again, repairs or
takes back, so that thousands of orders can be followed to their end under every behaviour of a company.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from connector.accounting.books import Posted, Refused
from connector.accounting.compare import compare, learn, learn_refusal
from connector.accounting.documents import Held, Outcome, Planned, SaleDocument
from connector.accounting.policy import PostingPolicy, TaxCode, TaxPolicy
from connector.qbo.decode import posted
from connector.qbo.encode import encode_document
from sandbox.company.behaviour import Behaviour
from sandbox.company.books import Books
from sandbox.company.names import save_name
from sandbox.company.profiles import write_profile
from sandbox.company.refusals import Refusal
from sandbox.company.sales import prepare
from sandbox.company.schema import clean_entity
from sandbox.company.storage import Storage
from sandbox.company.values import dumps, loads

ATTEMPTS = 5
"""The engine repairs a document at most four times."""
TAX_REFUSALS = frozenset({"2280", "6160", "6470"})
CURRENCIES = ("EUR", "USD", "CAD", "GBP", "CHF", "JPY", "KWD", "AUD")


class Till:
    """One company of a country. What a document names is there, whatever its id: this is about amounts."""

    def __init__(self, world: str) -> None:
        self._storage = Storage(None)
        self._known: dict[tuple[str, str], object] = {}
        with self._storage.transaction():
            write_profile(self._storage, "us" if world.startswith("us_") else "fr", world)
            self._books = Books(self._storage)
            preferences = self._books.preferences
            currencies = {**preferences["CurrencyPrefs"], "MultiCurrencyEnabled": True}
            self._storage.rewrite("Preferences", {**preferences, "CurrencyPrefs": currencies})
            for code in CURRENCIES:
                if code != self._books.home_currency:
                    save_name(self._books, "CompanyCurrency", {"Code": code, "Name": code}, None)

    def answer(self, sale: SaleDocument, policy: PostingPolicy, behaviour: Mapping[str, Any]) -> Posted | Refused:
        """What the company makes of a document, through the JSON of both directions."""
        entity, payload = encode_document(sale)
        body = loads(json.dumps(payload))
        with self._storage.transaction():
            self._books.behaviour = Behaviour().changed(behaviour)
            self._furnish(body, codes_of(policy.taxes, sale))
            try:
                prepared = prepare(self._books, entity, clean_entity(entity, body), None, any_number=True)
            except Refusal as refusal:
                return Refused("b", refusal.code, refusal.message, refusal.detail, refusal.element or "")
        answered = {**prepared.document, "Id": "1", "SyncToken": "0"}
        return posted("b", entity, loads(dumps(answered)))

    def _furnish(self, body: Mapping[str, Any], codes: Iterable[TaxCode]) -> None:
        """Everything that the document names, and the engine's code for addresses without a state."""
        currency = body["CurrencyRef"]["value"]
        customer = body["CustomerRef"]["value"]
        self._keep("Customer", customer, {"DisplayName": f"Customer {customer}", "CurrencyRef": {"value": currency}})
        for line in body["Line"]:
            item = line["SalesItemLineDetail"]["ItemRef"]["value"]
            self._keep("Item", item, {"Name": f"Item {item}", "FullyQualifiedName": f"Item {item}", "Type": "Service"})
        for name, kind, value in (
            ("DepositToAccountRef", "Account", {"AccountType": "Bank", "AccountSubType": "Checking"}),
            ("PaymentMethodRef", "PaymentMethod", {}),
            ("ClassRef", "Class", {}),
            ("DepartmentRef", "Department", {}),
            ("SalesTermRef", "Term", {}),
        ):
            if body.get(name):
                ident = body[name]["value"]
                title = f"{kind} {ident}"
                self._keep(kind, ident, {"Name": title, "FullyQualifiedName": title, **value})
        for code in codes:
            self._keep_code(code)
            if self._books.tax_world == "us_automated":
                address = body.get("ShipAddr") or body.get("BillAddr") or {}
                state = str(address.get("CountrySubDivisionCode", "")).upper()
                self._storage.set_meta("engine_codes", dumps({state: code.id}))

    def _keep(self, kind: str, ident: str, value: Mapping[str, Any]) -> None:
        if self._known.get((kind, ident)) != value:
            self._books.save(kind, {"Id": ident, "Active": True, **value})
            self._known[kind, ident] = value

    def _keep_code(self, code: TaxCode) -> None:
        if self._known.get(("TaxCode", code.id)) == code:
            return
        details = []
        for order, rate in enumerate(code.rates):
            self._books.save(
                "TaxRate", {"Id": rate.id, "Name": rate.name, "RateValue": rate.percent, "Active": True,
                            "AgencyRef": {"value": "1"}},
            )  # fmt: skip
            kind = "TaxOnAmountPlusTax" if rate.compound else "TaxOnAmount"
            details.append({"TaxRateRef": {"value": rate.id}, "TaxTypeApplicable": kind, "TaxOrder": order})
        self._books.save(
            "TaxCode",
            {"Id": code.id, "Name": code.name, "Active": True, "SalesTaxRateList": {"TaxRateDetail": details}},
        )
        self._known["TaxCode", code.id] = code


def codes_of(taxes: TaxPolicy, sale: SaleDocument) -> list[TaxCode]:
    """The codes behind the ids of a document."""
    named = {line.tax_code.id for line in sale.lines if line.tax_code}
    named |= {sale.tax.code.id} if sale.tax is not None and sale.tax.code is not None else set()
    if taxes.world == "us_automated":
        return [mapping.code for mapping in taxes.rates[:1]]
    codes = [mapping.code for mapping in taxes.rates]
    codes += [code for code in (taxes.untaxed, taxes.untaxed_vat_exempt, taxes.untaxed_export) if code]
    return [code for code in codes if code.id in named]


@cache
def till_of(world: str) -> Till:
    return Till(world)


@dataclass
class End:
    """How a document ended: as planned in the books, or held and out of them. taxes: what its answers have taught."""

    outcome: Outcome
    taxes: TaxPolicy
    answer: Posted | None = None
    answers: list[Posted | Refused] = field(default_factory=list)


def settle(
    plan: Callable[[PostingPolicy], Outcome], policy: PostingPolicy, behaviour: Mapping[str, Any], *, company: str = ""
) -> End:
    """Follows a document to its end in a company of this behaviour, as the engine does.

    company: its tax world, where the merchant chose another one.
    """
    till = till_of(company or policy.taxes.world)
    outcome = plan(policy)
    end = End(outcome, policy.taxes)
    while isinstance(outcome, Planned):
        answer = till.answer(outcome.sale, policy, behaviour)
        end.answers.append(answer)
        if isinstance(answer, Refused):
            if not _is_about_tax(answer, outcome):
                return replace(end, outcome=Held(f"refused_by_quickbooks:{answer.code}", {"message": answer.detail}))
            lesson = learn_refusal(policy.taxes, outcome)
        else:
            lesson = learn(policy.taxes, outcome, answer)
            if not compare(outcome.sale, answer):
                return replace(end, outcome=outcome, answer=answer, taxes=lesson.taxes)
        end = replace(end, taxes=lesson.taxes)
        if not lesson.try_again or len(end.answers) >= ATTEMPTS:
            reason = f"refused_by_quickbooks:{answer.code}" if isinstance(answer, Refused) else "totals_differ"
            return replace(end, outcome=Held(reason, {"problem": "taken_back"}))
        policy = replace(policy, taxes=lesson.taxes)
        outcome = plan(policy)
    return replace(end, outcome=outcome)


def _is_about_tax(answer: Refused, planned: Planned) -> bool:
    states = planned.sale.tax is not None and planned.sale.tax.stated
    return states and (answer.code in TAX_REFUSALS or (answer.code == "6000" and "tax" in answer.detail.lower()))
