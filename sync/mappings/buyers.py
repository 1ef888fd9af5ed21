"""Buyers of the store and the customers they are in the company, and who may stand there twice.

Rows are links; what the customer is called comes from the local lists. Of the buyer only what identifies him is kept
(e-mail, or name where there is none). Nobody is merged in QuickBooks: a person chooses for documents to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Concat, Greatest, StrIndex, Substr

from connector.accounting.books import NameRow
from connector.accounting.keys import normalise
from connector.accounting.policy import Ref
from sync.engine import mirror
from sync.mappings.names import search_customers
from sync.models import Link, MirrorEntry, Record
from sync.models.scoping import TenantQuerySet
from tenants.models import Company, Tenant

Filter = Literal["", "double", "inactive", "hand"]
FILTERS: tuple[Filter, ...] = ("", "double", "inactive", "hand")
_SUFFIX = " ("
"""What our own names for namesakes go on with: “Jane Doe (jane@doe.example)”."""


@dataclass(frozen=True, slots=True)
class Double:
    """Another customer who may be the same person. why: the same e-mail, or the same name."""

    row: NameRow
    why: Literal["email", "name"]


@dataclass(frozen=True, slots=True)
class Buyer:
    """identity: e-mail, or name. customer: as it is called now. how: as of `Link.made_by`. waiting: held records."""

    link_id: int
    key: str
    mode: str
    identity: str
    currency: str
    customer: Ref
    email: str
    how: str
    state: Literal["linked", "inactive", "gone"]
    doubles: tuple[Double, ...] = ()
    waiting: int = 0


def links_of(tenant: Tenant, company: Company, *, text: str = "", shown: str = "") -> TenantQuerySet[Link]:
    """Links to show, newest first."""
    links = Link.objects.for_tenant(tenant).filter(company=company, kind=Link.Kind.CUSTOMER)
    if shown == "hand":
        links = links.filter(made_by=Link.BY_HAND)
    elif shown == "inactive":
        active = _customers(company).filter(is_active=True)
        links = links.exclude(qbo_id__in=active.values("qbo_id"))
    elif shown == "double":
        links = links.filter(qbo_id__in=_doubled(company).values("qbo_id"))
    key = normalise(text)
    if key:
        called = _customers(company).filter(Q(name_key__icontains=key) | Q(email_key__icontains=key))
        links = links.filter(Q(store_key__icontains=key) | Q(qbo_id__in=called.values("qbo_id")))
    return links.order_by("-pk")


def buyers_of(tenant: Tenant, company: Company, links: Sequence[Link]) -> list[Buyer]:
    """A page of links as rows. A constant number of queries."""
    rows = mirror.by_ids(company, "Customer", (link.qbo_id for link in links))
    doubles = _doubles(company, [row for row in rows.values() if row.active])
    waiting = _waiting(tenant)
    found = []
    for link in links:
        row = rows.get(link.qbo_id)
        mode, identity, currency = parts_of(link.store_key)
        found.append(
            Buyer(
                link_id=link.pk,
                key=link.store_key,
                mode=mode,
                identity=identity,
                currency=currency,
                customer=Ref(link.qbo_id, row.name if row else link.name),
                email=row.email if row else "",
                how=link.made_by,
                state="gone" if row is None else "linked" if row.active else "inactive",
                doubles=doubles.get(link.qbo_id, ()),
                waiting=waiting.get(link.qbo_id, 0),
            )
        )
    return found


def parts_of(key: str) -> tuple[str, str, str]:
    """(mode, e-mail or name, currency) of a customer's store key."""
    _customer, mode, rest = [*key.split(":", 2), "", ""][:3]
    identity, _colon, currency = rest.rpartition(":")
    return mode, identity, currency


def choices_for(company: Company, buyer: Buyer, text: str) -> list[NameRow]:
    """Customers in the buyer's currency that may be taken instead; nobody is proposed before something is typed."""
    if not normalise(text):
        return []
    rows = search_customers(company, text, currency=buyer.currency)
    return [row for row in rows if row.qbo_id != buyer.customer.id]


def may_take(buyer: Buyer, row: NameRow | None) -> bool:
    """A customer has one currency for ever."""
    return row is not None and row.active and row.currency in ("", buyer.currency)


def records_waiting(tenant: Tenant, customer_id: str) -> TenantQuerySet[Record]:
    """Held because this customer is inactive."""
    held = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION, reason="inactive_customer")
    return held.filter(details__customer_id=customer_id).order_by("-ordered_at", "-pk")


def _customers(company: Company) -> QuerySet[MirrorEntry]:
    return MirrorEntry.objects.filter(company=company, kind="Customer")


def _doubled(company: Company) -> QuerySet[MirrorEntry]:
    """Active customers who share an e-mail with another one, or a name but for what tells them apart."""
    active = _customers(company).filter(is_active=True)
    shared = active.exclude(email_key="").values("email_key", "currency").annotate(n=Count("pk")).filter(n__gt=1)
    named = active.annotate(whole=Concat("name_key", Value("\x1f"), "currency"))
    told_apart = active.filter(name_key__contains=_SUFFIX).annotate(
        base=Concat(
            Substr("name_key", 1, Greatest(StrIndex("name_key", Value(_SUFFIX)) - 1, 0)), Value("\x1f"), "currency"
        )
    )
    with_email = active.annotate(whole=Concat("email_key", Value("\x1f"), "currency"))
    emails = shared.annotate(whole=Concat("email_key", Value("\x1f"), "currency")).values("whole")
    return active.filter(
        Q(pk__in=with_email.filter(whole__in=emails).values("pk"))
        | Q(pk__in=named.filter(whole__in=told_apart.values("base")).values("pk"))
        | Q(pk__in=told_apart.filter(base__in=named.values("whole")).values("pk"))
    )


def _doubles(company: Company, rows: Sequence[NameRow]) -> dict[str, tuple[Double, ...]]:
    bases = {row.qbo_id: _base(row.name) for row in rows}
    active = _customers(company).filter(is_active=True)
    near = Q(email_key__in={normalise(row.email) for row in rows if row.email})
    near |= Q(name_key__in=set(bases.values()))
    for base in sorted(set(bases.values())):
        near |= Q(name_key__startswith=f"{base}{_SUFFIX}")
    others = mirror.rows_from(active.filter(near).order_by("name_key", "qbo_id")[:500]) if rows else []
    found: dict[str, tuple[Double, ...]] = {}
    for row in rows:
        same = [one for one in others if one.qbo_id != row.qbo_id and one.currency == row.currency]
        by_email = [Double(one, "email") for one in same if row.email and normalise(one.email) == normalise(row.email)]
        taken = {one.row.qbo_id for one in by_email}
        by_name = [Double(one, "name") for one in same if _are_namesakes(one, row) and one.qbo_id not in taken]
        found[row.qbo_id] = (*by_email, *by_name)
    return found


def _are_namesakes(one: NameRow, other: NameRow) -> bool:
    """One bears the other's name, or both are told apart from the same one."""
    return _base(one.name) == _base(other.name)


def _base(name: str) -> str:
    key = normalise(name)
    return key.split(_SUFFIX, 1)[0] or key


def _waiting(tenant: Tenant) -> Mapping[str, int]:
    held = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION, reason="inactive_customer")
    rows = held.annotate(customer=KeyTextTransform("customer_id", "details")).order_by().values("customer")
    return {row["customer"] or "": row["records"] for row in rows.annotate(records=Count("pk"))}
