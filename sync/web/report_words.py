"""The words of a report: figures in, sentences out, in the active language, zone and country.

Subject, page, HTML mail and text mail are all made of one `ReportText`, so that they cannot say different things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates
from babel.lists import format_list
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy, pgettext_lazy

from sync.digests import documents_total, open_total
from sync.models import Record, Report
from sync.reports import CREDITS, SALES, Sums
from sync.templatetags.formats import (
    clock,
    count,
    country_of,
    current_locale,
    full_moment,
    money,
    short_date,
    to_currency,
)
from sync.timetable import REPORT_TIME
from sync.web.proof import Proof, prove_period
from sync.web.reason_texts import NOTICES, Text
from sync.web.reasons import fill, order_label, tell
from sync.web.statuses import statuses_called
from sync.web.stock_words import Notice, notice_about
from sync.web.troubles import find_trouble
from tenants.web.mail import public_url

SAMPLE = "sample"
"""A report that is sent to whoever asks and kept nowhere."""

DOCUMENTS: Mapping[str, Text] = {
    "SalesReceipt": pgettext_lazy("documents", "Sales receipts"),
    "Invoice": pgettext_lazy("documents", "Invoices"),
    "CreditMemo": pgettext_lazy("documents", "Credit memos"),
    "RefundReceipt": pgettext_lazy("documents", "Refund receipts"),
}
CURES: Mapping[str, Text] = {
    "unmapped_tax_rate": gettext_lazy("Choose the tax code"),
    "unmapped_gateway": gettext_lazy("Choose the account"),
    "unmatched_product": gettext_lazy("Choose the item"),
    "ambiguous_sku": gettext_lazy("Choose the item"),
    "inactive_item": gettext_lazy("Choose the item"),
    "missing_setting": gettext_lazy("Complete the settings"),
    "edited_in_quickbooks": gettext_lazy("Compare the two versions"),
    "totals_differ": gettext_lazy("See the lines that differ"),
}
CURE = gettext_lazy("See and decide")
GOODS = (
    (
        "items",
        "made",
        ngettext_lazy(
            "%(count)s item was created in QuickBooks for a product of the store.",
            "%(count)s items were created in QuickBooks for products of the store.",
            "number",
        ),
    ),
    (
        "items",
        "changed",
        ngettext_lazy(
            "%(count)s item was updated in QuickBooks after its product had changed.",
            "%(count)s items were updated in QuickBooks after their products had changed.",
            "number",
        ),
    ),
    (
        "stock",
        "sent",
        ngettext_lazy(
            "%(count)s stock quantity of the store was set to what QuickBooks has on hand.",
            "%(count)s stock quantities of the store were set to what QuickBooks has on hand.",
            "number",
        ),
    ),
    (
        "stock",
        "refused",
        ngettext_lazy(
            "%(count)s stock quantity was refused by the store; the next pass tries it again.",
            "%(count)s stock quantities were refused by the store; the next pass tries them again.",
            "number",
        ),
    ),
)
"""What became of goods: where it stands in the figures, and its sentence."""


@dataclass(frozen=True, slots=True)
class CauseText:
    """`numbers` names the newest records behind it; `url` leads to the card with its buttons."""

    title: str
    amount: str
    numbers: str
    text: str
    button: str
    url: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class DocumentRow:
    name: str
    count: str
    tax: str
    total: str
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class ReportText:
    """`eyebrow`: whose and of when. `proofs`: per currency, its code only where there are several."""

    subject: str
    preheader: str
    eyebrow: str
    title: str
    lede: str
    trouble: str
    proofs: list[tuple[str, Proof]]
    causes: list[CauseText]
    more_causes: str
    tables: list[list[DocumentRow]]
    notes: list[str]
    skipped: list[str]
    waiting: list[str]
    month: str
    next_run: str
    rhythm: str
    dashboard_url: str
    attention_url: str
    reconciliation_url: str
    skipped_url: str
    settings_url: str


@contextmanager
def read_by(figures: Mapping[str, Any], language: str) -> Iterator[None]:
    """Language, zone and country of whoever reads these figures; older ones do not know what the store calls things."""
    zone = ZoneInfo(figures["time_zone"])
    with (
        translation.override(language),
        timezone.override(zone),
        country_of(figures["country"]),
        statuses_called(figures.get("statuses", {})),
    ):
        yield


def words_of(figures: Mapping[str, Any], slug: str) -> ReportText:
    """In the language, zone and country that are active; see `read_by`."""
    sent, held = documents_total(figures["posted"]), open_total(dict(figures))
    if figures["kind"] == Report.Kind.PROBLEMS:
        held = figures["new"]
    what = _what(figures, sent, held)
    lede = _lede(figures)
    causes = [*_stock_question(figures, slug), *[_cause(one, slug) for one in figures["causes"]]]
    sums = [_sums_from(one) for one in figures["sums"]]
    return ReportText(
        subject=fill(_subject(figures), {"workspace": figures["workspace"], "what": what}),
        preheader=lede,
        eyebrow=fill(
            _("%(workspace)s · %(period)s"), {"workspace": figures["workspace"], "period": period_of(figures)}
        ),
        title=what[:1].upper() + what[1:],
        lede=lede,
        trouble=_trouble(figures),
        proofs=[(one.currency if len(sums) > 1 else "", prove_period(one, one.currency)) for one in sums],
        causes=causes,
        more_causes=_more_causes(figures),
        tables=_tables(figures["posted"]),
        notes=_notes(figures),
        skipped=[_skipped(one) for one in figures["skipped"]],
        waiting=_waiting(figures),
        month=_month(figures),
        next_run=_next_run(figures),
        rhythm=_rhythm(figures),
        dashboard_url=public_url(reverse("overview", args=[slug])),
        attention_url=public_url(reverse("attention", args=[slug])),
        reconciliation_url=_reconciliation_url(figures, slug),
        skipped_url=public_url(reverse("records", args=[slug]) + "?state=skipped"),
        settings_url=public_url(reverse("reports", args=[slug])),
    )


def _reconciliation_url(figures: Mapping[str, Any], slug: str) -> str:
    """The page that compares the report's days with QuickBooks as it stands then; of a run, the day it ended on."""
    since, until = (timezone.localtime(datetime.fromisoformat(figures[name])) for name in ("since", "until"))
    last = (until - timedelta(microseconds=1)).date()
    first = since.date() if figures["kind"] in (Report.Kind.DAILY, Report.Kind.WEEKLY) else last
    days = f"?since={min(first, last).isoformat()}&until={last.isoformat()}"
    return public_url(reverse("reconciliation", args=[slug]) + days)


def period_of(figures: Mapping[str, Any]) -> str:
    """Monday 23 November 2026; 16–22 November 2026; for what is about a moment: date and time."""
    since, until = (datetime.fromisoformat(figures[name]) for name in ("since", "until"))
    if figures["kind"] in (Report.Kind.RUN, Report.Kind.PROBLEMS):
        return full_moment(until)
    first = timezone.localtime(since).date()
    last = timezone.localtime(until - timedelta(microseconds=1)).date()
    if first == last:
        return dates.format_date(first, "full", locale=current_locale())
    return dates.format_interval(first, last, "yMMMd", locale=current_locale())


_SUBJECTS: Mapping[str, Text] = {
    Report.Kind.RUN: gettext_lazy("%(workspace)s: %(what)s"),
    Report.Kind.DAILY: gettext_lazy("Daily report, %(workspace)s: %(what)s"),
    Report.Kind.WEEKLY: gettext_lazy("Weekly report, %(workspace)s: %(what)s"),
    Report.Kind.PROBLEMS: gettext_lazy("%(workspace)s: %(what)s"),
    SAMPLE: gettext_lazy("Sample report, %(workspace)s: %(what)s"),
}


def _subject(figures: Mapping[str, Any]) -> Text:
    return _SUBJECTS[figures["kind"]]


def _what(figures: Mapping[str, Any], sent: int, held: int) -> str:
    """The two counts that matter, as the beginning of a sentence."""
    open_part = _held(figures, held) if held else ""
    if not held and _asks(figures) is not None:
        open_part = _("the stock waits for your decision")
    if figures["kind"] == Report.Kind.PROBLEMS:
        return open_part or _("there is a new payment method in your store")
    sent_part = ngettext("%(count)s document sent", "%(count)s documents sent", sent) % {"count": count(sent)}
    sent_part = sent_part if sent else _goods_sent(figures)
    if sent_part and open_part:
        return fill(_("%(sent)s, %(held)s"), {"sent": sent_part, "held": open_part})
    if sent_part or open_part:
        return sent_part or open_part
    if figures["trouble"]:
        return _("the last sync could not finish")
    return _("nothing to report")


def _goods_sent(figures: Mapping[str, Any]) -> str:
    """Where no document was sent: what else reached one side or the other."""
    items, stock = figures.get("items") or {}, figures.get("stock") or {}
    if made := items.get("made"):
        return ngettext("%(count)s item created", "%(count)s items created", made) % {"count": count(made)}
    if changed := items.get("changed"):
        return ngettext("%(count)s item updated", "%(count)s items updated", changed) % {"count": count(changed)}
    if sent := stock.get("sent"):
        text = ngettext("%(count)s stock quantity corrected", "%(count)s stock quantities corrected", sent)
        return text % {"count": count(sent)}
    return ""


def _held(figures: Mapping[str, Any], held: int) -> str:
    """Orders and products by their name; where there are both, or refunds, records."""
    sources = {source for source, records in figures["open"].items() if records}
    is_new = figures["kind"] == Report.Kind.PROBLEMS
    if sources <= {Record.Source.ORDER}:
        text = (
            ngettext("%(count)s new order needs attention", "%(count)s new orders need attention", held)
            if is_new
            else ngettext("%(count)s order needs attention", "%(count)s orders need attention", held)
        )
    elif sources == {Record.Source.PRODUCT}:
        text = (
            ngettext("%(count)s new product needs attention", "%(count)s new products need attention", held)
            if is_new
            else ngettext("%(count)s product needs attention", "%(count)s products need attention", held)
        )
    else:
        text = (
            ngettext("%(count)s new record needs attention", "%(count)s new records need attention", held)
            if is_new
            else ngettext("%(count)s record needs attention", "%(count)s records need attention", held)
        )
    return text % {"count": count(held)}


def _lede(figures: Mapping[str, Any]) -> str:
    """Does it add up? One sentence about the currency with most sales."""
    asks = _asks(figures)
    if figures["kind"] == Report.Kind.PROBLEMS and not figures["new"] and asks is not None:
        return asks.text
    if figures["kind"] == Report.Kind.PROBLEMS and not figures["new"]:
        return _("Choose its account so that its payments are recorded; all orders leave normally meanwhile.")
    if figures["kind"] == Report.Kind.PROBLEMS:
        return _("They wait for your decision; all others leave normally, and nothing is lost.")
    if not figures["sums"] and figures["kind"] == Report.Kind.RUN:
        return _("No order was read in this run.")
    if not figures["sums"]:
        return _("No sale and no refund in this period.")
    main = _sums_from(figures["sums"][0])
    gap = to_currency(main.unexplained, main.currency)
    words = {
        "period": period_of(figures),
        "difference": money(abs(gap), main.currency),
        "amount": money(main.to_resolve if main.open_records else main.on_the_way, main.currency),
    }
    if figures["kind"] == Report.Kind.RUN:
        texts = (
            _("%(difference)s to explain among the orders of this run. See the orders behind it."),
            _("The orders of this run agree with QuickBooks, except for %(amount)s that waits for your decision."),
            _("The orders of this run agree with QuickBooks, except for %(amount)s still on its way."),
            _("The orders of this run agree with QuickBooks to the cent."),
        )
    else:
        texts = (
            _("%(difference)s to explain for %(period)s. See the orders behind it."),
            _("Store and QuickBooks agree for %(period)s, except for %(amount)s that waits for your decision."),
            _("Store and QuickBooks agree for %(period)s, except for %(amount)s still on its way."),
            _("Store and QuickBooks agree to the cent for %(period)s."),
        )
    return fill(texts[_case(gap, main)], words)


def _case(gap: Decimal, main: Sums) -> int:
    if gap:
        return 0
    if main.open_records:
        return 1
    return 2 if main.on_the_way_records else 3


def _trouble(figures: Mapping[str, Any]) -> str:
    if not figures["trouble"]:
        return ""
    trouble = find_trouble(figures["trouble"])
    return f"{trouble.text} {trouble.cure}".strip()


def _asks(figures: Mapping[str, Any]) -> Notice | None:
    """The stock pass that waits for a decision; figures of older reports know of none."""
    asks = (figures.get("stock") or {}).get("asks")
    return notice_about(asks["kind"], asks["zeros"]) if asks else None


def _stock_question(figures: Mapping[str, Any], slug: str) -> list[CauseText]:
    asks = _asks(figures)
    if asks is None:
        return []
    url = public_url(reverse("stock", args=[slug]) + "#question")
    return [CauseText(asks.title, "", "", asks.text, asks.button, url, is_new=False)]


def _cause(one: Mapping[str, Any], slug: str) -> CauseText:
    told = tell(
        one["reason"],
        one["details"],
        number=one["numbers"][0] if one["numbers"] else "",
        currency=one["currency"],
        source=one["source"],
    )
    amounts = [money(abs(Decimal(amount)), currency) for currency, amount in one["amounts"].items() if currency]
    is_single = one["records"] == 1
    return CauseText(
        title=told.title,
        amount=" + ".join(amounts),
        numbers=_waiting_numbers(one["records"], _labels(one)),
        text=told.sentence if is_single else told.cure,
        button=str(CURES.get(one["reason"].partition(":")[0], CURE)),
        url=public_url(reverse("attention", args=[slug]) + f"#cause-{one['sample']}"),
        is_new=bool(one["new"]),
    )


def _waiting_numbers(records: int, labels: Sequence[str]) -> str:
    words = {"count": count(records), "numbers": _list(labels)}
    if records > len(labels):
        text = ngettext(
            "%(count)s waits, the newest: %(numbers)s.", "%(count)s wait, the newest: %(numbers)s.", records
        )
    else:
        text = ngettext("%(count)s waits: %(numbers)s.", "%(count)s wait: %(numbers)s.", records)
    return fill(text, words)


def _labels(one: Mapping[str, Any]) -> list[str]:
    """Figures of older reports have numbers alone."""
    return [*(order_label(number) for number in one["numbers"]), *one.get("names", ())]


def _list(labels: Sequence[str]) -> str:
    return format_list(list(labels), locale=current_locale())


def _more_causes(figures: Mapping[str, Any]) -> str:
    more = figures["more_causes"]
    if not more:
        return ""
    text = ngettext("%(count)s more cause, with smaller amounts.", "%(count)s more causes, with smaller amounts.", more)
    return text % {"count": count(more)}


def _tables(posted: Sequence[Mapping[str, Any]]) -> list[list[DocumentRow]]:
    """One table per currency; its last row is the sum, where there is more than one."""
    tables: dict[str, list[Mapping[str, Any]]] = {}
    for row in posted:
        if row["entity"] in (*SALES, *CREDITS):
            tables.setdefault(row["currency"], []).append(row)
    return [_table(rows, currency) for currency, rows in tables.items()]


def _table(rows: Sequence[Mapping[str, Any]], currency: str) -> list[DocumentRow]:
    shown = [
        DocumentRow(
            str(DOCUMENTS[row["entity"]]),
            count(row["count"]),
            money(row["tax"], currency),
            money(row["total"], currency),
        )
        for row in rows
    ]
    if len(shown) > 1:
        tax, total = (sum((Decimal(row[name]) for row in rows), Decimal(0)) for name in ("tax", "total"))
        documents = sum(row["count"] for row in rows)
        shown.append(DocumentRow(_("Together"), count(documents), money(tax, currency), money(total, currency), True))
    return shown


def _notes(figures: Mapping[str, Any]) -> list[str]:
    notes = [*_new_gateways(figures), *_goods(figures)]
    for row in figures["posted"]:
        if row["entity"] == "Payment":
            text = ngettext(
                "%(count)s payment recorded on its invoice: %(total)s.",
                "%(count)s payments recorded on their invoices: %(total)s.",
                row["count"],
            )
            notes.append(fill(text, {"count": count(row["count"]), "total": money(row["total"], row["currency"])}))
        if row["entity"] == "Purchase":
            text = ngettext(
                "%(count)s gateway fee booked as an expense: %(total)s.",
                "%(count)s gateway fees booked as expenses: %(total)s.",
                row["count"],
            )
            notes.append(fill(text, {"count": count(row["count"]), "total": money(row["total"], row["currency"])}))
    if figures["updated"]:
        text = ngettext(
            "%(count)s document was updated after its order had changed.",
            "%(count)s documents were updated after their orders had changed.",
            figures["updated"],
        )
        notes.append(text % {"count": count(figures["updated"])})
    return notes


def _new_gateways(figures: Mapping[str, Any]) -> list[str]:
    """Figures of older reports know nothing of them."""
    text = NOTICES["unmapped_gateway"]
    return [fill(text, {"gateway": one["title"]}) for one in figures.get("gateways", ())]


def _goods(figures: Mapping[str, Any]) -> list[str]:
    """Products that became items or followed the store, and quantities that came back; unknown to older figures."""
    numbers = [((figures.get(part) or {}).get(name, 0), text) for part, name, text in GOODS]
    return [str(text % {"number": number, "count": count(number)}) for number, text in numbers if number]


def _skipped(one: Mapping[str, Any]) -> str:
    told = tell(
        one["reason"],
        one["details"],
        number=one["numbers"][0] if one["numbers"] else "",
        source=one["source"],
    )
    labels = _labels(one)
    many = one["records"] > 1 and not one["reason"].startswith("status:")
    words = {
        "count": count(one["records"]),
        "numbers": _list(labels),
        "why": told.short if many else told.sentence,
    }
    if one["records"] > len(labels):
        text = ngettext(
            "%(count)s skipped, the newest %(numbers)s. %(why)s",
            "%(count)s skipped, the newest %(numbers)s. %(why)s",
            one["records"],
        )
        return fill(text, words)
    return fill(_("%(numbers)s: %(why)s"), words)


def _waiting(figures: Mapping[str, Any]) -> list[str]:
    """Figures of older reports do not tell refunds from orders."""
    refunds = figures.get("waiting_refunds", 0)
    orders = figures["waiting"] - refunds
    found = []
    if orders:
        text = ngettext(
            "%(count)s order waits for its payment. Nothing to do: it leaves once it is paid.",
            "%(count)s orders wait for their payment. Nothing to do: they leave once they are paid.",
            orders,
        )
        found.append(text % {"count": count(orders)})
    if refunds:
        text = ngettext(
            "%(count)s refund waits for its sale. Nothing to do: it follows as soon as the sale is sent.",
            "%(count)s refunds wait for their sales. Nothing to do: they follow as soon as the sales are sent.",
            refunds,
        )
        found.append(text % {"count": count(refunds)})
    return found


def _month(figures: Mapping[str, Any]) -> str:
    """November 2026 so far: unexplained difference €0.00."""
    if not figures["month"]:
        return ""
    last = timezone.localtime(datetime.fromisoformat(figures["until"]) - timedelta(microseconds=1))
    name = dates.format_skeleton("yMMMM", last.date(), locale=current_locale())
    amounts = [
        money(to_currency(Decimal(one["unexplained"]), one["currency"]), one["currency"]) for one in figures["month"]
    ]
    return fill(
        _("%(month)s so far: unexplained difference %(amount)s"),
        {"month": name[:1].upper() + name[1:], "amount": " + ".join(amounts)},
    )


def _next_run(figures: Mapping[str, Any]) -> str:
    if figures["next_at"] is None:
        return _("No sync starts by itself at present.")
    moment = datetime.fromisoformat(figures["next_at"])
    if timezone.localtime(moment).date() == _today(figures):
        return fill(_("Next sync at %(time)s."), {"time": clock(moment)})
    return fill(_("Next sync on %(date)s at %(time)s."), {"date": short_date(moment), "time": clock(moment)})


def _today(figures: Mapping[str, Any]) -> date:
    """The day on which the report is made: reports about days are made the day after."""
    return timezone.localtime(datetime.fromisoformat(figures["until"])).date()


def _rhythm(figures: Mapping[str, Any]) -> str:
    zone = ZoneInfo(figures["time_zone"])
    at = clock(datetime.combine(_today(figures), REPORT_TIME, tzinfo=zone))
    place = dates.get_timezone_location(zone, locale=current_locale(), return_city=True)
    texts: Mapping[str, str] = {
        Report.Kind.RUN: _("Sent after every sync that did something."),
        Report.Kind.DAILY: _("Daily report, sent at %(time)s, local time of %(place)s."),
        Report.Kind.WEEKLY: _("Weekly report, sent on Mondays at %(time)s, local time of %(place)s."),
        Report.Kind.PROBLEMS: _("Sent when something new needs attention, at most once an hour."),
        SAMPLE: _("A sample with the figures of the last 7 days, sent because you asked for it."),
    }
    return fill(texts[figures["kind"]], {"time": at, "place": place})


def _sums_from(one: Mapping[str, Any]) -> Sums:
    return Sums(
        one["currency"],
        store=Decimal(one["store"]),
        books=Decimal(one["books"]),
        to_resolve=Decimal(one["to_resolve"]),
        on_the_way=Decimal(one["on_the_way"]),
        sales=one["sales"],
        refunds=one["refunds"],
        documents=one["documents"],
        open_records=one["open_records"],
        on_the_way_records=one["on_the_way_records"],
    )
