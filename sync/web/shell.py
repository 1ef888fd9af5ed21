"""What stands around every page of a workspace: the switcher, the counts of the menu, the pulse and the banner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from sync.models import Run
from sync.reports import latest_run, open_counts
from sync.setup import TRIAL
from sync.web.progress import Progress, measure
from sync.web.troubles import find_trouble, host_of
from tenants.models import Connection, Membership, Role, Tenant, User

SWITCHER_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One workspace in the switcher."""

    slug: str
    name: str
    host: str
    open_records: int
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Banner:
    kind: Literal["info", "warn", "bad"]
    title: str
    text: str
    action_url: str = ""
    action: str = ""
    leads_to_setup: bool = False


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the workspace is doing: `look` colours the word, `at` is the last end, `next_at` the next start."""

    look: Literal["", "ok", "warn", "bad", "run"]
    icon: str
    word: str
    at: datetime | None
    next_at: datetime | None
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Shell:
    tenant: Tenant
    person: User
    initials: str
    person_initials: str
    host: str
    neighbours: list[Neighbour]
    open_records: int
    pulse: Pulse
    banner: Banner | None


def build_shell(person: User, membership: Membership) -> Shell:
    """Four queries, whatever the number of workspaces or records."""
    tenant = membership.tenant
    neighbours = neighbours_of(person)
    counts = {one.slug: one.open_records for one in neighbours}
    if tenant.slug not in counts:
        counts[tenant.slug] = open_counts([tenant.pk]).get(tenant.pk, 0)
    run = latest_run(tenant)
    return Shell(
        tenant=tenant,
        person=person,
        initials=initials(tenant.name),
        person_initials=initials(person.name or person.email),
        host=host_of(tenant.store_url),
        neighbours=neighbours,
        open_records=counts[tenant.slug],
        pulse=_pulse(tenant, run),
        banner=_banner(membership, run),
    )


def initials(name: str) -> str:
    """MD of Maison Dupont: at most two letters."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "="


def neighbours_of(person: User, query: str = "") -> list[Neighbour]:
    """The person's workspaces by name, those whose name, short name or shop holds `query`; at most SWITCHER_LIMIT."""
    mine = Membership.objects.filter(user=person)
    for word in query.split():
        mine = mine.filter(
            Q(tenant__name__icontains=word) | Q(tenant__slug__icontains=word) | Q(tenant__store_url__icontains=word)
        )
    fields = ("tenant_id", "tenant__slug", "tenant__name", "tenant__store_url", "tenant__is_paused")
    rows = list(mine.order_by("tenant__name").values_list(*fields)[:SWITCHER_LIMIT])
    counts = open_counts([row[0] for row in rows])
    return [
        Neighbour(slug, name, host_of(url), counts.get(pk, 0), is_paused) for pk, slug, name, url, is_paused in rows
    ]


def _pulse(tenant: Tenant, run: Run | None) -> Pulse:
    next_at = tenant.next_run_at if tenant.automatic_sync and not tenant.is_paused else None
    if run is None:
        return Pulse("", "circle-dashed", _("Not synced yet"), None, next_at, None)
    if run.is_active:
        run.tenant = tenant
        return Pulse("run", "loader", _("Syncing"), None, None, measure(run))
    if run.state == Run.State.PAUSED or not tenant.is_connected:
        return Pulse("bad", "circle-pause", _("Paused"), run.finished_at, None, None)
    if run.state == Run.State.FAILED:
        return Pulse("bad", "circle-x", _("Last run failed"), run.finished_at, next_at, None)
    if run.state == Run.State.CANCELLED:
        return Pulse("", "circle-slash", _("Stopped"), run.finished_at, next_at, None)
    return Pulse("ok", "circle-check", _("Up to date"), run.finished_at, next_at, None)


def _banner(membership: Membership, run: Run | None) -> Banner | None:
    """One fact at a time, the worst first."""
    tenant = membership.tenant
    company = tenant.company
    may_act = membership.may(Role.ADMIN)
    if company is not None and company.state != Connection.CONNECTED:
        reason = "quickbooks_expired" if company.state == Connection.EXPIRED else "quickbooks_disconnected"
        trouble = find_trouble(reason)
        cure = reverse("connect_quickbooks", args=[tenant.slug]) if may_act else ""
        title = _("QuickBooks has to be reconnected")
        return Banner("warn", title, str(trouble.text), cure, _("Reconnect QuickBooks"))
    if tenant.store_url and tenant.store_state != Connection.CONNECTED:
        trouble = find_trouble(tenant.store_state_detail.partition(":")[0] or "store_refused_keys")
        text = f"{trouble.text} {trouble.cure}".strip()
        cure = reverse("connect_store", args=[tenant.slug]) if may_act else ""
        return Banner("warn", _("The store has to be reconnected"), text, cure, _("Reconnect the store"))
    if tenant.is_paused:
        return Banner("info", _("This workspace is paused"), _("No run starts by itself until it is resumed."))
    if not may_act:
        return Banner(
            "info",
            _("You can look, not change"),
            _("You can view this workspace but not change it. Ask one of its owners."),
        )
    if run is not None and run.trigger == TRIAL and not tenant.automatic_sync:
        return Banner(
            "info",
            _("The set-up is not finished"),
            _("One order was sent as a test. Nothing else is sent before you turn it on."),
            reverse("setup", args=[tenant.slug]),
            _("Go on with the set-up"),
            leads_to_setup=True,
        )
    return None
