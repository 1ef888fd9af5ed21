"""What will change in my shop, and what was changed?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Case, Q, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connector.accounting.facts import facts_from_json
from connector.accounting.stock import OUT
from sync import stock as decisions
from sync.engine.stock import WAITING, product_of
from sync.models import Link, MirrorEntry, Record, Run, StockLine, StockPass
from sync.models.scoping import TenantQuerySet
from sync.setup import options_of
from sync.tasks import start_stock_run
from sync.web.manage.locks import why_locked
from sync.web.mappings.frame import Shown
from sync.web.progress import measure
from sync.web.reasons import fill
from sync.web.stock_words import (
    CHOSEN,
    OUTCOMES,
    ProductChoice,
    choices_for,
    pass_line,
    product_line,
    question_of,
    waiting_pass,
)
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role, Tenant

ROWS_A_PAGE = 50
LATEST_PASSES = 10
_RANKED = Case(*(When(outcome=outcome, then=Value(place)) for place, outcome in enumerate(OUTCOMES)), default=Value(99))


@dataclass(frozen=True, slots=True)
class Goods:
    """A linked product that QuickBooks keeps in stock. `sent`: the last line the store took."""

    name: str
    sku: str
    quantity: Decimal | None
    changed_at: datetime | None
    sent: StockLine | None
    is_aside: bool
    record_id: int | None
    link: Link
    choices: list[ProductChoice]


@require_safe
@in_workspace()
def stock(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The pass that waits with its question and its lines; else every product with its quantity in QuickBooks."""
    tenant = workspace.tenant
    waiting = waiting_pass(tenant)
    current = decisions.open_pass(tenant)
    active = Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE).select_related("tenant").first()
    is_on = decisions.is_on(tenant)
    passes = StockPass.objects.for_tenant(tenant).select_related("decided_by")
    context: dict[str, Any] = {
        "locked": _lock(tenant),
        "is_on": is_on,
        "waiting": waiting,
        "current": current,
        "title": _title(tenant, current, is_on=is_on),
        "progress": measure(active) if active is not None and current is not None and waiting is None else None,
        "passes": [pass_line(one) for one in passes[:LATEST_PASSES]],
        "last": passes.filter(state=StockPass.State.DONE).first(),
        "aside": decisions.set_aside(tenant).count(),
        "left_out": decisions.left_out(tenant).count(),
    }
    if waiting is not None:
        context |= {"question": question_of(waiting), **_lines(request, waiting)}
    else:
        context |= _products(request, tenant)
    return show(request, workspace, "sync/stock.html", "stock", context)


@require_safe
@in_workspace()
def stock_pass(request: HttpRequest, workspace: Workspace, pass_id: int) -> HttpResponse:
    """One pass with its lines."""
    one = get_object_or_404(StockPass.objects.for_tenant(workspace.tenant).select_related("decided_by"), pk=pass_id)
    context = {"one": one, "summary": pass_line(one), **_lines(request, one)}
    return show(request, workspace, "sync/stock_pass.html", "stock", context)


@require_POST
@in_workspace(Role.ADMIN)
def stock_preview(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Calculates anew what the store would get; nothing is written while it is a preview."""
    tenant = workspace.tenant
    if _lock(tenant) or not tenant.is_connected:
        messages.error(request, _lock(tenant) or _("The store and QuickBooks have to be connected first."))
        return redirect("stock", slug=tenant.slug)
    decisions.ask(tenant, user=workspace.person)
    start_stock_run(tenant, user=workspace.person)
    return redirect("stock", slug=tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def stock_decide(request: HttpRequest, workspace: Workspace, pass_id: int) -> HttpResponse:
    """Sends a pass that waits, as far as the person says; many zeros have to be typed first."""
    tenant = workspace.tenant
    one = get_object_or_404(StockPass.objects.for_tenant(tenant), pk=pass_id)
    wanted = request.POST.get("decision", "")
    way = next((way for way in decisions.ways_of(one) if way.decision == wanted), None)
    if way is None:
        messages.error(request, _("Choose what to do with these quantities."))
        return redirect("stock", slug=tenant.slug)
    if way.must_type and "".join(filter(str.isdigit, request.POST.get("typed", ""))) != str(way.zeros):
        text = ngettext(
            "Type %(count)s to confirm: that many products drop to zero.",
            "Type %(count)s to confirm: that many products drop to zero.",
            way.zeros,
        )
        messages.error(request, text % {"count": way.zeros})
        return redirect("stock", slug=tenant.slug)
    problems = decisions.decide(tenant, one, way.decision, user=workspace.person)
    if problems is None:
        messages.info(request, _("This was decided already, or newer quantities took its place."))
    elif problems:
        messages.error(request, " ".join(problem.message for problem in problems))
    else:
        start_stock_run(tenant, user=workspace.person)
        messages.success(request, _("It is being sent."))
    return redirect("stock", slug=tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def stock_decline(request: HttpRequest, workspace: Workspace, pass_id: int) -> HttpResponse:
    """Sends nothing of a pass that waits."""
    tenant = workspace.tenant
    one = get_object_or_404(StockPass.objects.for_tenant(tenant), pk=pass_id)
    if not decisions.decline(tenant, one, user=workspace.person):
        messages.info(request, _("This was decided already, or newer quantities took its place."))
    elif one.kind == StockPass.Kind.PREVIEW:
        messages.success(request, _("Nothing was sent. The store’s stock stays as it is."))
    else:
        messages.success(
            request, _("Nothing was sent. If QuickBooks still asks for it at the next look, you are asked again.")
        )
    return redirect("stock", slug=tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def stock_off(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The store's stock is left alone from now on."""
    decisions.turn_off(workspace.tenant, user=workspace.person)
    messages.success(request, _("Stock is off. What the store has stays as it is."))
    return redirect("stock", slug=workspace.tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def stock_take_back(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Zeros that were set aside are looked at anew; the brake holds for them as well."""
    tenant = workspace.tenant
    if decisions.take_back(tenant, user=workspace.person) and tenant.is_connected and decisions.is_on(tenant):
        decisions.ask(tenant, user=workspace.person)
        start_stock_run(tenant, user=workspace.person)
    return redirect("stock", slug=tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def stock_choose(request: HttpRequest, workspace: Workspace, link_id: int) -> HttpResponse:
    """Leaves one product out, or takes it back in; back to the part of the list it was chosen from."""
    tenant = workspace.tenant
    link = get_object_or_404(
        Link.objects.for_tenant(tenant), pk=link_id, kind=Link.Kind.ITEM, company=tenant.company_id
    )
    choice = request.POST.get("choice", "")
    if choice not in CHOSEN:
        messages.error(request, _("Choose what to do with these quantities."))
    elif decisions.choose(tenant, link, choice, user=workspace.person):
        messages.success(request, fill(CHOSEN[choice], {"product": link.name}))
    place = {name: request.POST.get(name, "") for name in ("show", "q", "page")}
    query = urlencode({name: value for name, value in place.items() if value})
    return redirect(reverse("stock", args=[tenant.slug]) + (f"?{query}" if query else "") + "#products")


def _lock(tenant: Tenant) -> str:
    """Why there is no stock to bring back; "" where there is."""
    facts = facts_from_json(tenant.company.facts) if tenant.company is not None and tenant.company.facts else None
    return why_locked("inventory", facts, options_of(tenant))


def _title(tenant: Tenant, current: StockPass | None, *, is_on: bool) -> str:
    if _lock(tenant):
        return _("Stock cannot be brought back from QuickBooks")
    if current is not None:
        preparing = current.state in (StockPass.State.WANTED, StockPass.State.COUNTING)
        if current.state == StockPass.State.READY:
            return _("Stock: what your store would get")
        if current.state == StockPass.State.STOPPED:
            return _("Stock: stopped until you decide")
        if preparing and current.kind == StockPass.Kind.PREVIEW:
            return _("Stock: the preview is being calculated")
        return _("Stock: quantities are on their way to the store")
    return _("Your store’s stock follows QuickBooks") if is_on else _("Your store’s stock is left alone")


def _lines(request: HttpRequest, one: StockPass) -> dict[str, Any]:
    """A page of a pass's lines, with its filters."""
    lines = one.lines.all()
    wanted, asked = request.GET.get("show", ""), request.GET.get("q", "").strip()
    counts = {outcome: one.counts.get(outcome, 0) for outcome in OUTCOMES if one.counts.get(outcome)}
    shown = lines.filter(outcome=wanted) if wanted in counts else lines
    if asked:
        shown = shown.filter(Q(name__icontains=asked) | Q(sku__icontains=asked))
    page = Paginator(shown.order_by(_RANKED, "name", "store_key"), ROWS_A_PAGE).get_page(request.GET.get("page"))
    records = _records(one.tenant_id, ((line.product_id, line.variation_id) for line in page.object_list))
    links = _links(one, page.object_list)
    filters = [Shown("", _("All"), sum(counts.values()), wanted if wanted in counts else "")]
    filters += [Shown(outcome, str(OUTCOMES[outcome].word), number, wanted) for outcome, number in counts.items()]
    return {
        "rows": [
            product_line(line, records.get(line.variation_id or line.product_id), links.get(line.store_key))
            for line in page.object_list
        ],
        "may_choose": one.state in WAITING,
        "shown": wanted,
        "page": page,
        "filters": filters,
        "query": asked,
        "page_query": urlencode({"show": wanted, "q": asked}),
    }


def _products(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    """A page of the linked products that QuickBooks keeps in stock, with the quantity it last told."""
    asked, wanted = request.GET.get("q", "").strip(), request.GET.get("show", "")
    items = MirrorEntry.objects.filter(company=tenant.company_id, kind="Item", type="Inventory", quantity__isnull=False)
    links = Link.objects.for_tenant(tenant).filter(
        company=tenant.company_id, kind=Link.Kind.ITEM, qbo_id__in=items.values("qbo_id")
    )
    if wanted == "aside":
        links = links.filter(stock_aside=True)
    elif wanted == "left_out":
        links = links.filter(stock_choice=OUT)
    if asked:
        named = items.filter(Q(name__icontains=asked) | Q(sku__icontains=asked))
        links = links.filter(Q(name__icontains=asked) | Q(qbo_id__in=named.values("qbo_id")))
    page: Page[Link] = Paginator(links.order_by("name", "store_key"), ROWS_A_PAGE).get_page(request.GET.get("page"))
    return {
        "goods": _goods(tenant, list(page.object_list), items),
        "shown": wanted,
        "page": page,
        "query": asked,
        "page_query": urlencode({"show": wanted, "q": asked}),
    }


def _goods(tenant: Tenant, links: list[Link], items: Any) -> list[Goods]:
    rows = {row.qbo_id: row for row in items.filter(qbo_id__in={link.qbo_id for link in links})}
    keys = [link.store_key for link in links]
    sent: TenantQuerySet[StockLine] = StockLine.objects.for_tenant(tenant).filter(
        store_key__in=keys, sent_at__isnull=False, outcome__in=("changed", "to_zero")
    )
    last = {line.store_key: line for line in sent.order_by("sent_at")}
    records = _records(tenant.pk, (product_of(key) for key in keys))
    found = []
    for link in links:
        row = rows[link.qbo_id]
        product_id, variation_id = product_of(link.store_key)
        found.append(
            Goods(
                name=row.name or link.name,
                sku=row.sku,
                quantity=row.quantity,
                changed_at=row.quantity_changed_at,
                sent=last.get(link.store_key),
                is_aside=link.stock_aside,
                record_id=records.get(variation_id or product_id),
                link=link,
                choices=choices_for("", link.stock_choice),
            )
        )
    return found


def _links(one: StockPass, lines: Iterable[StockLine]) -> dict[str, Link]:
    """A choice is kept at the product's link, so a line whose link is gone has none."""
    keys = [line.store_key for line in lines]
    rows = Link.objects.for_tenant(one.tenant_id).filter(company=one.company_id, kind="item", store_key__in=keys)
    return {link.store_key: link for link in rows}


def _records(tenant_id: int, keys: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The records of products, by the store's id of the product or variation."""
    ids = [variation_id or product_id for product_id, variation_id in keys]
    rows = Record.objects.for_tenant(tenant_id).filter(source=Record.Source.PRODUCT, woo_id__in=ids)
    return dict(rows.values_list("woo_id", "pk"))
