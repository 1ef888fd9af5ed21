"""Every option set on its page and carried as a document, what differs in the company's books, and the table of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from sync.schema import SCHEMA
from sync.web.manage.table import TABLE
from tests.sync.conftest import NewWorld, new_world, nobody_waits  # noqa: F401  (fixtures)
from tests.sync.web.options import customers, items, mappings, orders, payments, refunds, taxes, workspace
from tests.sync.web.options.elsewhere import PROVED_ELSEWHERE

PAPER = Path(settings.BASE_DIR) / "docs" / "options.md"
PARTS = (workspace, orders, taxes, customers, items, payments, mappings, refunds)
PROOFS = {path: proof for part in PARTS for path, proof in part.PROOFS.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PROOFS)
def test_the_books_follow(path: str, new_world: NewWorld) -> None:  # noqa: F811
    proof = PROOFS[path]
    assert proof.books_by_way(path, new_world) == [seen for _value, seen in proof.ways]


@pytest.mark.parametrize("path", PROOFS)
def test_a_proof_would_fail_if_the_option_did_nothing(path: str) -> None:
    first, *others = [seen for _value, seen in PROOFS[path].ways]
    assert others
    assert first not in others


def table() -> str:
    """docs/options.md as the table of options and the proofs give it."""
    lines = [
        "# Options",
        "",
        "Every option of the tenant document, the page where it is set, what it changes in the books, and the test that"
        " sets it on that page, carries it over as the tenant document, and looks into the books.",
        "",
        "| option | page | what changes in the books | test |",
        "| --- | --- | --- | --- |",
    ]
    for path, where in sorted(pages().items()):
        lines.append(f"| `{path}` | `{where}` | {changes_of(path)} | `{proof_of(path)}` |")
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    found = {located.place.path: f"manage/{located.subject.key}/" for located in TABLE.by_path.values()}
    return found | {one.path: reverse(one.page, args=["x"]).removeprefix("/t/x/") for one in TABLE.elsewhere}


def changes_of(path: str) -> str:
    return PROOFS[path].changes if path in PROOFS else PROVED_ELSEWHERE[path].changes


def proof_of(path: str) -> str:
    if path in PROOFS:
        return f"tests/sync/web/test_options_at_work.py::test_the_books_follow[{path}]"
    return PROVED_ELSEWHERE[path].test


def test_every_option_has_its_page_and_its_proof() -> None:
    known = {*SCHEMA, "retention_days"}
    assert {".".join(path.split(".")[:2]) for path in pages()} == known
    assert set(pages()) == set(PROOFS) | set(PROVED_ELSEWHERE)
    assert not set(PROOFS) & set(PROVED_ELSEWHERE)


def test_the_paper_is_what_the_table_and_the_proofs_say() -> None:
    assert PAPER.read_text(encoding="utf-8") == table(), "write it anew: see table() above"


@pytest.mark.parametrize("path", PROVED_ELSEWHERE)
def test_the_test_that_is_named_exists(path: str) -> None:
    file, _sep, name = PROVED_ELSEWHERE[path].test.partition("::")
    assert f"def {name}(" in (Path(settings.BASE_DIR) / file).read_text(encoding="utf-8")
