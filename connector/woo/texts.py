"""Makes the store's texts plain: HTML entities decoded once, mark-up removed, no characters that databases refuse.

WooCommerce sends `&` as `&amp;` in product names, line names and the companies of checkouts, and lets `<em>` through
(WooCommerce behaviour, Lines and products). A name such as `<O'Neil>` or a wish such as `<3` is no mark-up and stays.
"""

from __future__ import annotations

import html
import re

_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|big|blockquote|br|code|del|div|em|font|h[1-6]|hr|i|img|ins|li|mark|ol|p|s|small|span|strike"
    r"|strong|sub|sup|td|tr|tt|u|ul|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|h[1-6]|tr)>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLANKS = re.compile("[\u00a0\u2007\u202f\t\v\f\u0085]")
_REFUSED = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufeff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """The text without NUL, which PostgreSQL refuses, and with half characters, which UTF-8 refuses, replaced."""
    return _LONE_SURROGATE.sub("\ufffd", text.replace("\x00", ""))


def clean_lines(text: str) -> str:
    """A text that may have several lines: plain, each line trimmed, empty lines at both ends removed."""
    plain = _TAG.sub("", _BREAK.sub("\n", text)) if "<" in text else text
    if "&" in plain:
        # Only entities that end in a semicolon: "AT&T", "R&D" and "?a=1&copy=2" are meant as they stand.
        plain = _ENTITY.sub(lambda found: html.unescape(found.group()), plain)
    plain = _REFUSED.sub("", _BLANKS.sub(" ", plain.replace("\r\n", "\n").replace("\r", "\n")))
    return "\n".join(line.strip() for line in storable(plain).split("\n")).strip()


def clean_text(text: str) -> str:
    """A text of one line: plain and trimmed; inner blanks stay as the shop keyed them."""
    return clean_lines(text).replace("\n", " ")
