"""What follows a credit memo: the payment of nothing that sets it against its invoice, in a wave of its own.

What is to be set against what is decided when the memo is planned and kept with the record, for the memo has no id yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from connector.accounting.documents import CreditApplication, Held, Planned
from connector.accounting.policy import Ref
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.post import new_posting
from sync.engine.standing import last_answer, last_create
from sync.models import Posting, Record

TO_APPLY = "to_apply"


def application_of(outcome: Planned) -> CreditApplication | None:
    return next((one for one in outcome.documents if isinstance(one, CreditApplication)), None)


def details_of(outcome: Planned) -> dict[str, Any]:
    """The record's details while its memo is on the way."""
    application = application_of(outcome)
    if application is None:
        return {}
    return {
        TO_APPLY: {
            "key": application.key,
            "invoice_key": application.invoice_key,
            "credit_key": application.credit_key,
            "date": application.document_date.isoformat(),
            "currency": application.currency,
            "customer": application.customer.id,
            "amount": str(application.amount),
            "note": application.private_note,
        }
    }


def apply_credit(work: Slice, record: Record, credit: Posting) -> bool:
    """True while the credit is being set against its invoice, or when the record was held for that; else False."""
    kept = record.details.get(TO_APPLY)
    last = last_create(record, f"{credit.key}:apply")
    if last is not None and last.state == Posting.State.POSTED:
        if not journal.was_told(record, "applied", posting=last.pk):
            amount = _amount_of(last)
            journal.tell(record, work.run, "applied", posting=last.pk, qbo_id=last.qbo_id, total=str(amount))
        return False
    if last is not None and last.state == Posting.State.FAULTED and last.run_id == work.run.pk:
        journal.end(record, work.run, _refused(record, credit, last), version=record.options_version)
        return True
    application = _application(kept, credit) if kept else None
    if application is None:
        return False
    return send_application(work, record, credit, application)


def send_application(work: Slice, record: Record, credit: Posting, application: CreditApplication) -> bool:
    """Stores the payment of nothing; False when its invoice no longer stands."""
    invoice = Posting.objects.for_tenant(work.tenant).filter(
        key=application.invoice_key, operation="create", state=Posting.State.POSTED
    )
    found = invoice.first()
    if found is None:
        return False
    entity, payload = work.books.encode(application, paid_id=found.qbo_id, credit_id=credit.qbo_id)
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        new_posting(
            work,
            key=application.key,
            operation="create",
            entity=entity,
            payload=payload,
            record=record,
            planned_total=Decimal(0),
        )
        journal.move(record, work.run, Record.State.SENDING, details=record.details, version=record.options_version)
    return True


def _application(kept: Mapping[str, str], credit: Posting) -> CreditApplication | None:
    """No more than QuickBooks says the memo still holds: it may have used it by itself already."""
    left = credit.answer.get("RemainingCredit", credit.answer.get("Balance"))
    amount = Decimal(kept["amount"])
    if left is not None:
        amount = min(amount, Decimal(str(left)))
    if amount <= 0:
        return None
    return CreditApplication(
        key=kept["key"],
        invoice_key=kept["invoice_key"],
        credit_key=kept["credit_key"],
        document_date=date.fromisoformat(kept["date"]),
        currency=kept["currency"],
        customer=Ref(kept["customer"]),
        amount=amount,
        private_note=kept["note"],
    )


def _amount_of(payment: Posting) -> Decimal:
    return Decimal(str(payment.payload["Line"][0]["Amount"]))


def _refused(record: Record, credit: Posting, refused: Posting) -> Held:
    return Held(
        f"refused_by_quickbooks:{refused.fault_code}",
        {
            "problem": "apply",
            "code": refused.fault_code,
            "message": refused.fault_detail[:500],
            "order": record.number,
            "number": last_answer(record, credit).doc_number,
        },
    )
