from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.commerce import Address
from connector.qbo import values


@pytest.mark.parametrize(
    ("amount", "written"),
    [("10.00", b"10"), ("277.69", b"277.69"), ("92.5633333", b"92.5633333"), ("-0.10", b"-0.1"), ("1E+2", b"100")],
)
def test_an_amount_leaves_as_the_number_it_is(amount: str, written: bytes) -> None:
    assert values.dumps(values.number(Decimal(amount))) == written


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=5))
def test_what_is_sent_reads_back_as_the_same_amount(amount: Decimal) -> None:
    assert Decimal(values.dumps(values.number(amount)).decode()) == amount


@pytest.mark.parametrize("amount", ["0.1234567890123456789", "NaN", "Infinity"])
def test_an_amount_that_json_cannot_keep_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"round it|finite"):
        values.number(Decimal(amount))


def test_the_same_values_have_the_same_bytes_in_any_order() -> None:
    assert values.dumps({"b": 1, "a": "é"}) == values.dumps({"a": "é", "b": 1}) == '{"a":"é","b":1}'.encode()


def test_refused_characters_become_blanks_and_line_breaks_stay_only_in_blocks() -> None:
    assert values.line_of_text("a\x00b\tc\r\nd\ud800", 20) == "a b c d"
    assert values.block_of_text("marker\r\nnext\x07line  \n", 20) == "marker\nnext line"


def test_a_cut_block_keeps_its_beginning() -> None:
    note = values.block_of_text("woo:t:1\n" + "x" * 5000, values.PRIVATE_NOTE)

    assert len(note) == 4000
    assert note.startswith("woo:t:1\n")
    assert note.endswith("…")


def test_a_cut_counts_as_quickbooks_counts() -> None:
    assert values.cut("🙂🙂🙂", 4, ellipsis=False) == "🙂🙂"
    assert values.cut("🙂🙂🙂", 6) == "🙂🙂🙂"


def test_a_name_has_no_colon() -> None:
    assert values.name_of("Shoes: red\tsize 40") == "Shoes - red size 40"


@pytest.mark.parametrize("address", ["ada@example", "ada", "a b@example.org", "a@b.org,c@d.org", "a" * 95 + "@b.org"])
def test_a_malformed_email_address_is_dropped(address: str) -> None:
    assert values.email_of(address) == ""


def test_a_good_email_address_stays() -> None:
    assert values.email_of(" ada@example.org ") == "ada@example.org"


def test_an_address_prints_name_street_and_country() -> None:
    ada = Address("Ada", "Byron", "Analytical Ltd", "12 St James's Sq", "", "London", "", "SW1Y 4JH", "GB")

    assert values.address_of(ada, with_name=True) == {
        "Line1": "Ada Byron",
        "Line2": "Analytical Ltd",
        "Line3": "12 St James's Sq",
        "City": "London",
        "PostalCode": "SW1Y 4JH",
        "Country": "United Kingdom",
    }
    assert values.address_of(ada, with_name=False)["Line1"] == "Analytical Ltd"


def test_an_empty_address_is_left_out() -> None:
    assert values.address_of(Address(), with_name=True) == {}
    assert values.address_of(None, with_name=True) == {}
