"""All settings of a tenant as one JSON document: read, checked, completed, resolved, compared, stored, given back.

The document's form is stable (architecture §5): keys may be added, never renamed. A problem in it is a value in a list:
all of it is checked, all of it is reported.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector.accounting.books import CompanyFacts
from connector.accounting.facts import facts_from_json
from connector.accounting.items import UNSOLD_TYPES
from connector.accounting.keys import normalise
from sync import recipients
from sync.models import MirrorEntry, OptionsVersion, Record
from sync.schema import DEFAULTS, SCHEMA, Option, Reference, check_form, with_defaults
from tenants.models import Company, Tenant, User

_CONFIGURABLE = (
    "unmapped_tax_rate", "unmapped_gateway", "unmatched_product", "ambiguous_sku", "inactive_item",
    "inactive_customer", "missing_setting", "currency_off", "number_too_long", "closed_period",
    "tax_not_representable", "not_yet_available", "totals_differ",
)  # fmt: skip
"""Attention reasons that another choice may end: those records are looked at again when options change."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and what to do, as one sentence."""

    path: str
    message: str
    is_reference: bool = False
    """Something is named that QuickBooks does not have, or no longer."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.path}: {_show(self.before)} -> {_show(self.after)}"


@dataclass(slots=True)
class NameBook:
    """The company's lists, to resolve what a document names: {kind: [(id, name, full name, active)]}.

    unsold: ids of items that are only a category or a bundle."""

    rows: dict[str, list[tuple[str, str, str, bool]]] = field(default_factory=dict)
    unsold: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, company: Company | None) -> NameBook:
        book = cls()
        if company is None:
            return book
        named = MirrorEntry.objects.filter(company=company, kind__in=_KIND_NAMES)
        columns = named.values_list("kind", "qbo_id", "name", "full_name", "is_active", "type")
        for kind, qbo_id, name, full, active, of_type in columns:
            book.rows.setdefault(kind, []).append((qbo_id, name, full or name, active))
            if kind == "Item" and of_type in UNSOLD_TYPES:
                book.unsold.add(qbo_id)
        if company.facts:
            facts = facts_from_json(company.facts)
            book.rows["TaxCode"] = [(code.id, code.name, code.name, True) for code in facts.tax_codes]
            book.rows["TaxCode"] += [(code.id, code.name, code.name, False) for code in facts.inactive_tax_codes]
        return book

    def resolve(self, kind: str, value: Any, path: str) -> dict[str, str] | Problem:
        """A name, a string of digits (an id if one exists, else a name) or {"id", "name"} -> {"id", "name"}."""
        rows = self.rows.get(kind, [])
        if isinstance(value, Mapping):
            wanted_id, text = str(value.get("id", "")), str(value.get("name", ""))
            found = [row for row in rows if row[0] == wanted_id]
            if not found and text:
                found = _named(rows, text)
        else:
            text = str(value)
            found = [row for row in rows if row[0] == text] if text.isdigit() else []
            found = found or _named(rows, text)
        if kind == "Item" and found and all(row[0] in self.unsold for row in found):
            message = _("“%(name)s” is a category or a bundle in QuickBooks. Name an item that can be sold.")
            return Problem(path, message % {"name": found[0][2]}, is_reference=True)
        active = [row for row in found if row[3] and not (kind == "Item" and row[0] in self.unsold)]
        if len(active) == 1 or (active and isinstance(value, Mapping)):
            return {"id": active[0][0], "name": active[0][2] if kind == "Account" else active[0][1]}
        label = _KIND_NAMES[kind]
        if len(active) > 1:
            names = ", ".join(f"{row[2]} (id {row[0]})" for row in active[:5])
            message = _("several in QuickBooks (%(kind)s) are called “%(name)s”: %(names)s. Give the id.")
            return Problem(path, message % {"kind": label, "name": text, "names": names}, is_reference=True)
        if found:
            message = _("the %(kind)s “%(name)s” is inactive in QuickBooks. Reactivate it or name another.")
            return Problem(path, message % {"kind": label, "name": found[0][2]}, is_reference=True)
        shown = text or str(value)
        message = _("QuickBooks has no %(kind)s “%(name)s”.") % {"kind": label, "name": shown}
        return Problem(path, f"{message} {self._nearest(kind, shown)}", is_reference=True)

    def _nearest(self, kind: str, text: str) -> str:
        unsold = self.unsold if kind == "Item" else ()
        names = [row[2] for row in self.rows.get(kind, []) if row[3] and row[0] not in unsold]
        near = difflib.get_close_matches(text, names, n=3, cutoff=0.4) or sorted(names)[:3]
        if not near:
            return _("This list is empty there.")
        return _("Nearest: %(names)s.") % {"names": ", ".join(_("“%(name)s”") % {"name": name} for name in near)}


_KIND_NAMES = {
    "Item": gettext_lazy("product or service"),
    "Account": gettext_lazy("account"),
    "Class": gettext_lazy("class"),
    "Department": gettext_lazy("location"),
    "Term": gettext_lazy("payment terms"),
    "PaymentMethod": gettext_lazy("payment method"),
    "TaxCode": gettext_lazy("tax code"),
}


def _named(rows: Sequence[tuple[str, str, str, bool]], text: str) -> list[tuple[str, str, str, bool]]:
    """By full name first (accounts have parents), then by name; case and blanks do not matter."""
    wanted = normalise(text)
    return [row for row in rows if normalise(row[2]) == wanted] or [row for row in rows if normalise(row[1]) == wanted]


def complete(
    document: Mapping[str, Any], current: Mapping[str, Any] | None, start: Mapping[str, Any]
) -> dict[str, Any]:
    """The whole options document: a missing key keeps its current value, or takes its default on creation.

    start: defaults that depend on the moment of creation: time zone, start date, language. A list is replaced whole."""
    options = with_defaults(current or {})
    if not current:
        options["tenant"].update(start)
    for section, wanted in document.items():
        if section not in options or not isinstance(wanted, Mapping):
            if section in options:
                options[section] = wanted
            continue
        for name, value in wanted.items():
            if name in ("slug", "name"):
                continue
            if isinstance(options[section].get(name), dict) and isinstance(value, Mapping) and name in _MERGED:
                options[section][name] = {**options[section][name], **value}
            else:
                options[section][name] = value
    return with_defaults(options)


_MERGED = frozenset({"report", "untaxed"})


def check_and_resolve(
    document: Mapping[str, Any], options: dict[str, Any], book: NameBook, facts: CompanyFacts | None
) -> list[Problem]:
    """Checks the form of what was given and resolves every reference of `options` in place; all problems at once."""
    problems = [Problem(path, message) for path, message in check_form(document)]
    if problems:
        return problems
    for path, option in SCHEMA.items():
        if isinstance(option.kind, Reference):
            problems += _resolve_at(options, path, option, book)
    problems += _resolve_rates(options["taxes"], book, facts)
    problems += _resolve_methods(options["payments"], book)
    for name, value in list(options["taxes"]["untaxed"].items()):
        problems += _put(options["taxes"]["untaxed"], name, "TaxCode", value, f"taxes.untaxed.{name}", book)
    for name, value in list(options["orders"]["fee_items"].items()):
        problems += _put(options["orders"]["fee_items"], name, "Item", value, f"orders.fee_items.{name}", book)
    problems += _check_together(options)
    return problems


def _resolve_at(options: dict[str, Any], path: str, option: Option, book: NameBook) -> list[Problem]:
    section, name = path.split(".")
    assert isinstance(option.kind, Reference)
    return _put(options[section], name, option.kind.list_name, options[section][name], path, book)


def _put(place: dict[str, Any], name: str, kind: str, value: Any, path: str, book: NameBook) -> list[Problem]:
    if value in (None, ""):
        place[name] = None
        return []
    found = book.resolve(kind, value, path)
    if isinstance(found, Problem):
        return [found]
    place[name] = found
    return []


def _resolve_rates(taxes: dict[str, Any], book: NameBook, facts: CompanyFacts | None) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[frozenset[int]] = set()
    for position, row in enumerate(taxes["rates"]):
        path = f"taxes.rates[{position}]"
        combination = frozenset(row["rate_ids"])
        if combination in seen:
            message = _("the rates %(rates)s are mapped twice. Keep one row.")
            problems.append(Problem(path, message % {"rates": ", ".join(map(str, sorted(combination)))}))
        seen.add(combination)
        problems += _put(row, "tax_code", "TaxCode", row["tax_code"], f"{path}.tax_code", book)
    return problems


def _resolve_methods(payments: dict[str, Any], book: NameBook) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[str] = set()
    for position, row in enumerate(payments["methods"]):
        path = f"payments.methods[{position}]"
        if row["gateway"] in seen:
            message = _("the payment method “%(gateway)s” is mapped twice. Keep one row.")
            problems.append(Problem(path, message % {"gateway": row["gateway"]}))
        seen.add(row["gateway"])
        row.setdefault("record", True)
        problems += _put(row, "account", "Account", row.get("account"), f"{path}.account", book)
        problems += _put(
            row, "payment_method", "PaymentMethod", row.get("payment_method"), f"{path}.payment_method", book
        )
    return problems


def _check_together(options: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    unrecorded = [row["gateway"] for row in options["payments"]["methods"] if not row["record"]]
    if options["orders"]["document"] == "sales_receipt" and unrecorded:
        message = _(
            "“do not record” (%(gateways)s) does not go with sales receipts, which are the payment: QuickBooks would"
            " use Undeposited Funds. Choose invoices, or an account."
        )
        problems.append(Problem("payments.methods", message % {"gateways": ", ".join(unrecorded)}))
    items = options["items"]
    if items["create"] and not items["income_account"]:
        message = _("creating items needs an income account. Name one, or turn the creation of items off.")
        problems.append(Problem("items.income_account", message))
    if items["create"] and items["type"] == "inventory":
        for name in ("inventory_asset_account", "cogs_account"):
            if not items[name]:
                problems.append(Problem(f"items.{name}", _("creating inventory items needs this account.")))
    payments = options["payments"]
    if payments["gateway_fees"] and not payments["fee_account"]:
        problems.append(Problem("payments.fee_account", _("sending gateway fees needs an account to book them on.")))
    return problems


def notices(options: Mapping[str, Any], facts: CompanyFacts | None) -> list[str]:
    """What the document asks for that the company does not support, in sentences."""
    found: list[str] = []
    if facts is not None:
        if options["stock"]["enabled"] and not facts.inventory:
            found.append("stock.enabled: QuickBooks tracks no quantities here, so the store's stock is left alone.")
        if options["orders"]["class"] and not facts.classes:
            found.append("orders.class: class tracking is off in QuickBooks; the class is not sent.")
        if options["orders"]["location"] and not facts.locations:
            found.append("orders.location: location tracking is off in QuickBooks; the location is not sent.")
        if options["orders"]["automatic_numbers"] and facts.custom_numbers:
            found.append(
                "orders.automatic_numbers: QuickBooks leaves numbers blank while “Custom transaction numbers” is on."
                " Turn it off there, under Account and settings, then Sales."
            )
    return found


def changes_between(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Change]:
    """Leaf by leaf; on creation everything counts against the defaults."""
    return [Change(path, old, new) for path, old, new in _walk("", before if before is not None else DEFAULTS, after)]


def _walk(path: str, before: Any, after: Any) -> Iterable[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping) and not ({"id", "name"} >= set(before) and before):
        for key in sorted({*before, *after}):
            yield from _walk(f"{path}.{key}" if path else key, before.get(key), after.get(key))
    elif before != after:
        yield path, before, after


def _show(value: Any) -> str:
    if isinstance(value, Mapping) and "name" in value:
        return f"“{value['name']}”"
    if value is None:
        return "none"
    return str(value)


def save_options(
    tenant: Tenant,
    options: Mapping[str, Any],
    *,
    user: User | None = None,
    who: str = "",
    helps: Collection[str] | None = None,
) -> OptionsVersion:
    """The next version, unless it equals the current one; records that another choice may help are looked at again.

    helps: where the change is known to concern a few reasons only, those, or UNPAID_INVOICES; nothing else is touched
    then."""
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        current = OptionsVersion.objects.for_tenant(tenant).order_by("-number").first()
        if current is not None and current.document == options:
            return current
        version = OptionsVersion.objects.create(
            tenant=tenant,
            number=current.number + 1 if current else 1,
            document=dict(options),
            created_by=user,
            who=who or (str(user) if user else ""),
        )
        recipients.follow(tenant, options, user=user)
        if helps is not None:
            _queue_held(tenant, helps)
        elif current is None or _without_report(current.document) != _without_report(options):
            _queue_again(tenant)
    return version


def _without_report(options: Mapping[str, Any]) -> dict[str, Any]:
    """What decides about records: who is told of them does not."""
    whole = with_defaults(options)
    del whole["tenant"]["report"]
    return whole


UNPAID_INVOICES = "unpaid_invoices"
"""Beside reasons: invoices whose payment was left out because their payment method had no account."""
_PLANNED_BY_US = (Record.Source.ORDER, Record.Source.REFUND)
_AFRESH: Mapping[str, Any] = {"state": Record.State.QUEUED, "reason": "", "details": {}, "failed_attempts": 0}


def _queue_held(tenant: Tenant, reasons: Collection[str]) -> None:
    """Held orders, refunds and products of these reasons."""
    sources = (*_PLANNED_BY_US, Record.Source.PRODUCT)
    rows = Record.objects.for_tenant(tenant).filter(source__in=sources)
    held = rows.filter(state=Record.State.ATTENTION).values_list("pk", "reason")
    again = [pk for pk, reason in held if reason.split(":", 1)[0] in reasons]
    for start in range(0, len(again), 500):
        rows.filter(pk__in=again[start : start + 500]).update(**_AFRESH)
    if UNPAID_INVOICES in reasons:
        unpaid = rows.filter(state=Record.State.SYNCED).exclude(notices=[]).only("pk", "notices")
        ids = [one.pk for one in unpaid if any(notice["reason"] == "unmapped_gateway" for notice in one.notices)]
        rows.filter(pk__in=ids).update(state=Record.State.QUEUED)


def _queue_again(tenant: Tenant) -> None:
    """Not those set aside by a person, and no sale that has a document."""
    _queue_held(tenant, (*_CONFIGURABLE, UNPAID_INVOICES))
    rows = Record.objects.for_tenant(tenant).filter(source__in=_PLANNED_BY_US)
    ended = rows.filter(state__in=[Record.State.SKIPPED, Record.State.WAITING])
    ended.exclude(reason__in=Record.SET_ASIDE).exclude(source=Record.Source.REFUND, reason="trash").update(**_AFRESH)
    by_hand = ended.filter(reason="by_hand").values_list("pk", "details")
    by_option = [pk for pk, details in by_hand if details.get("why") == "credit_memos_off" and "by" not in details]
    rows.filter(pk__in=by_option).update(**_AFRESH)


def export_document(tenant: Tenant, options: Mapping[str, Any], *, with_secrets: bool) -> dict[str, Any]:
    """The same document that `tenant_apply` takes; without secrets the connections are left out."""
    document: dict[str, Any] = copy.deepcopy(dict(options))
    document["tenant"] = {"slug": tenant.slug, "name": tenant.name, **document["tenant"]}
    document["members"] = [
        {"email": membership.user.email, "role": membership.role}
        for membership in tenant.memberships.select_related("user").order_by("pk")
    ]
    if with_secrets:
        document["woocommerce"] = {
            "url": tenant.store_url,
            "consumer_key": tenant.store_consumer_key,
            "consumer_secret": tenant.store_consumer_secret,
        }
        if tenant.company is not None:
            document["quickbooks"] = {
                "realm_id": tenant.company.realm_id,
                "refresh_token": tenant.company.refresh_token,
            }
    return document
