"""Which customer is each buyer, and who may stand in QuickBooks twice?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from connector.accounting.books import NameRow
from sync.mappings.buyers import Buyer, buyers_of, choices_for, links_of, may_take, parts_of, records_waiting
from sync.mappings.links import LinkChange, set_link
from sync.mappings.names import active_row
from sync.models import Link
from sync.templatetags.formats import count
from sync.web.again import look_again
from sync.web.labels import Badge
from sync.web.mappings.frame import Shown, Verdict, show_trouble
from sync.web.mappings.taking_back import token_of
from sync.web.reason_texts import Text
from sync.web.reasons import fill
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Company, Role

PAGE = "sync/mappings/customers.html"
ROWS_A_PAGE = 50
FILTERS: Mapping[str, Text] = {
    "": gettext_lazy("All"),
    "double": gettext_lazy("Perhaps there twice"),
    "inactive": gettext_lazy("Customer inactive or gone"),
    "hand": gettext_lazy("Chosen by hand"),
}
BADGES: Mapping[str, Badge] = {
    "linked": Badge("ok", "circle-check", pgettext_lazy("customer", "Linked")),
    "inactive": Badge("warn", "triangle-alert", pgettext_lazy("customer", "Inactive")),
    "gone": Badge("warn", "triangle-alert", pgettext_lazy("customer", "Gone")),
}
HOW: Mapping[str, Text] = {
    "email": pgettext_lazy("customer found", "by the e-mail"),
    "name": pgettext_lazy("customer found", "by the name"),
    "hand": pgettext_lazy("customer found", "chosen by hand"),
    "created": pgettext_lazy("customer found", "created by us"),
    "match": pgettext_lazy("customer found", "by the rule of that time"),
}
WHY: Mapping[str, Text] = {
    "email": gettext_lazy("the same e-mail"),
    "name": gettext_lazy("the same name, another e-mail"),
}
ALSO: Mapping[str, Text] = {
    "email": gettext_lazy("There is also “%(name)s”, with the same e-mail."),
    "name": gettext_lazy("There is also “%(name)s”, with another e-mail."),
}
MODES: Mapping[str, Text] = {
    "organisation": gettext_lazy("company"),
    "generic": gettext_lazy("all buyers together"),
}


@dataclass(frozen=True, slots=True)
class Line:
    buyer: Buyer
    badge: Badge
    how: Text
    mode: Text

    @property
    def doubles(self) -> list[tuple[Any, Text]]:
        return [(one.row, WHY[one.why]) for one in self.buyer.doubles]

    @property
    def told(self) -> list[str]:
        return [fill(ALSO[one.why], {"name": one.row.name}) for one in self.buyer.doubles]


@require_safe
@in_workspace()
def customers(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Search and filter live in the address; pages of 50, newest first."""
    tenant, company = workspace.tenant, workspace.tenant.company
    if company is None:
        return show_trouble(request, workspace, "customers", LookupError("no company is connected"))
    text, shown = request.GET.get("q", "").strip()[:100], request.GET.get("show", "")
    page = Paginator(links_of(tenant, company, text=text, shown=shown), ROWS_A_PAGE).get_page(request.GET.get("page"))
    counts = {value: links_of(tenant, company, text=text, shown=value).count() for value in FILTERS}
    context = {
        "page_key": "customers",
        "verdict": _verdict(workspace, company),
        "lines": [_line(buyer) for buyer in buyers_of(tenant, company, list(page.object_list))],
        "page": page,
        "filters": [
            Shown(value, str(label), counts[value], shown)
            for value, label in FILTERS.items()
            if counts[value] or value in ("", shown)
        ],
        "q": text,
        "shown": shown,
        "address": urlencode({"show": shown, "q": text}),
        "is_empty": not counts[""] and not text,
    }
    is_part = bool(getattr(request, "htmx", False)) and request.headers.get("HX-Target") == "results"
    return show(request, workspace, f"{PAGE}#results" if is_part else PAGE, "mappings", context)


@require_safe
@in_workspace(Role.ADMIN)
def choose(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """One buyer: who it may be, and a search for another customer."""
    found = _find(workspace, request.GET.get("buyer", ""))
    if found is None:
        return redirect("mapping_customers", slug=workspace.tenant.slug)
    company, buyer = found
    text = request.GET.get("q", "").strip()[:100]
    is_part = bool(getattr(request, "htmx", False)) and request.headers.get("HX-Target") == "choices"
    template = "sync/mappings/customer.html"
    context = {
        "page_key": "customers",
        "line": _line(buyer),
        "buyer": buyer,
        "choices": choices_for(company, buyer, text),
        "q": text,
    }
    return show(request, workspace, f"{template}#choices" if is_part else template, "mappings", context)


@require_POST
@in_workspace(Role.ADMIN)
def save(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Another customer for documents to come, none, or the same one made active again."""
    found = _find(workspace, request.POST.get("buyer", ""))
    if found is None:
        return redirect("mapping_customers", slug=workspace.tenant.slug)
    company, buyer = found
    wish = request.POST.get("do", "")
    if wish == "use":
        return _use(request, workspace, company, buyer)
    if wish == "reactivate" and buyer.state == "inactive":
        return _reactivate(request, workspace, buyer)
    if wish == "unlink":
        change = set_link(
            workspace.tenant, Link.Kind.CUSTOMER, buyer.key, None, label=buyer.identity, user=workspace.person
        )
        text = _("“%(buyer)s” is unlinked. The next order looks for the customer anew.")
        return _done(request, workspace, buyer, change, text % {"buyer": buyer.identity})
    return redirect(choose_address(workspace, buyer.link_id))


def choose_address(workspace: Workspace, link_id: int) -> str:
    return f"{reverse('mapping_customer_choose', args=[workspace.tenant.slug])}?buyer={link_id}"


def _find(workspace: Workspace, number: str) -> tuple[Company, Buyer] | None:
    """By the link's number: an address with an e-mail in it would stand in logs."""
    tenant, company = workspace.tenant, workspace.tenant.company
    if company is None or not number.isdecimal() or len(number) > 18:
        return None
    links = Link.objects.for_tenant(tenant).filter(company=company, kind=Link.Kind.CUSTOMER, pk=int(number))
    buyers = buyers_of(tenant, company, list(links))
    return (company, buyers[0]) if buyers else None


def _use(request: HttpRequest, workspace: Workspace, company: Company, buyer: Buyer) -> HttpResponse:
    row = active_row(company, "Customer", request.POST.get("customer", ""))
    if row is None or not may_take(buyer, row):
        messages.error(request, _("Choose a customer of the list, in the buyer’s currency."))
        return redirect(choose_address(workspace, buyer.link_id))
    change = set_link(workspace.tenant, Link.Kind.CUSTOMER, buyer.key, row, label=buyer.identity, user=workspace.person)
    words = {"buyer": buyer.identity, "customer": row.name}
    text = _("Documents to come for “%(buyer)s” go to the customer “%(customer)s”. Those sent so far stay as they are.")
    return _done(request, workspace, buyer, change, text % words)


def _reactivate(request: HttpRequest, workspace: Workspace, buyer: Buyer) -> HttpResponse:
    """The run that needs it writes it."""
    found = NameRow(kind="Customer", qbo_id=buyer.customer.id, name=buyer.customer.name, active=False)
    change = set_link(
        workspace.tenant,
        Link.Kind.CUSTOMER,
        buyer.key,
        found,
        label=buyer.identity,
        user=workspace.person,
        made_by=buyer.how or Link.BY_HAND,
        may_reactivate=True,
    )
    text = _("“%(customer)s” is made active again in QuickBooks with the next order that needs it.")
    return _done(request, workspace, buyer, change, text % {"customer": buyer.customer.name})


def _done(request: HttpRequest, workspace: Workspace, buyer: Buyer, change: LinkChange, sentence: str) -> HttpResponse:
    token = token_of(workspace, [change], back="mapping_customers")
    queued = look_again(workspace, records_waiting(workspace.tenant, buyer.customer.id), grace=bool(token))
    if queued:
        text = ngettext("%(count)s record is looked at again.", "%(count)s records are looked at again.", queued)
        sentence = f"{sentence} {text % {'count': count(queued)}}"
    messages.success(request, sentence, extra_tags=f"take-back:{token}" if token else "")
    return redirect("mapping_customers", slug=workspace.tenant.slug)


def _line(buyer: Buyer) -> Line:
    mode, _identity, _currency = parts_of(buyer.key)
    return Line(buyer, BADGES[buyer.state], HOW.get(buyer.how, ""), MODES.get(mode, ""))


def _verdict(workspace: Workspace, company: Company) -> Verdict:
    tenant = workspace.tenant
    everybody = links_of(tenant, company).count()
    if not everybody:
        return Verdict(_("No buyer yet."), _("Buyers appear here as soon as one of their orders was sent."))
    inactive = links_of(tenant, company, shown="inactive").count()
    if inactive:
        title = ngettext(
            "%(count)s buyer’s customer is inactive or gone",
            "%(count)s buyers’ customers are inactive or gone",
            inactive,
        )
        text = _("Reactivate the customer, or choose another one; orders wait until then.")
        return Verdict(title % {"count": count(inactive)}, text)
    doubles = links_of(tenant, company, shown="double").count()
    if doubles:
        title = ngettext("%(count)s customer may be there twice", "%(count)s customers may be there twice", doubles)
        text = _("Two people are never merged by themselves. Whom you choose here counts for documents to come.")
        return Verdict(title % {"count": count(doubles)}, text)
    return Verdict(
        _("Every buyer is a customer."), _("A buyer keeps the customer when a name or an e-mail changes later.")
    )
