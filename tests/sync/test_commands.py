"""The stable commands: applying and exporting a tenant document, syncing, listing records."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from sync.models import Link, OptionsVersion, Posting, Record, RecordEvent, Run
from tenants.models import AuditEntry, Company, Membership, Tenant, User
from tests.sync.conftest import NewWorld
from tests.sync.world import World, merged, run_to_end, states

pytestmark = pytest.mark.django_db

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]
SUMMARY_KEYS = {
    "run", "state", "seen", "synced", "skipped", "waiting", "attention", "reasons", "notices", "documents",
    "woo_calls", "qbo_calls", "qbo_reads", "seconds",
}  # fmt: skip
RECORD_KEYS = {"source", "woo_id", "number", "state", "reason", "documents", "store_total", "currency"}


def command(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def as_json(name: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(command(name, *arguments))
    return found


# tenant_apply


def test_applying_a_document_twice_changes_nothing_the_second_time(world: World) -> None:
    document = world.document()
    first = world.apply(document)
    assert "New tenant." in first
    before = (OptionsVersion.objects.count(), AuditEntry.objects.count(), Company.objects.get().refresh_token)
    world.forget_stats()
    assert "Nothing changed." in world.apply(document)
    assert (OptionsVersion.objects.count(), AuditEntry.objects.count(), Company.objects.get().refresh_token) == before
    assert world.stats()["token_calls"] == 0


def test_a_refresh_token_is_taken_only_once(world: World) -> None:
    document = world.document()
    world.apply(document)
    assert Company.objects.get().refresh_token != ""
    world.forget_stats()
    world.apply(merged(document, orders={"number_prefix": "New"}))
    assert world.stats()["token_calls"] == 0
    fresh = world.company_control("reconnect", now=True)["refresh_token"]
    world.apply(merged(document, quickbooks={"refresh_token": fresh}))
    assert world.stats()["token_calls"] == 1


@pytest.mark.parametrize(
    ("section", "wrong", "message"),
    [
        ("orders", {"statusses": []}, r"orders.statusses: is not a known key. Did you mean “statuses”"),
        ("orders", {"document": "receipt"}, r"“receipt” is not one of sales_receipt, invoice. Did you mean"),
        ("orders", {"shipping_item": "Shiping"}, r"no product or service “Shiping”. Nearest: “Shipping”"),
        ("payments", {"default_account": "Undeposited Fund"}, r"no account “Undeposited Fund”. Nearest: “Undeposited"),
        ("taxes", {"untaxed_code": "Exemt"}, r"no tax code “Exemt”. Nearest: “Exempt”"),
        ("orders", {"statuses": ["wc-completed"]}, r"without “wc-”"),
        ("tenant", {"time_zone": "Europe/Pariss"}, r"not a time zone"),
        ("orders", {"number_prefix": "WayTooLongAPrefix"}, r"at most 15 characters"),
    ],
)
def test_a_refused_document_says_what_to_do_and_leaves_no_half_tenant(
    world: World, section: str, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        world.apply(merged(world.document(), **{section: wrong}))
    assert not Tenant.objects.exists()


def test_all_problems_are_told_at_once(world: World) -> None:
    document = merged(world.document(), orders={"shipping_item": "Nope", "fee_item": "Nor this"})
    with pytest.raises(CommandError, match=r"2 problem\(s\)"):
        world.apply(document)


def test_a_refused_update_keeps_the_options_that_were_there(world: World) -> None:
    document = world.document()
    world.apply(document)
    with pytest.raises(CommandError):
        world.apply(merged(document, orders={"shipping_item": "Nope"}))
    assert OptionsVersion.objects.count() == Tenant.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"woocommerce": {"consumer_secret": "cs_" + "0" * 40}}, "store was not connected"),
        ({"woocommerce": {"url": "http://127.0.0.1:9"}}, "store was not connected"),
        ({"quickbooks": {"refresh_token": "RT1-wrong"}}, "QuickBooks was not connected"),
    ],
)
def test_a_connection_that_does_not_work_is_refused_with_what_to_do(
    world: World, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        world.apply(merged(world.document(), **change))
    assert not Tenant.objects.exists()


def test_a_company_that_is_busy_is_waited_for(world: World) -> None:
    world.break_company(
        path_contains="/query", skip=3, times=2, action="status", status=429, headers={"Retry-After": "1"}
    )
    world.apply(world.document())
    assert Company.objects.get().names_read_at is not None
    assert Tenant.objects.exists()


def test_a_company_that_stays_busy_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    world.break_company(path_contains="/query", times=None, action="status", status=429, headers={"Retry-After": "500"})
    with pytest.raises(CommandError, match="could not be read"):
        world.apply(world.document())
    assert [seconds for seconds in slept if seconds > 1] == [60.0, 60.0, 60.0]
    assert not Tenant.objects.exists()


def test_a_second_workspace_on_one_company_needs_another_prefix(world: World) -> None:
    world.connect()
    with pytest.raises(CommandError, match="prefix of another workspace"):
        world.apply(world.document(slug="second"))
    assert Tenant.objects.count() == 1
    world.apply(world.document(slug="second", orders={"number_prefix": "Zwo"}))
    assert Tenant.objects.count() == 2


def test_a_missing_key_keeps_its_value_and_a_list_is_replaced_whole(world: World) -> None:
    world.apply(world.document())
    world.apply({"tenant": {"slug": "shop"}, "orders": {"statuses": ["completed"]}})
    document = OptionsVersion.objects.order_by("-number")[0].document
    assert document["orders"]["statuses"] == ["completed"]
    assert document["orders"]["number_prefix"] == "Wio"
    assert document["payments"]["methods"][0]["gateway"] == "stripe"


def test_a_password_is_set_only_for_a_person_who_does_not_exist_yet(world: World) -> None:
    member = {"email": "owner@dupont.example", "role": "owner", "password": "correct horse battery"}
    world.apply({**world.document(), "members": [member]})
    world.apply({**world.document(), "members": [{**member, "password": "another horse", "role": "viewer"}]})
    assert User.objects.get().check_password("correct horse battery")
    assert Membership.objects.get().role == "viewer"


def test_a_rehearsed_document_changes_nothing_and_refreshes_no_token(world: World) -> None:
    document = world.document()
    assert "New tenant." in world.apply(document, dry_run=True)
    assert not Tenant.objects.exists()
    assert not Company.objects.exists()
    world.apply(document)
    Company.objects.update(access_expires_at=timezone.now())
    world.forget_stats()
    told = world.apply(merged(document, orders={"number_prefix": "New"}), dry_run=True)
    assert "orders.number_prefix: Wio -> New" in told
    assert OptionsVersion.objects.count() == 1
    assert world.stats()["calls"] == world.stats()["token_calls"] == 0
    with pytest.raises(CommandError, match="Nearest"):
        world.apply(merged(document, orders={"shipping_item": "Shiping"}), dry_run=True)


def test_what_the_company_does_not_support_is_kept_and_told(world: World) -> None:
    told = world.apply(merged(world.document(), stock={"enabled": True}))
    assert "stock.enabled: " in told
    assert OptionsVersion.objects.get().document["stock"]["enabled"] is True


# tenant_export


def test_what_is_exported_can_be_applied_and_is_exported_again_the_same(world: World) -> None:
    world.apply({**world.document(), "members": [{"email": "owner@dupont.example", "role": "owner"}]})
    exported = as_json("tenant_export", "shop", "--with-secrets")
    assert "Nothing changed." in world.apply(exported)
    assert as_json("tenant_export", "shop", "--with-secrets") == exported


def test_an_export_without_secrets_has_none_and_keeps_the_connections_when_it_comes_back(world: World) -> None:
    world.apply(world.document())
    text = command("tenant_export", "shop")
    store = world.details["store"]
    for secret in (store["consumer_key"], store["consumer_secret"], Company.objects.get().refresh_token):
        assert secret not in text
    exported = json.loads(text)
    assert {"woocommerce", "quickbooks"} & set(exported) == set()
    world.apply(merged(exported, orders={"number_prefix": "New"}))
    assert Tenant.objects.get().is_connected


def test_an_export_makes_the_same_options_for_another_tenant(world: World) -> None:
    world.apply(world.document())
    exported = as_json("tenant_export", "shop", "--with-secrets")
    other = merged(exported, tenant={"slug": "other", "name": "Other"}, orders={"number_prefix": "Two"})
    world.apply(other)
    again = as_json("tenant_export", "other", "--with-secrets")
    assert merged(again, tenant={"slug": "shop", "name": "Shop"}, orders={"number_prefix": "Wio"}) == exported


# sync


def test_the_summary_of_a_sync_has_its_stable_keys_and_adds_up(new_world: NewWorld) -> None:
    world = new_world("fr", orders=60)
    world.connect()
    summary = as_json("sync", "shop", "--json")
    assert set(summary) == SUMMARY_KEYS
    assert summary["state"] == "finished"
    parts = sum(summary[state] for state in ("synced", "skipped", "waiting", "attention"))
    assert summary["seen"] == parts == Record.objects.count()
    assert sum(summary["reasons"].values()) == parts - summary["synced"]
    assert summary["documents"] == dict(
        Counter(Posting.objects.filter(record__isnull=False).values_list("entity", flat=True))
    )
    assert set(summary["documents"]) == {"SalesReceipt", "RefundReceipt"}
    assert summary["qbo_calls"] == world.stats()["calls"] - _calls_to_connect(world)
    assert summary["qbo_reads"] == 0


def _calls_to_connect(world: World) -> int:
    """All metered reads so far: connecting reads, the sync does not."""
    return int(world.stats()["reads"])


def test_records_that_need_attention_do_not_fail_the_command(world: World) -> None:
    world.add_order(line_items=TEA, payment_method="mystery")
    world.connect(payments={"default_account": None})
    assert as_json("sync", "shop", "--json")["reasons"] == {"unmapped_gateway": 1}


@pytest.mark.parametrize("slug", ["nobody", "unconnected"])
def test_a_sync_that_cannot_run_fails_and_says_why(world: World, slug: str) -> None:
    Tenant.objects.create(slug="unconnected", name="Unconnected")
    with pytest.raises(CommandError, match=r"no tenant|not connected"):
        command("sync", slug)


def test_a_sync_that_did_not_finish_prints_its_summary_and_fails(world: World) -> None:
    world.add_order(line_items=TEA)
    world.connect()
    world.store_control("keys", revoke=world.details["store"]["consumer_key"])
    out = io.StringIO()
    with pytest.raises(CommandError, match="refused the keys"):
        call_command("sync", "shop", "--json", stdout=out)
    assert json.loads(out.getvalue())["state"] == "paused"


def test_a_sync_follows_the_run_under_way_and_then_runs_what_was_asked_for(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    Run.objects.create(tenant=tenant, trigger="schedule")
    summary = as_json("sync", "shop", "--order", str(order_id), "--json")
    assert Run.objects.count() == 2
    assert (summary["run"], summary["seen"]) == (Run.objects.order_by("-pk")[0].pk, 1)


def test_a_dry_run_posts_nothing_and_writes_no_row(new_world: NewWorld) -> None:
    world = new_world("fr", orders=60)
    world.connect()
    models = (Run, Record, RecordEvent, Posting, Link)
    world.forget_stats()
    summary = as_json("sync", "shop", "--dry-run", "--json")
    assert set(summary) == SUMMARY_KEYS
    assert summary["state"] == "dry_run"
    assert [model.objects.count() for model in models] == [0] * len(models)  # type: ignore[attr-defined]
    assert world.stats()["calls"] == 0
    assert world.documents() == []
    run_to_end(world.document_tenant())
    orders = Record.objects.filter(source="order")
    assert summary["synced"] == orders.filter(state="synced").count()


# records


def test_records_are_one_json_object_a_line_with_their_documents(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    refund = world.store_control("refunds", order=order_id, amount="5.00")
    world.tick()
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    rows = [json.loads(line) for line in command("records", "shop", "--json").splitlines()]
    assert all(set(row) >= RECORD_KEYS for row in rows)
    by_source = {row["source"]: row for row in rows}
    assert set(by_source) == {"order", "refund", "customer"}
    assert by_source["refund"]["woo_id"] == refund["id"]
    assert by_source["refund"]["store_total"] == "5.00"
    assert by_source["order"]["woo_id"] == order_id
    sale = by_source["order"]
    assert [document["type"] for document in sale["documents"]] == ["Invoice", "Payment"]
    books = {(one["type"], one["Id"]): one for one in world.documents()}
    for document in sale["documents"]:
        assert books[document["type"], document["id"]]["TotalAmt"] == document["total"] == sale["store_total"]


def test_records_can_be_asked_for_by_state(world: World) -> None:
    world.add_order(line_items=TEA)
    world.add_order(line_items=TEA, status="pending", set_paid=False)
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1, "skipped:status:pending": 1}
    rows = [json.loads(line) for line in command("records", "shop", "--state", "skipped", "--json").splitlines()]
    assert [row["reason"] for row in rows] == ["status:pending"]
