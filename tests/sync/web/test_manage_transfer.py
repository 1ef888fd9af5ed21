"""Settings as a file, and their history: what comes in is looked at first, and bad files change nothing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from sync.choices import save_choices
from sync.models import OptionsVersion, Record
from tenants.models import AuditEntry, Role, Tenant
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, run_to_end


@pytest.fixture
def shop(new_world: Any) -> World:  # noqa: F811
    cache.clear()
    world: World = new_world("fr", orders=4)
    return world


@pytest.fixture
def tenant(shop: World, db: None) -> Tenant:
    return shop.connect()


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def exported(client: Client, tenant: Tenant) -> dict[str, Any]:
    answer = client.get(reverse("manage_export", args=[tenant.slug]))
    assert answer.headers["Content-Disposition"].endswith('.json"')
    found: dict[str, Any] = json.loads(answer.content)
    return found


def upload(client: Client, tenant: Tenant, body: bytes | dict[str, Any]) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    file = SimpleUploadedFile("settings.json", data, "application/json")
    return client.post(reverse("manage_import", args=[tenant.slug]), {"file": file})


def confirm(client: Client, tenant: Tenant, looked_at: Any) -> Any:
    sent = {"document": looked_at.context["document"], "version": str(looked_at.context["number"])}
    return client.post(reverse("manage_import", args=[tenant.slug]), sent)


def saved(tenant: Tenant) -> dict[str, Any]:
    return dict(OptionsVersion.objects.filter(tenant=tenant).order_by("-number")[0].document)


def test_a_file_goes_out_without_secrets_or_people_and_comes_back_as_it_was(owner: Client, tenant: Tenant) -> None:
    document = exported(owner, tenant)
    assert {"woocommerce", "quickbooks", "members"} & set(document) == set()
    assert tenant.store_consumer_secret not in json.dumps(document)
    before = saved(tenant)
    answer = upload(owner, tenant, document)
    assert answer.status_code == 200
    assert answer.context["changes"] == []
    confirm(owner, tenant, answer)
    assert saved(tenant) == before
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 1


def test_differences_are_shown_leaf_by_leaf_before_they_are_saved(owner: Client, tenant: Tenant) -> None:
    document = exported(owner, tenant)
    document["orders"] |= {"document": "invoice", "shipping_item": "Fee"}
    document["taxes"]["cancelling_lines"] = False
    answer = upload(owner, tenant, document)
    paths = {"orders.document", "orders.shipping_item", "taxes.cancelling_lines"}
    assert {change.path for change in answer.context["changes"]} == paths
    assert "Shipping item" in answer.content.decode()
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 1
    assert confirm(owner, tenant, answer).status_code == 302
    assert saved(tenant)["orders"]["shipping_item"]["name"] == "Fee"
    entry = AuditEntry.objects.get(tenant=tenant, action="options.imported")
    assert set(entry.changes) == paths
    assert entry.user is not None


def test_another_workspaces_file_goes_by_names_not_by_ids(owner: Client, tenant: Tenant) -> None:
    document = exported(owner, tenant)
    document["tenant"]["slug"] = "somewhere-else"
    ids = {name: document["orders"][name]["id"] for name in ("shipping_item", "fee_item")}
    document["orders"]["shipping_item"]["id"], document["orders"]["fee_item"]["id"] = (
        ids["fee_item"],
        ids["shipping_item"],
    )
    assert upload(owner, tenant, document).context["changes"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"not json at all", "is not JSON"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"", "is empty"),
        (b"[" * 5000, "is not JSON"),
        (b"[]", "is a JSON object"),
        (b'{"tenant": {"slug": "shop"}, "ordres": {}}', "Did you mean “orders”?"),
        (b'{"tenant": {"slug": "shop"}, "orders": {"document": "receipt"}}', "Send orders as: “receipt” is not one of"),
        (b'{"tenant": {"slug": "shop"}, "orders": {"shipping_item": "Shiping"}}', "Nearest: “Shipping”"),
        (b'{"tenant": {"slug": "shop"}, "items": {"income_account": null}}', "creating items needs an income account"),
        (b" " * (256 * 1024 + 1), "larger than 256 kB"),
    ],
    ids=["text", "binary", "empty", "deep", "list", "key", "word", "item", "together", "large"],
)
def test_a_bad_file_says_why_and_changes_nothing(body: bytes, message: str, owner: Client, tenant: Tenant) -> None:
    before = saved(tenant)
    answer = upload(owner, tenant, body)
    assert answer.status_code == 422
    assert message in answer.content.decode().replace("&quot;", '"')
    forged = {"document": body.decode("latin-1"), "version": "1"}
    # 400: a field, other than a file, never gets as far with a NUL in it
    assert owner.post(reverse("manage_import", args=[tenant.slug]), forged).status_code in (400, 422, 302)
    assert saved(tenant) == before
    assert not AuditEntry.objects.filter(tenant=tenant, action="options.imported").exists()


def test_an_older_file_that_knows_less_leaves_the_rest_as_it_is(owner: Client, tenant: Tenant) -> None:
    older = exported(owner, tenant)
    older["orders"] = {"number_prefix": "Old-", "document": older["orders"]["document"]}
    for section in ("customers", "refunds", "stock"):
        older.pop(section, None)
    answer = upload(owner, tenant, older)
    assert [change.path for change in answer.context["changes"]] == ["orders.number_prefix"]
    before = saved(tenant)
    confirm(owner, tenant, answer)
    after = saved(tenant)
    assert after["orders"].pop("number_prefix") == "Old-"
    before["orders"].pop("number_prefix")
    assert after == before


def test_what_another_saved_meanwhile_is_not_written_over(owner: Client, tenant: Tenant) -> None:
    document = exported(owner, tenant)
    document["orders"]["zero_total"] = "skip"
    looked_at = upload(owner, tenant, document)
    save_choices(tenant, {"orders": {"number_prefix": "NEW"}})
    confirm(owner, tenant, looked_at)
    assert (saved(tenant)["orders"]["number_prefix"], saved(tenant)["orders"]["zero_total"]) == ("NEW", "post")


def test_history_names_each_version_and_the_records_it_ruled(owner: Client, tenant: Tenant) -> None:
    run_to_end(tenant)
    ruled = Record.objects.filter(tenant=tenant, options_version__number=1).count()
    assert ruled > 0
    save_choices(tenant, {"orders": {"zero_total": "skip"}})
    lines = owner.get(reverse("manage_history", args=[tenant.slug])).context["lines"]
    assert [line.version.number for line in lines] == [2, 1]
    assert [change.path for change in lines[0].changes] == ["orders.zero_total"]
    assert lines[1].ruled.startswith(f"{ruled} record")
    assert lines[0].is_current


def test_going_back_makes_a_new_version(owner: Client, tenant: Tenant) -> None:
    first = copy.deepcopy(saved(tenant))
    save_choices(tenant, {"orders": {"zero_total": "skip", "document": "invoice"}, "payments": {"methods": []}})
    version = OptionsVersion.objects.get(tenant=tenant, number=1)
    url = reverse("manage_restore", args=[tenant.slug, version.pk])
    page = owner.get(url)
    assert {one.path for one in page.context["changes"]} == {"orders.zero_total", "orders.document", "payments.methods"}
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 2
    owner.post(url, {"version": str(page.context["number"])})
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 3
    assert saved(tenant) == first
    assert AuditEntry.objects.filter(tenant=tenant, action="options.restored").exists()


def test_viewers_read_the_history_and_change_nothing(tenant: Tenant) -> None:
    viewer = signed_in(member(tenant, "bob@cabinet.example", Role.VIEWER, "Bob Martin"))
    assert viewer.get(reverse("manage_history", args=[tenant.slug])).status_code == 200
    assert viewer.get(reverse("manage_export", args=[tenant.slug])).status_code == 200
    assert viewer.get(reverse("manage_import", args=[tenant.slug])).status_code == 403
    version = OptionsVersion.objects.get(tenant=tenant)
    assert viewer.post(reverse("manage_restore", args=[tenant.slug, version.pk])).status_code == 403
