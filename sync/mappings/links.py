"""A person's hand on the pairs of store and books: setting one, taking it off, and taking that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from connector.accounting.books import NameRow
from sync.models import Link
from tenants.audit import log_change
from tenants.models import Tenant, User

ACTIONS = {Link.Kind.ITEM: "mappings.products", Link.Kind.CUSTOMER: "mappings.customers"}

Pair = tuple[str, str, str, bool]
"""qbo_id, name, made_by, may_reactivate."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """before, after: the pair, None where there is none. label: of the store's side."""

    kind: str
    key: str
    label: str
    before: Pair | None
    after: Pair | None


def set_link(
    tenant: Tenant,
    kind: str,
    key: str,
    target: NameRow | None,
    *,
    label: str,
    user: User,
    made_by: str = Link.BY_HAND,
    may_reactivate: bool = False,
) -> LinkChange:
    """The pair as it is from now on, or none; an audit entry is left. Documents sent so far stay as they are."""
    after = (target.qbo_id, target.name[:500], made_by, may_reactivate) if target is not None else None
    return _write(tenant, kind, key, after, label=label, user=user)


def take_back(tenant: Tenant, change: Mapping[str, Any], *, user: User) -> bool:
    """The pair as it was before a change (`as_plain`); False when it was changed again since."""
    kind, key, after, before = change["kind"], change["key"], change["after"], change["before"]
    with transaction.atomic():
        if _now(tenant, kind, key) != (tuple(after) if after else None):
            return False
        _write(tenant, kind, key, tuple(before) if before else None, label=change["label"], user=user)
        return True


def as_plain(change: LinkChange) -> dict[str, Any]:
    """For a signed token."""
    return {
        "kind": change.kind,
        "key": change.key,
        "label": change.label,
        "before": change.before,
        "after": change.after,
    }


def _write(tenant: Tenant, kind: str, key: str, after: Pair | None, *, label: str, user: User) -> LinkChange:
    with transaction.atomic():
        before = _now(tenant, kind, key)
        if after is None:
            _rows(tenant, kind, key).delete()
        else:
            names = ("qbo_id", "name", "made_by", "may_reactivate")
            values: dict[str, Any] = dict(zip(names, after, strict=True))
            if before is None or before[0] != after[0]:
                values |= {"details_sign": "", "stock_aside": False}  # said about another object
            Link.objects.update_or_create(
                tenant=tenant, company=tenant.company, kind=kind, store_key=key, defaults=values
            )
        if before != after:
            told = [before[1] if before else None, after[1] if after else None]
            log_change(tenant, ACTIONS[Link.Kind(kind)], {label or key: told}, user=user)
    return LinkChange(kind, key, label, before, after)


def _now(tenant: Tenant, kind: str, key: str) -> Pair | None:
    found = _rows(tenant, kind, key).select_for_update().first()
    return (found.qbo_id, found.name, found.made_by, found.may_reactivate) if found is not None else None


def _rows(tenant: Tenant, kind: str, key: str) -> Any:
    return Link.objects.for_tenant(tenant).filter(company=tenant.company, kind=kind, store_key=key)
