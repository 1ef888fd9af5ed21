"""Does every tax rate of the store lead to a tax code of QuickBooks?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connector.accounting.policy import TaxWorld
from connector.errors import SyncError
from sync.mappings.check import CHECKED, check_orders
from sync.mappings.taxes import TaxRow, TaxTable, choose_code, choose_codes, tax_table
from sync.reports import records_of_cause
from sync.templatetags.formats import count, money, percent
from sync.web.again import look_again
from sync.web.labels import Badge
from sync.web.lists_again import read_if_wished
from sync.web.mappings.frame import Shown, Verdict, overtaken, show_trouble, wanted_rows
from sync.web.mappings.tax_texts import badge_of, name_of, note_of
from sync.web.suggestion_texts import OTHERS_FIT, SHORT
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role

PAGE = "sync/mappings/taxes.html"


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is shown; `options` are the codes that fit, and what is chosen if that fits no more."""

    row: TaxRow
    name: str
    note: str
    badge: Badge
    detail: str
    options: Sequence[tuple[str, str]]
    chip: str
    chip_reason: str
    button: str
    error: str = ""

    @property
    def chosen(self) -> str:
        return self.row.code.id if self.row.code else ""

    @property
    def html_id(self) -> str:
        return "rate-" + self.row.key.replace(",", "-")


@require_safe
@in_workspace()
def first(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The menu's own address leads to the first of the pages."""
    return redirect("mapping_taxes", slug=workspace.tenant.slug)


@require_safe
@in_workspace()
def taxes(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    try:
        table = tax_table(workspace.tenant, fresh=read_if_wished(request, workspace))
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "taxes", error)
    return show(request, workspace, PAGE, "mappings", _context(table, request.GET.get("show", "")))


@require_POST
@in_workspace(Role.ADMIN)
def save(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """One row by itself; what it blocked is looked at again at once."""
    tenant, key, code_id = workspace.tenant, request.POST.get("key", ""), request.POST.get("code", "")
    try:
        row = tax_table(tenant).row(key)
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "taxes", error)
    error_text = _problem_with(row, code_id)
    if row is not None and not error_text:
        now = row.code
        error_text = overtaken(request, now=now.id if now else "", wanted=code_id, name=now.name if now else "")
    if row is not None and not error_text:
        problems = choose_code(tenant, key, code_id, percent=row.percent, user=workspace.person)
        error_text = " ".join(problem.message for problem in problems)
        if not problems and row.orders and code_id:
            reason = "missing_setting:untaxed_code" if row.is_untaxed else "unmapped_tax_rate"
            look_again(workspace, records_of_cause(tenant, reason, "" if row.is_untaxed else key))
    if not getattr(request, "htmx", False):
        messages.add_message(
            request, messages.ERROR if error_text else messages.SUCCESS, error_text or _("The choice is saved.")
        )
        return redirect("mapping_taxes", slug=tenant.slug)
    context = _context(tax_table(tenant), "")
    line = next((line for line in context["lines"] if line.row.key == key), None)
    context["line"] = replace(line, error=error_text) if line else None
    return show(request, workspace, f"{PAGE}#saved", "mappings", context)


@require_POST
@in_workspace(Role.ADMIN)
def accept(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """All suggestions that nothing speaks against, as one version of the settings."""
    tenant = workspace.tenant
    try:
        rows = tax_table(tenant).suggested
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "taxes", error)
    chosen = [(row.key, row.suggestion.ref.id, row.percent) for row in rows if row.suggestion is not None]
    problems = choose_codes(tenant, chosen, user=workspace.person) if chosen else []
    if problems:
        messages.error(request, " ".join(problem.message for problem in problems))
        return redirect("mapping_taxes", slug=tenant.slug)
    for row in rows:
        if row.orders and not row.is_untaxed:
            look_again(workspace, records_of_cause(tenant, "unmapped_tax_rate", row.key))
    text = ngettext("%(count)s suggestion accepted.", "%(count)s suggestions accepted.", len(chosen))
    messages.success(request, text % {"count": count(len(chosen))})
    return redirect("mapping_taxes", slug=tenant.slug)


@require_safe
@in_workspace()
def check(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """How the latest orders would come out with today's choices; nothing is written anywhere."""
    try:
        found = check_orders(workspace.tenant)
        table = tax_table(workspace.tenant)
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "taxes", error)
    context = {**_context(table, ""), "found": found}
    is_part = getattr(request, "htmx", False)
    return show(request, workspace, f"{PAGE}#check" if is_part else PAGE, "mappings", context)


def _context(table: TaxTable, shown: str) -> dict[str, Any]:
    lines = [_line(row, table.world) for row in table.rows]
    return {
        "page_key": "taxes",
        "table": table,
        "verdict": _verdict(table),
        "lines": wanted_rows(lines, shown, lambda line: line.row.needs_choice),
        "filters": [
            Shown("", _("All"), len(lines), shown),
            Shown("open", _("To match"), sum(line.row.needs_choice for line in lines), shown),
            Shown("matched", _("Matched"), sum(not line.row.needs_choice for line in lines), shown),
        ],
        "suggested": len(table.suggested),
        "looked_at": table.looked_at,
        "checked": CHECKED,
        "is_mapped": table.world in ("global", "us_manual"),
    }


def _verdict(table: TaxTable) -> Verdict:
    rows = [row for row in table.rows if not row.is_optional]
    matched = sum(row.state == "matched" for row in rows)
    if table.world == "off":
        title = _("Sales tax is off in QuickBooks, so there is nothing to match.")
        return Verdict(title, _("The store’s tax goes on a line of its own, with the tax item of your settings."))
    if table.world == "us_automated":
        title = _("QuickBooks computes sales tax by itself, so there is nothing to match.")
        return Verdict(title, _("The tax that your store charged is sent with each document and rules."))
    blocking = [row for row in table.rows if row.state == "blocking"]
    if matched == len(rows):
        title = _("Every tax of the store leads to a tax code.")
    else:
        title = ngettext(
            "%(matched)s of %(count)s tax is matched", "%(matched)s of %(count)s taxes are matched", len(rows)
        ) % {"matched": count(matched), "count": count(len(rows))}
    if not blocking:
        return Verdict(title, _("Nothing waits for a tax code."))
    first_row = blocking[0]
    orders = sum(row.orders for row in blocking)
    sums: dict[str, Any] = {}
    for row in blocking:
        for currency, amount in (row.amounts or {}).items():
            sums[currency] = sums.get(currency, 0) + amount
    words = {
        "count": count(orders),
        "amount": " + ".join(money(amount, currency) for currency, amount in sorted(sums.items())),
        "rate": name_of(first_row),
    }
    if len(blocking) == 1:
        text = ngettext(
            "%(count)s record (%(amount)s) waits for “%(rate)s”.",
            "%(count)s records (%(amount)s) wait for “%(rate)s”.",
            orders,
        )
    else:
        text = ngettext(
            "%(count)s record (%(amount)s) waits for a tax code.",
            "%(count)s records (%(amount)s) wait for tax codes.",
            orders,
        )
    return Verdict(title, text % words)


def _line(row: TaxRow, world: TaxWorld) -> Line:
    options = [(code.id, code.name) for code in row.fitting]
    if row.code is not None and row.code.id not in {value for value, _label in options}:
        options.append((row.code.id, row.code.name or row.code.id))
    badge, detail = badge_of(row)
    chip, reason = "", ""
    if row.suggestion is not None and row.code is None:
        chip = row.suggestion.ref.name
        reason = str(SHORT[row.suggestion.reason] if row.suggestion.is_only else OTHERS_FIT)
    button = ""
    if row.orders:
        button = ngettext("Match and send %(count)s record", "Match and send %(count)s records", row.orders) % {
            "count": count(row.orders)
        }
    return Line(row, name_of(row), note_of(row, world), badge, detail, options, chip, reason, button)


def _problem_with(row: TaxRow | None, code_id: str) -> str:
    if row is None:
        return _("This rate is no longer there. Refresh the page.")
    if not code_id or any(code.id == code_id for code in row.fitting):
        return ""
    if row.percent is None:
        return _("Choose a tax code at 0 %, since these lines bear no tax.")
    return _("Choose a tax code at %(percent)s, or create one in QuickBooks and refresh the lists.") % {
        "percent": percent(row.percent)
    }
