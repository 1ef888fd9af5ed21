"""Why an address, a pair of keys or a consent counts for nothing, in words, with what to do."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from sync.web.troubles import Trouble, find_trouble

_KEYS = _("Create new keys in WooCommerce, under Settings, then Advanced, then REST API, with the right Read/Write.")
_AGAIN = _("Begin again from this page.")

_TEXTS: dict[str, Trouble] = {
    "address_empty": Trouble("store", _("There is no address yet."), _("Enter it, for example shop.example.com.")),
    "address_scheme": Trouble("store", _("This is not a web address."), _("Start with https://.")),
    "address_credentials": Trouble(
        "store",
        _("The address contains a user or an e-mail address."),
        _("Enter the address of the store alone, without a password."),
    ),
    "address_private": Trouble(
        "store", _("This address cannot be reached from the internet."), _("Enter the store’s public address.")
    ),
    "address_not_https": Trouble(
        "store", _("Keys may only travel over https."), _("Enter the https address of your store.")
    ),
    "address_port": Trouble("store", _("The port is not a number."), _("Leave it out if you are not sure.")),
    "address_unclear": Trouble(
        "store", _("This does not look like an address."), _("Copy it from your browser, for example shop.example.com.")
    ),
    "keys_swapped": Trouble(
        "store", _("The two keys are swapped."), _("The consumer key starts with ck_, the secret with cs_.")
    ),
    "consumer_key_form": Trouble(
        "store",
        _("This is not a whole consumer key."),
        _("It starts with ck_, followed by 40 letters and digits. Copy it again from WooCommerce."),
    ),
    "consumer_secret_form": Trouble(
        "store",
        _("This is not a whole consumer secret."),
        _("It starts with cs_, followed by 40 letters and digits. Copy it again from WooCommerce."),
    ),
    "store_refused_keys": Trouble("store", _("The store refused these keys."), _KEYS),
    "store_read_only": Trouble("store", _("The store’s key can read but not write."), _KEYS),
    "store_too_old": Trouble(
        "store", _("This version of WooCommerce is too old; at least 5.8 is needed."), _("Update WooCommerce first.")
    ),
    "store_is_another": Trouble(
        "store",
        _("This is another shop than the one whose orders were already sent."),
        _("Give it a workspace of its own, so that orders with the same numbers are never taken for each other."),
    ),
    "store_maybe_another": Trouble(
        "store",
        _("The address is new, and the shop does not say whether it is the same one."),
        _("If it is the same shop, say so below. Another shop needs a workspace of its own."),
    ),
    "store_moved": Trouble("store", _("The store has moved to another address.")),
    "store_no_rest": Trouble(
        "store",
        _("WordPress does not answer as a store at this address (REST API)."),
        _("Check the address. In WordPress, choose pretty permalinks under Settings, then Permalinks."),
    ),
    "store_disconnected": Trouble("store", _("The store was disconnected here."), _("Connect it again.")),
    "handover_denied": Trouble(
        "store", _("You declined in the store. Nothing was created."), _("Approve there, or enter keys by hand.")
    ),
    "handover_silent": Trouble(
        "store",
        _("The store has not sent its keys."),
        _("Approve once more, or enter keys by hand: some shops cannot call out."),
    ),
    "access_denied": Trouble(
        "quickbooks", _("You declined in QuickBooks. Nothing was connected."), _("Connect again whenever you like.")
    ),
    "invalid_scope": Trouble(
        "us",
        _("QuickBooks does not grant this service what it asks for."),
        _("The operator of this service has to check its registration at Intuit."),
    ),
    "consent_refused": Trouble("quickbooks", _("QuickBooks broke off the connection on its side."), _AGAIN),
    "consent_incomplete": Trouble("quickbooks", _("The answer of QuickBooks was not complete."), _AGAIN),
    "quickbooks_wrong_company": Trouble(
        "quickbooks",
        _("The consent does not open the company that was named. Nothing was connected."),
        _("Connect again as an administrator of that company."),
    ),
    "state_unknown": Trouble("us", _("This answer belongs to no request of ours. Nothing was changed."), _AGAIN),
    "state_foreign": Trouble(
        "us",
        _("This answer belongs to another person or another browser. Nothing was changed."),
        _("Finish in the browser in which you began, or begin again here."),
    ),
    "state_used": Trouble("us", _("This answer was already used. Nothing was changed."), _AGAIN),
    "state_expired": Trouble("us", _("This request has expired. Nothing was changed."), _AGAIN),
    "prefix_taken": Trouble(
        "us",
        _("Another workspace of this company already uses this order number prefix."),
        _("Choose another one, so that two orders never get the same number."),
    ),
    "run_active": Trouble(
        "us", _("A sync with the former company is under way."), _("Stop it first, then switch companies.")
    ),
}


_KEPT_OUT = _("Check it for a typing error. If the store opens in your browser, its host or a firewall keeps us out.")
_AT_AN_ADDRESS: dict[str, Trouble] = {
    "store_unreachable": Trouble("store", _("Nothing answers at this address."), _KEPT_OUT),
    "store_hung_up": Trouble("store", _("Whatever is at this address broke off the connection."), _KEPT_OUT),
    "store_timeout": Trouble("store", _("This address took too long to answer."), _KEPT_OUT),
    "store_blocked": Trouble(
        "store",
        _("A firewall at this address turned us away."),
        _("Allow this service in the firewall or the security extension of your store."),
    ),
    "store_failed": Trouble(
        "store",
        _("This address answered with a failure of its own."),
        _("Look whether the store opens in your browser."),
    ),
}


def tell(reason: str) -> Trouble:
    """The words of a reason that only connecting knows, else those of a run's trouble."""
    return _TEXTS.get(reason) or find_trouble(reason)


def sentences_of_address(reason: str) -> str:
    """The same about an address that nobody has connected yet: it may well be mistyped, and no order waits there."""
    told = _AT_AN_ADDRESS.get(reason)
    return f"{told.text} {told.cure}".strip() if told else sentences(reason)


def sentences(reason: str) -> str:
    """What happened and what to do, as one text."""
    told = tell(reason)
    return f"{told.text} {told.cure}".strip()
