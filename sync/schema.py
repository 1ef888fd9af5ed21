"""The form of the tenant document: every option with its kind, its default and its allowed values, as one table."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a row of one of the company's lists."""

    list_name: str


@dataclass(frozen=True, slots=True)
class Option:
    """kind: bool, str, a list/dict checker, a Reference, or a tuple of the allowed words. nullable: null means none."""

    kind: Any
    default: Any
    nullable: bool = False


LANGUAGES = ("en", "fr", "fr-ca")
_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\"]+")
MOST_RECIPIENTS = 20
ITEM, ACCOUNT, TAX_CODE = Reference("Item"), Reference("Account"), Reference("TaxCode")

Found = Iterator[tuple[str, str]]


def _zone(path: str, value: Any) -> Found:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        yield path, _("“%(value)s” is not a time zone. Use a name such as Europe/Paris.") % {"value": value}


def _date(path: str, value: Any) -> Found:
    try:
        date.fromisoformat(value)
    except (ValueError, TypeError):
        yield path, _("“%(value)s” is not a date. Write it as 2026-01-31.") % {"value": value}


def _texts(path: str, value: Any) -> Found:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        yield path, _("must be a list of texts.")


def _statuses(path: str, value: Any) -> Found:
    yield from _texts(path, value)
    if isinstance(value, list):
        for text in value:
            if isinstance(text, str) and text.startswith("wc-"):
                yield path, _("write the status “%(status)s” without “wc-”.") % {"status": text}
            if text in ("trash", "checkout-draft", "auto-draft", "any"):
                yield path, _("“%(status)s” can never be synced. Leave it out.") % {"status": text}


def _report(path: str, value: Any) -> Found:
    if not isinstance(value, Mapping):
        yield path, _("must be an object with recipients and when.")
        return
    yield from _unknown(path, value, ("recipients", "when", "language", "languages"))
    yield from _recipients(f"{path}.recipients", value.get("recipients", []))
    if value.get("language") is not None:
        yield from _word(f"{path}.language", value["language"], LANGUAGES)
    yield from _languages(f"{path}.languages", value.get("languages", {}))
    yield from _word(f"{path}.when", value.get("when", "never"), ("every_run", "daily", "weekly", "problems", "never"))


def _recipients(path: str, value: Any) -> Found:
    if not isinstance(value, list):
        yield path, _("must be a list of e-mail addresses.")
        return
    if len(value) > MOST_RECIPIENTS:
        yield path, _("at most %(count)s addresses get reports.") % {"count": MOST_RECIPIENTS}
    for address in value:
        if not isinstance(address, str) or len(address) > 254 or not _ADDRESS.fullmatch(address):
            yield path, _("“%(address)s” is not an e-mail address.") % {"address": address}


def _languages(path: str, value: Any) -> Found:
    """{address: language} for those who read another language than the rest."""
    if not isinstance(value, Mapping):
        yield path, _("must be an object: address -> language.")
        return
    for address, language in value.items():
        yield from _word(f"{path}.{address}", language, LANGUAGES)


def _rates(path: str, value: Any) -> Found:
    if not isinstance(value, list):
        yield path, _("must be a list of {rate_ids, tax_code}.")
        return
    for position, row in enumerate(value):
        here = f"{path}[{position}]"
        if not isinstance(row, Mapping):
            yield here, _("must be an object with rate_ids and tax_code.")
            continue
        yield from _unknown(here, row, ("rate_ids", "tax_code", "percent"))
        ids = row.get("rate_ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(i, int) and not isinstance(i, bool) for i in ids):
            yield f"{here}.rate_ids", _("must be a list of the store’s tax rate ids, e.g. [1].")
        if not row.get("tax_code"):
            yield f"{here}.tax_code", _("names no tax code. Give one, or leave the row out.")
        if row.get("percent") is not None:
            try:
                Decimal(str(row["percent"]))
            except InvalidOperation:
                message = _("“%(value)s” is not a percentage such as 20 or 9.975.")
                yield f"{here}.percent", message % {"value": row["percent"]}


def _methods(path: str, value: Any) -> Found:
    if not isinstance(value, list):
        yield path, _("must be a list of {gateway, account, payment_method, record}.")
        return
    for position, row in enumerate(value):
        here = f"{path}[{position}]"
        if not isinstance(row, Mapping):
            yield here, _("must be an object with gateway and account.")
            continue
        yield from _unknown(here, row, ("gateway", "account", "payment_method", "record"))
        if not isinstance(row.get("gateway"), str):
            yield f"{here}.gateway", _("names no payment method of the store, e.g. stripe.")
        if not isinstance(row.get("record", True), bool):
            yield f"{here}.record", _("must be true or false.")
        if row.get("record", True) and not row.get("account"):
            yield f"{here}.account", _("names no account. Give one, or set record to false.")


def _untaxed(path: str, value: Any) -> Found:
    if not isinstance(value, Mapping):
        yield path, _("must be an object with vat_exempt, export, other.")
        return
    yield from _unknown(path, value, ("vat_exempt", "export", "other"))


def _by_name(path: str, value: Any) -> Found:
    if not isinstance(value, Mapping):
        yield path, _("must be an object: name of the fee -> product or service.")


def _days(path: str, value: Any) -> Found:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 3650:
        yield path, _("must be a number of days from 1 to 3650.")


def _prefix(path: str, value: Any) -> Found:
    if not isinstance(value, str) or len(value) > 15:
        yield path, _("must be at most 15 characters: QuickBooks takes 21 for the whole number.")


SCHEMA: Mapping[str, Option] = {
    "tenant.language": Option(LANGUAGES, "en"),
    "tenant.time_zone": Option(_zone, "UTC"),
    "tenant.start_date": Option(_date, "2026-01-01"),
    "tenant.automatic_sync": Option(bool, False),
    "tenant.report": Option(_report, {"recipients": [], "when": "never"}),
    "orders.enabled": Option(bool, True),
    "orders.statuses": Option(_statuses, ["processing", "completed"]),
    "orders.document": Option(("sales_receipt", "invoice"), "sales_receipt"),
    "orders.date": Option(("created", "paid", "completed"), "created"),
    "orders.number_prefix": Option(_prefix, ""),
    "orders.automatic_numbers": Option(bool, False),
    "orders.number_source": Option(str, None, nullable=True),
    "orders.default_item": Option(ITEM, None, nullable=True),
    "orders.shipping_item": Option(ITEM, None, nullable=True),
    "orders.discount_item": Option(ITEM, None, nullable=True),
    "orders.fee_item": Option(ITEM, None, nullable=True),
    "orders.fee_items": Option(_by_name, {}),
    "orders.rounding_item": Option(ITEM, None, nullable=True),
    "orders.refund_item": Option(ITEM, None, nullable=True),
    "orders.customer_mode": Option(("original", "organisation", "generic"), "original"),
    "orders.generic_customer": Option(str, "WooCommerce Customer"),
    "orders.class": Option(Reference("Class"), None, nullable=True),
    "orders.location": Option(Reference("Department"), None, nullable=True),
    "orders.terms": Option(Reference("Term"), None, nullable=True),
    "orders.language": Option(("en", "fr"), None, nullable=True),
    "orders.customer_note": Option(bool, True),
    "orders.credit_memos": Option(("automatic", "credit_memo", "refund_receipt", "off"), "automatic"),
    "orders.cancelled": Option(("credit_memo", "void"), "credit_memo"),
    "orders.closed_period": Option(("hold", "first_open_day"), "hold"),
    "orders.zero_total": Option(("post", "skip"), "post"),
    "items.match_by": Option(("sku", "name"), "sku"),
    "items.create": Option(bool, False),
    "items.type": Option(("non_inventory", "service", "inventory"), "non_inventory"),
    "items.income_account": Option(ACCOUNT, None, nullable=True),
    "items.expense_account": Option(ACCOUNT, None, nullable=True),
    "items.inventory_asset_account": Option(ACCOUNT, None, nullable=True),
    "items.cogs_account": Option(ACCOUNT, None, nullable=True),
    "items.reactivate": Option(bool, False),
    "items.name_fallback": Option(bool, False),
    "items.initial_quantity": Option(("zero", "store"), "zero"),
    "taxes.mode": Option(("auto", "off", "us_automated", "us_manual", "global"), "auto"),
    "taxes.rates": Option(_rates, []),
    "taxes.untaxed_code": Option(TAX_CODE, None, nullable=True),
    "taxes.untaxed": Option(_untaxed, {}),
    "taxes.tax_item": Option(ITEM, None, nullable=True),
    "taxes.override": Option(("auto", "always", "never"), "auto"),
    "taxes.cancelling_lines": Option(bool, True),
    "payments.record": Option(bool, True),
    "payments.default_account": Option(ACCOUNT, None, nullable=True),
    "payments.methods": Option(_methods, []),
    "payments.gateway_fees": Option(bool, False),
    "payments.fee_account": Option(ACCOUNT, None, nullable=True),
    "products.enabled": Option(bool, False),
    "products.scope": Option(("sold", "all"), "sold"),
    "products.update": Option(bool, False),
    "stock.enabled": Option(bool, False),
    "customers.vat_number_source": Option(str, None, nullable=True),
    "customers.reactivate": Option(bool, False),
    "customers.same_email_other_name": Option(("existing", "new"), "existing"),
    "customers.update": Option(("fill_empty", "overwrite", "never"), "fill_empty"),
    "orders.exchange_rates": Option(("quickbooks", "order"), "quickbooks"),
    "customers.activate_currency": Option(bool, False),
    "refunds.whole_order": Option(("mirror", "amount"), "mirror"),
}
RETENTION_DAYS = 90

_CONNECTIONS: Mapping[str, tuple[str, ...]] = {
    "woocommerce": ("url", "consumer_key", "consumer_secret"),
    "quickbooks": ("realm_id", "refresh_token"),
}
_ROLES = ("owner", "admin", "viewer")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def _defaults() -> dict[str, Any]:
    document: dict[str, Any] = {}
    for path, option in SCHEMA.items():
        section, name = path.split(".")
        document.setdefault(section, {})[name] = copy.deepcopy(option.default)
    document["retention_days"] = RETENTION_DAYS
    return document


DEFAULTS: dict[str, Any] = _defaults()


def with_defaults(document: Mapping[str, Any]) -> dict[str, Any]:
    """A stored version with the options that did not exist yet when it was saved."""
    whole = copy.deepcopy(dict(document))
    for section, defaults in DEFAULTS.items():
        if not isinstance(defaults, dict):
            whole.setdefault(section, defaults)
            continue
        known = whole.setdefault(section, {})
        for name, value in defaults.items():
            known.setdefault(name, copy.deepcopy(value))
    return whole


def check_form(document: Any) -> Found:
    """Everything that is wrong with a document's form: (path, sentence). Nothing is looked up."""
    if not isinstance(document, Mapping):
        yield "", _("A tenant document is a JSON object.")
        return
    sections = (*DEFAULTS, "members", *_CONNECTIONS)
    yield from _unknown("", document, sections)
    yield from _check_tenant(document.get("tenant"))
    yield from _check_members(document.get("members", []))
    for section, names in _CONNECTIONS.items():
        if section in document:
            yield from _check_connection(section, document[section], names)
    if "retention_days" in document:
        yield from _days("retention_days", document["retention_days"])
    for section in DEFAULTS:
        given = document.get(section)
        if section == "retention_days" or given is None:
            continue
        if not isinstance(given, Mapping):
            yield section, _("must be an object.")
            continue
        known = [path.split(".")[1] for path in SCHEMA if path.startswith(f"{section}.")]
        yield from _unknown(section, given, (*known, "slug", "name") if section == "tenant" else known)
        for name in known:
            if name in given:
                yield from _check_value(f"{section}.{name}", given[name], SCHEMA[f"{section}.{name}"])


def _check_tenant(tenant: Any) -> Found:
    if not isinstance(tenant, Mapping):
        yield "tenant", _("is missing. Give at least tenant.slug and tenant.name.")
        return
    slug = tenant.get("slug")
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug) or len(slug) > 60:
        message = _("“%(slug)s” is not a short name. Use small letters, digits and hyphens, e.g. maison-dupont.")
        yield "tenant.slug", message % {"slug": slug}
    name = tenant.get("name")
    if name is not None and (not isinstance(name, str) or not name.strip() or len(name) > 120):
        yield "tenant.name", _("must be a name of at most 120 characters.")


def _check_members(members: Any) -> Found:
    if not isinstance(members, list):
        yield "members", _("must be a list of {email, role}.")
        return
    for position, member in enumerate(members):
        path = f"members[{position}]"
        if not isinstance(member, Mapping):
            yield path, _("must be an object with email and role.")
            continue
        yield from _unknown(path, member, ("email", "role", "password"))
        if not isinstance(member.get("email"), str) or "@" not in member["email"]:
            yield f"{path}.email", _("must be an e-mail address.")
        yield from _word(f"{path}.role", member.get("role"), _ROLES)


def _check_connection(section: str, given: Any, names: tuple[str, ...]) -> Found:
    if not isinstance(given, Mapping):
        yield section, _("must be an object with %(names)s.") % {"names": ", ".join(names)}
        return
    yield from _unknown(section, given, names)
    for name in names:
        if not isinstance(given.get(name), str) or not given[name].strip():
            yield f"{section}.{name}", _("is missing or empty.")


def _check_value(path: str, value: Any, option: Option) -> Found:
    if value is None:
        if not option.nullable:
            yield path, _("must not be null. Leave the key out to keep what is there.")
        return
    if isinstance(option.kind, tuple):
        yield from _word(path, value, option.kind)
    elif isinstance(option.kind, Reference):
        if not isinstance(value, str) and not (isinstance(value, Mapping) and {"id", "name"} >= set(value) and value):
            yield path, _('must be a name, an id as text, or {"id": …, "name": …}.')
    elif option.kind is bool:
        if not isinstance(value, bool):
            yield path, _("must be true or false.")
    elif option.kind is str:
        if not isinstance(value, str):
            yield path, _("must be a text.")
    else:
        checker: Callable[[str, Any], Found] = option.kind
        yield from checker(path, value)


def _word(path: str, value: Any, allowed: tuple[str, ...]) -> Found:
    if value not in allowed:
        message = _("“%(value)s” is not one of %(allowed)s.") % {"value": value, "allowed": ", ".join(allowed)}
        yield path, message + _did_you_mean(str(value), allowed)


def _unknown(path: str, given: Mapping[str, Any], known: Any) -> Found:
    for key in given:
        if key not in known:
            message = _("is not a known key.") + _did_you_mean(str(key), known)
            yield f"{path}.{key}" if path else str(key), message


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return " " + _("Did you mean “%(word)s”?") % {"word": near[0]} if near else ""
