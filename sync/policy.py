"""Options version and company facts -> PostingPolicy: the merchant's choices as one value for the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connector.accounting.books import CompanyFacts
from connector.accounting.facts import facts_from_json
from connector.accounting.policy import (
    CustomerPolicy,
    GatewayMapping,
    ItemPolicy,
    PostingPolicy,
    RateMapping,
    Ref,
    TaxCode,
    TaxPolicy,
)
from sync.models import MirrorEntry, OptionsVersion
from sync.schema import with_defaults
from tenants.models import Company, Tenant

_REFERENCES: Mapping[str, tuple[str, str, str]] = {
    "default_item": ("Item", "orders", "default_item"),
    "shipping_item": ("Item", "orders", "shipping_item"),
    "discount_item": ("Item", "orders", "discount_item"),
    "fee_item": ("Item", "orders", "fee_item"),
    "rounding_item": ("Item", "orders", "rounding_item"),
    "refund_item": ("Item", "orders", "refund_item"),
    "tax_item": ("Item", "taxes", "tax_item"),
    "class": ("Class", "orders", "class"),
    "location": ("Department", "orders", "location"),
    "terms": ("Term", "orders", "terms"),
    "default_account": ("Account", "payments", "default_account"),
    "fee_account": ("Account", "payments", "fee_account"),
    "income_account": ("Account", "items", "income_account"),
    "expense_account": ("Account", "items", "expense_account"),
    "inventory_asset_account": ("Account", "items", "inventory_asset_account"),
    "cogs_account": ("Account", "items", "cogs_account"),
}
"""Policy key -> (QuickBooks list, section, option)."""


def build_policy(tenant: Tenant, version: OptionsVersion, company: Company) -> PostingPolicy:
    """The rules of a version with what the company is and has taught. Raises KeyError on a broken document."""
    document = with_defaults(version.document)
    facts = facts_from_json(company.facts)
    orders, items, payments = document["orders"], document["items"], document["payments"]
    customers = document["customers"]
    gateways = {row["gateway"]: _gateway(row) for row in payments["methods"]}
    return PostingPolicy(
        tenant_key=tenant.key,
        time_zone=document["tenant"]["time_zone"],
        start_date=date.fromisoformat(document["tenant"]["start_date"]),
        statuses=frozenset(orders["statuses"]),
        home_currency=facts.home_currency,
        multicurrency=facts.multicurrency,
        country=facts.country,
        taxes=_taxes(document["taxes"], facts, company),
        store_currency=str(tenant.store_facts.get("currency") or ""),
        store_decimals=tenant.store_facts.get("decimals"),
        exchange_rates=orders["exchange_rates"],
        document=orders["document"],
        date_choice=orders["date"],
        number_prefix=orders["number_prefix"],
        automatic_numbers=orders["automatic_numbers"],
        custom_numbers_on=facts.custom_numbers,
        number_meta=orders["number_source"] or "",
        vat_meta=customers["vat_number_source"] or "",
        default_item=_ref(orders["default_item"]),
        shipping_item=_ref(orders["shipping_item"]),
        discount_item=_ref(orders["discount_item"]),
        fee_item=_ref(orders["fee_item"]),
        fee_items={name: ref for name, plain in orders["fee_items"].items() if (ref := _ref(plain)) is not None},
        rounding_item=_ref(orders["rounding_item"]),
        refund_item=_ref(orders["refund_item"]),
        customer_mode=orders["customer_mode"],
        generic_customer=orders["generic_customer"],
        sales_class=_ref(orders["class"]) if facts.classes else None,
        row_classes=facts.row_classes,
        location=_ref(orders["location"]) if facts.locations else None,
        credit_memos=orders["credit_memos"],
        cancelled=orders["cancelled"],
        whole_order_refunds=document["refunds"]["whole_order"],
        closed_period=orders["closed_period"],
        closed_until=facts.closed_until,
        zero_total=orders["zero_total"],
        terms=_ref(orders["terms"]),
        customer_note=orders["customer_note"],
        match_items_by=items["match_by"],
        create_items=items["create"],
        prices_include_tax=bool((tenant.store_facts or {}).get("prices_include_tax")),
        record_payments=payments["record"],
        default_account=_ref(payments["default_account"]),
        gateways=gateways,
        gateway_fees=payments["gateway_fees"],
        fee_account=_ref(payments["fee_account"]),
        language=(orders["language"] or document["tenant"]["language"])[:2],
        inactive_refs=_inactive(document, company, facts),
        items=ItemPolicy(
            type=items["type"],
            income_account=_ref(items["income_account"]),
            expense_account=_ref(items["expense_account"]),
            asset_account=_ref(items["inventory_asset_account"]),
            cogs_account=_ref(items["cogs_account"]),
            reactivate=items["reactivate"],
            name_fallback=items["name_fallback"],
            initial_quantity=items["initial_quantity"],
        ),
        customers=CustomerPolicy(
            reactivate=customers["reactivate"],
            same_email_other_name=customers["same_email_other_name"],
            update=customers["update"],
            activate_currency=customers["activate_currency"],
        ),
    )


def _ref(plain: Mapping[str, Any] | None) -> Ref | None:
    return Ref(str(plain["id"]), str(plain.get("name", ""))) if plain else None


def _gateway(row: Mapping[str, Any]) -> GatewayMapping:
    return GatewayMapping(
        gateway=row["gateway"],
        account=_ref(row.get("account")),
        payment_method=_ref(row.get("payment_method")),
        record=row.get("record", True),
    )


def _taxes(taxes: Mapping[str, Any], facts: CompanyFacts, company: Company) -> TaxPolicy:
    """The world is the company's unless the merchant chose one; then lines may still need a code."""
    codes = {code.id: code for code in facts.tax_codes}
    matched = {code.id: code for code in facts.inactive_tax_codes} | codes  # an inactive one is named, not forgotten
    world = facts.tax_world if taxes["mode"] == "auto" else taxes["mode"]
    untaxed = taxes["untaxed"]
    return TaxPolicy(
        world=world,
        rates=tuple(
            RateMapping(
                rate_ids=frozenset(row["rate_ids"]),
                code=matched[row["tax_code"]["id"]],
                percent=Decimal(row["percent"]) if row.get("percent") is not None else None,
            )
            for row in taxes["rates"]
            if row["tax_code"]["id"] in matched
        ),
        untaxed=_code(taxes["untaxed_code"], codes) or _code(untaxed.get("other"), codes),
        untaxed_vat_exempt=_code(untaxed.get("vat_exempt"), codes),
        untaxed_export=_code(untaxed.get("export"), codes),
        tax_item=_ref(taxes["tax_item"]),
        override=taxes["override"],
        cancelling_lines=taxes["cancelling_lines"],
        overrides=company.learned_overrides,  # type: ignore[arg-type]  # constraint company_learned_overrides_is_known
        rounding=company.learned_rounding,  # type: ignore[arg-type]  # constraint company_learned_rounding_is_known
        prediction_wrong=company.learned_prediction_wrong,
        needs_line_codes=world == "off" and facts.tax_world != "off",
    )


def _code(plain: Mapping[str, Any] | None, codes: Mapping[str, TaxCode]) -> TaxCode | None:
    return codes.get(str(plain["id"])) if plain else None


def _inactive(document: Mapping[str, Any], company: Company, facts: CompanyFacts) -> dict[str, str]:
    """Settings whose QuickBooks object has vanished or become inactive: option key -> name."""
    chosen: dict[str, tuple[str, str, str]] = {}
    for key, (kind, section, option) in _REFERENCES.items():
        plain = document[section][option]
        if plain:
            chosen[key] = (kind, str(plain["id"]), plain.get("name", ""))
    for name, plain in document["orders"]["fee_items"].items():
        if plain:
            chosen[f"fee_items:{name}"] = ("Item", str(plain["id"]), plain.get("name", ""))
    for row in document["payments"]["methods"]:
        if row.get("account"):
            chosen[f"gateway:{row['gateway']}"] = ("Account", str(row["account"]["id"]), row["account"].get("name", ""))
        method = row.get("payment_method")
        if method:
            chosen[f"payment_method:{row['gateway']}"] = ("PaymentMethod", str(method["id"]), method.get("name", ""))
    living = _living(company, ((kind, qbo_id) for kind, qbo_id, _name in chosen.values()))
    lost = {key: name or qbo_id for key, (kind, qbo_id, name) in chosen.items() if (kind, qbo_id) not in living}
    usable = {code.id for code in facts.tax_codes}
    taxes = document["taxes"]
    for plain in [taxes["untaxed_code"], *(row["tax_code"] for row in taxes["rates"]), *taxes["untaxed"].values()]:
        if plain and str(plain["id"]) not in usable:
            lost[f"tax_code:{plain['id']}"] = plain.get("name", "") or str(plain["id"])
            if plain == taxes["untaxed_code"]:
                lost["untaxed_code"] = plain.get("name", "") or str(plain["id"])
    return lost


def _living(company: Company, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    pairs = set(wanted)
    rows = MirrorEntry.objects.filter(
        company=company, is_active=True, kind__in={kind for kind, _id in pairs}, qbo_id__in={i for _kind, i in pairs}
    )
    return set(rows.values_list("kind", "qbo_id")) & pairs
