"""The few words that documents carry, in the language of the books, and texts in a form that QuickBooks accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

TextKey = Literal[
    "order",
    "discount",
    "shipping",
    "fee",
    "rounding",
    "tax",
    "tax_rounding",
    "dated",
    "customer",
    "vat_number",
    "refund",
    "refund_number",
    "refunded_tax",
    "cancelled",
    "gateway_fee",
]

DESCRIPTION_LIMIT = 4000
NOTE_LIMIT = 4000
NAME_LIMIT = 100

_TEXTS: dict[str, dict[TextKey, str]] = {
    "en": {
        "order": "Order {number}",
        "discount": "Discount",
        "shipping": "Shipping",
        "fee": "Fee",
        "rounding": "Rounding",
        "tax": "Tax",
        "tax_rounding": "Tax rounding",
        "dated": "Dated {date}",
        "customer": "customer",
        "vat_number": "VAT number: {number}",
        "refund": "Refund",
        "refund_number": "Refund {number}",
        "refunded_tax": "Tax refunded",
        "cancelled": "Cancelled",
        "gateway_fee": "Gateway fee",
    },
    "fr": {
        "order": "Commande {number}",
        "discount": "Remise",
        "shipping": "Expédition",
        "fee": "Frais",
        "rounding": "Arrondi",
        "tax": "Taxe",
        "tax_rounding": "Arrondi de taxe",
        "dated": "Datée du {date}",
        "customer": "client",
        "vat_number": "N° de TVA : {number}",
        "refund": "Remboursement",
        "refund_number": "Remboursement {number}",
        "refunded_tax": "Taxe remboursée",
        "cancelled": "Annulée",
        "gateway_fee": "Frais de paiement",
    },
}
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def say(key: TextKey, language: str, **values: str) -> str:
    """A text in the language ("fr-CA" counts as "fr"); English where there is no other."""
    texts = _TEXTS.get(language.replace("_", "-").split("-", 1)[0].lower(), _TEXTS["en"])
    return texts[key].format(**values)


def accepted(text: str) -> str:
    """The text without characters that have no place in XML or UTF-8; QuickBooks answers 500 to them."""
    return _LONE_SURROGATE.sub("\ufffd", _REFUSED.sub("", text)).strip()


def one_line(text: str) -> str:
    return " ".join(accepted(text).split())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis in place of what is cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def plain_name(text: str) -> str:
    """A name without colon, tab and line break, which separate levels in QuickBooks (QBO reference, 5.1 and 5.3)."""
    return one_line(one_line(text).replace(":", " "))


def name_with(name: str, addition: str) -> str:
    """ "Jane Doe (jane@x.example)" within 100 characters; the name gives way first."""
    if not addition:
        return shorten(name, NAME_LIMIT)
    tail = f" ({shorten(plain_name(addition), NAME_LIMIT - 20)})"
    return shorten(name, NAME_LIMIT - len(tail)) + tail


def describe(name: str, attributes: Iterable[tuple[str, str]] = ()) -> str:
    """A line's description: name and chosen attributes that the name does not hold already, at most 4000 characters."""
    parts = [one_line(name)]
    for label, value in attributes:
        shown = one_line(value)
        if shown and shown.casefold() not in parts[0].casefold():
            parts.append(f"{one_line(label)}: {shown}" if one_line(label) else shown)
    return shorten(", ".join(part for part in parts if part), DESCRIPTION_LIMIT)
