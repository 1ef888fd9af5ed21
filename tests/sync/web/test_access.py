"""Who may see and do what: every address of a workspace, for an owner, a viewer, a stranger and a visitor."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Record, Run
from sync.web.urls import workspace_urls
from tenants.models import Role
from tests.factories import Cast, captured, ended_run, hold, member, record_of, workspace


@dataclass(frozen=True, slots=True)
class Page:
    """`method` is how it is asked for; an action is for owners and admins alone, also when one only looks at it."""

    name: str
    method: str = "get"
    is_action: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


PAGES = [
    *[Page(name) for name in ("overview", "attention", "runs", "run", "records", "record", "more")],
    *[Page(name, "post", True) for name in ("retry_cause", "sync_now", "cancel_run", "retry_record", "skip_record")],
    Page("skip_record", "get", True),
    Page("record_bulk", "post", True),
    *[Page(name, "get", True) for name in ("record_link", "record_compare", "record_unlink")],
    *[Page(name, "post", True) for name in ("record_compare", "record_unlink")],
    *[Page(name, "post", True) for name in ("record_resync", "record_keep", "record_replace", "record_post_again")],
    *[Page(name, "post", True) for name in ("record_accept", "record_undo", "run_undo")],
    *[Page(name, "get", True) for name in ("record_undo", "run_undo")],
    *[Page("setup_documents", method, True) for method in ("get", "post")],
    Page("setup_documents_again", "post", True),
    *[
        Page(name, "get", True)
        for name in ("setup", "setup_orders", "setup_mappings", "setup_rehearsal", "setup_extras", "setup_on")
    ],
    *[
        Page(name, "post", True)
        for name in ("setup_orders", "setup_mappings", "setup_extras", "setup_test", "setup_on", "setup_off")
    ],
]
every_page = pytest.mark.parametrize("page", PAGES, ids=str)


@pytest.fixture
def held(people: Cast) -> Record:
    return hold(record_of(people.tenant, captured(271)), "unmapped_tax_rate", rate="FR 20 %")


@pytest.fixture
def run(people: Cast, held: Record) -> Run:
    return ended_run(people.tenant, held.first_seen_at)


def address(page: Page, people: Cast, held: Record, run: Run) -> str:
    by_name = {name: [run.pk] for name in ("run", "cancel_run", "run_undo")}
    of_a_record = [page.name for page in PAGES if page.name.startswith("record_") and page.name != "record_bulk"]
    by_name |= {name: [held.pk] for name in ("record", "retry_record", "skip_record", *of_a_record)}
    return reverse(page.name, args=[people.tenant.slug, *by_name.get(page.name, [])])


def ask(client: Client, page: Page, url: str) -> int:
    return int(getattr(client, page.method)(url).status_code)


@every_page
def test_a_visitor_is_sent_to_the_sign_in(page: Page, people: Cast, held: Record, run: Run) -> None:
    answer = getattr(Client(), page.method)(address(page, people, held, run))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


@every_page
def test_a_stranger_meets_a_404(page: Page, charlie: Client, people: Cast, held: Record, run: Run) -> None:
    assert ask(charlie, page, address(page, people, held, run)) == 404


@every_page
def test_a_viewer_looks_and_changes_nothing(page: Page, bob: Client, people: Cast, held: Record, run: Run) -> None:
    assert ask(bob, page, address(page, people, held, run)) == (403 if page.is_action else 200)
    held.refresh_from_db()
    people.tenant.refresh_from_db()
    assert held.state == Record.State.ATTENTION
    assert not people.tenant.automatic_sync
    assert Run.objects.count() == 1


@pytest.mark.parametrize("name", ["overview", "attention", "runs", "run", "records", "record", "more", "skip_record"])
def test_an_owner_sees_every_page(name: str, alice: Client, people: Cast, held: Record, run: Run) -> None:
    assert ask(alice, Page(name), address(Page(name), people, held, run)) == 200


@pytest.mark.parametrize("name", ["retry_cause", "sync_now", "cancel_run", "retry_record", "record_bulk", "setup_off"])
def test_looking_at_an_action_does_nothing(name: str, alice: Client, people: Cast, held: Record, run: Run) -> None:
    assert ask(alice, Page(name), address(Page(name), people, held, run)) == 405
    assert Run.objects.count() == 1


def test_a_viewer_sees_no_button_that_acts(bob: Client, alice: Client, people: Cast, held: Record) -> None:
    url = reverse("record", args=[people.tenant.slug, held.pk])
    actions = [reverse(name, args=[people.tenant.slug, held.pk]) for name in ("retry_record", "skip_record")]
    actions.append(reverse("sync_now", args=[people.tenant.slug]))
    assert all(action in alice.get(url).content.decode() for action in actions)
    assert not any(action in bob.get(url).content.decode() for action in actions)


def test_rows_of_another_workspace_are_not_found(alice: Client, people: Cast, held: Record, run: Run) -> None:
    """The other workspace is Alice's too: the address decides which one she is in."""
    other = workspace("other", "Other")
    member(other, people.alice.email, Role.OWNER)
    for name in ("record", "skip_record", "record_link", "record_compare", "record_unlink"):
        assert alice.get(reverse(name, args=[other.slug, held.pk])).status_code == 404
    assert alice.get(reverse("run", args=[other.slug, run.pk])).status_code == 404
    assert alice.post(reverse("retry_record", args=[other.slug, held.pk])).status_code == 404
    assert alice.post(reverse("cancel_run", args=[other.slug, run.pk])).status_code == 404


def test_every_address_of_these_pages_is_asked_for() -> None:
    """A page that joins sync/web/urls.py by itself has to join this list; included modules have tests of their own."""
    ours = {
        pattern.name
        for pattern in workspace_urls
        if hasattr(pattern, "callback")
        and _module(pattern.callback) in {"acts", "bulk", "keyed", "linking", "overview", "records", "runs", "setup"}
    }
    assert ours == {page.name for page in PAGES}


def _module(view: object) -> str:
    return str(getattr(view, "__module__", "")).rpartition(".")[2]
