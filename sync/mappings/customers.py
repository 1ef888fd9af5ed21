"""Buyers of the store against customers of the company: a person's choice is a link."""

from __future__ import annotations

from collections.abc import Mapping

from connector.accounting.books import NameRow
from connector.accounting.commerce import Order
from connector.accounting.customers import wanted_customer
from connector.accounting.keys import normalise
from connector.woo.parse import parse_order
from sync.choices import latest_version
from sync.engine import mirror
from sync.mappings.links import LinkChange, set_link
from sync.models import Link, Record
from sync.models.scoping import TenantQuerySet
from sync.policy import build_policy
from tenants.models import Company, Tenant, User

LOOKED_AT = 500


def buyers_held(tenant: Tenant, records: TenantQuerySet[Record]) -> dict[str, str]:
    """Store key -> name of the customers that held orders ask for, under the rules of today."""
    version, company = latest_version(tenant), tenant.company
    if version is None or company is None:
        return {}
    policy = build_policy(tenant, version, company)
    found: dict[str, str] = {}
    for raw in records.values_list("raw", flat=True)[:LOOKED_AT]:
        order = parse_order(raw) if raw else None
        if isinstance(order, Order):
            wanted = wanted_customer(order, policy)
            found.setdefault(wanted.key, wanted.display_name)
    return found


def namesakes(company: Company, row: NameRow) -> list[NameRow]:
    """Active customers in its currency that bear its e-mail or its name, by name."""
    rows = [*mirror.by_emails(company, [row.email]), *mirror.by_names(company, ("Customer",), [row.name])]
    same = {one.qbo_id: one for one in rows if one.active and one.currency == row.currency}
    return sorted(same.values(), key=lambda one: (normalise(one.name), one.qbo_id))


def link_customers(
    tenant: Tenant, buyers: Mapping[str, str], customer: NameRow, *, user: User, may_reactivate: bool = False
) -> list[LinkChange]:
    """The next documents of these buyers (store key -> name) are this customer's; what was posted stays as it is.

    may_reactivate: it is inactive, and made active again by the next run."""
    return [
        set_link(tenant, Link.Kind.CUSTOMER, key, customer, label=name, user=user, may_reactivate=may_reactivate)
        for key, name in buyers.items()
    ]
