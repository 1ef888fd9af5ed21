"""What a person decides about the store's stock: to see what would be written, to send it, to leave it, to stop.

Every decision is a conditional update of the pass that was looked at: whoever decides second about the same one changes
nothing. The caller starts the run that carries a decision out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from connector.accounting.stock import IN, OUT, Outcome, brake_limit, brakes, chosen
from sync.choices import latest_version, options_of, save_choices
from sync.engine import stock
from sync.models import Link, Run, StockLine, StockPass
from sync.models.scoping import TenantQuerySet
from sync.portability import Problem
from tenants.audit import log_change
from tenants.models import Tenant, User

Decision = StockPass.Decision
ACTION = "stock"
"""Audit entries of decisions."""
AT_MOST_EVERY = timedelta(seconds=45)
"""Between two passes that QuickBooks' events ask for: each costs a metered read."""
STUCK_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a pass that waits. `written`: quantities that go to the store; `zeros`: those of them that empty a
    product; `kept`: zeros that are left out. `must_type`: more zeros than the brake lets through without a word."""

    decision: str
    written: int
    zeros: int
    kept: int
    must_type: bool


def is_on(tenant: Tenant) -> bool:
    return bool(options_of(tenant, latest_version(tenant))["stock"]["enabled"])


def open_pass(tenant: Tenant) -> StockPass | None:
    """The pass that is open on the tenant's company; one of a company it left counts no more."""
    passes = StockPass.objects.for_tenant(tenant).filter(state__in=StockPass.OPEN, company=tenant.company_id)
    return passes.first()


def is_braked(one: StockPass) -> bool:
    return brakes(one.linked, one.counts.get(Outcome.TO_ZERO, 0))


def ways_of(one: StockPass) -> list[Way]:
    """The ways out of a pass that waits, the safest first; only a preview may send quantities that nobody entered."""
    counts: Mapping[str, int] = one.counts
    changed, zeros = counts.get(Outcome.CHANGED, 0), counts.get(Outcome.TO_ZERO, 0)
    never = counts.get(Outcome.NEVER_SET, 0)
    limit = brake_limit(one.linked)
    ways = []
    if is_braked(one):
        ways.append(Way(Decision.ASIDE, changed, 0, zeros + never, must_type=False))
    ways.append(Way(Decision.COUNTED, changed + zeros, zeros, never, must_type=zeros > limit))
    if never and one.kind == StockPass.Kind.PREVIEW:
        both = zeros + never
        ways.append(Way(Decision.ALL, changed + both, both, 0, must_type=both > limit))
    return ways


def ask(tenant: Tenant, *, user: User | None) -> StockPass:
    """Asks for the numbers as they are now: a preview, or a full pass once the first one was agreed to.

    A pass under way is joined; one that waits for a decision gives way to newer numbers."""
    company = tenant.company
    assert company is not None
    is_confirmed = is_on(tenant) and stock.is_confirmed(tenant, company)
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        current = StockPass.objects.for_tenant(tenant).filter(state__in=StockPass.OPEN).first()
        if current is not None and current.company_id == company.pk and current.state not in stock.WAITING:
            return current
        if current is not None:
            _end(current, StockPass.State.REPLACED)
        kind = StockPass.Kind.FULL if is_confirmed else StockPass.Kind.PREVIEW
        log_change(tenant, ACTION, {"asked": [None, kind]}, user=user)
        return StockPass.objects.create(
            tenant=tenant,
            company=company,
            kind=kind,
            state=StockPass.State.WANTED,
            told_at=current.told_at if current is not None and current.company_id == company.pk else None,
        )


def decide(tenant: Tenant, one: StockPass, decision: str, *, user: User) -> list[Problem] | None:
    """Has a waiting pass sent; a preview turns stock on. None when it waits no more; problems keep all as it was.

    What is set aside stays so until the books hold some again."""
    with transaction.atomic():
        if one.kind == StockPass.Kind.PREVIEW and not is_on(tenant):
            saved = save_choices(tenant, {"stock": {"enabled": True}}, user=user)
            if saved.problems:
                return list(saved.problems)
        now = timezone.now()
        is_first = one.kind == StockPass.Kind.PREVIEW
        taken = StockPass.objects.filter(pk=one.pk, state__in=stock.WAITING).update(
            state=StockPass.State.SENDING,
            kind=StockPass.Kind.FULL if is_first else one.kind,
            decision=decision,
            decided_by=user,
            decided_at=now,
        )
        if not taken:
            transaction.set_rollback(True)
            return None
        zeros = one.lines.filter(outcome=Outcome.TO_ZERO)
        if decision == Decision.ASIDE:
            Link.objects.for_tenant(tenant).filter(
                company=one.company_id, kind=Link.Kind.ITEM, store_key__in=zeros.values("store_key")
            ).update(stock_aside=True)
            zeros.update(outcome=Outcome.ASIDE)
        elif decision == Decision.ALL:
            one.lines.filter(outcome=Outcome.NEVER_SET).update(outcome=Outcome.TO_ZERO)
        log_change(tenant, ACTION, {"decision": [None, decision]}, user=user)
    return []


def decline(tenant: Tenant, one: StockPass, *, user: User) -> bool:
    """Nothing of it is sent. A preview leaves stock off; after a brake the same question comes with the next pass."""
    with transaction.atomic():
        taken = StockPass.objects.filter(pk=one.pk, state__in=[StockPass.State.WANTED, *stock.WAITING]).update(
            state=StockPass.State.DECLINED, ended_at=timezone.now(), decided_by=user, decided_at=timezone.now()
        )
        if not taken:
            return False
        if one.kind == StockPass.Kind.PREVIEW and is_on(tenant):
            save_choices(tenant, {"stock": {"enabled": False}}, user=user)
        log_change(tenant, ACTION, {"decision": [None, "nothing"]}, user=user)
    return True


def turn_off(tenant: Tenant, *, user: User) -> None:
    """From now on the store's stock is left alone; a pass under way stops before its next write."""
    with transaction.atomic():
        if is_on(tenant):
            save_choices(tenant, {"stock": {"enabled": False}}, user=user)
        end_passes(tenant)


def end_passes(tenant: Tenant) -> None:
    """What is open ends without another write."""
    for one in StockPass.objects.for_tenant(tenant).filter(state__in=StockPass.OPEN):
        _end(one, StockPass.State.DECLINED)


def follow_option(tenant: Tenant, *, was_on: bool, user: User | None) -> StockPass | None:
    """After options were saved: turned on, a preview is asked for and returned; turned off, what is open ends."""
    if is_on(tenant) and not was_on and tenant.company is not None and stock.keeps_stock(tenant.company):
        return ask(tenant, user=user)
    if was_on and not is_on(tenant):
        end_passes(tenant)
    return None


def take_back(tenant: Tenant, *, user: User) -> int:
    """Zeros that were set aside are sent by the next pass, which may brake again; how many they are."""
    found = set_aside(tenant).update(stock_aside=False)
    if found:
        log_change(tenant, ACTION, {"aside": [found, 0]}, user=user)
    return found


def choose(tenant: Tenant, link: Link, choice: str, *, user: User) -> bool:
    """Leaves one product out, takes its zero in, or ends such a choice (""); remembered for every later pass, and what
    is open follows at once. False when it was chosen already."""
    with transaction.atomic():
        links = Link.objects.for_tenant(tenant).filter(pk=link.pk, kind=Link.Kind.ITEM)
        if choice not in (OUT, IN, "") or not links.exclude(stock_choice=choice).update(stock_choice=choice):
            return False
        one = StockPass.objects.for_tenant(tenant).select_for_update().filter(state__in=StockPass.OPEN).first()
        if one is not None:
            _follow_choice(one, link.store_key, choice)
        log_change(tenant, ACTION, {_CHOSEN[choice]: [None, link.name or link.store_key]}, user=user)
    return True


_CHOSEN = {OUT: "left_out", IN: "zero_taken_in", "": "follows_again"}


def _follow_choice(one: StockPass, store_key: str, choice: str) -> None:
    """The line is looked at again, and the counts by which the brake and the ways out are told."""
    line = StockLine.objects.filter(stock_pass=one, store_key=store_key, sent_at=None).select_for_update().first()
    if line is None or line.outcome in (Outcome.GONE, Outcome.FAILED):
        return
    before, after = line.outcome, chosen(line.counted_as or line.outcome, choice)
    StockLine.objects.filter(pk=line.pk).update(outcome=after, counted_as=line.counted_as or before)
    if before != after and one.counts:
        counts = {**one.counts, before: one.counts.get(before, 0) - 1, after: one.counts.get(after, 0) + 1}
        StockPass.objects.filter(pk=one.pk).update(counts={name: number for name, number in counts.items() if number})


def left_out(tenant: Tenant) -> TenantQuerySet[Link]:
    """Products that somebody left out."""
    return Link.objects.for_tenant(tenant).filter(company=tenant.company_id, kind=Link.Kind.ITEM, stock_choice=OUT)


def set_aside(tenant: Tenant) -> TenantQuerySet[Link]:
    """Products whose zero somebody set aside."""
    return Link.objects.for_tenant(tenant).filter(company=tenant.company_id, kind=Link.Kind.ITEM, stock_aside=True)


def _end(one: StockPass, state: str) -> None:
    StockPass.objects.filter(pk=one.pk, state__in=StockPass.OPEN).update(state=state, ended_at=timezone.now())


# What pulls a pass forward


def waits_for_a_run(tenant: Tenant) -> bool:
    """A pass was asked for or decided about while no run looked at it any more."""
    if tenant.company is None or not stock.keeps_stock(tenant.company) or not tenant.is_connected:
        return False
    if Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE).exists():
        return False
    active = (StockPass.State.WANTED, *StockPass.ACTIVE)
    return StockPass.objects.for_tenant(tenant).filter(company=tenant.company, state__in=active).exists()


def pull_due(tenant: Tenant, now: datetime) -> datetime | None:
    """When a pass has to begin for what QuickBooks told of the company's items; None when none has, or a run under way
    will see to it."""
    company = tenant.company
    told = company.items_changed_at if company is not None else None
    if company is None or told is None or not tenant.automatic_sync or tenant.is_paused or not tenant.is_connected:
        return None
    last = StockPass.objects.for_tenant(tenant).filter(company=company).exclude(kind=StockPass.Kind.PREVIEW).first()
    if last is None or last.created_at >= told or Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE).exists():
        return None
    if not is_on(tenant) or not stock.is_confirmed(tenant, company) or not stock.keeps_stock(company):
        return None
    return max(now, last.created_at + AT_MOST_EVERY)
