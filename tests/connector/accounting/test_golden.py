"""Every captured order of both shops, and the hard cases one by one, against the documents we once read and accepted.

`pytest --update-golden` rewrites them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.accounting.commerce import Order
from connector.accounting.documents import Held, Means, Outcome, Planned
from connector.accounting.plan import plan_order
from connector.accounting.policy import PostingPolicy, Ref, TaxCode
from connector.woo.parse import parse_order
from tests.connector.accounting.golden import render_outcome
from tests.connector.accounting.shops import (
    POLICIES,
    captured_orders,
    mapping,
    parties_of,
    single_rate_code,
    us_automated_taxes,
    us_manual_taxes,
)

GOLDEN = Path(__file__).parents[2] / "golden"
SETS: dict[str, tuple[str, dict[str, Any]]] = {
    "fr_global_receipts": ("fr", {"document": "sales_receipt"}),
    "fr_global_invoices": ("fr", {"document": "invoice"}),
    "us_off_receipts": ("us", {"document": "sales_receipt"}),
    "us_off_invoices": ("us", {"document": "invoice"}),
    "us_manual_receipts": ("us", {"document": "sales_receipt", "taxes": us_manual_taxes()}),
    "us_automated_receipts": ("us", {"document": "sales_receipt", "taxes": us_automated_taxes()}),
}
CASES = sorted(
    file.parent.name
    for file in GOLDEN.glob("*/order.json")
    if not any((file.parent / other).exists() for other in ("refunds.json", "later.json"))
)
FROM_THE_BEGINNING = date(2010, 1, 1)


def plans(shop: str, options: dict[str, Any], name: str = "orders") -> list[tuple[Order, Outcome]]:
    policy = POLICIES[shop](start_date=FROM_THE_BEGINNING, **options)
    return [(order, plan_order(order, policy, parties_of(order))) for order in captured_orders(shop, name)]


@pytest.mark.parametrize("name", SETS)
def test_captured_orders_give_the_accepted_documents(name: str, pytestconfig: pytest.Config) -> None:
    rendered = [{"order": order.id, **render_outcome(outcome)} for order, outcome in plans(*SETS[name])]
    lines = [json.dumps(row, ensure_ascii=False) for row in rendered]
    path = GOLDEN / f"{name}.jsonl"
    if pytestconfig.getoption("--update-golden"):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("case", CASES)
def test_a_hard_case_gives_the_accepted_documents(case: str, pytestconfig: pytest.Config) -> None:
    folder = GOLDEN / case
    order = parse_order(json.loads((folder / "order.json").read_text(encoding="utf-8")))
    assert isinstance(order, Order)
    policy = read_policy(json.loads((folder / "policy.json").read_text(encoding="utf-8")))
    rendered = render_outcome(plan_order(order, policy, parties_of(order)))
    path = folder / "documents.json"
    if pytestconfig.getoption("--update-golden"):
        path.write_text(json.dumps(rendered, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    assert rendered == json.loads(path.read_text(encoding="utf-8"))
    assert (folder / "why.md").read_text(encoding="utf-8").startswith("# ")


HELD = {
    "fr_global": {88, 128, 206, 271},
    "us_off": {115, 140, 209},
    "us_manual": {115, 140, 209, 277},
    "us_automated": {115, 140, 209},
}


@pytest.mark.parametrize("name", SETS)
def test_only_foreign_currencies_and_the_deleted_rate_are_held(name: str) -> None:
    held = HELD[name.rpartition("_")[0]]
    outcomes = plans(*SETS[name])
    assert {order.id for order, outcome in outcomes if isinstance(outcome, Held)} == held
    for _, outcome in outcomes:
        if isinstance(outcome, Planned):
            assert outcome.proof.store_total == outcome.proof.document_total
            assert outcome.proof.store_tax == outcome.proof.document_tax
            assert all(rate.store == rate.document for rate in outcome.proof.rates)


@pytest.mark.parametrize("shop", ["fr", "us"])
def test_more_decimals_from_the_store_change_no_total(shop: str) -> None:
    shown = {order.id: outcome for order, outcome in plans(shop, {})}
    for order, outcome in plans(shop, {}, "orders_dp6"):
        same = shown[order.id]
        assert isinstance(outcome, Planned)
        assert isinstance(same, Planned)
        assert outcome.sale.total == same.sale.total
        assert outcome.proof.rates == same.proof.rates


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {Means.COMPUTED: 86, Means.STATED: 52, Means.NONE: 7}),
        ({"overrides": "ignored"}, {Means.COMPUTED: 86, Means.CANCELLING: 52, Means.NONE: 7}),
        ({"overrides": "refused", "cancelling_lines": False}, {Means.COMPUTED: 86, Means.ROUNDING: 51, Means.NONE: 7}),
        ({"override": "always"}, {Means.STATED: 138, Means.NONE: 7}),
        ({"prediction_wrong": True}, {Means.STATED: 138, Means.NONE: 7}),
        ({"override": "never"}, {Means.COMPUTED: 86, Means.CANCELLING: 52, Means.NONE: 7}),
    ],
)
def test_the_french_orders_by_means(change: dict[str, Any], expected: dict[Means, int]) -> None:
    policy = POLICIES["fr"](start_date=FROM_THE_BEGINNING)
    policy = replace(policy, taxes=replace(policy.taxes, **change))
    outcomes = [plan_order(order, policy, parties_of(order)) for order in captured_orders("fr")]
    assert Counter(o.proof.means for o in outcomes if isinstance(o, Planned)) == expected


def read_policy(written: dict[str, Any]) -> PostingPolicy:
    """`shop` names the policy to start from; `changes` are its fields, objects of the company as {"id", "name"}."""
    changes = {key: Ref(**value) if isinstance(value, dict) else value for key, value in written["changes"].items()}
    policy = POLICIES[written["shop"]](start_date=FROM_THE_BEGINNING, **changes)
    return replace(
        policy, taxes=replace(policy.taxes, **{k: _taxes(k, v) for k, v in written.get("taxes", {}).items()})
    )


def _taxes(name: str, value: Any) -> Any:
    """A code without rates as {"id", "name"}; `rates` as rows of one rate each, with its percentage."""
    if name == "rates":
        return tuple(
            mapping(row["rate_ids"], single_rate_code(row["id"], row["name"], row["percent"])) for row in value
        )
    return TaxCode(**value) if isinstance(value, dict) else value
