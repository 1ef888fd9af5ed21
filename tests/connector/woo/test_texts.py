from __future__ import annotations

import pytest

from connector.woo.texts import clean_lines, clean_text, storable


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("Sel &amp; Poivre &amp; Co – coffret «duo»", "Sel & Poivre & Co – coffret «duo»"),
        ("Diffuseur d'huiles essentielles <em>Ultra</em> 300ml", "Diffuseur d'huiles essentielles Ultra 300ml"),
        ("Épicerie D’Angelo &amp; Fils SARL", "Épicerie D’Angelo & Fils SARL"),
        ("9,99&nbsp;&euro;", "9,99 €"),
        ("1\u202f000\u00a0g", "1 000 g"),
        ("<p>Gravure&#8217;s</p>", "Gravure’s"),
        ("line<br />break", "line break"),
    ],
)
def test_a_name_is_decoded_and_freed_of_mark_up(sent: str, meant: str) -> None:
    assert clean_text(sent) == meant


@pytest.mark.parametrize(
    "name",
    ["<O'Neil>", 'À Marie, "toujours" <3', "AT&T", "R&D", "x < y > z", "A&copy", "Two  blanks", "Zelt ⛺ 2P", "a < b"],
)
def test_what_only_looks_like_mark_up_stays(name: str) -> None:
    assert clean_text(name) == name


def test_a_name_is_decoded_once_only() -> None:
    assert clean_text("The &amp;amp; symbol, written &lt;b&gt;") == "The &amp; symbol, written <b>"


def test_an_address_keeps_its_lines_and_a_name_does_not() -> None:
    assert clean_lines(" Chez M. Untel \r\n Bâtiment B\n") == "Chez M. Untel\nBâtiment B"
    assert clean_text('Anne:Marie\t"Nana"\n') == 'Anne:Marie "Nana"'


def test_what_databases_refuse_is_taken_out() -> None:
    assert storable("a\x00b\ud83dc") == "ab\ufffdc"
    assert clean_text("a\x00\x07b\ufeff") == "ab"
