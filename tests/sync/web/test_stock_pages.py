"""What will change in my shop, and what was changed: the stock page, its decisions, and who may take them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sync import stock as decisions
from sync.models import Link, Run, StockLine, StockPass
from sync.web.progress import measure
from sync.web.urls import workspace_urls
from tenants.models import AuditEntry, Role
from tests.factories import Cast, ended_run, live_run, member, stock_pass, workspace


@pytest.fixture(autouse=True)
def _inventory(people: Cast) -> None:
    """The company keeps stock."""
    company = people.tenant.company
    assert company is not None
    company.facts = {**company.facts, "inventory": True}
    company.save(update_fields=["facts"])


def page(client: Client, people: Cast, **asked: str) -> Any:
    answer = client.get(reverse("stock", args=[people.tenant.slug]), asked)
    assert answer.status_code == 200
    return answer


def do(client: Client, name: str, people: Cast, *args: int, **body: str) -> Any:
    return client.post(reverse(name, args=[people.tenant.slug, *args]), body)


def test_off_it_says_what_it_would_do_and_shows_first(alice: Client, people: Cast) -> None:
    assert "Show what would change" in page(alice, people).content.decode()
    do(alice, "stock_preview", people)
    asked, run = StockPass.objects.get(), Run.objects.get()
    assert (asked.kind, asked.state) == ("preview", "wanted")
    assert (run.trigger, run.parameters) == ("stock", {"only": "stock"})
    assert not decisions.is_on(people.tenant)


def test_a_company_without_inventory_says_what_to_switch_on(alice: Client, people: Cast) -> None:
    company = people.tenant.company
    assert company is not None
    company.facts = {**company.facts, "inventory": False}
    company.save(update_fields=["facts"])
    text = page(alice, people).content.decode()
    assert "Stock is not tracked in this company" in text
    assert "Show what would change" not in text
    do(alice, "stock_preview", people)
    assert not StockPass.objects.exists()


def test_a_preview_shows_each_product_with_what_it_becomes(alice: Client, people: Cast) -> None:
    stock_pass(people.tenant, {"to_zero": 1, "never_set": 2, "changed": 30, "same": 40})
    answer = page(alice, people)
    rows = answer.context["rows"]
    assert [row.line.outcome for row in rows[:4]] == ["to_zero", "never_set", "never_set", "changed"]
    assert [row.becomes for row in rows[:4]] == [0, 9, 9, 5]
    assert (len(rows), answer.context["page"].paginator.num_pages) == (50, 2)
    assert [(way.decision, way.button, way.typed) for way in answer.context["question"].exits] == [
        ("counted", "Turn on, send 31 quantities", ""),
        ("all", "Turn on, send 33 quantities", ""),
    ]
    assert [row.line.outcome for row in page(alice, people, show="never_set").context["rows"]] == ["never_set"] * 2
    assert len(page(alice, people, q="THE-7").context["rows"]) == 5


def test_turned_on_a_run_sends_it(alice: Client, people: Cast) -> None:
    one = stock_pass(people.tenant, {"never_set": 1, "changed": 9})
    do(alice, "stock_decide", people, one.pk, decision="counted")
    one.refresh_from_db()
    assert (one.kind, one.state, one.decided_by) == ("full", "sending", people.alice)
    assert decisions.is_on(people.tenant)
    assert Run.objects.get().parameters == {"only": "stock"}
    assert not one.lines.filter(outcome="to_zero").exists()


def test_a_decision_joins_the_run_under_way(alice: Client, people: Cast) -> None:
    running = live_run(people.tenant)
    one = stock_pass(people.tenant, {"changed": 9})
    do(alice, "stock_decide", people, one.pk, decision="all" if one.counts.get("never_set") else "counted")
    assert Run.objects.get() == running


def test_a_decision_after_the_run_has_passed_gets_a_run_of_its_own(people: Cast) -> None:
    stock_pass(people.tenant, {"changed": 9}, state="sending", kind="full")
    assert decisions.waits_for_a_run(people.tenant)
    live_run(people.tenant)
    assert not decisions.waits_for_a_run(people.tenant)


def test_cancelled_nothing_is_sent_and_it_stays_off(alice: Client, people: Cast) -> None:
    one = stock_pass(people.tenant, {"changed": 9})
    do(alice, "stock_decline", people, one.pk)
    one.refresh_from_db()
    assert (one.state, decisions.is_on(people.tenant), Run.objects.exists()) == ("declined", False, False)


def braked(people: Cast) -> StockPass:
    decisions.save_choices(people.tenant, {"stock": {"enabled": True}}, user=people.alice)
    return stock_pass(people.tenant, {"to_zero": 3, "changed": 7}, kind="full", state="stopped")


def test_the_brake_is_told_on_overview_attention_and_stock(alice: Client, bob: Client, people: Cast) -> None:
    braked(people)
    for name in ("overview", "attention"):
        text = alice.get(reverse(name, args=[people.tenant.slug])).content.decode()
        assert "The brake stopped this: 3 products would drop to zero." in text
        assert "Nothing needs your attention" not in text
    text = page(bob, people).content.decode()
    assert "The brake stopped this" in text
    assert "Send nothing" not in text


def test_many_zeros_have_to_be_typed(alice: Client, people: Cast) -> None:
    one = braked(people)
    do(alice, "stock_decide", people, one.pk, decision="counted", typed="2")
    one.refresh_from_db()
    assert one.state == "stopped"
    do(alice, "stock_decide", people, one.pk, decision="counted", typed=" 3 ")
    one.refresh_from_db()
    assert (one.state, one.decision) == ("sending", "counted")


def test_zeros_set_aside_can_be_shown_and_taken_back(alice: Client, people: Cast) -> None:
    one = braked(people)
    do(alice, "stock_decide", people, one.pk, decision="aside")
    assert one.lines.filter(outcome="aside").count() == 3
    StockPass.objects.update(state="done", ended_at=timezone.now())
    Run.objects.update(state="finished", finished_at=timezone.now())
    assert len(page(alice, people, show="aside").context["goods"]) == 3
    do(alice, "stock_take_back", people)
    assert not Link.objects.filter(stock_aside=True).exists()
    assert StockPass.objects.latest("pk").state == "wanted"


def test_a_way_that_the_pass_does_not_offer_is_refused(alice: Client, people: Cast) -> None:
    one = braked(people)
    do(alice, "stock_decide", people, one.pk, decision="all", typed="3")
    one.refresh_from_db()
    assert one.state == "stopped"


def test_what_was_sent_stays_to_be_read(alice: Client, people: Cast) -> None:
    run = ended_run(people.tenant, timezone.now())
    one = stock_pass(people.tenant, {"changed": 2}, kind="full", state="done", run=run, decision="counted")
    answer = alice.get(reverse("stock_pass", args=[people.tenant.slug, one.pk]))
    assert "2 quantities sent" in answer.content.decode()
    goods = page(alice, people).context["goods"]
    assert [(good.quantity, good.sent.target) for good in goods] == [(5, 5), (5, 5)]


def test_turned_off_what_waits_ends(alice: Client, people: Cast) -> None:
    one = braked(people)
    do(alice, "stock_off", people)
    one.refresh_from_db()
    assert (one.state, decisions.is_on(people.tenant)) == ("declined", False)


@pytest.mark.parametrize("name", ["stock_preview", "stock_off", "stock_take_back", "stock_decide", "stock_decline"])
def test_a_viewer_decides_nothing(bob: Client, alice: Client, charlie: Client, people: Cast, name: str) -> None:
    one = braked(people)
    args = [one.pk] if name in ("stock_decide", "stock_decline") else []
    assert do(bob, name, people, *args, decision="aside").status_code == 403
    assert do(charlie, name, people, *args, decision="aside").status_code == 404
    assert alice.get(reverse(name, args=[people.tenant.slug, *args])).status_code == 405
    one.refresh_from_db()
    assert (one.state, Run.objects.exists()) == ("stopped", False)


def test_a_pass_of_another_workspace_is_not_found(alice: Client, people: Cast) -> None:
    other = workspace("other", "Other")
    member(other, people.alice.email, Role.OWNER)
    one = stock_pass(people.tenant, {"changed": 1})
    assert alice.get(reverse("stock_pass", args=[other.slug, one.pk])).status_code == 404
    for name in ("stock_decide", "stock_decline"):
        assert alice.post(reverse(name, args=[other.slug, one.pk]), {"decision": "counted"}).status_code == 404


def test_every_address_of_the_stock_is_asked_for() -> None:
    names = {str(getattr(one, "name", "")) for one in workspace_urls}
    assert {name for name in names if name.startswith("stock")} == {
        "stock", "stock_pass", "stock_choose", "stock_preview", "stock_off", "stock_take_back", "stock_decide",
        "stock_decline",
    }  # fmt: skip


def test_a_run_about_the_stock_shows_its_own_pace(people: Cast) -> None:
    now = timezone.now()
    run = live_run(
        people.tenant, phase="stock", done=400, total=1000, tally={"synced": 5}, parameters={"only": "stock"},
        started_at=now - timedelta(minutes=30), phase_at=now - timedelta(minutes=4),
    )  # fmt: skip
    progress = measure(run)
    assert [str(phase.name) for phase in progress.phases] == ["Update the stock"]
    assert (progress.percent, progress.remaining, progress.badges) == (40, "About 6 minutes left", [])


def test_products_have_a_phase_once_a_run_comes_to_them(people: Cast) -> None:
    progress = measure(live_run(people.tenant, phase="products"))
    assert [(str(one.name), one.is_current) for one in progress.phases][-1] == ("Send products", True)
    assert all(one.is_done for one in progress.phases[:-1])


# One product by itself


def link_of(people: Cast, outcome: str) -> Link:
    line = StockLine.objects.filter(tenant=people.tenant, outcome=outcome).order_by("pk")[0]
    return Link.objects.get(tenant=people.tenant, store_key=line.store_key)


def test_each_row_of_a_pass_that_waits_has_its_button(alice: Client, people: Cast) -> None:
    stock_pass(people.tenant, {"to_zero": 1, "never_set": 1, "changed": 1, "same": 1, "aside": 1})
    buttons = [[choice.button for choice in row.choices] for row in page(alice, people).context["rows"]]
    assert buttons == [["Leave out"], ["Send its zero"], ["Leave out"], [], []]


def test_a_product_is_left_out_and_taken_back_in_on_its_page_of_the_list(alice: Client, people: Cast) -> None:
    stock_pass(people.tenant, {"changed": 70})
    link = link_of(people, "changed")
    answer = do(alice, "stock_choose", people, link.pk, choice="out", page="2", show="changed", q="THE")
    assert answer["Location"].endswith("/stock/?show=changed&q=THE&page=2#products")
    link.refresh_from_db()
    assert link.stock_choice == "out"
    shown = page(alice, people, show="left_out")
    [row] = shown.context["rows"]
    assert (row.line.outcome, row.becomes) == ("left_out", 9)
    assert [choice.button for choice in row.choices] == ["Take back in"]
    assert shown.context["question"].exits[0].button == "Turn on, send 69 quantities"
    do(alice, "stock_choose", people, link.pk, choice="")
    assert StockPass.objects.get().counts == {"changed": 70}


def test_what_is_left_out_is_shown_while_nothing_waits(alice: Client, people: Cast) -> None:
    stock_pass(people.tenant, {"changed": 3}, state="done", kind="full")
    do(alice, "stock_choose", people, link_of(people, "changed").pk, choice="out")
    answer = page(alice, people, show="left_out")
    assert "1 product is left out: nothing is written to its stock" in answer.content.decode()
    [row] = answer.context["goods"]
    assert [choice.value for choice in row.choices] == [""]
    [entry] = AuditEntry.objects.filter(tenant=people.tenant, action="stock")
    assert entry.changes == {"left_out": [None, row.link.name]}


@pytest.mark.parametrize("choice", ["", "sideways"])
def test_no_choice_changes_nothing(alice: Client, people: Cast, choice: str) -> None:
    stock_pass(people.tenant, {"changed": 1})
    assert do(alice, "stock_choose", people, link_of(people, "changed").pk, choice=choice).status_code == 302
    assert StockPass.objects.get().counts == {"changed": 1}


def test_a_viewer_sees_choices_and_makes_none(bob: Client, people: Cast) -> None:
    stock_pass(people.tenant, {"changed": 1, "left_out": 1})
    text = page(bob, people).content.decode()
    assert "Left out" in text
    assert "Take back in" not in text
    assert do(bob, "stock_choose", people, link_of(people, "changed").pk, choice="out").status_code == 403
    assert not decisions.left_out(people.tenant).exists()


def test_another_workspaces_product_is_not_found(alice: Client, people: Cast) -> None:
    other = workspace("other", "Other")
    stock_pass(other, {"changed": 1})
    foreign = Link.objects.get(tenant=other)
    assert do(alice, "stock_choose", people, foreign.pk, choice="out").status_code == 404
    foreign.refresh_from_db()
    assert foreign.stock_choice == ""


def test_thousands_of_rows_stay_a_light_page(alice: Client, people: Cast) -> None:
    stock_pass(people.tenant, {"changed": 300})
    assert len(page(alice, people).content) < 150_000
