"""What webhooks tell us, as rows: a shop's delivery asks for a run, QuickBooks' events make what we remember stale.

Neither carries anything into a record. A shop's deliveries are gathered: the first of them sets `wanted_since`, each of
them `heard_at`, and a run answers them all that began after the last one. Our own writes to QuickBooks come back as
events too; they are recognised by the postings of the runs of that moment, and never ask for anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from sync.models import OptionsVersion, Posting, Record, Run, StoreHook
from sync.schema import with_defaults
from tenants.models import Company, Tenant

SETTLE = timedelta(seconds=5)
"""One checkout makes several deliveries; they become one run."""
AT_MOST_EVERY = timedelta(seconds=30)
"""Between the beginnings of two runs: a shop with an order a second gets a run twice a minute."""
SAME_SECOND = timedelta(seconds=2)
"""A run reads up to the second before the one in which it begins, by the shop's clock."""
LOST_AFTER = timedelta(seconds=60)
"""A wish whose message was lost is found by the sweep after this."""
REMEMBERED_SECONDS = 3600
ASKS_FOR_A_RUN = ("order.created", "order.updated", "order.deleted", "order.restored")
ASKS_FOR_PRODUCTS = ("product.created", "product.updated")
CARRIES_ITS_TIME = ("order.created", "order.updated", *ASKS_FOR_PRODUCTS)
"""Their bodies hold the time of modification: an equal body is the same change, told again."""

SHOWN = ("type", "name", "sku", "price", "status", "description", "short_description", "attributes")
SHOWN_OF_VARIATIONS = ("sku", "price", "status")
"""What a delivered product is compared in with what we read of it. Its stock is not among them: each sale changes that,
and our own stock writes do. A variation is named otherwise in its own list."""

NAME_KINDS = frozenset(
    {"customer", "vendor", "employee", "item", "account", "paymentmethod", "term", "class", "department"}
)
MOVES_STOCK = frozenset(
    {
        "item", "invoice", "salesreceipt", "creditmemo", "refundreceipt", "bill", "purchase", "vendorcredit",
        "inventoryadjustment",
    }
)  # fmt: skip
ENDS_CONSENT = frozenset({"disconnected", "revoked", "deauthorized"})
AROUND_A_RUN = timedelta(minutes=2)
"""How far Intuit's clock and the end of our call may lie apart."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a company, as it travels to the task. `at`: aware UTC by Intuit's clock."""

    kind: str
    qbo_id: str
    verb: str
    at: datetime


# The shop


def note_delivery(hook: StoreHook, *, topic: str, body: bytes) -> bool:
    """Notes an authentic delivery; True when it is the first that asks for a run, which the caller then has started."""
    now = timezone.now()
    StoreHook.objects.filter(pk=hook.pk).update(delivered_at=now, deliveries=F("deliveries") + 1)
    if topic not in (*ASKS_FOR_A_RUN, *ASKS_FOR_PRODUCTS):
        return False
    if not _may_start(hook.tenant) or _is_known(hook, topic, body):
        return False
    if topic in ASKS_FOR_PRODUCTS and not _is_news_of_a_product(hook.tenant, body):
        return False
    StoreHook.objects.filter(pk=hook.pk).update(heard_at=now)
    return bool(StoreHook.objects.filter(pk=hook.pk, wanted_since__isnull=True).update(wanted_since=now))


def note_refusal(hook: StoreHook) -> None:
    """A delivery whose signature is wrong or missing."""
    StoreHook.objects.filter(pk=hook.pk).update(refused_at=timezone.now(), refusals=F("refusals") + 1)


def run_due(hook: StoreHook, now: datetime) -> datetime | None:
    """When a run has to begin for what was heard; None when none has, or when the one under way has to end first.

    A run answers a delivery when it reads the whole window and began after it, however it ended: after a failure it is
    the hourly slot that tries again, not an endless row of runs."""
    if hook.wanted_since is None or hook.heard_at is None:
        return None
    runs = Run.objects.for_tenant(hook.tenant_id)
    if runs.filter(state__in=Run.ACTIVE).exists():
        return None
    answered = runs.filter(parameters={}, started_at__gt=hook.heard_at + SAME_SECOND).exists()
    if answered or not _may_start(hook.tenant):
        StoreHook.objects.filter(pk=hook.pk, heard_at=hook.heard_at).update(wanted_since=None)
        return None
    last = runs.order_by("-pk").values_list("created_at", flat=True).first()
    settled = hook.wanted_since + SETTLE
    return max(settled, last + AT_MOST_EVERY) if last is not None else settled


def forgotten_wishes(now: datetime) -> QuerySet[StoreHook]:
    """Wishes nobody looks after any more, the oldest first; a run under way looks after its own."""
    return (
        StoreHook.objects.filter(wanted_since__lt=now - LOST_AFTER)
        .exclude(tenant__runs__state__in=Run.ACTIVE)
        .order_by("wanted_since")
    )


def _may_start(tenant: Tenant) -> bool:
    return tenant.automatic_sync and not tenant.is_paused and tenant.is_connected


def follows_products(tenant: Tenant) -> bool:
    """Whether a product's change in the shop may change anything in the books."""
    version = OptionsVersion.objects.for_tenant(tenant).order_by("-number").first()
    if version is None:
        return False
    products = with_defaults(version.document)["products"]
    return bool(products["enabled"]) and (products["scope"] == "all" or products["update"])


def _is_news_of_a_product(tenant: Tenant, body: bytes) -> bool:
    """Whether the product differs in anything but its stock from what was last read of it."""
    if not follows_products(tenant):
        return False
    try:
        told = json.loads(body)
    except ValueError:
        return False
    if not isinstance(told, dict) or not isinstance(told.get("id"), int):
        return False
    known = Record.objects.for_tenant(tenant).filter(source=Record.Source.PRODUCT, woo_id=told["id"]).first()
    if known is None or not known.raw:
        return True
    shown = SHOWN_OF_VARIATIONS if known.raw.get("type") == "variation" else SHOWN
    return any(told[name] != known.raw.get(name) for name in shown if name in told)


def _is_known(hook: StoreHook, topic: str, body: bytes) -> bool:
    """Whether this very change was told within the last hour, under either topic: a replay costs no run."""
    if topic not in CARRIES_ITS_TIME:
        return False
    return not cache.add(f"delivery:{hook.pk}:{hashlib.sha256(body).hexdigest()}", 1, REMEMBERED_SECONDS)


# The company


def note_events(company: Company, events: Iterable[Told]) -> None:
    """Moves the company's marks forward to what others changed. Told twice, late or in any order it comes out equal."""
    foreign = _without_our_own(company, [one for one in events if one.kind in NAME_KINDS | MOVES_STOCK])
    marks = {
        "names_changed_at": max((one.at for one in foreign if one.kind in NAME_KINDS), default=None),
        "items_changed_at": max((one.at for one in foreign if one.kind in MOVES_STOCK), default=None),
    }
    later = {name: Greatest(Coalesce(F(name), at), at) for name, at in marks.items() if at is not None}
    if later:
        Company.objects.filter(pk=company.pk).update(**later)


def ends_consent(events: Iterable[Told]) -> bool:
    """Whether somebody says that the app was disconnected; Intuit is then asked, an event proves nothing."""
    return any(one.verb in ENDS_CONSENT for one in events)


def _without_our_own(company: Company, events: list[Told]) -> list[Told]:
    if not events:
        return []
    runs = Run.objects.filter(tenant__company=company, created_at__lte=max(one.at for one in events) + AROUND_A_RUN)
    first = min(one.at for one in events) - AROUND_A_RUN
    during = list(runs.filter(Q(finished_at__isnull=True) | Q(finished_at__gte=first)).values_list("pk", flat=True))
    written = Posting.objects.filter(run__in=during, company=company, qbo_id__in={one.qbo_id for one in events})
    ours = {(entity.lower(), qbo_id) for entity, qbo_id in written.values_list("entity", "qbo_id")}
    return [one for one in events if (one.kind, one.qbo_id) not in ours]


def told_to_json(one: Told) -> list[str]:
    return [one.kind, one.qbo_id, one.verb, one.at.isoformat()]


def told_from_json(raw: Iterable[str]) -> Told:
    kind, qbo_id, verb, at = raw
    return Told(kind, qbo_id, verb, datetime.fromisoformat(at))
