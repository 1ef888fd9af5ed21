"""The first-time wizard's knowledge: what is left, what the two systems offer, what is suggested, and the dry run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef

from connector.accounting.books import CompanyFacts, NameRow
from connector.accounting.commerce import DRAFT_STATUSES, Order, Unreadable
from connector.accounting.facts import facts_from_json
from connector.accounting.policy import TaxWorld
from connector.accounting.suggest import (
    Suggestion,
    default_account,
    suggest_account,
    suggest_payment_method,
    suggest_untaxed_code,
)
from connector.woo.client import OrderRow, WooStore
from connector.woo.facts import StoreGateway, StoreStatus, StoreTaxRate
from connector.woo.parse import parse_order
from sync import choices, missing
from sync.choices import save_choices
from sync.engine import mirror
from sync.engine.context import Slice
from sync.engine.keyed import LINKS, SEARCH
from sync.engine.rehearse import Rehearsal, rehearse
from sync.models import OptionsVersion, Posting, Record, Run
from sync.models.scoping import TenantQuerySet
from sync.portability import Problem
from sync.wiring import SystemClock, current_options, meta_keys_of, open_books, open_store, policy_source
from tenants.models import AuditEntry, Company, Tenant, User

StepKey = Literal["store", "company", "orders", "mappings", "rehearsal", "extras", "on"]
STEPS: tuple[StepKey, ...] = ("store", "company", "orders", "mappings", "rehearsal", "extras", "on")
OPTIONAL: frozenset[StepKey] = frozenset({"extras"})
"""Steps that nobody is led through: who does not open them goes on without."""

TRIAL = "trial"
"""What starts a run of one order as a test."""
OF_THE_SETUP = (TRIAL, SEARCH, LINKS, "stock")
"""Runs that are still part of it: nothing else was sent by them."""
LISTS_SECONDS = 600
LATEST_ORDERS = 20
PREVIEWED_ORDERS = 10
_EVERY_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the wizard; `state` is done, current, to come or blocked."""

    key: StepKey
    number: int
    state: Literal["done", "current", "todo", "blocked"]


@dataclass(frozen=True, slots=True)
class StoreLists:
    """What the store offers to choose from, read live and kept for some minutes."""

    rates: tuple[StoreTaxRate, ...]
    gateways: tuple[StoreGateway, ...]
    statuses: tuple[StoreStatus, ...]
    latest_number: str


def steps(tenant: Tenant) -> list[Step]:
    """In order; the first that is not done is the current one, and what needs a connection waits for it."""
    saved = set(
        AuditEntry.objects.filter(tenant=tenant, action__startswith="setup.")
        .values_list("action", flat=True)
        .distinct()
    )
    done: dict[StepKey, bool] = {
        "store": bool(tenant.store_url),
        "company": tenant.company is not None and bool(tenant.company.facts),
        "orders": "setup.orders" in saved,
        "mappings": "setup.mappings" in saved,
        "rehearsal": "setup.rehearsal" in saved,
        "extras": "setup.extras" in saved,
        "on": tenant.automatic_sync,
    }
    connected = done["store"] and done["company"]
    found: list[Step] = []
    for number, key in enumerate(STEPS, start=1):
        if done[key]:
            state: Literal["done", "current", "todo", "blocked"] = "done"
        elif number > 2 and not connected:
            state = "blocked"
        elif key not in OPTIONAL and all(step.state == "done" or step.key in OPTIONAL for step in found):
            state = "current"
        else:
            state = "todo"
        found.append(Step(key, number, state))
    return found


def is_set_up(tenant: Tenant) -> bool:
    """A test order and its removal are still part of the set-up, and so is a look at what the stock would become, or at
    what is in the books already."""
    return tenant.automatic_sync or _others(tenant).exists()


def _others(tenant: Tenant) -> TenantQuerySet[Run]:
    runs = Run.objects.for_tenant(tenant).exclude(trigger__in=OF_THE_SETUP)
    return runs.filter(parameters__asked__isnull=True)


def tried_order(tenant: Tenant) -> Record | None:
    """The order that was last sent as a test, while its document stands in the books."""
    trial = Run.objects.for_tenant(tenant).filter(trigger=TRIAL).first()
    if trial is None:
        return None
    posted = Posting.objects.filter(operation="create", state=Posting.State.POSTED, is_linked=False)
    orders = Record.objects.for_tenant(tenant).filter(source=Record.Source.ORDER)
    is_sent = Exists(posted.filter(record=OuterRef("pk")))
    return orders.filter(is_sent, woo_id__in=trial.parameters.get("order_ids", ())).first()


def store_lists(tenant: Tenant, *, fresh: bool = False) -> StoreLists:
    """Rates, gateways and statuses of the store. Raises what the store adapter raises."""
    key = f"store-lists:{tenant.key}"
    known = None if fresh else cache.get(key)
    if isinstance(known, StoreLists):
        return known
    with open_store(tenant) as store:
        newest = _latest_rows(store, 5)
        lists = StoreLists(
            rates=tuple(store.taxes()),
            gateways=tuple(store.payment_gateways()),
            statuses=tuple(store.statuses()),
            latest_number=newest[-1][1].number if newest else "",
        )
    cache.set(key, lists, LISTS_SECONDS)
    _keep_status_names(tenant, lists.statuses)
    return lists


def _keep_status_names(tenant: Tenant, statuses: Sequence[StoreStatus]) -> None:
    """Reasons and reports name a status for months after the lists were read."""
    names = {one.slug: one.name for one in statuses if one.name != one.slug}
    if names == (tenant.store_facts or {}).get("statuses", {}):
        return
    with transaction.atomic():
        row = Tenant.objects.select_for_update().only("store_facts").get(pk=tenant.pk)
        tenant.store_facts = {**(row.store_facts or {}), "statuses": names}
        tenant.save(update_fields=["store_facts"])


def known_lists(tenant: Tenant) -> StoreLists | None:
    """The lists of `store_lists` where they were read within the last minutes; no call leaves."""
    known = cache.get(f"store-lists:{tenant.key}")
    return known if isinstance(known, StoreLists) else None


def rows_of(company: Company, kind: str) -> list[NameRow]:
    """One of the company's lists from the mirror, active rows by name."""
    return [row for row in mirror.all_of(company, kind) if row.active]


def facts_of(tenant: Tenant) -> CompanyFacts | None:
    company = tenant.company
    return facts_from_json(company.facts) if company is not None and company.facts else None


def options_of(tenant: Tenant) -> dict[str, Any]:
    """The current options, or those that a new workspace begins with."""
    return choices.options_of(tenant, choices.latest_version(tenant))


def tax_world(tenant: Tenant, options: Mapping[str, Any]) -> TaxWorld | None:
    """The world that rules: the merchant's choice, else what the company's preferences say."""
    mode = options["taxes"]["mode"]
    facts = facts_of(tenant)
    if mode != "auto":
        return mode  # type: ignore[no-any-return]  # checked against the schema
    return facts.tax_world if facts else None


def untaxed_suggestion(tenant: Tenant) -> Suggestion | None:
    facts = facts_of(tenant)
    return suggest_untaxed_code(facts.tax_codes) if facts else None


@dataclass(frozen=True, slots=True)
class GatewayProposal:
    account: Suggestion | None
    method: Suggestion | None


def gateway_proposals(company: Company, lists: StoreLists) -> dict[str, GatewayProposal]:
    accounts, methods = rows_of(company, "Account"), rows_of(company, "PaymentMethod")
    return {
        gateway.id: GatewayProposal(
            suggest_account(gateway.id, gateway.title, accounts),
            suggest_payment_method(gateway.id, gateway.title, methods),
        )
        for gateway in lists.gateways
    }


def usual_account(company: Company) -> str:
    """The id of Undeposited Funds, "" where the company has none."""
    ref = default_account(rows_of(company, "Account"))
    return ref.id if ref else ""


def item_proposals(company: Company) -> dict[str, str]:
    """Option -> id of the item that is probably meant."""
    return {key.rpartition(".")[2]: ref.id for key, ref in missing.proposals(company).items()}


def save_step(tenant: Tenant, step: StepKey, sections: Mapping[str, Any], *, user: User) -> list[Problem]:
    """Saves a step's choices as the next options version, with an audit entry; or problems, and nothing is done.

    sections: part of a tenant document, e.g. {"orders": {...}, "taxes": {...}}."""
    return list(save_choices(tenant, sections, user=user, action=f"setup.{step}").problems)


def rehearse_latest(tenant: Tenant) -> list[Rehearsal]:
    """What would become of the latest real orders, newest first, whatever the start date; nothing is written anywhere.

    Raises what the store adapter raises, and LookupError without options."""
    company = tenant.company
    if company is None:
        raise LookupError("no company is connected")
    version = current_options(tenant)
    with open_store(tenant, meta_keys=meta_keys_of(version.document)) as store:
        orders = [order for _raw, order in _latest_rows(store, LATEST_ORDERS)]
    return list(reversed(_rehearse(tenant, company, version, orders)))


def rehearse_with(tenant: Tenant, options: Mapping[str, Any], orders: Sequence[Order | Unreadable]) -> list[Rehearsal]:
    """What would become of the orders under options that nobody has saved; no call is made and nothing is written.

    options: a whole options document. Raises LookupError without a company or a store."""
    company = tenant.company
    if company is None or not company.facts or not tenant.store_url:
        raise LookupError("a side is not connected")
    return _rehearse(tenant, company, OptionsVersion(tenant=tenant, number=0, document=dict(options)), orders)


def _rehearse(
    tenant: Tenant, company: Company, version: OptionsVersion, orders: Sequence[Order | Unreadable]
) -> list[Rehearsal]:
    source = policy_source(tenant, company)
    with open_store(tenant, meta_keys=meta_keys_of(version.document)) as store:
        work = Slice(
            tenant=tenant,
            company=company,
            run=Run(tenant=tenant),
            store=store,
            books=open_books(company),
            options=version,
            policy_for=lambda wanted: dataclasses.replace(source(wanted), start_date=_EVERY_DAY),
            clock=SystemClock(),
            heartbeat=lambda: None,
            sleep=time.sleep,
            deadline=datetime.now(UTC) + timedelta(minutes=2),
            checkpoint=lambda _name: None,
        )
        return rehearse(work, orders)


def latest_orders(tenant: Tenant, options: Mapping[str, Any], *, fresh: bool = False) -> list[Order | Unreadable]:
    """The store's newest orders, newest first, kept for some minutes. Raises what the store adapter raises."""
    key = f"latest-orders:{tenant.key}"
    raws: list[dict[str, Any]] | None = None if fresh else cache.get(key)
    if raws is None:
        with open_store(tenant) as store:
            raws = [raw for raw, _order in reversed(_latest_rows(store, PREVIEWED_ORDERS))]
        cache.set(key, raws, LISTS_SECONDS)
    return [parse_order(raw, meta_keys=meta_keys_of(options)) for raw in raws]


def newest_orders(tenant: Tenant, wanted: int) -> list[Order | Unreadable]:
    """The store's newest orders, newest first; at most 100. Raises what the store adapter raises."""
    with open_store(tenant, meta_keys=meta_keys_of(options_of(tenant))) as store:
        return [order for _raw, order in reversed(_latest_rows(store, wanted))]


def _latest_rows(store: WooStore, wanted: int) -> list[OrderRow]:
    """The newest orders by id, oldest of them first; drafts and trash are not orders."""
    first = store.orders(page=1, per_page=wanted, status="any")
    pages = [first] if first.pages <= 1 else []
    if first.pages > 1:
        last = store.orders(page=first.pages, per_page=wanted, status="any")
        before = first if first.pages == 2 else store.orders(page=first.pages - 1, per_page=wanted, status="any")
        pages = [before, last]
    rows = [row for page in pages for row in page.rows]
    kept = [row for row in rows if isinstance(row[1], Unreadable) or row[1].status not in DRAFT_STATUSES]
    return kept[-wanted:]


def turn_on(tenant: Tenant, *, start_date: date | None, user: User) -> list[Problem]:
    """Automatic sync from now on; the caller starts the first run."""
    choices: dict[str, Any] = {"automatic_sync": True}
    if start_date is not None:
        choices["start_date"] = start_date.isoformat()
    problems = save_step(tenant, "on", {"tenant": choices}, user=user)
    if not problems:
        Tenant.objects.filter(pk=tenant.pk).update(
            automatic_sync=True, is_paused=False, next_run_at=tenant.next_slot(datetime.now(UTC))
        )
        tenant.refresh_from_db()
    return problems


def total_of(rehearsals: list[Rehearsal]) -> Decimal:
    """The sum of the orders that could be typed, in the store's own amounts."""
    return sum((r.order.total for r in rehearsals if isinstance(r.order, Order)), Decimal(0))
