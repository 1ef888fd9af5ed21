"""Makes a store's address out of what a merchant types, and checks the look of keys before they are tried."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

import idna

from connector.http import PUBLIC_ONLY

_SCHEME = re.compile(r"^\s*([a-zA-Z][a-zA-Z0-9+.-]*)\s*:\s*/+")
_TYPO_SCHEME = re.compile(r"^(https?)(?::/?|;//|//)(?!/)(?=[^\d/])", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)")
_BLANK = re.compile("[\\s\u00a0\u200b\u200c\u200d\u2060\ufeff]+")
_QUOTES = "\"'`<>«»“”‘’()[],;"

PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa")
_WORDPRESS = frozenset(
    {"wp-admin", "wp-json", "wp-login.php", "wp-content", "wp-includes", "wp-signup.php", "xmlrpc.php", "index.php"}
    | {"wc-api", "wc-auth"}
)
_PAGES = frozenset(
    {
        "shop",
        "store",
        "cart",
        "checkout",
        "my-account",
        "product",
        "products",
        "product-category",
        "product-tag",
        "home",
    }
    | {"boutique", "magasin", "panier", "commande", "commander", "mon-compte", "compte", "produit", "produits"}
    | {"categorie-produit", "etiquette-produit", "accueil"}
)


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a store seems to live.

    url: scheme, host, port and folder, without a slash at the end. others: addresses to try when there is no store at
    `url`: WordPress may itself live in a folder called /shop, or its root above a folder such as /fr.
    """

    url: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressProblem:
    """Why a text is no store address. `reason` is a key, `sentence` says what to do."""

    reason: str
    sentence: str


def normalise_store_url(text: str, *, allow_private: bool = False) -> StoreAddress | AddressProblem:
    """The address of the store a merchant means.

    `allow_private`: plain http, loopback and private addresses are accepted (the operator's ALLOW_PRIVATE_STORE_URLS);
    without it http becomes https. Only the text is judged: where a name leads is checked when it is called.
    """
    typed = _BLANK.sub(" ", text).strip().strip(_QUOTES).strip().replace("\\", "/")
    scheme, rest = _split_scheme(typed)
    if not rest:
        return AddressProblem("address_empty", "Enter the address of your store, for example https://shop.example.com.")
    if scheme not in ("", "http", "https"):
        return AddressProblem("address_scheme", f"“{scheme}” is not a web address. Start with https://.")
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in place:
        return AddressProblem(
            "address_credentials", "Enter the address of the store alone, without an e-mail address, user or password."
        )
    host, problem = _host_of(place)
    if problem is not None:
        return problem
    is_private = _is_private(host)
    if is_private and not allow_private:
        return AddressProblem(
            "address_private", f"“{host}” is not reachable from the internet. Enter the store's public address."
        )
    port, problem = _port_of(place, scheme)
    if problem is not None:
        return problem
    if scheme == "http" and not allow_private:
        if port not in (None, 443):
            return AddressProblem(
                "address_not_https", "Keys may only travel over https. Enter the https address of your store."
            )
        scheme, port = "https", None
    scheme = scheme or ("http" if is_private else "https")
    root = f"{scheme}://{host}" + (f":{port}" if port is not None else "")
    found = tuple(dict.fromkeys(root + folder for folder in _folders(rest[len(place) :])))
    return StoreAddress(url=found[0], others=found[1:])


def key_problem(consumer_key: str, consumer_secret: str) -> AddressProblem | None:
    """What is wrong with the look of a pair of keys; None when they may be tried. Blanks around them do not matter."""
    key, secret = consumer_key.strip(), consumer_secret.strip()
    if key.startswith("cs_") and secret.startswith("ck_"):
        return AddressProblem("keys_swapped", "The two keys are swapped: the consumer key starts with ck_.")
    for value, prefix, name in ((key, "ck_", "consumer key"), (secret, "cs_", "consumer secret")):
        if not re.fullmatch(prefix + r"[0-9A-Za-z]{32,64}", value):
            return AddressProblem(
                f"{name.replace(' ', '_')}_form",
                f"The {name} starts with {prefix}, followed by 40 letters and digits. Copy it again from WooCommerce: "
                "Settings, then Advanced, then REST API.",
            )
    return None


def _split_scheme(typed: str) -> tuple[str, str]:
    found = _SCHEME.match(typed) or _TYPO_SCHEME.match(typed)
    if found:
        return found.group(1).lower(), typed[found.end() :].lstrip("/")
    other = re.match(r"^(mailto|javascript|data|file|ftp):", typed, re.IGNORECASE)
    return (other.group(1).lower(), typed[other.end() :]) if other else ("", typed.lstrip("/"))


def _host_of(place: str) -> tuple[str, AddressProblem | None]:
    """The host, lower case, in its ASCII form; an IPv6 address keeps its brackets."""
    unclear = AddressProblem("address_unclear", f"“{place[:60]}” is not an address. Example: https://shop.example.com.")
    if place.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(place[1:].partition(']')[0])}]", None
        except ValueError:
            return "", unclear
    name = unquote(place.partition(":")[0]).strip().rstrip(".").lower()
    try:
        host = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError:
        return "", unclear
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return "", unclear
    if _NUMBER.fullmatch(labels[-1]):
        # Resolvers also read "127.1" or "2130706433" as addresses: only the usual form is meant by a person.
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return "", unclear
    elif len(labels) == 1 and not _is_private(host):
        return "", unclear
    return host, None


def _port_of(place: str, scheme: str) -> tuple[int | None, AddressProblem | None]:
    """The port when it is not the scheme's own."""
    text = place.rpartition("]")[2].partition(":")[2] if place.startswith("[") else place.partition(":")[2]
    if not text:
        return None, None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536 and len(text) < 6):
        return None, AddressProblem("address_port", f"“{text[:20]}” is not a port. Leave it out if you are not sure.")
    port = int(text)
    return (None, None) if port == {"http": 80, "https": 443, "": 443}[scheme] else (port, None)


def _is_private(host: str) -> bool:
    if host.endswith(PRIVATE_NAMES) and any(host == name or host.endswith(f".{name}") for name in PRIVATE_NAMES):
        return True
    try:
        return not PUBLIC_ONLY.allows(host.strip("[]"))
    except ValueError:
        return False


def _folders(tail: str) -> list[str]:
    """The folders where WordPress may live, likeliest first, each "" or "/blog".

    What stands before /wp-admin and the like is its folder; pages of a shop are cut off, but may be the folder's name.
    """
    path = urlsplit(tail).path if tail.startswith("/") else ""
    typed = [quote(unquote(part), safe="") for part in path.split("/") if part not in ("", ".", "..")]
    names = [part.lower() for part in typed]
    below = next((place for place, name in enumerate(names) if name in _WORDPRESS), None)
    if below is not None:
        found = [typed[:below], []]
    else:
        page = next((place for place, name in enumerate(names) if name in _PAGES), len(typed))
        found = [typed[:page], typed[: page + 1], []]
    return ["".join(f"/{part}" for part in parts) for parts in found]
