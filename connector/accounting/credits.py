"""What credit memos and refund receipts have in common: which of the two, whose money, and what is set against what."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.assembly import Header, assemble, checked, correction_notices, prove
from connector.accounting.books import PostedCredit, PostedSale
from connector.accounting.commerce import Order
from connector.accounting.documents import CreditApplication, DocumentKind, Held, Notice, Planned, SaleDocument
from connector.accounting.keys import sale_key
from connector.accounting.money import ZERO
from connector.accounting.numbers import number_notices
from connector.accounting.payments import Deposit, payment_reference, receipt_deposit
from connector.accounting.policy import PostingPolicy
from connector.accounting.settings import optional
from connector.accounting.tax import SettledTax


def refund_kind(order: Order, policy: PostingPolicy, sale: PostedSale | None) -> DocumentKind:
    """Automatic: money that we recorded leaves its account again; what was never recorded becomes a credit.

    `refunded_payment` says nothing: it is false for every refund made by hand (product specification §9). A refund
    without any sale in the books is of money where the store says that the order was paid and we record payments.
    """
    if policy.credit_memos == "credit_memo":
        return DocumentKind.CREDIT_MEMO
    if policy.credit_memos == "refund_receipt":
        return DocumentKind.REFUND_RECEIPT
    has_money = _would_be_recorded(order, policy) if sale is None else sale.has_its_money
    return DocumentKind.REFUND_RECEIPT if has_money else DocumentKind.CREDIT_MEMO


def refund_deposit(order: Order, policy: PostingPolicy, sale: PostedSale | None) -> Deposit | Held:
    """The account a refund's money leaves: where the sale's money was recorded, so that the account ends at zero.

    Of several accounts the one that took most. Without recorded money it is the account of the order's gateway.
    """
    mapping = policy.gateways.get(order.payment_method)
    if sale is None or not sale.money:
        return receipt_deposit(order, policy)
    money = max(sale.money, key=lambda one: one.amount)
    chosen = {f"gateway:{order.payment_method}": mapping.account if mapping else None}
    chosen["default_account"] = policy.default_account
    for key, account in chosen.items():
        if key in policy.inactive_refs and account is not None and account.id == money.account.id:
            return Held(f"missing_setting:{key}", {"name": policy.inactive_refs[key], "problem": "inactive"})
    method = optional(
        money.method or (mapping.payment_method if mapping else None), f"payment_method:{order.payment_method}", policy
    )
    if isinstance(method, Held):
        return method
    return Deposit(money.account, method, payment_reference(order))


@dataclass(frozen=True, slots=True)
class Link:
    """Key and note of the payment of nothing that sets a credit memo against its invoice."""

    key: str
    note: str


def complete_credit(
    settled: tuple[Order, SettledTax],
    order: Order,
    policy: PostingPolicy,
    sale: PostedSale | None,
    header: Header,
    link: Link,
) -> Planned | Held:
    """The document, and what sets it against an open invoice. settled: what is given back, with its lines and tax."""
    goods, lines = settled
    document = assemble(goods, policy, header, lines)
    if isinstance(document, Held):
        return document
    application, notices = _apply(document, order, sale, link)
    proof = prove(goods, document, lines)
    return checked(
        goods,
        Planned(
            (document, application) if application else (document,),
            proof,
            (*number_notices(policy), *notices, *correction_notices(proof)),
        ),
    )


def own_credit(key: str, sale: PostedSale | None) -> PostedCredit | None:
    """The document of this posting where it stands already: planning again must not count it twice."""
    return next((credit for credit in sale.credits if credit.key == key), None) if sale else None


def taken_numbers(key: str, sale: PostedSale | None) -> frozenset[str]:
    return frozenset(credit.number for credit in sale.credits if credit.key != key) if sale else frozenset()


def left_of(sale: PostedSale) -> Decimal:
    """What of the sale no credit memo or refund receipt has taken back yet."""
    return sale.total - sum((credit.total for credit in sale.credits), ZERO)


def _would_be_recorded(order: Order, policy: PostingPolicy) -> bool:
    mapping = policy.gateways.get(order.payment_method)
    return policy.record_payments and order.paid_at is not None and (mapping is None or mapping.record)


def _apply(
    memo: SaleDocument, order: Order, sale: PostedSale | None, link: Link
) -> tuple[CreditApplication | None, tuple[Notice, ...]]:
    """Sets a credit memo against the invoice as far as that is open; what is left stays the customer's credit, told.

    Dated on the memo's day, or the invoice's where that comes later: a link cannot come before what it links.
    """
    if memo.kind is not DocumentKind.CREDIT_MEMO:
        return None, ()
    own = own_credit(memo.key, sale)
    wanted = memo.total - (own.applied if own else ZERO)
    open_balance = sale.open_balance if sale is not None and sale.kind is DocumentKind.INVOICE else ZERO
    amount = min(wanted, max(open_balance, ZERO))
    notices = (Notice("credit_left_open", {"amount": f"{wanted - amount:f}"}),) if amount < wanted else ()
    if sale is None or amount <= 0:
        return None, notices
    application = CreditApplication(
        key=link.key,
        invoice_key=sale_key(order.id),
        credit_key=memo.key,
        document_date=max(memo.document_date, sale.document_date),
        currency=memo.currency,
        customer=memo.customer,
        amount=amount,
        private_note=link.note,
    )
    return application, notices
