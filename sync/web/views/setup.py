"""What is left before it runs? One task a page; nothing is sent until the last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connector.errors import SyncError
from sync import linking, missing, setup
from sync.mappings.taxes import TaxRow, tax_table
from sync.missing import Made, Missing
from sync.portability import Problem
from sync.tasks import request_webhooks, start_run
from sync.templatetags.formats import count
from sync.web.forms_setup import ExtrasForm, MappingsForm, OrdersForm, TurnOnForm
from sync.web.lists_again import read_if_wished
from sync.web.manage.locks import why_locked
from sync.web.missing import make_ticked
from sync.web.reason_texts import Text
from sync.web.rehearsed import prove_rehearsal, rows_of
from sync.web.suggestion_texts import LONG, OTHERS_FIT
from sync.web.troubles import find_trouble
from sync.web.workspace import Workspace, in_workspace, show
from tenants.audit import log_change
from tenants.models import Role

TITLES: dict[str, Text] = {
    "store": gettext_lazy("Connect your store"),
    "company": gettext_lazy("Connect QuickBooks"),
    "orders": gettext_lazy("Orders"),
    "mappings": gettext_lazy("Taxes and payments"),
    "rehearsal": gettext_lazy("Dry run"),
    "extras": gettext_lazy("Products and stock"),
    "on": gettext_lazy("Turn on"),
}
_PAGES = {
    "store": "connect_store",
    "company": "connect_quickbooks",
    "orders": "setup_orders",
    "mappings": "setup_mappings",
    "rehearsal": "setup_rehearsal",
    "extras": "setup_extras",
    "on": "setup_on",
}


@dataclass(frozen=True, slots=True)
class StepLink:
    number: int
    title: str
    state: str
    url: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class RateRow:
    """One store rate, or a combination of them, with its select; `hint` says why a code is suggested while nobody has
    chosen."""

    row: TaxRow
    field: forms.BoundField
    hint: str

    @property
    def country(self) -> str:
        return ", ".join(self.row.countries)

    @property
    def is_combined(self) -> bool:
        return len(self.row.rate_ids) > 1


@dataclass(frozen=True, slots=True)
class GatewayRow:
    title: str
    gateway: str
    enabled: bool
    account: forms.BoundField
    method: forms.BoundField


@require_safe
@in_workspace(Role.ADMIN)
def begin(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Leads to the first step that is left."""
    for step in setup.steps(workspace.tenant):
        if step.state == "current":
            return redirect(_page(workspace, step.key))
    return redirect("overview", slug=workspace.tenant.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def orders(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Statuses, document, prefix, zone and the items that shipping and fees go on."""
    tenant = workspace.tenant
    if (away := needs_connections(request, workspace)) is not None:
        return away
    assert tenant.company is not None
    try:
        read_if_wished(request, workspace)
        lists = setup.store_lists(tenant)
    except SyncError as error:
        return _unreachable(request, workspace, "orders", error)
    options = setup.options_of(tenant)
    lacking = missing.find_missing(tenant, options)
    lacking = [one for one in lacking if one.key.startswith("orders.")]
    made = _make(request, workspace, lacking)
    form = OrdersForm(
        _with_made(request.POST, {key.removeprefix("orders."): ref.id for key, ref in made.refs.items()}) or None,
        options=options,
        lists=lists,
        tenant=tenant,
        accounts=setup.rows_of(tenant.company, "Account"),
        proposals=setup.item_proposals(tenant.company),
        country=facts.country if (facts := setup.facts_of(tenant)) else "",
        is_first=_is_open(workspace, "orders"),
    )
    if _is_answered(request) and form.is_valid():
        problems = setup.save_step(tenant, "orders", form.sections(), user=workspace.person)
        if not problems:
            return redirect("setup_mappings", slug=tenant.slug)
        _report(form, problems)
    context = {"form": form, "missing": [one for one in lacking if one.key not in made.refs], "made": made}
    return _show(request, workspace, "orders", context)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def mappings(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Every store rate and every combination that occurs to a tax code, every payment method to its account;
    suggestions are chosen already."""
    tenant = workspace.tenant
    if (away := needs_connections(request, workspace)) is not None:
        return away
    try:
        taxes = tax_table(tenant, fresh=read_if_wished(request, workspace))
        lists = setup.store_lists(tenant)
    except SyncError as error:
        return _unreachable(request, workspace, "mappings", error)
    company, facts, options = tenant.company, setup.facts_of(tenant), setup.options_of(tenant)
    assert company is not None
    assert facts is not None
    untaxed = setup.untaxed_suggestion(tenant)
    lacking = missing.find_missing(tenant, options, gateways=lists.gateways, tax_is_off=taxes.world == "off")
    lacking = [one for one in lacking if not one.key.startswith("orders.")]
    made = _make(request, workspace, lacking)
    fields = {f"{missing.GATEWAY}{gateway.id}": f"account_{n}" for n, gateway in enumerate(lists.gateways)}
    fields["taxes.tax_item"] = "tax_item"
    form = MappingsForm(
        _with_made(request.POST, {fields[key]: ref.id for key, ref in made.refs.items()}) or None,
        options=options,
        lists=lists,
        facts=facts,
        taxes=taxes,
        accounts=setup.rows_of(company, "Account"),
        methods=setup.rows_of(company, "PaymentMethod"),
        tenant=tenant,
        suggested_untaxed=untaxed.ref.id if untaxed else "",
        gateway_proposals=setup.gateway_proposals(company, lists),
        usual_account=setup.usual_account(company),
        tax_item=setup.item_proposals(company).get("tax_item", ""),
    )
    if _is_answered(request) and form.is_valid():
        problems = setup.save_step(tenant, "mappings", form.sections(options), user=workspace.person)
        if not problems:
            return redirect("setup_rehearsal", slug=tenant.slug)
        _report(form, problems)
    context = {
        "form": form,
        "world": taxes.world,
        "rates": [RateRow(row, form[name], _hint(row)) for name, row in form.rates.items()],
        "gateways": _gateway_rows(form),
        "missing": [one for one in lacking if one.key not in made.refs],
        "made": made,
        "unmatched": sum(
            not form[name].value() and bool(row.lines or not taxes.looked_at) for name, row in form.rates.items()
        ),
    }
    return _show(request, workspace, "mappings", context)


@require_safe
@in_workspace(Role.ADMIN)
def rehearsal(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The documents that the latest real orders would become, exceptions first."""
    tenant = workspace.tenant
    if (away := needs_connections(request, workspace)) is not None:
        return away
    try:
        rehearsals = setup.rehearse_latest(tenant)
    except SyncError as error:
        return _unreachable(request, workspace, "rehearsal", error)
    except LookupError:
        return redirect("setup_orders", slug=tenant.slug)
    if _is_open(workspace, "rehearsal"):
        log_change(tenant, "setup.rehearsal", {}, user=workspace.person)
    start_date = date.fromisoformat(setup.options_of(tenant)["tenant"]["start_date"])
    rows = rows_of(rehearsals, start_date=start_date)
    ready = [row for row in rows if row.state == "synced"]
    sentence = ngettext(
        "%(count)s of the last %(total)s orders would be sent as it stands.",
        "%(count)s of the last %(total)s orders would be sent as they stand.",
        len(ready),
    ) % {"count": count(len(ready)), "total": count(len(rows))}
    context = {
        "sentence": sentence,
        "exceptions": [row for row in rows if row.state != "synced"],
        "ready": ready[:6],
        "more": ready[6:],
        "is_empty": not rows,
        "proof": prove_rehearsal(rows),
        "trial": next((row for row in ready if row.may_be_tried), None),
        "tried": setup.tried_order(tenant),
        "start_date": start_date,
    }
    return _show(request, workspace, "rehearsal", context)


@require_POST
@in_workspace(Role.ADMIN)
def try_one(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Sends one real order, and that one alone; everything else stays off."""
    tenant = workspace.tenant
    if (away := needs_connections(request, workspace)) is not None:
        return away
    order = request.POST.get("order", "")
    if not order.isascii() or not order.isdigit():
        messages.error(request, _("Choose an order of the dry run to test with."))
        return redirect("setup_rehearsal", slug=tenant.slug)
    run = start_run(tenant, trigger=setup.TRIAL, user=workspace.person, order_ids=[int(order)])
    if run.trigger != setup.TRIAL:
        messages.info(request, _("A sync is already running; here is how far it is."))
    else:
        log_change(tenant, "setup.trial", {"order": [None, order]}, user=workspace.person)
        messages.info(request, _("One order is on its way. Look at it under Activity, then go on with the set-up."))
    return redirect("run", slug=tenant.slug, run_id=run.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def extras(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Products of their own accord, and the stock back to the store: what works beside orders, and without which they
    do."""
    tenant = workspace.tenant
    if (away := needs_connections(request, workspace)) is not None:
        return away
    options, facts = setup.options_of(tenant), setup.facts_of(tenant)
    locked = "" if options["stock"]["enabled"] else why_locked("stock", facts, options)
    form = ExtrasForm(request.POST or None, options=options, keeps_stock=not locked)
    if request.method == "POST" and form.is_valid():
        problems = setup.save_step(tenant, "extras", form.sections(), user=workspace.person)
        if not problems:
            request_webhooks(tenant)
            if form.cleaned_data.get("stock"):
                text = _("Stock is brought back; a preview will wait for you on the Stock page after the first sync.")
                messages.info(request, text)
            return redirect("setup_on", slug=tenant.slug)
        _report(form, problems)
    return _show(request, workspace, "extras", {"form": form, "locked": locked})


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def turn_on(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The start date, and the one click after which orders are sent."""
    tenant = workspace.tenant
    if (away := needs_connections(request, workspace)) is not None:
        return away
    if tenant.automatic_sync and request.method != "POST":
        return redirect("overview", slug=tenant.slug)
    initial = {"start_date": setup.options_of(tenant)["tenant"]["start_date"]}
    form = TurnOnForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        goes_on = _turn_on(request, workspace, form)
        if goes_on is not None:
            return goes_on
    return _show(request, workspace, "on", {"form": form})


def _turn_on(request: HttpRequest, workspace: Workspace, form: forms.Form) -> HttpResponse | None:
    """Where to from here; None when the form has to say why not. Before anything is sent, the books are looked through
    for what stands in them already."""
    tenant, first_day = workspace.tenant, form.cleaned_data["start_date"]
    if first_day is not None and not tenant.automatic_sync and not linking.is_covered(tenant, first_day):
        start = {"tenant": {"start_date": first_day.isoformat()}}
        problems = setup.save_step(tenant, "orders", start, user=workspace.person)
        address = f"{reverse('setup_documents', args=[tenant.slug])}?then=on"
    else:
        problems = setup.turn_on(tenant, start_date=first_day, user=workspace.person)
        if not problems:
            run = start_run(tenant, trigger="button", user=workspace.person)
            messages.success(request, _("Automatic sync is on. The first run has started."))
            address = reverse("run", args=[tenant.slug, run.pk])
    if problems:
        _report(form, problems)
        return None
    if getattr(request, "htmx", False):
        answer = HttpResponse(status=204)
        answer.headers["HX-Redirect"] = address
        return answer
    return redirect(address)


@require_POST
@in_workspace(Role.ADMIN)
def turn_off(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Stops the hourly runs; what is sent stays sent, and Sync now still works."""
    problems = setup.save_step(workspace.tenant, "on", {"tenant": {"automatic_sync": False}}, user=workspace.person)
    if not problems:
        type(workspace.tenant).objects.filter(pk=workspace.tenant.pk).update(automatic_sync=False, next_run_at=None)
        messages.success(request, _("Automatic sync is off. Sync now still works."))
    return redirect("overview", slug=workspace.tenant.slug)


def _is_answered(request: HttpRequest) -> bool:
    """Not while something is only made or looked for; then the form stays as it was filled in."""
    return request.method == "POST" and not {"make_missing", "find"} & set(request.POST)


def _make(request: HttpRequest, workspace: Workspace, lacking: Sequence[Missing]) -> Made:
    """What the person ticked among the things that are missing, made now; the rest of the form stays as it is."""
    if request.method != "POST" or "make_missing" not in request.POST:
        return Made({}, {})
    made = make_ticked(request, workspace, lacking)
    if made.refs:
        text = ngettext("%(count)s was created in QuickBooks.", "%(count)s were created in QuickBooks.", len(made.refs))
        messages.success(request, text % {"count": count(len(made.refs))})
    return made


def _with_made(data: QueryDict, made: Mapping[str, str]) -> QueryDict:
    """The form as it was sent, with what was just made chosen."""
    if not data:
        return data
    found = data.copy()
    for name, qbo_id in made.items():
        found[name] = qbo_id
    return found


def _page(workspace: Workspace, key: str) -> str:
    """The address of a step; the connect pages may live elsewhere."""
    try:
        return reverse(_PAGES[key], args=[workspace.tenant.slug])
    except NoReverseMatch:
        return reverse("overview", args=[workspace.tenant.slug])


def _is_open(workspace: Workspace, key: str) -> bool:
    return any(step.key == key and step.state != "done" for step in setup.steps(workspace.tenant))


def needs_connections(request: HttpRequest, workspace: Workspace) -> HttpResponse | None:
    """A way back to the connections while one of them is missing."""
    for step in setup.steps(workspace.tenant)[:2]:
        if step.state != "done":
            messages.info(request, _("Connect the store and QuickBooks first."))
            return redirect(_page(workspace, step.key))
    return None


def _show(request: HttpRequest, workspace: Workspace, key: str, context: dict[str, Any]) -> HttpResponse:
    links, here = _step_links(workspace, key)
    back = links[here.number - 2].url if here.number > 3 else ""
    shared = {"links": links, "here": here, "steps": len(links), "back": back}
    return show(request, workspace, f"sync/setup/{key}.html", "setup", {**shared, **context})


def connect_context(workspace: Workspace, key: str) -> dict[str, Any]:
    """The wizard's steps for a connect page, while the workspace has never been turned on; else nothing."""
    if setup.is_set_up(workspace.tenant):
        return {"links": []}
    links, here = _step_links(workspace, key)
    return {"links": links, "here": here, "steps": len(links), "section": "setup"}


def _step_links(workspace: Workspace, key: str) -> tuple[list[StepLink], StepLink]:
    links = [
        StepLink(step.number, str(TITLES[step.key]), step.state, _page(workspace, step.key), step.key == key)
        for step in setup.steps(workspace.tenant)
    ]
    return links, next(link for link in links if link.is_here)


def _unreachable(request: HttpRequest, workspace: Workspace, key: str, error: SyncError) -> HttpResponse:
    """The step stays open with what went wrong and its cure."""
    trouble = find_trouble(error.reason)
    return _show(request, workspace, key, {"trouble": trouble, "form": None})


def _report(form: forms.Form, problems: list[Problem]) -> None:
    for problem in problems:
        name = problem.path.rsplit(".", 1)[-1]
        form.add_error(name if name in form.fields else None, problem.message)


def _hint(row: TaxRow) -> str:
    if row.code is not None or row.suggestion is None:
        return ""
    return str(LONG[row.suggestion.reason] if row.suggestion.is_only else OTHERS_FIT)


def _gateway_rows(form: MappingsForm) -> list[GatewayRow]:
    return [
        GatewayRow(gateway.title or gateway.id, gateway.id, gateway.enabled, form[f"account_{n}"], form[f"method_{n}"])
        for n, gateway in enumerate(form.lists.gateways)
    ]
