"""The dry run as people read it: each order with its document or its reason, and the sum of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connector.accounting.commerce import Order
from connector.accounting.dates import local_date
from connector.accounting.documents import ExpenseDocument, Held, Outcome, Planned, Skipped
from sync.engine.rehearse import Rehearsal
from sync.templatetags.formats import count, money
from sync.web.proof import Part, Proof
from sync.web.reason_texts import Text
from sync.web.reasons import fill, order_label, tell, tell_notice

_KINDS: dict[str, Text] = {
    "SalesReceipt": gettext_lazy("Sales receipt %(number)s"),
    "Invoice": gettext_lazy("Invoice %(number)s"),
}
_STATES = {Skipped: "skipped", Held: "attention"}


@dataclass(frozen=True, slots=True)
class RehearsedRow:
    """One order of the dry run: what would be sent, or why not. refunded: what it has given back so far, if anything;
    fee: what would become of its gateway's fee, as a sentence;
    may_be_tried: it would be sent today, because it is not older than the start date."""

    woo_id: int
    number: str
    buyer: str
    state: str
    store_total: Decimal | None
    document_total: Decimal | None
    currency: str
    document: str = ""
    store_tax: Decimal | None = None
    document_tax: Decimal | None = None
    refunded: Decimal | None = None
    sentence: str = ""
    cure: str = ""
    fee: str = ""
    fee_is_sent: bool = False
    may_be_tried: bool = False

    @property
    def agrees(self) -> bool:
        return self.store_total == self.document_total

    @property
    def tax_agrees(self) -> bool:
        return self.store_tax == self.document_tax


def rows_of(rehearsals: Sequence[Rehearsal], *, start_date: date) -> list[RehearsedRow]:
    return [_row(one, start_date) for one in rehearsals]


def _row(one: Rehearsal, start_date: date) -> RehearsedRow:
    order, outcome = one.order, one.outcome
    number = order_label(order.number)
    if not isinstance(order, Order):
        return _left_out(RehearsedRow(order.id, number, "", "", None, None, ""), outcome, order.number)
    buyer = f"{order.billing.first_name} {order.billing.last_name}".strip()
    row = RehearsedRow(order.id, number, buyer, "synced", order.total, None, order.currency)
    if not isinstance(outcome, Planned):
        return _left_out(row, outcome, order.number)
    sale, proof = outcome.sale, outcome.proof
    return replace(
        row,
        document=fill(_KINDS[str(sale.kind)], {"number": sale.number}),
        document_total=sale.total,
        store_tax=proof.store_tax,
        document_tax=proof.document_tax,
        refunded=sum((refund.total for refund in order.refunds), Decimal(0)) or None,
        fee=_fee_text(one, order),
        fee_is_sent=isinstance(one.fee, ExpenseDocument),
        may_be_tried=local_date(order.created_at, one.policy.time_zone) >= start_date,
    )


def _fee_text(one: Rehearsal, order: Order) -> str:
    fee = one.fee
    if isinstance(fee, ExpenseDocument):
        words = {
            "amount": money(fee.total, fee.currency),
            "account": fee.account.name,
            "booked_on": fee.expense_account.name,
        }
        return fill(_("Fee of %(amount)s: expense on %(booked_on)s, from %(account)s"), words)
    if isinstance(fee, Held):
        return tell(fee.reason, fee.details, number=order.number, currency=order.currency).title
    return tell_notice({"reason": fee.reason, **fee.details}, currency=order.currency) if fee is not None else ""


def _left_out(row: RehearsedRow, outcome: Outcome, number: str) -> RehearsedRow:
    assert not isinstance(outcome, Planned)
    told = tell(outcome.reason, outcome.details, number=number, currency=row.currency)
    state = _STATES.get(type(outcome), "waiting")
    return replace(row, state=state, sentence=told.sentence or told.title, cure=told.cure)


def prove_rehearsal(rows: Sequence[RehearsedRow]) -> Proof | None:
    """What the store sold = what would be sent + what would not, in the currency that most orders have."""
    currencies = Counter(row.currency for row in rows if row.currency)
    if not currencies:
        return None
    currency = currencies.most_common(1)[0][0]
    counted = [row for row in rows if row.currency == currency and row.store_total is not None]

    def part(sign: str, icon: str, title: str, chosen: Sequence[RehearsedRow], amount: Decimal) -> Part:
        note = ngettext("%(count)s order", "%(count)s orders", len(chosen)) % {"count": count(len(chosen))}
        return Part(sign, icon, title, money(amount, currency), note)  # type: ignore[arg-type]

    ready = [row for row in counted if row.state == "synced"]
    sold = sum((row.store_total or Decimal(0) for row in counted), Decimal(0))
    sent = sum((row.document_total or Decimal(0) for row in ready), Decimal(0))
    parts = [part("", "store", _("Store"), counted, sold), part("=", "file-text", _("Would be sent"), ready, sent)]
    for state, icon, title in (
        ("attention", "inbox", _("Held")),
        ("waiting", "hourglass", _("Payment to come")),
        ("skipped", "circle-slash", _("Not selected")),
    ):
        others = [row for row in counted if row.state == state]
        if others:
            left = sum((row.store_total or Decimal(0) for row in others), Decimal(0))
            sent += left
            parts.append(part("+", icon, title, others, left))
    if sold != sent:
        parts[1] = part("≠", "file-text", _("Would be sent"), ready, sent)
        return Proof(
            "warn", "equal-not", fill(_("%(amount)s apart"), {"amount": money(sold - sent, currency)}), "", parts
        )
    return Proof("ok", "circle-check", _("It adds up to the cent"), "", parts)
