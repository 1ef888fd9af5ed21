"""Where the money of an order goes: the deposit account of a sales receipt, or a payment of an invoice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.commerce import Order
from connector.accounting.currencies import exchange_rate
from connector.accounting.dates import open_date
from connector.accounting.documents import Held, Notice, PaymentDocument
from connector.accounting.instalments import Receipt, has_deposit, receipts_of
from connector.accounting.keys import payment_key, sale_key
from connector.accounting.money import ZERO, half_up, smallest_unit
from connector.accounting.numbers import payment_note
from connector.accounting.policy import GatewayMapping, PostingPolicy, Ref
from connector.accounting.settings import optional, require
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


def invoice_payments(
    order: Order,
    policy: PostingPolicy,
    *,
    customer: Ref,
    total: Decimal,
    credits: Decimal = ZERO,
    recorded: Sequence[Decimal] = (),
) -> tuple[tuple[PaymentDocument, ...], tuple[Notice, ...]] | Held:
    """The payments of an invoice, each on the day its money came; none when unpaid, free, switched off or not to be
    recorded.

    customer, total: the invoice's, as planned or as it stands in the books. credits: what credit memos of ours already
    took off it; a payment that comes late is for what they leave (product specification §8). recorded: the payments
    that stand in the books already, first to last; those that follow are numbered after them.
    """
    mapping = policy.gateways.get(order.payment_method)
    left = half_up(total - credits - sum(recorded, ZERO), smallest_unit(order.currency))
    if not policy.record_payments or left <= 0 or (mapping is not None and not mapping.record):
        return (), ()
    receipts = receipts_of(order)
    if isinstance(receipts, Held):
        return receipts
    due = receipts[len(recorded) :]
    if not due:
        return (), ()
    account = _account(order, policy, mapping)
    if account is None:
        return (), (Notice("unmapped_gateway", _gateway(order)),)
    if isinstance(account, Held):
        return account
    payments: list[PaymentDocument] = []
    for receipt in due:
        amount = left if receipt.amount is None else min(receipt.amount, left)
        if amount <= 0:
            continue
        number = len(recorded) + len(payments) + 1
        payment = _payment(order, policy, receipt, number=number, amount=amount, customer=customer, account=account)
        if isinstance(payment, Held):
            return payment
        payments.append(payment)
        left -= amount
    return tuple(payments), _told(order, due, left)


def _payment(
    order: Order,
    policy: PostingPolicy,
    receipt: Receipt,
    *,
    number: int,
    amount: Decimal,
    customer: Ref,
    account: Ref,
) -> PaymentDocument | Held:
    mapping = policy.gateways.get(order.payment_method)
    received_on = open_date(receipt.at, policy)
    if isinstance(received_on, Held):
        return received_on
    return PaymentDocument(
        key=payment_key(order.id, number),
        pays_key=sale_key(order.id),
        document_date=received_on.day,
        currency=order.currency,
        customer=customer,
        total=amount,
        private_note=payment_note(order, policy, number=number, true_date=received_on.true_date),
        deposit_account=account,
        payment_method=mapping.payment_method if mapping else None,
        payment_reference=payment_reference(order),
        exchange_rate=exchange_rate(order, policy),
    )


def _told(order: Order, due: Sequence[Receipt], left: Decimal) -> tuple[Notice, ...]:
    """What a bookkeeper should know of money that came in parts."""
    if not has_deposit(order):
        return ()
    is_estimate = any(receipt.is_estimate for receipt in due)
    open_part = (Notice("balance_open", {"amount": f"{left:f}"}),) if left > 0 else ()
    return (*open_part, *((Notice("balance_day_estimated"),) if is_estimate else ()))


def payment_reference(order: Order) -> str:
    return one_line(order.transaction_id)[:REFERENCE_LIMIT]


def _account(order: Order, policy: PostingPolicy, mapping: GatewayMapping | None) -> Ref | Held | None:
    if mapping is not None and mapping.account is not None:
        method = optional(mapping.payment_method, f"payment_method:{order.payment_method}", policy)
        account = require(mapping.account, f"gateway:{order.payment_method}", policy)
        return method if isinstance(method, Held) and not isinstance(account, Held) else account
    if policy.default_account is None and "default_account" not in policy.inactive_refs:
        return None
    return require(policy.default_account, "default_account", policy)


def _unmapped(order: Order, problem: str) -> Held:
    return Held("unmapped_gateway", {"problem": problem, **_gateway(order)})


def _gateway(order: Order) -> dict[str, str]:
    return {"gateway": order.payment_method, "title": order.payment_method_title}
