"""Finds or creates the customers and items of a whole slice at once: links, then the mirror, then creations.

A slice of known buyers and products costs no call at all. Decisions are the core's (customers.py, items.py); here they
are gathered, sent in batches, and repeated when QuickBooks names an object that already bears the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from django.db import transaction

from connector.accounting.books import CustomerWanted, NameKind, NameRow, Payload
from connector.accounting.commerce import Order, Product, ProductKey
from connector.accounting.customers import (
    CreateCustomer,
    CustomerDecision,
    ReactivateCustomer,
    UseCustomer,
    details_sign,
    details_to_send,
    match_customer,
    possible_names,
    wanted_customer,
)
from connector.accounting.documents import Held, Parties
from connector.accounting.items import (
    CreateItem,
    ItemDecision,
    ReactivateItem,
    Sold,
    UseItem,
    match_item,
    possible_item_names,
)
from connector.accounting.keys import item_key
from connector.accounting.money import ZERO
from connector.accounting.plan import SYMBOLIC
from connector.accounting.policy import PostingPolicy, Ref
from sync.engine import mirror
from sync.engine.context import Slice
from sync.engine.post import new_posting, send_everything
from sync.engine.sold import sold_not_sent
from sync.models import Link, Posting
from sync.models import Mapping as MappingRow

ROUNDS = 3
"""How often a creation is decided anew after QuickBooks said that the name exists."""
DUPLICATE_NAME = "6240"
UNKNOWN_CURRENCY = "2220"
STALE_OBJECT = "5010"
STALE_REFERENCES = frozenset({"610", "2500", "6250"})
ITEM_ACCOUNTS = ("income_account", "expense_account", "inventory_asset_account", "cogs_account")
PEOPLE: tuple[NameKind, ...] = ("Customer", "Vendor", "Employee")


PRODUCTS_AT_ONCE = 100
Lines = dict[ProductKey, tuple[Sold, PostingPolicy]]
"""What an item is looked for, and the rules that govern it."""


class Candidate(Protocol):
    """What is resolved: an order under its rules."""

    @property
    def order(self) -> Order: ...
    @property
    def policy(self) -> PostingPolicy: ...


@dataclass(frozen=True, slots=True)
class Goods:
    """Lines whose items are asked for, of an order whose customer is known."""

    order: Order
    policy: PostingPolicy


@dataclass(slots=True)
class Resolved:
    """Decisions by store key; `created` names what this slice made anew, for the records' history."""

    customers: dict[str, CustomerDecision] = field(default_factory=dict)
    items: dict[ProductKey, ItemDecision] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)

    def item_refs(self, order: Order) -> dict[ProductKey, Ref]:
        """Of items that are yet to be made, symbolically."""
        refs: dict[ProductKey, Ref] = {}
        for line in order.lines:
            decision = self.items.get(line.product)
            if isinstance(decision, UseItem | ReactivateItem):
                refs[line.product] = decision.ref
            elif isinstance(decision, CreateItem):
                refs[line.product] = Ref(SYMBOLIC + decision.wanted.key, decision.wanted.name)
        return refs

    def held_item(self, order: Order) -> Held | None:
        for line in order.lines:
            decision = self.items.get(line.product)
            if isinstance(decision, Held):
                return decision
        return None

    def parties(self, candidate: Candidate) -> Parties | Held:
        held = self.held_item(candidate.order)
        if held is not None:
            return held
        customer = self.customers[wanted_customer(candidate.order, candidate.policy).key]
        if isinstance(customer, Held):
            return customer
        if not isinstance(customer, UseCustomer):
            raise AssertionError("every customer to be made was made, or is held")
        return Parties(customer=customer.ref, items=self.item_refs(candidate.order))


def find_parties(
    work: Slice, candidates: Sequence[Candidate], *, buyers: Sequence[Candidate] | None = None
) -> Resolved:
    """Customers and items of all candidates, created where the rules say so; what cannot be had is Held by key.

    buyers: the candidates whose customer is asked for, all unless told; a refund takes the customer of its sale."""
    who = candidates if buyers is None else buyers
    resolved = Resolved()
    refused: dict[str, Held] = {}
    for _round in range(ROUNDS):
        resolved.items = {**match_items(work, candidates), **_held_items(candidates, refused)}
        resolved.customers = match_customers(work, who, refused)
        makes = [d for d in (*resolved.items.values(), *resolved.customers.values()) if _is_to_be_made(d)]
        if not makes:
            break
        if mirror.refresh(work):
            continue
        postings = _plan_makes(work, resolved)
        send_everything(work)
        _learn_from(work, postings, resolved, refused)
    else:
        resolved.items = {**match_items(work, candidates), **_held_items(candidates, refused)}
        resolved.customers = match_customers(work, who, refused)
        _hold_what_is_not_made(resolved)
    _remember(work, resolved)
    return resolved


def find_items(work: Slice, wanted: Sequence[Product], policy: PostingPolicy) -> Resolved:
    """As find_parties, for products that no order needs yet."""
    resolved = Resolved()
    refused: dict[str, Held] = {}
    products = {product.product: product for product in wanted}
    lines: Lines = {key: (product, policy) for key, product in products.items()}

    def match() -> dict[ProductKey, ItemDecision]:
        held = {key: refused[item_key(*key)] for key in products if item_key(*key) in refused}
        return {**_match(work, lines, products), **held}

    for _round in range(ROUNDS):
        resolved.items = match()
        if not any(_is_to_be_made(decision) for decision in resolved.items.values()):
            break
        if mirror.refresh(work):
            continue
        postings = _plan_makes(work, resolved)
        send_everything(work)
        _learn_from(work, postings, resolved, refused)
    else:
        resolved.items = match()
        _hold_what_is_not_made(resolved)
    _remember(work, resolved)
    return resolved


def match_items(work: Slice, candidates: Sequence[Candidate]) -> dict[ProductKey, ItemDecision]:
    """Decisions without creating or remembering anything."""
    lines: Lines = {}
    for candidate in candidates:
        for line in candidate.order.lines:
            if line.product_id:
                lines.setdefault(line.product, (line, candidate.policy))
    return _match(work, lines, {})


def _match(work: Slice, lines: Lines, products: Mapping[ProductKey, Product]) -> dict[ProductKey, ItemDecision]:
    """products: the store's products as far as they are known; others are read where a stock item may be made."""
    decisions: dict[ProductKey, ItemDecision] = _linked_items(work, lines)
    open_lines = {key: value for key, value in lines.items() if key not in decisions}
    if not open_lines:
        return decisions
    names = [name for line, policy in open_lines.values() for name in (*possible_item_names(line, policy), line.sku)]
    names += [line.name for line, policy in open_lines.values() if policy.items.name_fallback]
    rows = mirror.by_skus(work.company, (line.sku for line, _policy in open_lines.values()))
    rows = _each_once([*rows, *mirror.by_names(work.company, ("Item",), names)])
    wished = _wished(work, open_lines)
    open_lines = {
        key: (line, replace(policy, create_items=True) if key in wished else policy)
        for key, (line, policy) in open_lines.items()
    }
    products = {**products, **_read_products(work, open_lines, products)}
    for key, (line, policy) in open_lines.items():
        decision = match_item(line, rows, policy, product=products.get(key))
        decisions[key] = decision
        if isinstance(decision, CreateItem):
            wanted = decision.wanted
            rows.append(
                NameRow(kind="Item", qbo_id=SYMBOLIC + wanted.key, name=wanted.name, active=True, sku=wanted.sku)
            )
    return decisions


def _wished(work: Slice, keys: Iterable[ProductKey]) -> set[ProductKey]:
    """Products that somebody asked an item for, whatever the settings say."""
    by_key = {item_key(*key): key for key in keys}
    rows = MappingRow.objects.for_tenant(work.tenant).filter(
        kind=MappingRow.Kind.PRODUCT, store_key__in=by_key, may_create=True
    )
    return {by_key[store_key] for store_key in rows.values_list("store_key", flat=True)}


def _read_products(work: Slice, lines: Lines, products: Mapping[ProductKey, Product]) -> dict[ProductKey, Product]:
    """What a stock item begins with: the store's stock, plus what is sold and will be taken out by its own document."""
    stocked = [
        key
        for key, (line, policy) in lines.items()
        if policy.create_items and policy.items.type == "inventory" and line.sku
    ]
    found: dict[ProductKey, Product] = {key: products[key] for key in stocked if key in products}
    unknown = [key for key in stocked if key not in products]
    for start in range(0, len(unknown), PRODUCTS_AT_ONCE):
        work.beat()
        found |= work.store.stock_of(unknown[start : start + PRODUCTS_AT_ONCE])
    if not any(policy.items.initial_quantity == "store" for _line, policy in lines.values()):
        return found
    sold = sold_not_sent(work) if found else {}
    return {
        key: replace(product, stock_quantity=product.stock_quantity + sold.get(key, ZERO))
        if product.stock_quantity is not None
        else product
        for key, product in found.items()
    }


def match_customers(
    work: Slice, candidates: Sequence[Candidate], refused: Mapping[str, Held]
) -> dict[str, CustomerDecision]:
    """One decision per customer key; names given out earlier in the slice count as taken."""
    wanted = {
        (customer := wanted_customer(candidate.order, candidate.policy)).key: (customer, candidate.policy)
        for candidate in candidates
    }
    decisions: dict[str, CustomerDecision] = dict(_linked_customers(work, wanted))
    decisions.update({key: held for key, held in refused.items() if key in wanted})
    open_ones = {key: value for key, value in wanted.items() if key not in decisions}
    if not open_ones:
        return decisions
    rows = mirror.by_emails(work.company, (customer.email for customer, _policy in open_ones.values()))
    names = _names(customer for customer, _policy in open_ones.values())
    rows = _each_once([*rows, *mirror.by_names(work.company, PEOPLE, names)])
    for key, (customer, policy) in open_ones.items():
        decision = match_customer(customer, rows, policy.customers)
        decisions[key] = decision
        if isinstance(decision, CreateCustomer):
            made = decision.wanted
            rows.append(
                NameRow(
                    kind="Customer",
                    qbo_id=SYMBOLIC + key,
                    name=made.display_name,
                    active=True,
                    email=made.email,
                    currency=made.currency,
                )
            )
    return decisions


def _each_once(rows: Iterable[NameRow]) -> list[NameRow]:
    """A row that was found in two ways is still one object."""
    return list({(row.kind, row.qbo_id): row for row in rows}.values())


def _names(customers: Iterable[CustomerWanted]) -> list[str]:
    return [
        name
        for customer in customers
        for clash in (False, True)
        for name in possible_names(customer, clashes_with_other_kind=clash)
    ]


def _linked_items(work: Slice, lines: Lines) -> dict[ProductKey, ItemDecision]:
    by_key = {item_key(*key): key for key in lines}
    links = {
        link.store_key: link
        for link in Link.objects.for_tenant(work.tenant).filter(
            company=work.company, kind=Link.Kind.ITEM, store_key__in=by_key
        )
    }
    chosen = {
        row.store_key: row.qbo_id
        for row in MappingRow.objects.for_tenant(work.tenant)
        .filter(kind=MappingRow.Kind.PRODUCT, store_key__in=by_key)
        .exclude(qbo_id="")
    }
    ids = {store_key: link.qbo_id for store_key, link in links.items()} | chosen
    rows = mirror.by_ids(work.company, "Item", ids.values())
    decisions: dict[ProductKey, ItemDecision] = {}
    for store_key, qbo_id in ids.items():
        key = by_key[store_key]
        if store_key in links and links[store_key].made_by == Link.DEFAULT:
            decisions[key] = None
            continue
        line, policy = lines[key]
        row = rows.get(qbo_id)
        name = row.name if row else links[store_key].name if store_key in links else ""
        if row is None or row.active:
            decisions[key] = UseItem(Ref(qbo_id, name))
        elif policy.items.reactivate or _may_reactivate(links.get(store_key), qbo_id):
            decisions[key] = ReactivateItem(Ref(qbo_id, name), row)
        else:
            decisions[key] = Held("inactive_item", {"sku": line.sku, "name": name, "item_id": qbo_id})
    return decisions


def _may_reactivate(link: Link | None, qbo_id: str) -> bool:
    """A word about one object is none about another that was chosen since."""
    return link is not None and link.may_reactivate and link.qbo_id == qbo_id


def _linked_customers(
    work: Slice, wanted: Mapping[str, tuple[CustomerWanted, PostingPolicy]]
) -> dict[str, CustomerDecision]:
    links = Link.objects.for_tenant(work.tenant).filter(
        company=work.company, kind=Link.Kind.CUSTOMER, store_key__in=wanted.keys()
    )
    by_key = {link.store_key: link for link in links}
    rows = mirror.by_ids(work.company, "Customer", (link.qbo_id for link in by_key.values()))
    decisions: dict[str, CustomerDecision] = {}
    for key, link in by_key.items():
        row = rows.get(link.qbo_id)
        ref = Ref(link.qbo_id, row.name if row else link.name)
        if row is None or row.active:
            decisions[key] = UseCustomer(ref)
        elif wanted[key][1].customers.reactivate or link.may_reactivate:
            decisions[key] = ReactivateCustomer(ref, row)
        else:
            decisions[key] = Held("inactive_customer", {"name": row.name, "customer_id": row.qbo_id})
    return decisions


def _remember(work: Slice, resolved: Resolved) -> None:
    """Matches become links, so that later renames of a SKU or a buyer do not matter and the next slice asks nothing."""
    found = [(Link.Kind.ITEM, item_key(*key), item) for key, item in resolved.items.items()]
    found += [(Link.Kind.CUSTOMER, key, customer) for key, customer in resolved.customers.items()]  # type: ignore[misc]
    Link.objects.bulk_create(
        [
            Link(
                tenant=work.tenant,
                company=work.company,
                kind=kind,
                store_key=key,
                qbo_id=decision.ref.id,
                name=decision.ref.name[:500],
                made_by=decision.by or Link.MATCHED,
            )
            for kind, key, decision in found
            if isinstance(decision, UseItem | UseCustomer)
        ],
        ignore_conflicts=True,
    )


def send_details(work: Slice, candidates: Sequence[Candidate], resolved: Resolved) -> None:
    """Fills in (or replaces, by option) what the buyers say about existing customers; a refusal holds no order.

    The same details are sent once, whatever becomes of them. Of several orders of one buyer the last one speaks.
    """
    wanted = {
        (customer := wanted_customer(candidate.order, candidate.policy)).key: (customer, candidate.policy.customers)
        for candidate in candidates
    }
    links = {
        link.store_key: link
        for link in Link.objects.for_tenant(work.tenant).filter(
            company=work.company,
            kind=Link.Kind.CUSTOMER,
            store_key__in=[key for key in wanted if key not in resolved.created],
        )
    }
    rows = mirror.by_ids(work.company, "Customer", (link.qbo_id for link in links.values()))
    postings: list[Posting] = []
    with transaction.atomic():
        work.heartbeat()
        for key, link in links.items():
            customer, policy = wanted[key]
            row = rows.get(link.qbo_id)
            details = details_to_send(customer, row, policy) if row is not None and row.active else frozenset()
            sign = details_sign(customer, details)
            if row is None or not details or link.details_sign == sign:
                continue
            payload = work.books.encode_customer_details(row, customer, details)
            postings.append(new_posting(work, key=key, operation="update", entity="Customer", payload=payload))
            Link.objects.filter(pk=link.pk).update(details_sign=sign)
    if not postings:
        return
    work.checkpoint("details planned")
    send_everything(work)
    _look_again(work, Posting.objects.filter(pk__in=[one.pk for one in postings], fault_code=STALE_OBJECT))


def _look_again(work: Slice, stale: Iterable[Posting]) -> None:
    """Somebody changed these customers since the mirror was read: what they are now is read, for the next order."""
    for posting in stale:
        work.beat()
        row = work.books.read_name("Customer", str(posting.payload["Id"]))
        mirror.take_in(work.company, [row] if row is not None else [])
        Link.objects.for_tenant(work.tenant).filter(company=work.company, store_key=posting.key).update(details_sign="")


def _is_to_be_made(decision: object) -> bool:
    return isinstance(decision, CreateCustomer | ReactivateCustomer | CreateItem | ReactivateItem) or (
        isinstance(decision, UseCustomer | UseItem) and decision.ref.id.startswith(SYMBOLIC)
    )


def _plan_makes(work: Slice, resolved: Resolved) -> list[Posting]:
    """One posting per customer or item to be made, in one transaction; items first, then customers."""
    postings: list[Posting] = []

    def add(key: str, entity: str, payload: Payload, *, update_of: NameRow | None = None) -> None:
        operation = "create" if update_of is None else "update"
        living = Posting.objects.for_tenant(work.tenant).filter(
            key=key, operation="create", state__in=[Posting.State.PLANNED, Posting.State.POSTED]
        )
        if operation == "create":
            living.filter(state=Posting.State.POSTED).update(state=Posting.State.UNDONE)
        postings.append(
            new_posting(work, key=key, operation=operation, entity=entity, payload=payload)  # type: ignore[arg-type]
        )

    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        for product, item in resolved.items.items():
            if isinstance(item, CreateItem):
                entity, payload = work.books.encode_item(item.wanted)
                add(item.wanted.key, entity, payload)
                resolved.created[item.wanted.key] = item.wanted.name
            elif isinstance(item, ReactivateItem):
                add(item_key(*product), "Item", _reactivation(item.row), update_of=item.row)
        for key, customer in resolved.customers.items():
            if isinstance(customer, CreateCustomer):
                entity, payload = work.books.encode_customer(customer.wanted)
                add(key, entity, payload)
                resolved.created[key] = customer.wanted.display_name
            elif isinstance(customer, ReactivateCustomer):
                add(key, "Customer", _reactivation(customer.row), update_of=customer.row)
        Link.objects.for_tenant(work.tenant).filter(
            company=work.company, store_key__in=[posting.key for posting in postings], may_reactivate=True
        ).update(may_reactivate=False)
    work.checkpoint("names planned")
    return postings


def _reactivation(row: NameRow) -> Payload:
    return {"Id": row.qbo_id, "SyncToken": row.sync_token, "sparse": True, "Active": True}


def _learn_from(work: Slice, postings: Sequence[Posting], resolved: Resolved, refused: dict[str, Held]) -> None:
    """Refused creations: a duplicate name is looked at (the one object that bears it), a currency that the company does
    not list is added where the merchant allows it, anything else holds."""
    currencies: dict[str, list[str]] = {}
    for posting in postings:
        last = (
            Posting.objects.for_tenant(work.tenant)
            .filter(key=posting.key, operation=posting.operation)
            .order_by("-generation")
            .first()
        )
        if last is None or last.state != Posting.State.FAULTED:
            continue
        resolved.created.pop(posting.key, None)
        if last.fault_code == DUPLICATE_NAME and _look_at_namesake(work, last):
            continue
        if last.fault_code == UNKNOWN_CURRENCY:
            currencies.setdefault(_currency_of(posting), []).append(posting.key)
            continue
        refused[posting.key] = _lost_account(work, last) or Held(
            f"refused_by_quickbooks:{last.fault_code}",
            {
                "code": last.fault_code,
                "message": last.fault_detail[:500],
                "name": str(posting.payload.get("DisplayName") or posting.payload.get("Name") or ""),
            },
        )
    for currency, keys in currencies.items():
        if not _activate(work, currency):
            home = work.policy_for(work.options).home_currency
            held = Held("currency_off", {"currency": currency, "home": home, "problem": "not_active"})
            refused.update(dict.fromkeys(keys, held))


def _currency_of(posting: Posting) -> str:
    return str((posting.payload.get("CurrencyRef") or {}).get("value", ""))


def _activate(work: Slice, currency: str) -> bool:
    """Adds a currency to the company's list, by option; True when it is there now."""
    if not work.policy_for(work.options).customers.activate_currency:
        return False
    key = f"currency:{currency}"
    with transaction.atomic():
        work.heartbeat()
        Posting.objects.for_tenant(work.tenant).filter(key=key, state=Posting.State.POSTED).update(
            state=Posting.State.UNDONE
        )
        posting = new_posting(work, key=key, operation="create", entity="CompanyCurrency", payload={"Code": currency})
    send_everything(work)
    posting.refresh_from_db()
    return posting.state == Posting.State.POSTED or posting.fault_code == DUPLICATE_NAME


def _lost_account(work: Slice, posting: Posting) -> Held | None:
    """An item is refused when an account of the settings has gone: the setting is named, from a mirror read afresh."""
    if posting.entity != "Item" or posting.fault_code not in STALE_REFERENCES:
        return None
    mirror.refresh(work, at_once=True)
    lost = work.policy_for(work.options).inactive_refs
    key = next((key for key in ITEM_ACCOUNTS if key in lost), "")
    return Held(f"missing_setting:{key}", {"name": lost[key], "problem": "inactive"}) if key else None


def _look_at_namesake(work: Slice, posting: Posting) -> bool:
    """Reads the object that bears the name into the mirror, so that the next decision knows it."""
    work.beat()
    existing = str(posting.answer.get("existing_id") or "")
    kind: NameKind = "Customer" if posting.entity == "Customer" else "Item"
    row = work.books.read_name(kind, existing) if existing else None
    rows = [row] if row is not None else []
    if not rows and kind == "Customer":
        rows = list(work.books.names_called(str(posting.payload.get("DisplayName", ""))))
    mirror.take_in(work.company, rows)
    return bool(rows)


def _held_items(candidates: Sequence[Candidate], refused: Mapping[str, Held]) -> dict[ProductKey, ItemDecision]:
    return {
        line.product: refused[item_key(*line.product)]
        for candidate in candidates
        for line in candidate.order.lines
        if item_key(*line.product) in refused
    }


def _hold_what_is_not_made(resolved: Resolved) -> None:
    """After the last round whatever is still not there is a question to a person, never a guess."""

    def held(name: str) -> Held:
        return Held("refused_by_quickbooks:6240", {"code": "6240", "name": name})

    for product, item in list(resolved.items.items()):
        if _is_to_be_made(item):
            resolved.items[product] = held(str(product))
    for key, customer in list(resolved.customers.items()):
        if _is_to_be_made(customer):
            resolved.customers[key] = held(key)
