"""Items and accounts that a page's empty options need and the company lacks: shown, made with one click, and chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from connector.accounting.policy import Ref
from sync import choices, setup
from sync.missing import GATEWAY, Made, Missing, find_missing
from sync.web.manage.lists import Lists, read_lists
from sync.web.manage.places import Subject, put
from sync.web.missing import make_ticked
from sync.web.workspace import Workspace
from tenants.models import Tenant

_PAYMENTS = "payments.default_account"
"""The page that bears it is the one of the payment methods' accounts."""


def lacking(lists: Lists, subject: Subject, options: Mapping[str, Any]) -> list[Missing]:
    """What this page's options need; without an answer of the store, its payment methods are passed over."""
    paths = {place.path for place in subject.places}
    gateways = lists.store.gateways if lists.store is not None and _PAYMENTS in paths else ()
    tax_is_off = setup.tax_world(lists.tenant, options) == "off"
    found = find_missing(lists.tenant, options, gateways=gateways, tax_is_off=tax_is_off)
    return [one for one in found if one.key in paths or one.key.startswith(GATEWAY)]


def make(request: HttpRequest, workspace: Workspace, subject: Subject) -> None:
    """Makes what is ticked in QuickBooks and chooses it, as one version of the settings."""
    wanted = lacking(read_lists(workspace.tenant), subject, setup.options_of(workspace.tenant))
    made = make_ticked(request, workspace, wanted)
    for sentence in made.refused.values():
        messages.error(request, sentence)
    if made.refs:
        _choose(request, workspace, made)


def _choose(request: HttpRequest, workspace: Workspace, made: Made) -> None:
    tenant = workspace.tenant
    saved = choices.save_choices(tenant, _sections(tenant, made.refs), user=workspace.person)
    words = {"names": ", ".join(f"“{ref.name}”" for ref in made.refs.values())}
    if saved.problems:
        reasons = " ".join(problem.message for problem in saved.problems)
        messages.error(request, f"{_('Created in QuickBooks, but not chosen here: %(names)s.') % words} {reasons}")
    else:
        messages.success(request, _("Created in QuickBooks and chosen here: %(names)s.") % words)


def _sections(tenant: Tenant, refs: Mapping[str, Ref]) -> dict[str, Any]:
    """Part of an options document in which each of them is chosen; other payment methods keep their rows."""
    sections: dict[str, Any] = {}
    for key, ref in refs.items():
        if not key.startswith(GATEWAY):
            put(sections, key, {"id": ref.id})
    accounts = {key.removeprefix(GATEWAY): ref.id for key, ref in refs.items() if key.startswith(GATEWAY)}
    if accounts:
        put(sections, "payments.methods", _with_accounts(setup.options_of(tenant)["payments"]["methods"], accounts))
    return sections


def _with_accounts(rows: Sequence[Mapping[str, Any]], accounts: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of the options, with an account (gateway -> id) in those that are named, new ones at the end."""
    found = {str(row["gateway"]): dict(row) for row in rows}
    for gateway, account in accounts.items():
        row = found.setdefault(gateway, {"gateway": gateway, "payment_method": None, "record": True})
        row["account"] = {"id": account}
    return list(found.values())
