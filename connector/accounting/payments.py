"""Where the money of an order goes: the deposit account of a sales receipt, or a payment of an invoice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.commerce import Order
from connector.accounting.currencies import exchange_rate
from connector.accounting.dates import open_date
from connector.accounting.documents import Held, Notice, PaymentDocument
from connector.accounting.keys import payment_key, sale_key
from connector.accounting.money import ZERO
from connector.accounting.numbers import payment_note
from connector.accounting.policy import GatewayMapping, PostingPolicy, Ref
from connector.accounting.settings import require
from connector.accounting.texts import one_line

REFERENCE_LIMIT = 21
"""QBO reference, 5.4 PaymentRefNum and 5.9."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """Account and QuickBooks payment method; both None when nothing was paid."""

    account: Ref | None = None
    method: Ref | None = None
    reference: str = ""


def receipt_deposit(order: Order, policy: PostingPolicy) -> Deposit | Held:
    """The money of a sales receipt; held without an account, for QuickBooks would silently take Undeposited Funds."""
    mapping = policy.gateways.get(order.payment_method)
    account = _account(order, policy, mapping)
    if order.total == 0 and account is None:
        return Deposit()
    if mapping is not None and not mapping.record and order.total != 0:
        return _unmapped(order, "not_recorded")
    if account is None:
        return _unmapped(order, "not_mapped")
    if isinstance(account, Held):
        return account
    return Deposit(account, mapping.payment_method if mapping else None, payment_reference(order))


def invoice_payment(
    order: Order, policy: PostingPolicy, *, customer: Ref, total: Decimal, credits: Decimal = ZERO
) -> tuple[PaymentDocument | None, tuple[Notice, ...]] | Held:
    """The payment of an invoice on the day it was paid; none when unpaid, free, switched off or not to be recorded.

    customer, total: the invoice's, as planned or as it stands in the books. credits: what credit memos of ours already
    took off it; a payment that comes late is for what they leave (product specification §8).
    """
    mapping = policy.gateways.get(order.payment_method)
    due = total - credits
    if not policy.record_payments or not order.is_paid or order.paid_at is None or due <= 0:
        return None, ()
    if mapping is not None and not mapping.record:
        return None, ()
    account = _account(order, policy, mapping)
    if account is None:
        return None, (Notice("unmapped_gateway", _gateway(order)),)
    if isinstance(account, Held):
        return account
    paid_on = open_date(order.paid_at, policy)
    if isinstance(paid_on, Held):
        return paid_on
    payment = PaymentDocument(
        key=payment_key(order.id, 1),
        pays_key=sale_key(order.id),
        document_date=paid_on.day,
        currency=order.currency,
        customer=customer,
        total=due,
        private_note=payment_note(order, policy, true_date=paid_on.true_date),
        deposit_account=account,
        payment_method=mapping.payment_method if mapping else None,
        payment_reference=payment_reference(order),
        exchange_rate=exchange_rate(order, policy),
    )
    return payment, ()


def payment_reference(order: Order) -> str:
    return one_line(order.transaction_id)[:REFERENCE_LIMIT]


def _account(order: Order, policy: PostingPolicy, mapping: GatewayMapping | None) -> Ref | Held | None:
    if mapping is not None and mapping.account is not None:
        return require(mapping.account, f"gateway:{order.payment_method}", policy)
    if policy.default_account is None and "default_account" not in policy.inactive_refs:
        return None
    return require(policy.default_account, "default_account", policy)


def _unmapped(order: Order, problem: str) -> Held:
    return Held("unmapped_gateway", {"problem": problem, **_gateway(order)})


def _gateway(order: Order) -> dict[str, str]:
    return {"gateway": order.payment_method, "title": order.payment_method_title}
