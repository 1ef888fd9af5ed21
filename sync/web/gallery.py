"""Every mail of the product with made-up facts, from the code that writes the real ones: to look at, and to test.

The figures add up as real ones do. Nothing is read from the database and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from sync.mail import disconnected_letter
from sync.models import Report
from sync.templatetags.formats import country_of
from sync.web.reasons import fill
from sync.web.report_mails import question_letter, render_report
from sync.web.report_words import SAMPLE, read_by, words_of
from tenants.models import Company, Invitation, Role, Tenant, User
from tenants.web.letters import invitation, samples
from tenants.web.mail import Letter, public_url, render_letter

SLUG = "maison-dupont"
MORNING = datetime(2026, 11, 24, 6, tzinfo=UTC)
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Specimen:
    """`render` writes it in a language."""

    name: str
    render: Callable[[str], Mail]


def specimens() -> list[Specimen]:
    """Account mails, the invitation, lost connections, the question to a recipient, and reports of every kind."""
    return [*_letters(), *[Specimen(name, _report(figures)) for name, figures in FIGURES.items()]]


def find_specimen(name: str) -> Specimen | None:
    return next((one for one in specimens() if one.name == name), None)


def _letters() -> list[Specimen]:
    makers: dict[str, Callable[[], Letter]] = {
        name: _account_letter(name) for name in (sample.name for sample in samples())
    }
    makers["invitation"] = _invitation
    makers["store_disconnected"] = lambda: disconnected_letter(_tenant(), "store", waiting=12)
    makers["quickbooks_disconnected"] = lambda: disconnected_letter(_tenant(), "quickbooks", waiting=12)
    makers["report_question"] = lambda: question_letter("Maison Dupont", "Claire Dupont", _link("confirm"))
    makers["report_question_of_a_document"] = lambda: question_letter("Maison Dupont", "", _link("confirm"))
    return [Specimen(name, _letter(make)) for name, make in makers.items()]


def _account_letter(name: str) -> Callable[[], Letter]:
    return lambda: next(sample.letter for sample in samples() if sample.name == name)


def _letter(make: Callable[[], Letter]) -> Callable[[str], Mail]:
    def render(language: str) -> Mail:
        with translation.override(language), country_of("FR"):
            letter = make()
        html, text = render_letter(letter, language)
        return Mail(letter.subject, html, text)

    return render


def _report(figures: Mapping[str, Any]) -> Callable[[str], Mail]:
    def render(language: str) -> Mail:
        end_url = "" if figures["kind"] == SAMPLE else _link("end")
        with read_by(figures, language):
            text = words_of(figures, SLUG)
            because = fill(
                _("You receive this report because %(person)s added your address."), {"person": "Claire Dupont"}
            )
            html, plain = render_report(text, language, because="" if not end_url else because, end_url=end_url)
        return Mail(text.subject, html, plain)

    return render


def _link(what: str) -> str:
    return public_url(f"/reports/{what}/example/")


def _tenant() -> Tenant:
    return Tenant(slug=SLUG, name="Maison Dupont", company=Company(name="Maison Dupont SARL"))


def _invitation() -> Letter:
    invited = Invitation(
        tenant=_tenant(),
        email="marc.leroy@cabinet-leroy.example",
        role=Role.VIEWER,
        invited_by=User(name="Claire Dupont", email="claire@maison-dupont.example"),
        sent_at=MORNING,
    )
    return invitation(invited, public_url("/invitation/example/"))


# Figures


def _figures(kind: str, *, days: int = 1, **wanted: Any) -> dict[str, Any]:
    """A day (or so) on which nothing happened, in Paris; `wanted` is what did."""
    until = MORNING.replace(hour=23) - timedelta(days=1)
    return {
        "kind": kind,
        "workspace": "Maison Dupont",
        "country": "FR",
        "time_zone": "Europe/Paris",
        "since": (until - timedelta(days=days)).isoformat(),
        "until": until.isoformat(),
        "sums": [],
        "month": [{"currency": "EUR", "unexplained": "0"}],
        "posted": [],
        "updated": 0,
        "items": {"made": 0, "changed": 0},
        "stock": {"sent": 0, "refused": 0, "asks": None},
        "causes": [],
        "more_causes": 0,
        "open": {},
        "new": 0,
        "skipped": [],
        "waiting": 0,
        "waiting_refunds": 0,
        "statuses": {},
        "gateways": [],
        "trouble": "",
        "next_at": (MORNING + timedelta(minutes=7)).isoformat(),
        **wanted,
    }


def _sums(currency: str, store: str, books: str, *, to_resolve: str = "0", **counts: int) -> dict[str, Any]:
    known = {"sales": 0, "refunds": 0, "documents": 0, "open_records": 0, "on_the_way_records": 0}
    amounts = {"store": store, "books": books, "to_resolve": to_resolve, "on_the_way": "0"}
    return {"currency": currency, **amounts, **known, **counts}


def _posted(entity: str, count: int, total: str, tax: str, currency: str = "EUR") -> dict[str, Any]:
    return {"entity": entity, "currency": currency, "count": count, "total": total, "tax": tax}


def _cause(reason: str, records: int, amount: str, numbers: list[str], sample: int, **details: Any) -> dict[str, Any]:
    return {
        "reason": reason,
        "subject": "",
        "records": records,
        "new": records,
        "amounts": {"EUR": amount},
        "numbers": numbers,
        "names": [],
        "sample": sample,
        "source": "order",
        "currency": "EUR",
        "details": details,
    }


def _skipped(reason: str, records: int, numbers: list[str], **details: Any) -> dict[str, Any]:
    return {
        "reason": reason,
        "records": records,
        "numbers": numbers,
        "names": [],
        "details": details,
        "source": "order",
    }


_RECEIPTS = [_posted("SalesReceipt", 12, "1012.80", "92.35"), _posted("RefundReceipt", 1, "-43.20", "-4.94")]
_TAX_CAUSE = _cause("unmapped_tax_rate", 3, "327.70", ["4126", "4122", "4120"], 149, rate="TVA 10 %")
_HAND_CAUSE = _cause("edited_in_quickbooks", 1, "5.00", ["4118"], 150, number="Wio4118")
_GOODS_CAUSE = {
    **_cause("ambiguous_sku", 2, "0", [], 151, sku="THE-VRT-100"),
    "names": ["Thé vert en vrac", "Thé vert, coffret"],
    "amounts": {"": "0"},
    "source": "product",
    "currency": "",
}
_BRAKED = {"pass": 12, "kind": "full", "zeros": 64}
_FIRST_LOOK = {"pass": 11, "kind": "preview", "zeros": 0}
_FAILED = _skipped("status:failed", 1, ["4124"])
_MONDAY = [
    _sums("EUR", "1297.30", "969.60", to_resolve="327.70", sales=15, refunds=1, documents=13, open_records=3),
]
FIGURES: dict[str, dict[str, Any]] = {
    "report_daily": _figures(
        Report.Kind.DAILY, sums=_MONDAY, posted=_RECEIPTS, causes=[_TAX_CAUSE], open={"order": 3}, skipped=[_FAILED]
    ),
    "report_daily_exact": _figures(
        Report.Kind.DAILY,
        sums=[_sums("EUR", "969.60", "969.60", sales=12, refunds=1, documents=13)],
        posted=_RECEIPTS,
        updated=1,
        waiting=3,
        waiting_refunds=1,
        gateways=[{"key": "klarna", "title": "Klarna"}],
    ),
    "report_daily_goods": _figures(
        Report.Kind.DAILY,
        items={"made": 48, "changed": 1},
        stock={"sent": 36, "refused": 2, "asks": _FIRST_LOOK},
        causes=[_GOODS_CAUSE],
        open={"product": 2},
        skipped=[
            {
                **_skipped("no_sku", 1, [], name="Carte cadeau"),
                "names": ["Carte cadeau"],
                "source": "product",
            }
        ],
    ),
    "report_daily_nothing": _figures(Report.Kind.DAILY, next_at=None),
    "report_weekly": _figures(
        Report.Kind.WEEKLY,
        days=7,
        sums=[
            _sums("EUR", "6120.45", "6115.45", sales=71, refunds=4, documents=75),
            _sums("GBP", "880.00", "880.00", sales=9, documents=9),
        ],
        month=[{"currency": "EUR", "unexplained": "5.00"}, {"currency": "GBP", "unexplained": "0"}],
        posted=[
            _posted("SalesReceipt", 71, "6240.05", "1040.01"),
            _posted("RefundReceipt", 4, "-124.60", "-20.77"),
            _posted("Invoice", 9, "880.00", "146.67", "GBP"),
            _posted("Payment", 9, "880.00", "0", "GBP"),
        ],
        causes=[_HAND_CAUSE],
        more_causes=2,
        open={"order": 4, "refund": 1},
        skipped=[
            _skipped("before_start_date", 14, ["3902", "3901", "3900", "3899", "3898"], date="2025-12-30"),
            _skipped("by_hand", 1, ["4101"], by="Claire Dupont", why="Commande de test"),
        ],
    ),
    "report_run": _figures(
        Report.Kind.RUN,
        month=[],
        sums=[_sums("EUR", "166.33", "166.33", sales=2, documents=2)],
        posted=[_posted("SalesReceipt", 2, "166.33", "27.72")],
    ),
    "report_run_failed": _figures(Report.Kind.RUN, month=[], trouble="store_timeout"),
    "report_problems": _figures(
        Report.Kind.PROBLEMS, month=[], causes=[_TAX_CAUSE, _HAND_CAUSE], open={"order": 4}, new=4
    ),
    "report_problems_stock": _figures(Report.Kind.PROBLEMS, month=[], stock={"sent": 0, "refused": 0, "asks": _BRAKED}),
    "report_sample": _figures(
        SAMPLE, days=7, sums=_MONDAY, posted=_RECEIPTS, causes=[_TAX_CAUSE], open={"order": 3}, skipped=[_FAILED]
    ),
}
