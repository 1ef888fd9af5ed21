"""Which customer a sale belongs to: the name we want, and which of the company's names it is (specification §5).

Two people are never merged: a namesake gets his e-mail behind the name, and the name is the same every time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from connector.accounting.books import CustomerWanted, NameRow
from connector.accounting.commerce import Address, Order
from connector.accounting.documents import Held, Notice
from connector.accounting.keys import customer_key, normalise
from connector.accounting.policy import CustomerPolicy, PostingPolicy, Ref
from connector.accounting.texts import name_with, one_line, plain_name, say


@dataclass(frozen=True, slots=True)
class UseCustomer:
    """by: how it was found, "email" or "name"; "" where it was known already."""

    ref: Ref
    by: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class CreateCustomer:
    """`wanted` bears a name that is free among the candidates."""

    wanted: CustomerWanted


@dataclass(frozen=True, slots=True)
class ReactivateCustomer:
    """An inactive customer that is to be made active first; `row` has its sync token."""

    ref: Ref
    row: NameRow


CustomerDecision = UseCustomer | CreateCustomer | ReactivateCustomer | Held


def wanted_customer(order: Order, policy: PostingPolicy) -> CustomerWanted:
    """The customer of an order in the chosen mode, as it would be created."""
    buyer = order.billing
    person = plain_name(f"{buyer.first_name} {buyer.last_name}") or plain_name(
        f"{order.shipping.first_name} {order.shipping.last_name}"
    )
    company = plain_name(buyer.company)
    email = one_line(buyer.email)
    if policy.customer_mode == "organisation" and company:
        return _customer(order, policy, company, mode="organisation", email=email, shared=True)
    name = person or company or plain_name(email)
    if policy.customer_mode == "generic" or not name:
        return _customer(order, policy, plain_name(policy.generic_customer), mode="generic", email="", shared=True)
    return _customer(order, policy, name, mode="original", email=email, shared=False)


def buyer_vat_number(order: Order, policy: PostingPolicy) -> str:
    """From the meta key the merchant named, else from one we know."""
    return one_line(order.meta.get(policy.vat_meta, "")) or one_line(order.vat_number)


def customer_notices(order: Order, policy: PostingPolicy) -> tuple[Notice, ...]:
    if policy.customer_mode == "organisation" and not plain_name(order.billing.company):
        return (Notice("no_company"),)
    return ()


def match_customer(wanted: CustomerWanted, candidates: Iterable[NameRow], policy: CustomerPolicy) -> CustomerDecision:
    """Exact e-mail, then exact name without another e-mail, then create under a free name.

    candidates: customers, vendors and employees, active or not, that have the e-mail or one of `possible_names`; more
    of them do no harm. Rows in another currency are other customers.
    """
    rows = [row for row in candidates if not row.deleted and row.kind in ("Customer", "Vendor", "Employee")]
    ours = [row for row in rows if row.kind == "Customer" and _has_currency(row, wanted)]
    found = _by_email(wanted, ours, policy)
    if found is not None:
        return _usable(found, policy, by="email")
    by_name: dict[str, list[NameRow]] = {}
    for row in rows:
        by_name.setdefault(normalise(row.name), []).append(row)
    for name in possible_names(wanted, clashes_with_other_kind=_is_taken_by_other_kind(wanted, by_name)):
        holders = by_name.get(normalise(name), [])
        if not holders:
            return CreateCustomer(replace(wanted, display_name=name))
        same = [row for row in holders if row in ours and _is_same_buyer(row, wanted)]
        if same:
            return _usable(_preferred(same), policy, by="name")
    return Held("inactive_customer", {"name": wanted.display_name, "problem": "no_free_name"})


def details_to_send(wanted: CustomerWanted, row: NameRow, policy: CustomerPolicy) -> frozenset[str]:
    """Which details of an existing customer the order may fill in, or replace by option (specification §5).

    Names are never touched. What several buyers share is only ever filled: else they would replace each other's.
    """
    given: dict[str, object] = {
        "email": "" if wanted.shared else wanted.email,
        "phone": wanted.phone,
        "company": wanted.company,
        "billing": wanted.billing,
        "shipping": wanted.shipping,
        "vat": wanted.vat_number,
    }
    known = frozenset(name for name, value in given.items() if value)
    if policy.update == "never":
        return frozenset()
    return known if policy.update == "overwrite" and not wanted.shared else known & row.lacks


def details_sign(wanted: CustomerWanted, details: Iterable[str]) -> str:
    """Equal for the same details, so that the same are never sent twice."""
    said = {
        "email": wanted.email,
        "phone": wanted.phone,
        "company": wanted.company,
        "billing": repr(wanted.billing),
        "shipping": repr(wanted.shipping),
        "vat": wanted.vat_number,
    }
    text = "\n".join(f"{name}={said[name]}" for name in sorted(details))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def possible_names(wanted: CustomerWanted, *, clashes_with_other_kind: bool = False) -> Iterator[str]:
    """The names to try, in order: as it is, with the e-mail, with "customer", with a sign of its own.

    A clash with a vendor or an employee is told apart by the word, one with a namesake by the e-mail.
    """
    base, email, suffix = wanted.display_name, wanted.email, wanted.clash_suffix
    yield base
    additions = [email, suffix] if not clashes_with_other_kind else [suffix, email]
    if wanted.shared or normalise(email) == normalise(base):
        additions = [suffix]
    yield from (name_with(base, addition) for addition in additions if addition)
    sign = hashlib.sha256(wanted.key.encode("utf-8", "replace")).hexdigest()
    for length in (6, 12, 24):
        yield name_with(base, sign[:length])


def _customer(order: Order, policy: PostingPolicy, name: str, *, mode: str, email: str, shared: bool) -> CustomerWanted:
    is_foreign = order.currency != policy.home_currency
    identity = "" if shared else email
    if identity and policy.customers.same_email_other_name == "new":
        identity = f"{email} {name}"
    generic = mode == "generic"
    return CustomerWanted(
        key=customer_key(mode=mode, email=identity, name=name, currency=order.currency),
        display_name=name_with(name, order.currency if is_foreign else ""),
        given_name="" if generic else one_line(order.billing.first_name)[:100],
        family_name="" if generic else one_line(order.billing.last_name)[:100],
        company="" if generic else one_line(order.billing.company)[:100],
        email=email,
        phone="" if generic else one_line(order.billing.phone),
        billing=None if generic else _address(order.billing),
        shipping=None if generic else _address(order.shipping),
        currency=order.currency,
        send_currency=policy.multicurrency,
        shared=shared,
        vat_number="" if generic else buyer_vat_number(order, policy),
        clash_suffix=say("customer", policy.language),
    )


def _address(address: Address) -> Address | None:
    return address if address != Address() else None


def _by_email(wanted: CustomerWanted, ours: Sequence[NameRow], policy: CustomerPolicy) -> NameRow | None:
    """The customer with this e-mail, one of the same name first; one of another name by option."""
    if wanted.shared or not normalise(wanted.email):
        return None
    same_email = [row for row in ours if normalise(row.email) == normalise(wanted.email)]
    own_names = {normalise(name) for name in possible_names(wanted)}
    same_name = [row for row in same_email if normalise(row.name) in own_names]
    if same_name:
        return _preferred(same_name)
    return _preferred(same_email) if same_email and policy.same_email_other_name == "existing" else None


def _preferred(rows: Sequence[NameRow]) -> NameRow:
    """An active one before an inactive one, then the oldest."""
    return min(rows, key=lambda row: (not row.active, len(row.qbo_id), row.qbo_id))


def _is_same_buyer(row: NameRow, wanted: CustomerWanted) -> bool:
    """A holder of the name that may be the buyer: nothing says that it is somebody else."""
    if wanted.shared or not normalise(row.email):
        return True
    return normalise(row.email) == normalise(wanted.email)


def _has_currency(row: NameRow, wanted: CustomerWanted) -> bool:
    return not row.currency or not wanted.currency or row.currency == wanted.currency


def _is_taken_by_other_kind(wanted: CustomerWanted, by_name: dict[str, list[NameRow]]) -> bool:
    holders = by_name.get(normalise(wanted.display_name), [])
    return bool(holders) and all(row.kind != "Customer" for row in holders)


def _usable(row: NameRow, policy: CustomerPolicy, *, by: str) -> CustomerDecision:
    ref = Ref(row.qbo_id, row.name)
    if row.active:
        return UseCustomer(ref, by)
    if policy.reactivate:
        return ReactivateCustomer(ref, row)
    return Held("inactive_customer", {"name": row.name, "customer_id": row.qbo_id})
