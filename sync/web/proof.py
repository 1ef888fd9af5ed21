"""The proof strip: two amounts that should agree, the sign between them, and a verdict that explains the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sync.models import Posting, Record
from sync.reports import Sums
from sync.templatetags.formats import as_decimal, clock, count, money, to_currency
from sync.web.labels import ENTITIES
from sync.web.reasons import fill, order_label

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


def prove_record(record: Record, posting: Posting | None) -> Proof:
    """Store total = what QuickBooks answered, rate by rate; while nothing is posted, what is planned."""
    answered = record.proof.get("answered") or {}
    store = as_decimal(record.proof.get("store_total"))
    if store is None:
        store = record.store_total
    number = order_label(record.number)
    parts = [Part("", "store", _("Store"), money(store, record.currency), _source_name(record, number))]
    if posting is not None:
        books = as_decimal(answered.get("total")) if answered else posting.total
        return _proof_of_posted(record, posting, parts, store, books)
    planned = as_decimal(record.proof.get("document_total"))
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
        _equations(record, {}),
    )


def _proof_of_posted(
    record: Record, posting: Posting, parts: list[Part], store: Decimal | None, books: Decimal | None
) -> Proof:
    answered = record.proof.get("answered") or {}
    name = fill(
        "%(entity)s %(number)s", {"entity": ENTITIES.get(posting.entity, posting.entity), "number": posting.doc_number}
    ).strip()
    agrees = (
        store is not None
        and books is not None
        and to_currency(store, record.currency) == to_currency(books, record.currency)
    )
    sign: Sign = "=" if agrees else "≠"
    parts.append(Part(sign, "book-open-check", "QuickBooks", money(books, record.currency), name))
    equations = _equations(record, answered.get("rates") or {})
    if not agrees:
        gap = abs((store or Decimal(0)) - (books or Decimal(0)))
        apart = fill(_("%(amount)s apart"), {"amount": money(gap, record.currency)})
        return Proof("warn", "equal-not", apart, _("See the lines that differ."), parts, equations)
    when = clock(posting.answered_at) if posting.answered_at else ""
    note = fill(_("Compared with QuickBooks’ answer at %(time)s"), {"time": when}) if when else ""
    return Proof("ok", "circle-check", _("Exact to the cent"), note, parts, equations)


def _equations(record: Record, answered: dict[str, str]) -> list[Equation]:
    """Net, then each rate: store = document, as answered where QuickBooks has answered."""
    proof = record.proof
    lines: list[Equation] = []
    store, tax = as_decimal(proof.get("store_total")), as_decimal(proof.get("store_tax"))
    right_total = as_decimal((proof.get("answered") or {}).get("total") or proof.get("document_total"))
    right_tax = as_decimal((proof.get("answered") or {}).get("tax") or proof.get("document_tax"))
    if store is not None and tax is not None and right_total is not None and right_tax is not None:
        lines.append(_equation(_("Without tax"), store - tax, right_total - right_tax, record.currency))
    for rate in proof.get("rates") or []:
        left = as_decimal(rate.get("store"))
        right = as_decimal(answered.get(str(rate.get("rate_id"))) or rate.get("document"))
        if left is not None and right is not None:
            lines.append(_equation(str(rate.get("label", "")), left, right, record.currency))
    return lines


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
