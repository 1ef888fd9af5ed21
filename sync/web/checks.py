"""What was looked at on either side, as lines of a check list: passed, failed with a cure, or simply how it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from babel import Locale
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.woo.facts import MINIMUM_VERSION
from sync.templatetags.formats import count, in_words, long_date
from sync.web.connect_texts import tell
from sync.web.reason_texts import Text
from sync.web.troubles import host_of
from tenants.models import Company, Connection, Tenant

SKEW_SECONDS = 120
SOON = timedelta(days=14)

State = Literal["passed", "failed", "noted"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `result` says how it is, `cure` what to do where it failed."""

    label: Text
    state: State
    result: Text = ""
    cure: Text = ""


def store_checks(tenant: Tenant) -> list[Check]:
    """Of the last look at the store; a lost connection comes first and leaves the rest as it was."""
    facts = tenant.store_facts or {}
    checks = [_reached(tenant), _https(tenant)]
    if not facts:
        return checks
    return [
        *checks,
        _version(facts),
        _may_read(facts),
        _may_write(facts),
        _currency(tenant, facts),
        _prices(facts),
        _rounding(facts),
        _zone(facts),
        _clock(facts),
        _noise(facts),
    ]


def company_checks(tenant: Tenant) -> list[Check]:
    """Of the company as last read, and of the consent."""
    company = tenant.company
    if company is None:
        return []
    facts = company.facts or {}
    checks = [_consent(company)]
    if company.state == Connection.CONNECTED:
        checks.append(_lasting(company))
    if not facts:
        return checks
    return [*checks, *_subscription(facts), *company_facts(facts)]


def company_facts(facts: Mapping[str, Any]) -> list[Check]:
    """What a company is, as it is shown before anything is linked."""
    currency = str(facts.get("home_currency", ""))
    if facts.get("multicurrency"):
        currency = _("%(currency)s, multicurrency on") % {"currency": currency}
    lines = [
        (_("Country"), country_name(str(facts.get("country", "")))),
        (_("Currency"), currency),
        (_("Sales tax"), str(TAX_WORLDS.get(str(facts.get("tax_world")), ""))),
        (
            _("Custom transaction numbers"),
            _("On: we send the order’s number")
            if facts.get("custom_numbers")
            else _("Off: QuickBooks numbers documents itself"),
        ),
        (_("Classes and locations"), _tracked(facts)),
        (_("Stock"), _("Tracked by this subscription") if facts.get("inventory") else _("Not tracked")),
        (_("Closed until"), long_date(facts["closed_until"]) if facts.get("closed_until") else _("No closing date")),
    ]
    return [Check(label, "noted", result) for label, result in lines if result]


TAX_WORLDS: dict[str, Text] = {
    "off": translation.gettext_lazy("Off"),
    "us_automated": translation.gettext_lazy("Automated sales tax (US)"),
    "us_manual": translation.gettext_lazy("Rates set by hand (US)"),
    "global": translation.gettext_lazy("A tax code on every line (VAT, GST)"),
}


def country_name(code: str) -> str:
    """France of FR, in the reader's language."""
    language = (translation.get_language() or "en").partition("-")[0]
    return str(Locale(language).territories.get(code, code))


def _tracked(facts: Mapping[str, Any]) -> str:
    if facts.get("classes") and facts.get("locations"):
        return _("Both tracked")
    if facts.get("classes"):
        return _("Classes tracked")
    return _("Locations tracked") if facts.get("locations") else _("Not tracked")


# The store


def _reached(tenant: Tenant) -> Check:
    host = host_of(tenant.store_url)
    if tenant.store_state == Connection.CONNECTED:
        seen = _seen(tenant)
        return Check(_("Reachable"), "passed", f"{host} · {seen}" if seen else host)
    trouble = tell(tenant.store_state_detail.partition(":")[0] or "store_refused_keys")
    return Check(_("Reachable"), "failed", trouble.text, trouble.cure or _("Reconnect the store."))


def _seen(tenant: Tenant) -> str:
    return _("last answer %(when)s") % {"when": in_words(tenant.store_seen_at)} if tenant.store_seen_at else ""


def _https(tenant: Tenant) -> Check:
    if tenant.store_url.startswith("https://"):
        return Check(_("Secure connection"), "passed", "https")
    return Check(_("Secure connection"), "noted", _("Plain http, which the operator of this service allows"))


def _version(facts: Mapping[str, Any]) -> Check:
    version, label = str(facts.get("version") or ""), _("WooCommerce version")
    if not version:
        return Check(label, "noted", _("Not readable with these keys"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < MINIMUM_VERSION:
        return Check(label, "failed", version, _("At least 5.8 is needed. Update WooCommerce."))
    return Check(label, "passed", version)


def _may_read(facts: Mapping[str, Any]) -> Check:
    label = _("Permission to read")
    if not facts.get("can_read_settings"):
        return Check(
            label,
            "failed",
            _("Orders yes, settings no"),
            _("Create the key for an administrator or a shop manager."),
        )
    orders = int(facts.get("orders") or 0)
    return Check(label, "passed", ngettext("%(count)s order", "%(count)s orders", orders) % {"count": count(orders)})


def _may_write(facts: Mapping[str, Any]) -> Check:
    if facts.get("can_write"):
        return Check(_("Permission to write"), "passed", _("Tried without changing anything"))
    return Check(_("Permission to write"), "failed", tell("store_read_only").text, tell("store_read_only").cure)


def _currency(tenant: Tenant, facts: Mapping[str, Any]) -> Check:
    currency, label = str(facts.get("currency") or ""), _("Currency")
    books = (tenant.company.facts or {}) if tenant.company else {}
    home = str(books.get("home_currency") or "")
    if not currency:
        return Check(label, "noted", _("Not readable with these keys"))
    if home and home != currency and not books.get("multicurrency"):
        return Check(
            label,
            "failed",
            _("%(store)s, while the books are in %(books)s") % {"store": currency, "books": home},
            _("Connect a company in the store’s currency, or ask your accountant about multicurrency."),
        )
    return Check(label, "passed", currency)


def _prices(facts: Mapping[str, Any]) -> Check:
    label = _("Prices")
    if facts.get("calculates_taxes") is False:
        return Check(label, "noted", _("The store calculates no tax"))
    included = facts.get("prices_include_tax")
    if included is None:
        return Check(label, "noted", _("Not readable with these keys"))
    return Check(label, "passed", _("Entered including tax") if included else _("Entered without tax"))


def _rounding(facts: Mapping[str, Any]) -> Check:
    label = _("Tax rounding")
    at_subtotal = facts.get("rounds_at_subtotal")
    if at_subtotal is None:
        return Check(label, "noted", _("Not readable with these keys"))
    return Check(label, "passed", _("Once per order") if at_subtotal else _("Line by line"))


def _zone(facts: Mapping[str, Any]) -> Check:
    zone, label = str((facts.get("index") or {}).get("time_zone") or ""), _("Time zone")
    if not zone or zone.startswith("Etc/GMT"):
        return Check(
            label,
            "failed",
            _("A fixed offset, without summer time"),
            _("In WordPress, choose a city under Settings, then General, so that dates stay right all year."),
        )
    return Check(label, "passed", zone)


def _clock(facts: Mapping[str, Any]) -> Check:
    seconds = round(float(facts.get("skew_seconds") or 0))
    label = _("Clock")
    if abs(seconds) <= SKEW_SECONDS:
        return Check(label, "passed", _("In step with ours"))
    minutes = round(abs(seconds) / 60)
    text = (
        ngettext("%(count)s minute ahead", "%(count)s minutes ahead", minutes)
        if seconds > 0
        else ngettext("%(count)s minute behind", "%(count)s minutes behind", minutes)
    )
    cure = _("Ask your host to set the server’s clock. No order is missed meanwhile.")
    return Check(label, "failed", text % {"count": count(minutes)}, cure)


def _noise(facts: Mapping[str, Any]) -> Check:
    warning = str(facts.get("warning") or "")
    if not warning:
        return Check(_("Clean answers"), "passed", _("Nothing but data"))
    return Check(
        _("Clean answers"),
        "failed",
        warning,
        _("An extension prints text around the data. It is read all the same; switch off messages of PHP."),
    )


# The company


def _consent(company: Company) -> Check:
    if company.state == Connection.CONNECTED:
        return Check(_("Connected"), "passed", company.name)
    reason = "quickbooks_expired" if company.state == Connection.EXPIRED else "quickbooks_disconnected"
    return Check(_("Connected"), "failed", tell(reason).text, _("Reconnect QuickBooks."))


def _lasting(company: Company) -> Check:
    """How old the tokens are and how long the consent lasts; each use prolongs it."""
    label = _("Consent")
    until = company.refresh_expires_at
    if until is None or company.refreshed_at is None:
        return Check(label, "noted", _("Not used yet"))
    values = {"when": in_words(company.refreshed_at), "date": long_date(until)}
    text = _("Renewed %(when)s, lasts until %(date)s and longer with every use") % values
    if until - timezone.now() < SOON:
        return Check(label, "failed", text, _("Reconnect QuickBooks before that day."))
    return Check(label, "passed", text)


def _subscription(facts: Mapping[str, Any]) -> list[Check]:
    status = str(facts.get("subscription") or "").upper()
    if status in ("EXPIRED", "SUSPENDED", "CANCELLED", "CANCELED"):
        trouble = tell("quickbooks_subscription")
        return [Check(_("Subscription"), "failed", trouble.text, trouble.cure)]
    return []
