"""Why a run waits, pauses or failed, in words; which side it is about; what the reader can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sync.models import Run
from sync.templatetags.formats import clock, count
from sync.web.reason_texts import Text
from sync.web.reasons import fill


@dataclass(frozen=True, slots=True)
class Trouble:
    """text: what happened and what is safe. cure: what to do, where somebody has to do something."""

    side: Literal["store", "quickbooks", "us"]
    text: Text
    cure: Text = ""


_RESUMES = _("It resumes by itself once that is done; nothing is lost.")
_KEYS = _("Create new keys in WooCommerce, under Settings, then Advanced, then REST API.")

TROUBLES: dict[str, Trouble] = {
    "quickbooks_expired": Trouble(
        "quickbooks",
        _("The connection to QuickBooks has expired. Reconnect it: waiting orders will then leave by themselves."),
    ),
    "quickbooks_disconnected": Trouble(
        "quickbooks",
        _("QuickBooks has been disconnected. Syncing is paused; nothing is lost."),
        _("Reconnect QuickBooks."),
    ),
    "quickbooks_not_connected": Trouble(
        "quickbooks", _("No QuickBooks company is connected yet, so nothing can be sent."), _("Connect QuickBooks.")
    ),
    "quickbooks_subscription": Trouble(
        "quickbooks",
        _("The QuickBooks subscription does not allow this now: it has lapsed or does not include it."),
        _("Check the subscription in QuickBooks."),
    ),
    "quickbooks_no_admin": Trouble(
        "quickbooks",
        _("The person who connected QuickBooks no longer has the rights that are needed there."),
        _("Reconnect QuickBooks as an administrator of the company."),
    ),
    "quickbooks_app_keys": Trouble(
        "us",
        _("QuickBooks does not accept this service’s own keys. Syncing is paused; nothing is lost."),
        _("The operator of this service has to correct them."),
    ),
    "company_busy": Trouble(
        "quickbooks", _("A sync is at work in this QuickBooks company just now."), _("Try again in a moment.")
    ),
    "quickbooks_busy": Trouble("quickbooks", _("QuickBooks is busy. Sending goes on in a moment.")),
    "quickbooks_failed": Trouble(
        "quickbooks", _("QuickBooks answered with a failure of its own. Nothing was sent twice.")
    ),
    "quickbooks_unreachable": Trouble(
        "quickbooks", _("QuickBooks did not answer. Nothing was sent twice; nothing is lost.")
    ),
    "quickbooks_answer_lost": Trouble(
        "quickbooks",
        _("An answer of QuickBooks was lost on the way. The same request is repeated, so nothing is sent twice."),
    ),
    "throttled": Trouble("quickbooks", _("QuickBooks is limiting us for now. Sending resumes by itself.")),
    "store_refused_keys": Trouble(
        "store", _("Your store refused our keys. Syncing is paused; nothing is lost."), _KEYS
    ),
    "store_not_connected": Trouble(
        "store", _("No store is connected yet, so there is nothing to read."), _("Connect your store.")
    ),
    "store_not_json": Trouble(
        "store",
        _("Your store answered with something other than data, which is often an extension’s doing."),
        _("Switch off the extension that changed last, or ask your host."),
    ),
    "store_odd_answer": Trouble(
        "store",
        _("Your store answered in a form that cannot be used, which is often an extension’s doing."),
        _("Switch off the extension that changed last, or ask your host."),
    ),
    "store_answer_cut": Trouble(
        "store", _("Your store’s answer broke off halfway. It is read again; nothing is lost.")
    ),
    "store_unreachable": Trouble("store", _("Your store did not answer. Your orders wait safely in it.")),
    "store_timeout": Trouble("store", _("Your store took too long to answer. Your orders wait safely in it.")),
    "store_hung_up": Trouble("store", _("Your store broke off the connection. Your orders wait safely in it.")),
    "store_busy": Trouble("store", _("Your store is overloaded and asked us to wait. Nothing is lost.")),
    "store_failed": Trouble(
        "store", _("Your store answered with a failure of its own. Your orders wait safely in it.")
    ),
    "store_maintenance": Trouble("store", _("Your store is in maintenance mode. Reading resumes afterwards.")),
    "store_blocked": Trouble(
        "store",
        _("A firewall in front of your store turned us away. Your orders wait safely in it."),
        _("Allow this service in the firewall or the security extension of your store."),
    ),
    "store_redirects": Trouble(
        "store",
        _("Your store sends us on to another address, again and again."),
        _("Check the redirects of your site."),
    ),
    "store_moved": Trouble(
        "store",
        _("Your store has moved to another address. Syncing is paused; nothing is lost."),
        _("Connect the new address."),
    ),
    "store_name_unknown": Trouble(
        "store", _("The address of your store is not known on the internet."), _("Check the address and its DNS entry.")
    ),
    "store_certificate": Trouble(
        "store",
        _("Your store’s certificate is not valid, so the connection is not safe."),
        _("Renew the certificate of your site."),
    ),
    "store_address_refused": Trouble(
        "store",
        _("The store’s address leads into a private network, so it is not called."),
        _("Give its public address."),
    ),
    "store_no_rest": Trouble(
        "store",
        _("The data interface of your store (REST API) does not answer. Syncing is paused; nothing is lost."),
        _("Choose pretty permalinks in WordPress, under Settings, then Permalinks."),
    ),
    "store_no_woocommerce": Trouble(
        "store", _("WooCommerce does not answer at the store’s address."), _("Check that the extension is active.")
    ),
    "not_set_up": Trouble("us", _("The workspace is not set up completely, so the run could not begin."), _RESUMES),
}

UNKNOWN = Trouble("us", _("Something went wrong on the way. Nothing was sent twice; nothing is lost."))
ALIASES = {"quickbooks_revoked": "quickbooks_disconnected"}


def find_trouble(reason: str) -> Trouble:
    return TROUBLES.get(ALIASES.get(reason, reason), UNKNOWN)


def tell_waiting(run: Run) -> str:
    """Why an active run stands still, and when it goes on; "" when it does not wait."""
    if not run.waiting_for or run.not_before is None:
        return ""
    seconds = (run.not_before - timezone.now()).total_seconds()
    if seconds <= 0:
        return ""
    if run.waiting_for == "throttled":
        minutes = max(1, round(seconds / 60))
        return ngettext(
            "QuickBooks is limiting us for now. Sending resumes in %(count)s minute.",
            "QuickBooks is limiting us for now. Sending resumes in %(count)s minutes.",
            minutes,
        ) % {"count": count(minutes)}
    text = (
        _("%(host)s did not answer. We will try again at %(time)s; nothing is lost.")
        if run.waiting_for in ("store_unreachable", "store_timeout", "quickbooks_unreachable")
        else _("%(trouble)s Next try at %(time)s.")
    )
    trouble = find_trouble(run.waiting_for)
    host = host_of(run.tenant.store_url) if trouble.side == "store" else "QuickBooks"
    return fill(text, {"host": host, "trouble": trouble.text, "time": clock(run.not_before)})


def host_of(url: str) -> str:
    """shop.example of https://shop.example/fr; the text itself where it is no address."""
    return urlsplit(url).netloc or url
