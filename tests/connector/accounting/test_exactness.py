"""docs/exactness.md says what is so; `make exactness` writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connector.accounting.exactness import DOCUMENTS, Row, all_rows, render

PAGE = Path(__file__).parents[3] / "docs" / "exactness.md"
SALES = DOCUMENTS[:2]


def rows_of(shop: str, world: str, *, documents: tuple[str, ...] = DOCUMENTS, **behaviour: str) -> list[Row]:
    return [
        row
        for row in all_rows()
        if (row.world.shop, row.world.taxes.world) == (shop, world)
        and row.document in documents
        and behaviour.items() <= row.behaviour.items()
    ]


def test_the_page_says_what_is_so(pytestconfig: pytest.Config) -> None:
    page = render(all_rows())
    if pytestconfig.getoption("--update-golden"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


def test_no_document_stands_in_the_books_with_another_amount() -> None:
    assert [(row.world.title, row.document, row.behaviour, row.wrong) for row in all_rows() if row.wrong] == []


def test_everything_is_exact_but_the_order_whose_rate_no_longer_exists() -> None:
    rows = [*rows_of("fr", "global"), *rows_of("us", "off"), *rows_of("fr", "off")]
    rows += rows_of("us", "us_automated", automated="keep")
    rows += [*rows_of("us", "us_manual", overrides="keep"), *rows_of("both", "global", overrides="keep")]
    for row in rows:
        assert set(row.held) <= {"rate_deleted"}, (row.document, row.behaviour, row.held)
        assert row.exact == row.total - row.held["rate_deleted"], (row.document, row.behaviour)
        assert row.held["rate_deleted"] <= (2 if row.world.shop == "both" else 1)


@pytest.mark.parametrize(("shop", "world"), [("us", "us_manual"), ("both", "global")])
@pytest.mark.parametrize("overrides", ["tolerance", "ignore", "refuse"])
def test_most_is_exact_where_the_company_takes_no_amounts(shop: str, world: str, overrides: str) -> None:
    for row in rows_of(shop, world, documents=SALES, overrides=overrides):
        possible = row.total - row.held["rate_deleted"]
        assert row.exact >= possible * 0.84, (row.document, row.behaviour, row.exact, possible)


@pytest.mark.parametrize("rounding", ["per_rate", "per_line"])
@pytest.mark.parametrize(("overrides", "learned"), [("ignore", "ignored"), ("refuse", "refused"), ("keep", "kept")])
def test_what_the_company_does_is_learned_and_kept(overrides: str, learned: str, rounding: str) -> None:
    for shop, world in (("us", "us_manual"), ("fr", "global"), ("both", "global")):
        for row in rows_of(shop, world, documents=SALES, overrides=overrides, rounding=rounding):
            assert row.taxes is not None
            assert (row.taxes.overrides, row.taxes.rounding, row.taxes.prediction_wrong) == (learned, rounding, False)
