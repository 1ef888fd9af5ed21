from __future__ import annotations

import pytest

from connector.woo.address import AddressProblem, StoreAddress, key_problem, normalise_store_url

KEY = "ck_" + "1a" * 20
SECRET = "cs_" + "2b" * 20


def url_of(text: str, *, allow_private: bool = False) -> str:
    found = normalise_store_url(text, allow_private=allow_private)
    assert isinstance(found, StoreAddress), found
    return found.url


def reason_of(text: str, *, allow_private: bool = False) -> str:
    found = normalise_store_url(text, allow_private=allow_private)
    assert isinstance(found, AddressProblem), found
    assert found.sentence.endswith(".")
    return found.reason


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shop.example", "https://shop.example"),
        ("  https://Shop.Example/  ", "https://shop.example"),
        ("http://shop.example", "https://shop.example"),
        ("http://shop.example:80/", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("shop.example:8443", "https://shop.example:8443"),
        ("//shop.example/", "https://shop.example"),
        ("https:/shop.example", "https://shop.example"),
        ("https//shop.example", "https://shop.example"),
        ("HTTPS:\\\\shop.example\\wp-admin", "https://shop.example"),
        ("https://shop.example/wp-admin/admin.php?page=wc-settings#x", "https://shop.example"),
        ("https://shop.example/wp-json/wc/v3/", "https://shop.example"),
        ("https://shop.example/index.php/wp-json", "https://shop.example"),
        ("https://shop.example/shop/", "https://shop.example"),
        ("https://shop.example/boutique/savons/?orderby=price", "https://shop.example"),
        ("https://shop.example/produit/savon/", "https://shop.example"),
        ("https://example.com/blog/wp-login.php", "https://example.com/blog"),
        ("https://example.com/shop/wp-admin", "https://example.com/shop"),
        ("https://shop.example/?page_id=2", "https://shop.example"),
        ("https://shop.example#top", "https://shop.example"),
        ("shop.example.", "https://shop.example"),
        ("“shop.example”", "https://shop.example"),
        ("https://épicerie.example/été", "https://xn--picerie-9xa.example/%C3%A9t%C3%A9"),
        ("https://xn--picerie-9xa.example", "https://xn--picerie-9xa.example"),
        ("https://münchen.example:8443/laden", "https://xn--mnchen-3ya.example:8443/laden"),
        ("https://8.8.8.8/shop", "https://8.8.8.8"),
    ],
)
def test_an_address_is_understood_as_merchants_type_it(typed: str, meant: str) -> None:
    assert url_of(typed) == meant


@pytest.mark.parametrize(
    ("typed", "others"),
    [
        ("https://example.com/shop", ("https://example.com/shop",)),
        ("https://example.com/shop/wp-admin", ("https://example.com",)),
        ("https://example.com/fr/", ("https://example.com",)),
        ("https://example.com/fr/boutique/savons", ("https://example.com/fr/boutique", "https://example.com")),
        ("https://example.com", ()),
    ],
)
def test_where_the_store_may_live_instead_is_kept_to_be_tried(typed: str, others: tuple[str, ...]) -> None:
    found = normalise_store_url(typed)
    assert isinstance(found, StoreAddress)
    assert found.others == others


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "address_empty"),
        (" \u200b ", "address_empty"),
        ("ftp://shop.example", "address_scheme"),
        ("javascript:alert(1)", "address_scheme"),
        ("alice@shop.example", "address_credentials"),
        ("https://user:pass@shop.example", "address_credentials"),
        ("https://shop.example@169.254.169.254/", "address_credentials"),
        ("my shop", "address_unclear"),
        ("shop", "address_unclear"),
        ("https://", "address_empty"),
        ("https://shop..example", "address_unclear"),
        ("https://-shop.example", "address_unclear"),
        ("https://127.1", "address_unclear"),
        ("https://2130706433", "address_unclear"),
        ("https://0x7f.0.0.1", "address_unclear"),
        ("https://0x7f000001", "address_unclear"),
        ("https://[::1", "address_private"),
        ("https://[zz]", "address_unclear"),
        ("https://shop.example:99999", "address_port"),
        ("https://shop.example:http", "address_port"),
        ("http://shop.example:8080", "address_not_https"),
        ("localhost:8101", "address_private"),
        ("http://shop.localhost", "address_private"),
        ("https://nas.local", "address_private"),
        ("https://127.0.0.1", "address_private"),
        ("https://10.0.0.7/shop", "address_private"),
        ("https://169.254.169.254/latest", "address_private"),
        ("https://[::ffff:10.0.0.1]", "address_private"),
        ("https://[fd00::1]:8443", "address_private"),
    ],
)
def test_what_is_no_public_store_address_is_explained(typed: str, reason: str) -> None:
    assert reason_of(typed) == reason


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("http://127.0.0.1:8101", "http://127.0.0.1:8101"),
        ("127.0.0.1:8101/wp-admin", "http://127.0.0.1:8101"),
        ("localhost:8101", "http://localhost:8101"),
        ("http://shop.example", "http://shop.example"),
        ("shop.example", "https://shop.example"),
        ("http://[::1]:8101", "http://[::1]:8101"),
        ("https://store.internal", "https://store.internal"),
    ],
)
def test_the_operator_may_allow_private_addresses(typed: str, meant: str) -> None:
    assert url_of(typed, allow_private=True) == meant


def test_an_understood_address_is_understood_again_as_itself() -> None:
    for typed in ("shop.example/fr", "http://münchen.example:443/x y", "example.com/blog/wp-admin"):
        assert url_of(url_of(typed)) == url_of(typed)


@pytest.mark.parametrize(
    ("key", "secret", "reason"),
    [
        (KEY, SECRET, None),
        (f" {KEY}\n", SECRET, None),
        (SECRET, KEY, "keys_swapped"),
        ("", SECRET, "consumer_key_form"),
        (KEY, KEY, "consumer_secret_form"),
        (KEY[:20], SECRET, "consumer_key_form"),
        (KEY, f"{SECRET}…", "consumer_secret_form"),
    ],
)
def test_keys_are_looked_at_before_they_are_tried(key: str, secret: str, reason: str | None) -> None:
    problem = key_problem(key, secret)
    assert (problem.reason if problem else None) == reason
