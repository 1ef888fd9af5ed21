"""The options that are chosen row by row on the pages of Mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from tenants.models import Tenant
from tests.sync.test_option_proofs import codes_of, exempt_order
from tests.sync.web.options.proof import Books, Named, Proof, id_of, owner_of
from tests.sync.world import World


def saves_the_payment_method(world: World, tenant: Tenant, _path: str, row: Mapping[str, Any]) -> None:
    _post(tenant, "mapping_payment_save", {"gateway": "stripe", **_ids(world, row)})


def saves_the_rate(world: World, tenant: Tenant, _path: str, row: Mapping[str, Any]) -> None:
    """Of the French rate for food, which the order bears."""
    [key] = [str(one["id"]) for one in world.store_taxes() if (one["country"], float(one["rate"])) == ("FR", 5.5)]
    _post(tenant, "mapping_tax_save", {"key": key, **_ids(world, row)})


def saves_the_code(world: World, tenant: Tenant, _path: str, row: Mapping[str, Any]) -> None:
    _post(tenant, "mapping_tax_save", _ids(world, row))


def _ids(world: World, row: Mapping[str, Any]) -> dict[str, str]:
    return {name: id_of(world, value) if isinstance(value, Named) else value for name, value in row.items()}


def _post(tenant: Tenant, url: str, data: Mapping[str, str]) -> None:
    assert owner_of(tenant).post(reverse(url, args=[tenant.slug]), data).status_code == 302


def sells_abroad(world: World) -> None:
    exempt_order(world, "US")


def payments_of(books: Books) -> list[tuple[str, str]]:
    """Account and payment method of the money recorded."""
    return [(one["DepositToAccountRef"]["name"], one["PaymentMethodRef"]["name"]) for one in books.documents("Payment")]


def codes(books: Books) -> Any:
    return books.held_or(lambda: codes_of(books.world, books.sale))


PROOFS = {
    "payments.methods": Proof(
        "The account and the payment method that the money of each gateway is recorded with, or that it is not.",
        payments_of,
        (
            (
                {"account": Named("Account", "Bank"), "method": Named("PaymentMethod", "Bank transfer")},
                [("Bank", "Bank transfer")],
            ),
            (
                {"account": Named("Account", "PayPal clearing"), "method": Named("PaymentMethod", "PayPal")},
                [("PayPal clearing", "PayPal")],
            ),
            ({"account": "none"}, []),
        ),
        chosen=saves_the_payment_method,
        settings={"document": "invoice"},
    ),
    "taxes.rates": Proof(
        "The tax code of every line that bears the rate; without one the order waits.",
        codes,
        (({"code": Named("TaxCode", "5.5% S")}, {"5.5% S"}), ({"code": ""}, {"unmapped_tax_rate"})),
        chosen=saves_the_rate,
    ),
    "taxes.untaxed_code": Proof(
        "The tax code of lines that bear no tax.",
        codes,
        (
            ({"key": "untaxed_code", "code": Named("TaxCode", "Exempt")}, {"Exempt"}),
            ({"key": "untaxed_code", "code": Named("TaxCode", "0.0% S")}, {"0.0% S"}),
        ),
        given=sells_abroad,
        chosen=saves_the_code,
    ),
    "taxes.untaxed": Proof(
        "The tax code of lines that bear no tax because of their buyer or country, where it is another.",
        codes,
        (
            ({"key": "export", "code": Named("TaxCode", "Export")}, {"Export"}),
            ({"key": "export", "code": ""}, {"Exempt"}),
        ),
        given=sells_abroad,
        chosen=saves_the_code,
    ),
}
