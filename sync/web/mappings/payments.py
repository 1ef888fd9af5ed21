"""Does every payment method of the store lead to an account, and which ones are new?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from connector.errors import SyncError
from sync.mappings.payments import (
    GatewayRow,
    PaymentTable,
    choose_default_account,
    choose_gateway,
    choose_gateways,
    payment_table,
)
from sync.models import Record
from sync.reports import records_of_cause
from sync.templatetags.formats import count, money
from sync.web.again import look_again
from sync.web.labels import Badge
from sync.web.lists_again import read_if_wished
from sync.web.mappings.frame import Shown, Verdict, overtaken, show_trouble, wanted_rows
from sync.web.suggestion_texts import OTHERS_FIT, SHORT
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role

PAGE = "sync/mappings/payments.html"


@dataclass(frozen=True, slots=True)
class Line:
    row: GatewayRow
    badge: Badge
    detail: str
    chip: str
    chip_reason: str
    button: str
    place: int
    error: str = ""

    @property
    def html_id(self) -> str:
        return f"gateway-{self.place}"

    @property
    def needs_choice(self) -> bool:
        return self.row.state in ("blocking", "stale", "open") or self.row.is_new


@require_safe
@in_workspace()
def payments(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    try:
        table = payment_table(workspace.tenant, fresh=read_if_wished(request, workspace))
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "payments", error)
    return show(request, workspace, PAGE, "mappings", _context(table, request.GET.get("show", "")))


@require_POST
@in_workspace(Role.ADMIN)
def save(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """One payment method by itself; what it blocked is looked at again at once."""
    tenant, gateway = workspace.tenant, request.POST.get("gateway", "")
    try:
        table = payment_table(tenant)
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "payments", error)
    row = table.row(gateway)
    account, method = request.POST.get("account", ""), request.POST.get("method", "")
    leaves_out = account == "none"
    error_text = _problem_with(row, table, account, method)
    if row is not None and not error_text:
        name = row.account.name if row.account else _("do not record")
        error_text = overtaken(request, now=row.chosen, wanted=account, name=name)
    if row is not None and not error_text:
        problems = choose_gateway(
            tenant,
            gateway,
            account_id="" if leaves_out else account,
            method_id="" if leaves_out or not account else method or _proposed_method(row),
            record=not leaves_out,
            user=workspace.person,
        )
        error_text = " ".join(problem.message for problem in problems)
        if not problems:
            look_again(workspace, records_of_cause(tenant, "unmapped_gateway", gateway))
    if not getattr(request, "htmx", False):
        messages.add_message(
            request, messages.ERROR if error_text else messages.SUCCESS, error_text or _("The choice is saved.")
        )
        return redirect("mapping_payments", slug=tenant.slug)
    context = _context(payment_table(tenant), "")
    place = int(request.POST["place"]) if request.POST.get("place", "").isdigit() else 0
    line = next((line for line in context["lines"] if line.row.gateway == gateway), None)
    context["line"] = replace(line, error=error_text, place=place) if line else None
    return show(request, workspace, f"{PAGE}#saved", "mappings", context)


@require_POST
@in_workspace(Role.ADMIN)
def save_default(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The account for payment methods without one of their own."""
    tenant, account = workspace.tenant, request.POST.get("account", "")
    try:
        table = payment_table(tenant)
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "payments", error)
    if account and all(row.qbo_id != account for row in table.accounts):
        messages.error(request, _("Choose an account of the list."))
        return redirect("mapping_payments", slug=tenant.slug)
    default = table.default_account
    text = overtaken(request, now=default.id if default else "", wanted=account, name=default.name if default else "")
    if text:
        messages.error(request, text)
        return redirect("mapping_payments", slug=tenant.slug)
    problems = choose_default_account(tenant, account, user=workspace.person)
    if problems:
        messages.error(request, " ".join(problem.message for problem in problems))
    else:
        held = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION)
        helped = held.filter(reason__in=["unmapped_gateway", "missing_setting:default_account"])
        look_again(workspace, helped if account else Record.objects.none())
        messages.success(request, _("The choice is saved."))
    return redirect("mapping_payments", slug=tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def accept(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """All accounts that bear the name of their payment method, as one version of the settings."""
    tenant = workspace.tenant
    try:
        rows = payment_table(tenant).suggested
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "payments", error)
    chosen: dict[str, dict[str, Any] | None] = {
        row.gateway: {
            "gateway": row.gateway,
            "account": {"id": row.proposal.account.ref.id},
            "payment_method": {"id": method} if (method := _proposed_method(row)) else None,
            "record": True,
        }
        for row in rows
        if row.proposal.account is not None
    }
    problems = choose_gateways(tenant, chosen, user=workspace.person) if chosen else []
    if problems:
        messages.error(request, " ".join(problem.message for problem in problems))
        return redirect("mapping_payments", slug=tenant.slug)
    for row in rows:
        look_again(workspace, records_of_cause(tenant, "unmapped_gateway", row.gateway))
    text = ngettext("%(count)s suggestion accepted.", "%(count)s suggestions accepted.", len(chosen))
    messages.success(request, text % {"count": count(len(chosen))})
    return redirect("mapping_payments", slug=tenant.slug)


def _context(table: PaymentTable, shown: str) -> dict[str, Any]:
    lines = [_line(row, place) for place, row in enumerate(table.rows, start=1)]
    return {
        "page_key": "payments",
        "table": table,
        "verdict": _verdict(table, lines),
        "lines": wanted_rows(lines, shown, lambda line: line.needs_choice),
        "filters": [
            Shown("", _("All"), len(lines), shown),
            Shown("open", _("To match"), sum(line.needs_choice for line in lines), shown),
            Shown("matched", _("Matched"), sum(not line.needs_choice for line in lines), shown),
        ],
        "suggested": len(table.suggested),
        "accounts": [(row.qbo_id, row.full_name or row.name) for row in table.accounts],
        "methods": [(row.qbo_id, row.name) for row in table.methods],
        "default_id": table.default_account.id if table.default_account else "",
    }


def _verdict(table: PaymentTable, lines: list[Line]) -> Verdict:
    if not table.records:
        title = _("Payments are not recorded.")
        return Verdict(title, _("Turn them on in the settings; the choices below are kept."))
    blocking = [line.row for line in lines if line.row.state == "blocking"]
    new = [line.row.title for line in lines if line.row.is_new]
    if blocking:
        orders = sum(row.blocked for row in blocking)
        sums: dict[str, Any] = {}
        for row in blocking:
            for currency, amount in (row.amounts or {}).items():
                sums[currency] = sums.get(currency, 0) + amount
        whole = " + ".join(money(total, currency) for currency, total in sorted(sums.items()))
        title = ngettext(
            "%(count)s payment method has no account", "%(count)s payment methods have no account", len(blocking)
        ) % {"count": count(len(blocking))}
        text = ngettext(
            "%(count)s record (%(amount)s) waits for it.", "%(count)s records (%(amount)s) wait for it.", orders
        )
        return Verdict(title, text % {"count": count(orders), "amount": whole})
    if new:
        text = _("New payment method in your store: “%(gateway)s”. Choose its account so that payments are recorded.")
        return Verdict(_("A payment method is new"), text % {"gateway": new[0]})
    title = _("Every payment method leads to an account.")
    if any(line.row.state == "open" for line in lines):
        title = _("Some payment methods have no account yet.")
    return Verdict(title, _("Money waits on a clearing account until it reaches the bank, and ends there at zero."))


def _line(row: GatewayRow, place: int) -> Line:
    badge, detail = _badge(row)
    chip = reason = button = ""
    suggestion = row.proposal.account
    if suggestion is not None and row.account is None and row.record:
        chip = suggestion.ref.name
        reason = str(SHORT[suggestion.reason] if suggestion.is_only else OTHERS_FIT)
    if row.blocked:
        button = ngettext(
            "Record there and send %(count)s record", "Record there and send %(count)s records", row.blocked
        ) % {"count": count(row.blocked)}
    return Line(row, badge, detail, chip, reason, button, place)


def _badge(row: GatewayRow) -> tuple[Badge, str]:
    if row.state == "matched":
        return Badge("ok", "circle-check", pgettext("mapping", "Matched")), ""
    if row.state == "not_recorded":
        return Badge("", "circle-slash", pgettext("mapping", "Not recorded")), _("invoices stay open")
    if row.state == "default":
        return Badge("", "circle-dashed", pgettext("mapping", "As usual")), _("the default account takes it")
    if row.state == "stale":
        return Badge("warn", "triangle-alert", pgettext("mapping", "Gone")), _("deleted or inactive in QuickBooks")
    if row.state == "blocking":
        text = ngettext("%(count)s record waits", "%(count)s records wait", row.blocked)
        return Badge("warn", "triangle-alert", pgettext("mapping", "To match")), text % {"count": count(row.blocked)}
    return Badge("", "circle-dashed", pgettext("mapping", "To match")), _("blocks nothing")


def _proposed_method(row: GatewayRow) -> str:
    method = row.method or (row.proposal.method.ref if row.proposal.method else None)
    return method.id if method else ""


def _problem_with(row: GatewayRow | None, table: PaymentTable, account: str, method: str) -> str:
    if row is None:
        return _("This payment method is no longer there. Refresh the page.")
    if account == "none" and not table.may_leave_out:
        return _("A sales receipt is the payment itself. Choose an account, or send invoices.")
    if account not in ("", "none") and all(one.qbo_id != account for one in table.accounts):
        return _("Choose an account of the list.")
    if method and all(one.qbo_id != method for one in table.methods):
        return _("Choose a payment method of the list.")
    return ""
