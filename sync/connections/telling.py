"""Failures of a connection as sentences for a person who reads a terminal; pages have their own, translated."""

from __future__ import annotations

from connector.errors import RetryableError, SyncError

STORE_PROBLEMS = {
    "store_refused_keys": "The store refused the keys. Create new ones in WooCommerce, under Settings, then Advanced,"
    " then REST API, with Read/Write.",
    "store_no_rest": "There is no WooCommerce REST interface at this address. Check the address and that WooCommerce"
    " is active.",
    "store_not_json": "The store answered with something other than data, which is often an extension's doing.",
    "store_read_only": "The store's key can read but not write. Create one with “Read/Write”.",
    "store_too_old": "WooCommerce {detail} is too old; at least 5.8 is needed. Update it first.",
    "store_is_another": "This is another shop than the one whose orders were already sent. Another shop needs a"
    " workspace of its own.",
    "store_maybe_another": "The address is another one and the shop does not say whether it is the same. Another shop"
    " needs a workspace of its own.",
}
QUICKBOOKS_PROBLEMS = {
    "quickbooks_expired": "The connection to QuickBooks has expired. Reconnect it and apply the new refresh token.",
    "quickbooks_disconnected": "QuickBooks no longer lets us into this company. Reconnect it.",
    "quickbooks_app_keys": "Intuit refused INTUIT_CLIENT_ID and INTUIT_CLIENT_SECRET. Check the app's keys and"
    " INTUIT_ENVIRONMENT.",
}


def explain(error: SyncError) -> str:
    """A sentence for a person who reads a terminal."""
    known = sentence(error.reason, error.detail)
    if known:
        return known
    if isinstance(error, RetryableError):
        who = "The store" if error.side == "store" else "QuickBooks"
        return f"{who} did not give a usable answer ({error.reason}: {error.detail}). Nothing is lost; try again later."
    return f"{error.reason}: {error.detail}"


def sentence(reason: str, detail: str = "") -> str:
    """The sentence of a known reason, else ""."""
    known = STORE_PROBLEMS.get(reason) or QUICKBOOKS_PROBLEMS.get(reason) or ""
    return known.replace("{detail}", detail)
