"""The merchant's latest order as the document that the choices on the page would make of it; nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from connector.accounting.commerce import Order
from connector.accounting.documents import Held, PaymentDocument, Planned, SaleDocument, Skipped
from connector.errors import SyncError
from sync import setup
from sync.engine.rehearse import Rehearsal
from sync.templatetags.formats import long_date, money, percent, quantity
from sync.web.labels import ENTITIES
from sync.web.manage.lists import Lists
from sync.web.manage.sample import sample_order
from sync.web.reasons import fill, order_label, tell
from sync.web.troubles import find_trouble


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    amount: Decimal
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """title "" = there is no document; `sentence` then says why. others: (id, label) of the orders to choose from."""

    order: str = ""
    is_sample: bool = False
    chosen: str = ""
    others: tuple[tuple[str, str], ...] = ()
    title: str = ""
    number: str = ""
    subtitle: str = ""
    lines: tuple[Line, ...] = ()
    sums: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    currency: str = ""
    total: Decimal | None = None
    store_total: Decimal | None = None
    state: str = ""
    sentence: str = ""
    cure: str = ""

    @property
    def agrees(self) -> bool:
        return self.total is not None and self.total == self.store_total


def preview(lists: Lists, options: Mapping[str, Any], wanted: str = "") -> Preview:
    """wanted: id of the order to show, "" for the newest that would be sent."""
    tenant = lists.tenant
    if lists.facts is None or not tenant.store_url:
        return Preview(sentence=_("Connect the store and QuickBooks to see here what would be sent."))
    try:
        orders = [one for one in setup.latest_orders(tenant, options) if isinstance(one, Order)]
    except SyncError as error:
        trouble = find_trouble(error.reason)
        return Preview(sentence=str(trouble.text), cure=str(trouble.cure))
    is_sample = not orders
    if is_sample:
        orders = [sample_order(options, lists.facts.home_currency)]
    named = [one for one in orders if str(one.id) == wanted]
    try:
        rehearsals = setup.rehearse_with(tenant, options, named or orders)
    except SyncError as error:
        trouble = find_trouble(error.reason)
        return Preview(sentence=str(trouble.text), cure=str(trouble.cure))
    rehearsal = next((one for one in rehearsals if isinstance(one.outcome, Planned)), rehearsals[0])
    order = (named or orders)[rehearsals.index(rehearsal)]
    others = () if is_sample else tuple((str(one.id), _order_choice(one)) for one in orders)
    return _shown(rehearsal, order, lists, is_sample=is_sample, others=others)


def _order_choice(order: Order) -> str:
    return f"{order_label(order.number)} · {money(order.total, order.currency)}"


def _shown(
    rehearsal: Rehearsal, order: Order, lists: Lists, *, is_sample: bool, others: tuple[tuple[str, str], ...]
) -> Preview:
    shared: dict[str, Any] = {
        "order": _("sample order") if is_sample else order_label(order.number),
        "is_sample": is_sample,
        "chosen": str(order.id),
        "others": others,
        "currency": order.currency,
        "store_total": order.total,
    }
    outcome = rehearsal.outcome
    if not isinstance(outcome, Planned):
        told = tell(outcome.reason, {"order": order.number, **outcome.details})
        state = "skipped" if isinstance(outcome, Skipped) else "attention" if isinstance(outcome, Held) else "waiting"
        return Preview(**shared, state=state, sentence=told.sentence or told.title, cure=told.cure)
    sale = outcome.sale
    return Preview(
        **shared,
        state="synced",
        title=str(ENTITIES.get(str(sale.kind), sale.kind)),
        number=sale.number or _("numbered by QuickBooks"),
        subtitle=f"{long_date(sale.document_date)} · {sale.customer.name}",
        lines=tuple(
            Line(_line_text(line.description, line.item.name), line.amount, _pieces(line.quantity))
            for line in sale.lines
        ),
        sums=_sums(sale),
        notes=tuple(_notes(outcome, sale, lists)),
        total=sale.total,
    )


def _line_text(description: str, item: str) -> str:
    return description.split("\n", 1)[0] or item


def _pieces(pieces: Decimal | None) -> str:
    return f"× {quantity(pieces)}" if pieces is not None and pieces != 1 else ""


def _sums(sale: SaleDocument) -> tuple[Line, ...]:
    if sale.tax is None:
        return ()
    net = Line(_("Total without tax"), sale.total - sale.tax.total)
    return (net, *(Line(f"{rate.rate.name or percent(rate.percent)}", rate.amount) for rate in sale.tax.rates))


def _notes(planned: Planned, sale: SaleDocument, lists: Lists) -> list[str]:
    """Where the money goes, and what else stands on the document."""
    found = []
    if sale.deposit_account is not None:
        account = _name_of(lists, "money", sale.deposit_account.id, sale.deposit_account.name)
        found.append(fill(_("Deposit to: %(account)s"), {"account": account}))
    for document in planned.documents:
        if isinstance(document, PaymentDocument):
            account = _name_of(lists, "money", document.deposit_account.id, document.deposit_account.name)
            amount = money(document.total, document.currency)
            found.append(fill(_("Payment of %(amount)s into: %(account)s"), {"amount": amount, "account": account}))
    for list_name, ref, text in (
        ("Term", sale.terms, _("Terms: %(name)s")),
        ("Class", sale.sales_class, _("Class: %(name)s")),
        ("Department", sale.location, _("Location: %(name)s")),
    ):
        if ref is not None:
            found.append(fill(text, {"name": _name_of(lists, list_name, ref.id, ref.name)}))
    if sale.customer_memo:
        found.append(sale.customer_memo)
    memo = " · ".join(sale.private_note.split("\n")[1:])
    if memo:
        found.append(fill(_("Memo: %(memo)s"), {"memo": memo}))
    return found


def _name_of(lists: Lists, list_name: str, qbo_id: str, name: str) -> str:
    return name or lists.name_of(list_name, qbo_id)
