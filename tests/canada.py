"""A Canadian shop made of the captured ones: every order and refund of both, taxed anew as WooCommerce would have.

Goods, quantities, coupons, shipping, fees and what was refunded stay the captured ones; the rates become a province's,
chosen by the order's id, and so does the store's rounding setting. Deterministic; the captures themselves stay as they
are. The store's arithmetic is the stand-in store's (sandbox/store/arithmetic.py), which is proved on the captures.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from connector.accounting.policy import RateMapping, TaxCode, TaxPolicy, TaxRate
from sandbox.store.arithmetic import Fee, Line, OrderAmounts, Shipping, calculate_order
from sandbox.store.money import round_half_up, shown
from sandbox.store.taxes import Location, Rate, Taxes, TaxRules, tax_in_gross, total_of

CAPTURES = Path(__file__).parent / "payloads" / "woocommerce"
HOME = {"fr": "EUR", "us": "USD"}
DELETED_RATE = 9999
ZERO = Decimal(0)

GST, QST, OLD_QST, HST_ON, HST_NB, PST, NO_TAX = 101, 102, 103, 104, 105, 106, 107
_NAMES = {
    GST: ("GST", "5"), QST: ("QST", "9.975"), OLD_QST: ("QST on GST", "9.5"), HST_ON: ("HST ON", "13"),
    HST_NB: ("HST NB", "15"), PST: ("PST BC", "7"), NO_TAX: ("Zero-rated", "0"),
}  # fmt: skip
PROVINCES = {"QC": (GST, QST), "Q1": (GST, OLD_QST), "ON": (HST_ON,), "NB": (HST_NB,), "BC": (GST, PST)}
"""The rates of a standard good. Q1 is Quebec as it was until 2012: its tax was laid on the federal one, too."""


def _rates() -> tuple[Rate, ...]:
    """The shop's tax table: standard, reduced (books: the federal tax alone, or the harmonised one) and zero."""
    rows = []
    for province, ids in PROVINCES.items():
        for tax_class, own in (("", ids), ("reduced-rate", ids[:1]), ("zero-rate", (NO_TAX,))):
            for priority, rate_id in enumerate(own, start=1):
                name, percent = _NAMES[rate_id]
                rows.append(
                    Rate(rate_id, Decimal(percent), name, tax_class, "CA", province, priority=priority,
                         compound=rate_id == OLD_QST)
                )  # fmt: skip
    return tuple(rows)


RATES = _rates()
_Q = {
    rate_id: TaxRate(str(rate_id + 100), name, Decimal(percent), compound=rate_id == OLD_QST)
    for rate_id, (name, percent) in _NAMES.items()
}
EXEMPT = TaxCode("60", "Exempt")


def canadian_taxes(**changes: object) -> TaxPolicy:
    """A company with one code for each combination; GST is one rate in several codes."""
    sets = ((GST,), (GST, QST), (GST, OLD_QST), (HST_ON,), (HST_NB,), (GST, PST), (NO_TAX,))
    rates = tuple(
        RateMapping(frozenset(ids), TaxCode(f"6{place}", "/".join(_Q[i].name for i in ids), tuple(_Q[i] for i in ids)))
        for place, ids in enumerate(sets, start=1)
    )
    values: dict[str, object] = {"world": "global", "rates": rates, "untaxed": EXEMPT}
    return TaxPolicy(**(values | changes))  # type: ignore[arg-type]


@cache
def canadian_orders(shop: str) -> tuple[dict[str, Any], ...]:
    """The orders of a captured shop as JSON, taxed in Canada."""
    raws = json.loads((CAPTURES / shop / "orders.json").read_text(encoding="utf-8"))
    return tuple(_retaxed(raw, shop) for raw in raws)


@cache
def canadian_refunds(shop: str) -> dict[str, list[dict[str, Any]]]:
    """Order id -> its refunds as JSON, the same shares of the same lines."""
    before = {raw["id"]: raw for raw in json.loads((CAPTURES / shop / "orders.json").read_text(encoding="utf-8"))}
    after = {raw["id"]: raw for raw in canadian_orders(shop)}
    refunds = json.loads((CAPTURES / shop / "refunds.json").read_text(encoding="utf-8"))
    return {
        order_id: _refunds(listed, before[int(order_id)], after[int(order_id)]) for order_id, listed in refunds.items()
    }


def write_shop(folder: Path, shop: str) -> Path:
    """A folder of captures that the stand-in store can serve: the shop, moved to Canada."""
    shutil.copytree(CAPTURES / shop, folder, dirs_exist_ok=True)
    orders, refunds = [dict(raw) for raw in canadian_orders(shop)], canadian_refunds(shop)
    for raw in orders:
        totals = {refund["id"]: refund["amount"] for refund in refunds.get(str(raw["id"]), ())}
        raw["refunds"] = [{**one, "total": f"-{totals[one['id']]}"} for one in raw["refunds"] if one["id"] in totals]
    listed = [{**refund, "parent_id": int(order_id)} for order_id, several in refunds.items() for refund in several]
    taxes = [_tax_row(rate) for rate in {rate.id: rate for rate in RATES}.values()]
    for name, rows in (("orders", orders), ("refunds", refunds), ("refunds_list", listed), ("taxes", taxes)):
        (folder / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "orders_dp6.json").unlink()
    return folder


def _retaxed(raw: Mapping[str, Any], shop: str) -> dict[str, Any]:
    """One order; a rate that no longer exists stays one, and a foreign currency stays what it was."""
    currency = "CAD" if raw["currency"] == HOME[shop] else raw["currency"]
    decimals = 0 if currency == "JPY" else 2
    if any(tax["id"] == DELETED_RATE for line in raw["line_items"] for tax in line["taxes"]):
        return {**raw, "currency": currency}
    province = list(PROVINCES)[raw["id"] % len(PROVINCES)]
    rules = TaxRules(
        RATES, Location("CA", "QC"), raw["prices_include_tax"], round_at_subtotal=raw["id"] % 3 == 0, decimals=decimals
    )
    order = OrderAmounts(
        lines=[_line(line, raw, rules, province) for line in raw["line_items"]],
        fees=[Fee(Decimal(fee["total"]), tax_status="taxable" if fee["taxes"] else "none") for fee in raw["fee_lines"]],
        shipping=[
            Shipping(Decimal(line["total"]), tax_status="taxable" if line["taxes"] else "none")
            for line in raw["shipping_lines"]
        ],
        location=Location("CA", province),
    )
    calculate_order(order, rules)
    return {
        **raw,
        "currency": currency,
        "line_items": [
            _line_row(old, new, rules) for old, new in zip(raw["line_items"], order.lines, strict=True)
        ],
        "shipping_lines": [
            {**old, "total": shown(new.total, decimals), **_tax_fields(new.taxes, rules)}
            for old, new in zip(raw["shipping_lines"], order.shipping, strict=True)
        ],
        "fee_lines": [
            {**old, "total": shown(new.total, decimals), **_tax_fields(new.taxes, rules)}
            for old, new in zip(raw["fee_lines"], order.fees, strict=True)
        ],
        "tax_lines": [
            _tax_line_row(place, line.rate_id, line.tax_total, line.shipping_tax_total, decimals)
            for place, line in enumerate(order.tax_lines, start=raw["id"] * 100)
        ],
        "total_tax": shown(order.total_tax, decimals),
        "total": shown(order.total + _odd_cent(raw), decimals),
        "discount_total": shown(order.discount_total, decimals),
        "discount_tax": shown(order.discount_tax, decimals),
        "shipping_total": shown(order.shipping_total, decimals),
        "shipping_tax": shown(order.shipping_tax, decimals),
        "cart_tax": shown(order.cart_tax, decimals),
    }  # fmt: skip


def _odd_cent(raw: Mapping[str, Any]) -> Decimal:
    """What an importer made the order's total differ from its lines by, where it is a cent or two."""
    lines = [*raw["line_items"], *raw["shipping_lines"], *raw["fee_lines"]]
    is_whole = all(Decimal(str(line.get("price", 0))).as_tuple().exponent >= -2 for line in raw["line_items"])
    rest = Decimal(raw["total"]) - Decimal(raw["total_tax"]) - sum((Decimal(line["total"]) for line in lines), ZERO)
    return rest if is_whole and abs(rest) <= Decimal("0.02") else ZERO


def _line(raw: Mapping[str, Any], order: Mapping[str, Any], rules: TaxRules, province: str) -> Line:
    """The captured line's net amount; of a price with tax the gross one stays and the net one is taken out of it."""
    quantity = Decimal(str(raw["quantity"]))
    total = Decimal(raw["total"])
    exact = round_half_up(Decimal(str(raw["price"])) * quantity, 6)
    total = exact if abs(exact - total) <= Decimal("0.005") else total
    subtotal = total if raw["subtotal"] == raw["total"] else Decimal(raw["subtotal"])
    line = Line(quantity, subtotal, total, _class_of(raw, order), taxable=bool(raw["taxes"]))
    if order["prices_include_tax"] and line.taxable:
        rates = rules.matching(line.tax_class, Location("CA", province))
        for name in ("subtotal", "total"):
            percent = _percent(raw, order)
            gross = round_half_up(getattr(line, name) * (1 + percent / 100), rules.decimals)
            setattr(line, name, round_half_up(gross - total_of(tax_in_gross(gross, rates)), 6))
    return line


def _class_of(raw: Mapping[str, Any], order: Mapping[str, Any]) -> str:
    percent = _percent(raw, order)
    if percent == 0:
        return "zero-rate"
    return "reduced-rate" if percent <= 6 else ""


def _percent(raw: Mapping[str, Any], order: Mapping[str, Any]) -> Decimal:
    percents = {line["rate_id"]: Decimal(str(line["rate_percent"])) for line in order["tax_lines"]}
    return sum((percents.get(tax["id"], ZERO) for tax in raw["taxes"]), ZERO)


def _line_row(old: Mapping[str, Any], new: Line, rules: TaxRules) -> dict[str, Any]:
    row = {**old, "subtotal": shown(new.subtotal, rules.decimals), "total": shown(new.total, rules.decimals)}
    row["price"] = float(new.total / new.quantity) if new.quantity else old["price"]
    row["subtotal_tax"] = shown(_line_tax(new.subtotal_taxes, rules), rules.decimals)
    return row | _tax_fields(new.taxes, rules)


def _tax_fields(taxes: Taxes, rules: TaxRules) -> dict[str, Any]:
    return {
        "total_tax": shown(_line_tax(taxes, rules), rules.decimals),
        "taxes": [{"id": rate, "total": shown(tax, rules.decimals), "subtotal": ""} for rate, tax in taxes.items()],
    }


def _line_tax(taxes: Taxes, rules: TaxRules) -> Decimal:
    return total_of(taxes) if rules.round_at_subtotal else sum(map(rules.round_tax, taxes.values()), ZERO)


def _tax_line_row(ident: int, rate_id: int, tax: Decimal, shipping: Decimal, decimals: int) -> dict[str, Any]:
    name, percent = _NAMES[rate_id]
    return {
        "id": ident, "rate_code": f"CA-{name.upper()}-1", "rate_id": rate_id, "label": name,
        "compound": rate_id == OLD_QST, "tax_total": shown(tax, decimals),
        "shipping_tax_total": shown(shipping, decimals), "rate_percent": float(percent), "meta_data": [],
    }  # fmt: skip


def _tax_row(rate: Rate) -> dict[str, Any]:
    return {
        "id": rate.id, "country": rate.country, "state": "", "postcode": "", "city": "", "postcodes": [], "cities": [],
        "rate": f"{rate.percent:.4f}", "name": rate.name, "priority": rate.priority, "compound": rate.compound,
        "shipping": True, "order": rate.id, "class": rate.tax_class or "standard",
    }  # fmt: skip


def _refunds(listed: list[dict[str, Any]], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same refunds of the order taxed anew; together they take no more than the order's total."""
    if new["tax_lines"] == old["tax_lines"]:
        return listed
    left = Decimal(new["total"])
    made = []
    for refund in sorted(listed, key=lambda one: one["id"]):
        again = _refund(refund, old, new, left)
        if Decimal(again["amount"]) > 0 or Decimal(refund["amount"]) == 0:
            made.append(again)
            left -= Decimal(again["amount"])
    return made


def _refund(refund: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any], left: Decimal) -> dict[str, Any]:
    decimals = 0 if new["currency"] == "JPY" else 2
    again = dict(refund)
    lines_before = lines_now = ZERO
    taxes: dict[int, list[Decimal]] = {}
    for kind in ("line_items", "shipping_lines", "fee_lines"):
        sold = {line["id"]: line for line in old[kind]}
        now = {line["id"]: line for line in new[kind]}
        rows = []
        for line in refund[kind]:
            origin = next((int(m["value"]) for m in line["meta_data"] if m["key"] == "_refunded_item_id"), 0)
            if origin not in sold:
                rows.append(line)
                continue
            row = _refunded_line(line, sold[origin], now[origin], decimals)
            rows.append(row)
            lines_before += Decimal(line["total"]) + Decimal(line["total_tax"])
            lines_now += Decimal(row["total"]) + Decimal(row["total_tax"])
            for tax in row["taxes"]:
                sums = taxes.setdefault(tax["id"], [ZERO, ZERO])
                sums[kind == "shipping_lines"] += Decimal(tax["total"])
        again[kind] = rows
    amount = Decimal(refund["amount"])
    if Decimal(refund["amount"]) == Decimal(old["total"]):
        amount = Decimal(new["total"])
    elif lines_before:
        amount = amount + lines_before - lines_now
    again["amount"] = shown(min(abs(amount), left), decimals)
    again["tax_lines"] = [
        _tax_line_row(refund["id"] * 100 + rate_id, rate_id, on_goods, on_shipping, decimals)
        for rate_id, (on_goods, on_shipping) in taxes.items()
    ]
    return again


def _refunded_line(
    line: Mapping[str, Any], sold: Mapping[str, Any], now: Mapping[str, Any], decimals: int
) -> dict[str, Any]:
    """The same share of the line, and the same share of its tax: a human may have given back more or less of it."""
    share = Decimal(line["total"]) / Decimal(sold["total"]) if Decimal(sold["total"]) else ZERO
    tax_share = Decimal(line["total_tax"]) / Decimal(sold["total_tax"]) if Decimal(sold["total_tax"]) else share
    taxes = [
        {"id": tax["id"], "total": shown(Decimal(tax["total"]) * tax_share, decimals), "subtotal": ""}
        for tax in now["taxes"]
    ]
    total_tax = sum((Decimal(tax["total"]) for tax in taxes), ZERO)
    return {**line, "total": shown(Decimal(now["total"]) * share, decimals), "total_tax": shown(total_tax, decimals),
            "taxes": taxes}  # fmt: skip
