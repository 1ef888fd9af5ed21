"""Every promise that the database holds, by its name: the row that would break it is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint
from django.utils import timezone

from sync.models import (
    Batch,
    Cursor,
    KeyedDocument,
    Link,
    Mapping,
    MirrorEntry,
    OptionsVersion,
    Posting,
    Recipient,
    Reconciliation,
    ReconciliationLine,
    Record,
    Report,
    ReportMail,
    ReportSchedule,
    Request,
    Run,
    StockLine,
    StockPass,
    StoreHook,
)
from tenants.models import Company, ConnectionAttempt, Invitation, Membership, Tenant, User

pytestmark = pytest.mark.django_db


class Rows:
    """One valid row of each kind, to break the next one against."""

    def __init__(self) -> None:
        self.company = Company.objects.create(realm_hash="a" * 64, realm_id="1")
        self.tenant = Tenant.objects.create(slug="shop", name="Shop", company=self.company)
        self.user = User.objects.create_user("alice@example.com", "correct horse battery")
        self.run = Run.objects.create(tenant=self.tenant)
        self.batch = Batch.objects.create(tenant=self.tenant, company=self.company, request_id="r")
        self.record = self.new_record()

    def new_record(self, **fields: Any) -> Record:
        values = {"tenant": self.tenant, "source": "order", "woo_id": 1, **fields}
        return Record.objects.create(**values)

    def posting(self, **fields: Any) -> Posting:
        values = {
            "tenant": self.tenant,
            "company": self.company,
            "key": "order:1:sale",
            "operation": "create",
            "entity": "SalesReceipt",
            "payload": {},
            **fields,
        }
        return Posting.objects.create(**values)

    def posted(self, **fields: Any) -> Posting:
        return self.posting(**{"state": "posted", "qbo_id": "7", "record": self.record, **fields})

    def keyed(self, **fields: Any) -> KeyedDocument:
        values = {
            "tenant": self.tenant, "company": self.company, "entity": "Invoice", "qbo_id": "9", "total": 1, **fields,
        }  # fmt: skip
        return KeyedDocument.objects.create(**values)

    def link(self, **fields: Any) -> Link:
        values = {
            "tenant": self.tenant, "company": self.company, "kind": "item", "store_key": "item:1:0", "qbo_id": "3",
            **fields,
        }  # fmt: skip
        return Link.objects.create(**values)

    def mirror(self) -> MirrorEntry:
        return MirrorEntry.objects.create(company=self.company, kind="Item", qbo_id="3", name="Tea", name_key="tea")

    def invitation(self, **fields: Any) -> Invitation:
        return Invitation.objects.create(
            **{"tenant": self.tenant, "email": "bob@example.com", "role": "viewer", **fields}
        )

    def recipient(self, **fields: Any) -> Recipient:
        return Recipient.objects.create(**{"tenant": self.tenant, "email": "carol@example.com", **fields})

    def report(self, **fields: Any) -> Report:
        now = timezone.now()
        values = {"kind": "daily", "key": "daily:2026-11-24", "since": now, "until": now, "figures": {}, **fields}
        return Report.objects.create(tenant=self.tenant, **values)

    def stock_pass(self, **fields: Any) -> StockPass:
        values = {"tenant": self.tenant, "company": self.company, "kind": "full", "state": "done", **fields}
        return StockPass.objects.create(**values)

    def stock_line(self, **fields: Any) -> StockLine:
        whole = StockPass.objects.first() or self.stock_pass()
        values = {
            "stock_pass": whole, "tenant": self.tenant, "store_key": "item:1:0", "product_id": 1, "qbo_id": "3",
            "books_quantity": 1, "outcome": "same", **fields,
        }  # fmt: skip
        return StockLine.objects.create(**values)

    def request(self, **fields: Any) -> Request:
        return Request.objects.create(**{"tenant": self.tenant, "record": self.record, "kind": "resync", **fields})

    def reconciliation(self, **fields: Any) -> Reconciliation:
        days = {"first": "2026-11-01", "last": "2026-11-30"}
        return Reconciliation.objects.create(**{"tenant": self.tenant, "company": self.company, **days, **fields})

    def reconciliation_line(self, **fields: Any) -> ReconciliationLine:
        whole = Reconciliation.objects.first() or self.reconciliation()
        values = {"reconciliation": whole, "tenant": self.tenant, "record": self.record, "kind": "sale", **fields}
        return ReconciliationLine.objects.create(**values)

    def attempt(self, **fields: Any) -> ConnectionAttempt:
        values = {"tenant": self.tenant, "user": self.user, "side": "store", **fields}
        values.setdefault("expires_at", timezone.now() + timedelta(hours=1))
        return ConnectionAttempt.objects.create(**values)


def _twice(make: Callable[[], object]) -> None:
    make()
    make()


BREAKS: dict[str, Callable[[Rows], object]] = {
    # Identity
    "posting_key_once_per_tenant": lambda rows: _twice(lambda: rows.posting(state="faulted", fault_code="1")),
    "one_living_create_per_key": lambda rows: (rows.posting(), rows.posted(generation=1)),
    "one_record_per_document": lambda rows: (rows.posted(), rows.posted(key="order:2:sale")),
    "posting_place_in_its_batch": lambda rows: (
        rows.posting(batch=rows.batch, bid="p0"), rows.posting(key="other", batch=rows.batch, bid="p0"),
    ),
    "one_record_per_source_object": lambda rows: rows.new_record(),
    "one_open_stock_pass_per_tenant": lambda rows: _twice(lambda: rows.stock_pass(state="counting")),
    "stock_kind_is_known": lambda rows: rows.stock_pass(kind="whim"),
    "stock_state_is_known": lambda rows: rows.stock_pass(state="gone"),
    "stock_line_once_per_product": lambda rows: _twice(rows.stock_line),
    "stock_outcome_is_known": lambda rows: rows.stock_line(outcome="odd"),
    "link_once_per_store_key": lambda rows: _twice(rows.link),
    "mapping_once_per_store_key": lambda rows: _twice(
        lambda: Mapping.objects.create(tenant=rows.tenant, kind="gateway", store_key="stripe")
    ),
    "mirror_row_once_per_object": lambda rows: _twice(rows.mirror),
    "one_cursor_per_stream": lambda rows: _twice(
        lambda: Cursor.objects.create(
            tenant=rows.tenant, stream="orders", position=timezone.now(), covered_from="2026-01-01"
        )
    ),
    "options_version_once_per_tenant": lambda rows: _twice(
        lambda: OptionsVersion.objects.create(tenant=rows.tenant, number=1, document={})
    ),
    "one_active_run_per_tenant": lambda rows: Run.objects.create(tenant=rows.tenant, state="running"),
    "one_role_per_person_and_tenant": lambda rows: _twice(
        lambda: Membership.objects.create(tenant=rows.tenant, user=rows.user, role="owner")
    ),
    "person_once_per_address": lambda rows: User.objects.create(email="Alice@Example.com"),
    "one_open_invitation_per_address": lambda rows: (rows.invitation(), rows.invitation(email="BOB@example.com")),
    "recipient_once_per_tenant": lambda rows: (rows.recipient(), rows.recipient(email="CAROL@example.com")),
    "one_report_per_period_or_run": lambda rows: _twice(rows.report),
    "one_mail_per_report_and_recipient": lambda rows: _twice(
        partial(ReportMail.objects.create, report=rows.report(), recipient=rows.recipient(), language="en")
    ),
    "one_open_request_per_record": lambda rows: (rows.request(), rows.request(kind="undo")),
    "keyed_document_once_per_tenant": lambda rows: _twice(rows.keyed),
    "one_active_reconciliation_per_period": lambda rows: _twice(rows.reconciliation),
    "reconciliation_line_once_per_document": lambda rows: _twice(
        lambda: rows.reconciliation_line(entity="Invoice", qbo_id="7")
    ),
    "reconciliation_line_once_without_document": lambda rows: _twice(rows.reconciliation_line),
    # States
    "reconciliation_state_is_known": lambda rows: rows.reconciliation(state="gone", finished_at=timezone.now()),
    "reconciliation_has_days": lambda rows: rows.reconciliation(last="2026-10-31"),
    "reconciliation_that_ended_has_an_end": lambda rows: rows.reconciliation(state="ready"),
    "reconciliation_line_kind_is_known": lambda rows: rows.reconciliation_line(kind="gift"),
    "keyed_state_is_known": lambda rows: rows.keyed(state="lost"),
    "request_state_is_known": lambda rows: rows.request(state="gone", ended_at=timezone.now()),
    "request_kind_is_known": lambda rows: rows.request(kind="whim"),
    "request_that_ended_has_an_end": lambda rows: rows.request(state="done"),
    "posting_state_is_known": lambda rows: rows.posting(state="lost"),
    "posting_operation_is_known": lambda rows: rows.posting(operation="erase"),
    "posted_means_qbo_id": lambda rows: rows.posting(state="posted"),
    "faulted_means_fault_code": lambda rows: rows.posting(state="faulted"),
    "posting_in_batch_has_a_place": lambda rows: rows.posting(batch=rows.batch),
    "batch_state_is_known": lambda rows: Batch.objects.filter(pk=rows.batch.pk).update(state="gone"),
    "record_state_is_known": lambda rows: rows.new_record(woo_id=2, state="gone"),
    "record_that_is_not_synced_says_why": lambda rows: rows.new_record(woo_id=2, state="attention"),
    "record_without_trouble_has_no_reason": lambda rows: rows.new_record(woo_id=2, state="synced", reason="x"),
    "run_state_is_known": lambda rows: Run.objects.filter(pk=rows.run.pk).update(
        state="gone", finished_at=timezone.now()
    ),
    "run_that_ended_has_an_end": lambda rows: Run.objects.filter(pk=rows.run.pk).update(state="finished"),
    "link_has_a_target": lambda rows: rows.link(qbo_id=""),
    "link_kind_is_known": lambda rows: rows.link(kind="vendor"),
    "mapping_kind_is_known": lambda rows: Mapping.objects.create(tenant=rows.tenant, kind="colour", store_key="x"),
    "options_version_from_one": lambda rows: OptionsVersion.objects.create(tenant=rows.tenant, number=0, document={}),
    "company_state_is_known": lambda rows: Company.objects.update(state="gone"),
    "company_learned_overrides_is_known": lambda rows: Company.objects.update(learned_overrides="perhaps"),
    "company_learned_rounding_is_known": lambda rows: Company.objects.update(learned_rounding="by_feel"),
    "company_lease_has_an_end": lambda rows: Company.objects.update(lease_token="x", lease_until=None),
    "tenant_store_state_is_known": lambda rows: Tenant.objects.update(store_state="gone"),
    "tenant_has_a_slug": lambda rows: Tenant.objects.update(slug=""),
    "membership_role_is_known": lambda rows: Membership.objects.create(tenant=rows.tenant, user=rows.user, role="king"),
    "invitation_role_is_known": lambda rows: rows.invitation(role="king"),
    "store_hook_state_is_known": lambda rows: StoreHook.objects.create(tenant=rows.tenant, state="gone"),
    "store_hook_has_a_secret": lambda rows: StoreHook.objects.create(tenant=rows.tenant, secret=""),
    "store_hook_wants_what_it_heard": lambda rows: StoreHook.objects.create(
        tenant=rows.tenant, wanted_since=timezone.now()
    ),
    "report_kind_is_known": lambda rows: rows.report(kind="yearly"),
    "report_schedule_when_is_known": lambda rows: ReportSchedule.objects.create(tenant=rows.tenant, when="hourly"),
    "report_mail_state_is_known": lambda rows: ReportMail.objects.create(
        report=rows.report(), recipient=rows.recipient(), language="en", state="gone"
    ),
    "report_mail_sent_has_a_moment": lambda rows: ReportMail.objects.create(
        report=rows.report(), recipient=rows.recipient(), language="en", state="sent"
    ),
    "attempt_side_is_known": lambda rows: rows.attempt(side="bank"),
    "attempt_that_ended_keeps_no_token": lambda rows: rows.attempt(ended_at=timezone.now(), refresh_token="RT1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_the_database_refuses_what_the_constraint_names(name: str) -> None:
    rows = Rows()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        BREAKS[name](rows)
    says_names = connection.vendor == "postgresql" or name in _checks()
    assert name in str(refused.value) or not says_names


def test_no_constraint_is_left_unproved() -> None:
    assert {name for name, _is_check in _constraints()} == set(BREAKS)


def test_a_version_of_the_options_never_changes() -> None:
    version = OptionsVersion.objects.create(tenant=Rows().tenant, number=1, document={})
    version.document = {"other": True}
    with pytest.raises(TypeError):
        version.save()


def _constraints() -> list[tuple[str, bool]]:
    models = [model for label in ("sync", "tenants") for model in apps.get_app_config(label).get_models()]
    return [
        (constraint.name, isinstance(constraint, CheckConstraint))
        for model in models
        for constraint in model._meta.constraints
    ]


def _checks() -> set[str]:
    return {name for name, is_check in _constraints() if is_check}
