"""What a payment gateway kept of an order's money, as its plugin wrote it onto the order: an expense, never a line.

A line of minus the fee would make the document say less than the buyer paid: turnover and the tax on it would be short
by the fee, and the proof "store total = document total" would have to look away. An accountant expects both in full:
the sale at its total and the fee as a cost, paid out of the clearing account, which then holds what the gateway will
pay out. Gateways keep their fee when an order is refunded, so a refund leaves it alone. Numbers: docs/money.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from connector.accounting.assembly import keeps_global_tax
from connector.accounting.books import PostedSale, RecordedMoney
from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentKind, ExpenseDocument, Held, Notice, PaymentDocument, Planned
from connector.accounting.keys import fee_key
from connector.accounting.money import half_up, is_amount, smallest_unit
from connector.accounting.numbers import fee_note
from connector.accounting.policy import PostingPolicy
from connector.accounting.settings import require
from connector.accounting.texts import describe, say


@dataclass(frozen=True, slots=True)
class FeeKey:
    """A plugin's meta key. brand: how the gateway's name begins on an order. currency: the key that names the fee's
    currency, "" where it is the order's. unless_no: the key that says "no" while nothing was taken yet."""

    brand: str
    key: str
    currency: str = ""
    unless_no: str = ""


PPCP_FEE = "_ppcp_paypal_fees"
"""PayPal Payments keeps one nested object: its `paypal_fee` is read as this key, the currency beside it."""
PPCP_FEE_CURRENCY = f"{PPCP_FEE}:currency"

FEE_KEYS: tuple[FeeKey, ...] = (
    FeeKey("stripe", "_stripe_fee", "_stripe_currency", "_stripe_charge_captured"),
    FeeKey("stripe", "Stripe Fee"),
    FeeKey("woocommerce_payments", "_wcpay_transaction_fee"),
    FeeKey("ppcp", PPCP_FEE, PPCP_FEE_CURRENCY),
    FeeKey("paypal", "PayPal Transaction Fee"),
    FeeKey("paypal", "_paypal_transaction_fee"),
)
"""In order of preference. An order that was tried with one gateway and paid with another may bear both fees."""
_PAYPAL = ("ppcp", "paypal")


def plan_fee(
    order: Order, policy: PostingPolicy, sale: PostedSale, *, is_bank: bool
) -> ExpenseDocument | Notice | Held | None:
    """The expense of an order whose sale and money stand in the books; None when there is no fee, or nothing to take it
    from. A Notice says why a fee that the order names is left out; Held, that the account for it has gone. Only a fee
    in the company's currency is sent: the clearing account is kept in it.

    is_bank: the account that holds the money is of type Bank; QuickBooks pays expenses from no other (error 6430).
    """
    if not policy.gateway_fees or not sale.money:
        return None
    fee = read_fee(order)
    if fee is None or isinstance(fee, Notice):
        return fee
    money = sale.money[-1]
    if order.currency != policy.home_currency:
        return Notice("fee_in_other_currency", {"fee": str(fee), "fee_currency": order.currency})
    if fee > money.amount:
        return Notice("fee_unusable", {"fee": str(fee), "problem": "more_than_paid"})
    if not is_bank:
        return Notice("fee_needs_bank_account", {"amount": str(fee), "account": money.account.name})
    account = require(policy.fee_account, "fee_account", policy)
    if isinstance(account, Held):
        return account
    return ExpenseDocument(
        key=fee_key(order.id),
        document_date=money.received_on or sale.document_date,
        currency=order.currency,
        account=money.account,
        expense_account=account,
        total=fee,
        description=_description(order, policy),
        private_note=fee_note(order, policy),
        payment_method=money.method,
        global_tax="NotApplicable" if keeps_global_tax(policy) else None,
    )


def sale_as_planned(planned: Planned) -> PostedSale:
    """The sale as it will stand once the plan is sent, with its money: what a fee to come is planned against."""
    sale = planned.sale
    money: tuple[RecordedMoney, ...]
    if sale.kind is DocumentKind.SALES_RECEIPT:
        account = sale.deposit_account
        money = (RecordedMoney(account, sale.total, sale.payment_method, sale.document_date),) if account else ()
    else:
        paid = [one for one in planned.documents if isinstance(one, PaymentDocument)]
        money = tuple(
            RecordedMoney(one.deposit_account, one.total, one.payment_method, one.document_date) for one in paid
        )
    return PostedSale(sale.kind, "", sale.number, sale.document_date, sale.total, sale.customer, money)


def read_fee(order: Order) -> Decimal | Notice | None:
    """The fee in the order's currency, to its smallest unit; None when the order names none, or none yet."""
    for row in _keys_for(order.payment_method):
        text = order.meta.get(row.key, "").strip()
        if not text:
            continue
        if row.unless_no and order.meta.get(row.unless_no, "").strip().lower() == "no":
            return None
        currency = order.meta.get(row.currency, "").strip().upper() if row.currency else ""
        fee = _amount(text)
        if fee is None or fee < 0:
            return Notice("fee_unusable", {"fee": text[:40], "problem": "unreadable"})
        if currency and currency != order.currency:
            return Notice("fee_in_other_currency", {"fee": text[:40], "fee_currency": currency[:3]})
        fee = half_up(fee, smallest_unit(order.currency))
        return fee if fee > 0 else None
    return None


def _keys_for(gateway: str) -> tuple[FeeKey, ...]:
    """Those of the gateway that was paid with; all of them where its name tells nothing."""
    brands = {row.brand for row in FEE_KEYS if gateway.startswith(row.brand)}
    if brands & set(_PAYPAL):
        brands = set(_PAYPAL)
    return tuple(row for row in FEE_KEYS if not brands or row.brand in brands)


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if is_amount(amount) else None


def _description(order: Order, policy: PostingPolicy) -> str:
    label = say("gateway_fee", policy.language)
    title = order.payment_method_title or order.payment_method
    return describe(f"{label} ({title})" if title else label)
