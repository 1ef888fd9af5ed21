"""The proof strip: two amounts that should agree, the sign between them, and a verdict that explains the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sync.models import Posting, Record
from sync.reports import Sums
from sync.templatetags.formats import clock, count, money, to_currency
from sync.web.amounts import Amounts, RatePair, amounts_of
from sync.web.labels import ENTITIES
from sync.web.reasons import fill, order_label, short_of

Sign = Literal["", "=", "≠", "+"]


@dataclass(frozen=True, slots=True)
class Part:
    """`sign` stands before it."""

    sign: Sign
    icon: str
    title: str
    amount: str
    note: str


@dataclass(frozen=True, slots=True)
class Equation:
    label: str
    left: str
    right: str
    agrees: bool


@dataclass(slots=True)
class Proof:
    """`sentence` is the whole strip read aloud."""

    look: Literal["ok", "warn", ""]
    icon: str
    verdict: str
    note: str
    parts: list[Part] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        said = [f"{_SPOKEN.get(part.sign, '')} {part.title} {part.amount}".strip() for part in self.parts]
        return f"{', '.join(said)}. {self.verdict}. {self.note}".strip()


_SPOKEN = {"=": "=", "≠": "≠", "+": "+"}


def prove_period(sums: Sums | None, currency: str) -> Proof:
    """Store = QuickBooks + to resolve + on the way; whatever is left is unexplained and said so."""
    sums = sums or Sums(currency)
    gap = to_currency(sums.unexplained, sums.currency)
    sign: Sign = "≠" if gap else "="
    parts = [
        Part("", "store", _("Store"), money(sums.store, sums.currency), _sold(sums)),
        Part(sign, "book-open-check", "QuickBooks", money(sums.books, sums.currency), _documents(sums.documents)),
    ]
    if sums.open_records:
        parts.append(
            Part("+", "inbox", _("To resolve"), money(sums.to_resolve, sums.currency), _records(sums.open_records))
        )
    if sums.on_the_way_records and (sums.on_the_way or not sums.open_records):
        parts.append(
            Part(
                "+",
                "hourglass",
                _("On the way"),
                money(sums.on_the_way, sums.currency),
                _records(sums.on_the_way_records),
            )
        )
    unexplained = fill(_("Unexplained difference: %(amount)s"), {"amount": money(gap, sums.currency)})
    if gap:
        apart = fill(_("%(amount)s apart"), {"amount": money(abs(gap), sums.currency)})
        return Proof("warn", "equal-not", apart, unexplained, parts)
    title = _("It adds up") if sums.is_exact else _("Everything is explained")
    return Proof("ok", "circle-check", title, unexplained, parts)


def prove_record(record: Record, posting: Posting | None, fee: Posting | None = None) -> Proof:
    """Store total = what QuickBooks answered, rate by rate; while nothing is posted, what is planned.

    fee: the gateway's, an expense beside the sale: it has an equation of its own and is no part of any other."""
    proof = _prove_sale(record, posting)
    if fee is not None:
        left, right = fee.planned_total or Decimal(0), fee.total or Decimal(0)
        proof.equations.append(_equation(_("Gateway fee"), left, right, record.currency))
    return proof


def _prove_sale(record: Record, posting: Posting | None) -> Proof:
    amounts = amounts_of(record, posting)
    store = amounts.store_total
    number = order_label(record.number)
    parts = [Part("", "store", _("Store"), money(store, record.currency), _source_name(record, number))]
    if posting is not None:
        return _proof_of_posted(record, posting, parts, amounts)
    planned = amounts.document_total
    if planned is None or record.state in (Record.State.SKIPPED, Record.State.WAITING):
        return Proof("", "circle-dashed", _("Not in QuickBooks"), _("Nothing was sent."), parts)
    agrees = store is not None and planned == store
    parts.append(Part("=" if agrees else "≠", "file-text", _("Planned"), money(planned, record.currency), ""))
    return Proof(
        "",
        "circle-dashed",
        _("Not in QuickBooks yet"),
        _("The planned document agrees to the cent.") if agrees else _("The planned document differs."),
        parts,
        _equations(record, amounts),
    )


def _proof_of_posted(record: Record, posting: Posting, parts: list[Part], amounts: Amounts) -> Proof:
    name = f"{ENTITIES.get(posting.entity, posting.entity)} {posting.doc_number}".strip()
    store, books = amounts.store_total or Decimal(0), amounts.document_total or Decimal(0)
    gap = to_currency(store - books, record.currency)
    parts.append(Part("≠" if gap else "=", "book-open-check", "QuickBooks", money(books, record.currency), name))
    equations = _equations(record, amounts)
    if gap:
        apart = fill(_("%(amount)s apart"), {"amount": money(abs(gap), record.currency)})
        return Proof("warn", "equal-not", apart, _("See the lines that differ."), parts, equations)
    if record.state == Record.State.ATTENTION:
        return Proof("warn", "triangle-alert", short_of(record.reason, record.details), "", parts, equations)
    note = ""
    if posting.answered_at:
        note = fill(_("Compared with QuickBooks’ answer at %(time)s"), {"time": clock(posting.answered_at)})
    is_exact = all(equation.agrees for equation in equations)
    verdict = _("Exact to the cent") if is_exact else _("Only the total is exact")
    return Proof("ok", "circle-check", verdict, note, parts, equations)


def _equations(record: Record, amounts: Amounts) -> list[Equation]:
    """Net, then each rate: store = document."""
    pairs = [RatePair(_("Without tax"), amounts.store_net, amounts.document_net), *amounts.rates]
    return [
        _equation(pair.label, pair.store, pair.document, record.currency)
        for pair in pairs
        if pair.store is not None and pair.document is not None
    ]


def _equation(label: str, left: Decimal, right: Decimal, currency: str) -> Equation:
    from_store, in_books = to_currency(left, currency), to_currency(right, currency)
    return Equation(label, str(from_store), str(in_books), from_store == in_books)


def _source_name(record: Record, number: str) -> str:
    if record.source == Record.Source.REFUND:
        return fill(_("refund %(number)s"), {"number": number})
    return fill(_("order %(number)s"), {"number": number})


def _sold(sums: Sums) -> str:
    sales = ngettext("%(count)s sale", "%(count)s sales", sums.sales) % {"count": count(sums.sales)}
    if not sums.refunds:
        return sales
    refunds = ngettext("%(count)s refund", "%(count)s refunds", sums.refunds) % {"count": count(sums.refunds)}
    return fill(_("%(sales)s, %(refunds)s"), {"sales": sales, "refunds": refunds})


def _documents(number: int) -> str:
    return ngettext("%(count)s document", "%(count)s documents", number) % {"count": count(number)}


def _records(number: int) -> str:
    return ngettext("%(count)s record", "%(count)s records", number) % {"count": count(number)}
