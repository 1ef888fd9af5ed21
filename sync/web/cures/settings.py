"""Settings that are missing or in the way: chosen in the card where it is one choice, else the way to where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.books import NameRow
from connector.accounting.suggest import default_account
from sync.choices import save_choices
from sync.mappings.payments import choose_default_account, choose_gateway, money_accounts
from sync.mappings.taxes import UNTAXED, choose_code
from sync.missing import ITEMS
from sync.reports import Cause
from sync.setup import facts_of, item_proposals, options_of, rows_of
from sync.templatetags.formats import count
from sync.web.cures.offer import Answers, Button, Field, Offer, Option, Refused, Taken
from sync.web.cures.ways import read_again
from sync.web.manage.table import TABLE
from sync.web.picking import Picker, hint_for, list_of, options_with_none, pick, search_for
from sync.web.reason_texts import SETTINGS
from sync.web.workspace import Workspace
from tenants.models import Company


def _accounts(*types: str) -> Callable[[Company], list[NameRow]]:
    return lambda company: [row for row in rows_of(company, "Account") if row.type in types]


def _list(kind: str) -> Callable[[Company], list[NameRow]]:
    return lambda company: rows_of(company, kind)


_ITEM_SETTINGS: Mapping[str, str] = {key.rpartition(".")[2]: key.partition(".")[0] for key in ITEMS}
"""Setting -> section of the options, of those that are an item."""
_LISTS: Mapping[str, tuple[str, Callable[[Company], list[NameRow]]]] = {
    "class": ("orders", _list("Class")),
    "location": ("orders", _list("Department")),
    "terms": ("orders", _list("Term")),
    "income_account": ("items", _accounts("Income")),
    "expense_account": ("items", _accounts("Cost of Goods Sold", "Expense")),
    "inventory_asset_account": ("items", _accounts("Other Current Asset")),
    "cogs_account": ("items", _accounts("Cost of Goods Sold")),
    "fee_account": ("payments", _accounts("Expense", "Other Expense", "Cost of Goods Sold")),
}
"""Setting -> section of the options, and what it may be chosen from."""


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    key = cause.reason.partition(":")[2]
    label = ngettext("Save and send %(count)s record", "Save and send %(count)s records", cause.records)
    if key in _ITEM_SETTINGS:
        return _offer_item(workspace, key, label % {"count": count(cause.records)})
    choices = _choices(workspace, key)
    if not choices:
        return Offer(buttons=[read_again()], replaces_retry=False)
    proposed = _proposed(workspace, key, choices)
    return Offer(
        fields=[
            Field(
                name="value",
                label=_label(key),
                options=[Option("", _("Choose…")), *choices],
                value=proposed,
                hint=_("Suggested: same name.") if proposed else "",
                is_suggested=bool(proposed),
            )
        ],
        buttons=[Button(label % {"count": count(cause.records)}, action="save", look="primary")],
    )


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    tenant, person, key = workspace.tenant, workspace.person, cause.reason.partition(":")[2]
    if key in _ITEM_SETTINGS:
        return _take_item(workspace, key, answers.get("value", ""))
    chosen = next((one for one in _choices(workspace, key) if one.value == answers.get("value")), None)
    if chosen is None:
        return Refused(_("Choose one of the list first."))
    name, _colon, which = key.partition(":")
    if name in _LISTS:
        section = {_LISTS[name][0]: {name: {"id": chosen.value}}}
        problems = list(save_choices(tenant, section, user=person, helps=()).problems)
    elif name == UNTAXED:
        problems = choose_code(tenant, UNTAXED, chosen.value, percent=None, user=person)
    elif name == "default_account":
        problems = choose_default_account(tenant, chosen.value, user=person)
    else:
        account, method = _ids_of(workspace, which)
        if name == "payment_method":
            method = chosen.value
        else:
            account = chosen.value
        problems = choose_gateway(tenant, which, account_id=account, method_id=method, record=True, user=person)
    if problems:
        return Refused(" ".join(problem.message for problem in problems))
    return Taken(_("%(setting)s: “%(name)s”.") % {"setting": _label(key), "name": chosen.label}, True)


def _offer_item(workspace: Workspace, key: str, label: str) -> Offer:
    """An item for shipping, fees and the like: any of thousands, the one that is called so chosen already."""
    company, role = workspace.tenant.company, f"{_ITEM_SETTINGS[key]}.{key}"
    if company is None or not (items := list_of(company, role)).total:
        return Offer(buttons=[read_again()], replaces_retry=False)
    proposed, located = item_proposals(company).get(key, ""), TABLE.by_path[role]
    picker = Picker("value", role, hint_for(role), chosen=proposed, none=_("Choose…"))
    picked = pick(items, picker)
    page = reverse(f"manage_{located.subject.key}", args=[workspace.tenant.slug])
    way = f"{page}#row-{located.place.key}"
    return Offer(
        fields=[
            Field(
                name="value",
                label=_label(key),
                options=[Option(value, str(text)) for value, text in options_with_none(picked, picker.none)],
                value=proposed,
                hint=_("Suggested: same name.") if proposed else "",
                is_suggested=bool(proposed),
                search=search_for(workspace.tenant, items, picker, picked, own_name="q", way=way),
            )
        ],
        buttons=[Button(label, action="save", look="primary")],
    )


def _take_item(workspace: Workspace, key: str, qbo_id: str) -> Taken | Refused:
    company, section = workspace.tenant.company, _ITEM_SETTINGS[key]
    if company is None or not qbo_id:
        return Refused(_("Choose one of the list first."))
    items = list_of(company, f"{section}.{key}")
    item = items.get(qbo_id)
    if item is None:
        return Refused(items.why_not(qbo_id))
    saved = save_choices(workspace.tenant, {section: {key: {"id": item.qbo_id}}}, user=workspace.person, helps=())
    if saved.problems:
        return Refused(" ".join(problem.message for problem in saved.problems))
    name = item.full_name or item.name
    return Taken(_("%(setting)s: “%(name)s”.") % {"setting": _label(key), "name": name}, True)


def _choices(workspace: Workspace, key: str) -> list[Option]:
    company, facts = workspace.tenant.company, facts_of(workspace.tenant)
    name = key.partition(":")[0]
    if company is None or facts is None:
        return []
    if name == UNTAXED:
        return [Option(code.id, code.name) for code in facts.tax_codes if code.percent == 0]
    if name == "payment_method":
        rows = rows_of(company, "PaymentMethod")
    elif name in ("default_account", "gateway"):
        rows = money_accounts(company)
    elif name in _LISTS:
        rows = _LISTS[name][1](company)
    else:
        return []
    return [Option(row.qbo_id, row.full_name or row.name) for row in rows]


def _proposed(workspace: Workspace, key: str, choices: list[Option]) -> str:
    company = workspace.tenant.company
    assert company is not None
    ref = default_account(rows_of(company, "Account")) if key == "default_account" else None
    found = ref.id if ref else ""
    return found if any(one.value == found for one in choices) else ""


def _ids_of(workspace: Workspace, gateway: str) -> tuple[str, str]:
    """The account and the payment method that are chosen, "" where none is."""
    rows = options_of(workspace.tenant)["payments"]["methods"]
    row: Mapping[str, Any] = next((row for row in rows if row["gateway"] == gateway), {})
    account, method = ((row.get(name) or {}).get("id", "") for name in ("account", "payment_method"))
    return str(account), str(method)


def _label(key: str) -> str:
    """With a capital, as a label begins."""
    text = str(SETTINGS.get(key.partition(":")[0], key))
    return text[:1].upper() + text[1:]


# Closed books, currencies


def offer_open_day(workspace: Workspace, cause: Cause) -> Offer | None:
    """The first open day for this and everything later, or the closing date moved in QuickBooks.

    A document that stands already is never moved to another day."""
    if cause.subject == "edited":
        return Offer(buttons=[read_again()])
    label = ngettext(
        "Send %(count)s record on the first open day", "Send %(count)s records on the first open day", cause.records
    ) % {"count": count(cause.records)}
    return Offer(
        note=_("Sent on the first open day, a document keeps its true date in the memo. This holds from now on."),
        buttons=[Button(label, action="first_open_day"), read_again()],
    )


def take_open_day(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    saved = save_choices(
        workspace.tenant, {"orders": {"closed_period": "first_open_day"}}, user=workspace.person, helps=()
    )
    if saved.problems:
        return Refused(" ".join(problem.message for problem in saved.problems))
    return Taken(_("From now on, orders of a closed period are sent on the first open day."), True)


def offer_read_again(workspace: Workspace, cause: Cause) -> Offer | None:
    """Only QuickBooks' own settings end it."""
    return Offer(buttons=[read_again()])
