"""Buyers of the store against customers of the company: a person's choice is a link."""

from __future__ import annotations

from collections.abc import Collection

from connector.accounting.books import NameRow
from connector.accounting.commerce import Order
from connector.accounting.customers import wanted_customer
from connector.accounting.keys import normalise
from connector.woo.parse import parse_order
from sync.choices import latest_version
from sync.engine import mirror
from sync.models import Link, Record
from sync.models.scoping import TenantQuerySet
from sync.policy import build_policy
from tenants.audit import log_change
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
    tenant: Tenant, keys: Collection[str], customer: NameRow, *, user: User, may_reactivate: bool = False
) -> None:
    """The next documents of these buyers are this customer's; what was posted stays as it is.

    may_reactivate: it is inactive, and made active again by the next run."""
    for key in keys:
        known = Link.objects.for_tenant(tenant).filter(company=tenant.company, kind=Link.Kind.CUSTOMER, store_key=key)
        before = known.values_list("name", flat=True).first()
        Link.objects.update_or_create(
            tenant=tenant,
            company=tenant.company,
            kind=Link.Kind.CUSTOMER,
            store_key=key,
            defaults={
                "qbo_id": customer.qbo_id,
                "name": customer.name[:500],
                "made_by": "hand",
                "may_reactivate": may_reactivate,
                "details_sign": "",
            },
        )
        log_change(tenant, "mappings.customers", {key: [before, customer.name]}, user=user)
