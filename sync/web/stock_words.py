"""The stock page in words: what a pass would do, what became of it, and the ways out of one that waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from connector.accounting.stock import BRAKE_PERCENT, BRAKE_PRODUCTS, IN, OUT, Outcome, brake_limit
from sync.engine.stock import WAITING
from sync.models import Link, StockLine, StockPass
from sync.stock import Way, is_braked, ways_of
from sync.templatetags.formats import count
from sync.web.labels import Badge
from sync.web.reason_texts import Text
from tenants.models import Tenant

OUTCOMES: Mapping[str, Badge] = {
    Outcome.TO_ZERO: Badge("warn", "arrow-down", pgettext_lazy("stock", "Drops to zero")),
    Outcome.NEVER_SET: Badge("", "circle-slash", pgettext_lazy("stock", "Never entered")),
    Outcome.CHANGED: Badge("run", "arrow-right", pgettext_lazy("stock", "Corrected")),
    Outcome.FAILED: Badge("bad", "circle-x", pgettext_lazy("stock", "Refused by the store")),
    Outcome.ASIDE: Badge("", "circle-pause", pgettext_lazy("stock", "Set aside")),
    Outcome.LEFT_OUT: Badge("", "circle-slash", pgettext_lazy("stock", "Left out")),
    Outcome.GONE: Badge("", "circle-x", pgettext_lazy("stock", "Gone from the store")),
    Outcome.UNMANAGED: Badge("", "circle-slash", pgettext_lazy("stock", "Stock not managed in the store")),
    Outcome.SAME: Badge("ok", "equal", pgettext_lazy("stock", "Already equal")),
}
"""In the order in which a list shows them."""
CHOSEN: Mapping[str, Text] = {
    OUT: gettext_lazy("“%(product)s” is left out: the store keeps what it has until you take it back in."),
    IN: gettext_lazy("The zero of “%(product)s” is sent with the others."),
    "": gettext_lazy("“%(product)s” is treated like all others again."),
}
"""What was chosen for one product."""
STATES: Mapping[str, Badge] = {
    StockPass.State.WANTED: Badge("run", "loader", pgettext_lazy("stock pass", "Asked for")),
    StockPass.State.COUNTING: Badge("run", "loader", pgettext_lazy("stock pass", "Calculating")),
    StockPass.State.READY: Badge("warn", "triangle-alert", pgettext_lazy("stock pass", "Waits for you")),
    StockPass.State.STOPPED: Badge("warn", "octagon-pause", pgettext_lazy("stock pass", "Stopped by the brake")),
    StockPass.State.SENDING: Badge("run", "loader", pgettext_lazy("stock pass", "Sending")),
    StockPass.State.DONE: Badge("ok", "circle-check", pgettext_lazy("stock pass", "Sent")),
    StockPass.State.DECLINED: Badge("", "circle-slash", pgettext_lazy("stock pass", "Nothing sent")),
    StockPass.State.REPLACED: Badge("", "circle-slash", pgettext_lazy("stock pass", "Replaced by a newer one")),
}
KINDS: Mapping[str, Text] = {
    StockPass.Kind.PREVIEW: gettext_lazy("Preview"),
    StockPass.Kind.CHANGES: gettext_lazy("Changes in QuickBooks"),
    StockPass.Kind.FULL: gettext_lazy("All products"),
}
DECISIONS: Mapping[str, Text] = {
    StockPass.Decision.ASIDE: gettext_lazy("Zeros set aside"),
    StockPass.Decision.COUNTED: gettext_lazy("Sent, but for quantities never entered"),
    StockPass.Decision.ALL: gettext_lazy("Everything sent, zeros included"),
}
_WRITTEN = (Outcome.CHANGED, Outcome.TO_ZERO)
_KEPT = (Outcome.NEVER_SET, Outcome.ASIDE, Outcome.LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a pass that waits, with its consequences. `typed`: the number to type first, "" where none is."""

    decision: str
    title: str
    text: str
    button: str
    typed: str


@dataclass(frozen=True, slots=True)
class Question:
    """A pass that waits. Shares are in hundredths of the linked products, for the bar; `tally`: (badge, products)."""

    one: StockPass
    is_braked: bool
    title: str
    text: str
    limit: str
    zero_share: Decimal
    never_share: Decimal
    limit_share: Decimal
    tally: list[tuple[Badge, int]]
    total: int
    exits: list[Exit]


@dataclass(frozen=True, slots=True)
class Notice:
    title: str
    text: str
    button: str


@dataclass(frozen=True, slots=True)
class PassLine:
    one: StockPass
    badge: Badge
    kind: Text
    what: str
    decision: Text


@dataclass(frozen=True, slots=True)
class ProductChoice:
    """A button beside a product: "out", "in", or "" for neither."""

    value: str
    button: str


@dataclass(frozen=True, slots=True)
class ProductLine:
    """`becomes`: what the store has afterwards. `is_computed`: that is the books' quantity minus what is sold."""

    line: StockLine
    badge: Badge
    becomes: Decimal | int | None
    is_computed: bool
    record_id: int | None
    link: Link | None
    choices: list[ProductChoice]


def waiting_pass(tenant: Tenant) -> StockPass | None:
    rows = StockPass.objects.for_tenant(tenant).filter(state__in=WAITING, company=tenant.company_id)
    return rows.first()


def notice_of(tenant: Tenant) -> Notice | None:
    """What overview and attention say while a pass waits. One query."""
    one = waiting_pass(tenant)
    return notice_about(one.kind, one.counts.get(Outcome.TO_ZERO, 0)) if one is not None else None


def notice_about(kind: str, zeros: int) -> Notice:
    if kind == StockPass.Kind.PREVIEW:
        return Notice(
            _("The stock waits for you"),
            _("A preview shows what your store would get from QuickBooks. Nothing has been sent."),
            _("Look at the preview"),
        )
    return Notice(
        braked_title(zeros),
        _("Nothing is written to the store’s stock until you decide, or QuickBooks no longer asks for it."),
        _("Decide"),
    )


def braked_title(zeros: int) -> str:
    return ngettext(
        "The brake stopped this: %(count)s product would drop to zero.",
        "The brake stopped this: %(count)s products would drop to zero.",
        zeros,
    ) % {"count": count(zeros)}


def question_of(one: StockPass) -> Question:
    counts: Mapping[str, int] = one.counts
    zeros, never = counts.get(Outcome.TO_ZERO, 0), counts.get(Outcome.NEVER_SET, 0)
    is_stopped = is_braked(one)
    total = sum(counts.values())
    return Question(
        one=one,
        is_braked=is_stopped,
        title=braked_title(zeros) if is_stopped else _calm_title(counts),
        text=_why(one, zeros) if is_stopped else _calm_text(never),
        limit=ngettext("limit: %(count)s product", "limit: %(count)s products", brake_limit(one.linked))
        % {"count": count(brake_limit(one.linked))},
        zero_share=_share(zeros, one),
        never_share=_share(never, one),
        limit_share=_share(brake_limit(one.linked), one),
        tally=[(badge, counts[outcome]) for outcome, badge in OUTCOMES.items() if counts.get(outcome)],
        total=total,
        exits=[_exit(one, way) for way in ways_of(one)],
    )


def _share(products: int, one: StockPass) -> Decimal:
    return (Decimal(products * 100) / max(one.linked, 1)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _calm_title(counts: Mapping[str, int]) -> str:
    changes = sum(counts.get(outcome, 0) for outcome in _WRITTEN)
    if not changes:
        return _("Nothing would change in the store")
    return ngettext(
        "%(count)s quantity would change in the store", "%(count)s quantities would change in the store", changes
    ) % {"count": count(changes)}


def _calm_text(never: int) -> str:
    if not never:
        return _(
            "The quantity in QuickBooks, minus what is sold and not sent there yet. Less than nothing becomes zero."
        )
    return ngettext(
        "%(count)s product has a quantity that was never entered in QuickBooks. It keeps its stock unless you say"
        " otherwise.",
        "%(count)s products have a quantity that was never entered in QuickBooks. They keep their stock unless you say"
        " otherwise.",
        never,
    ) % {"count": count(never)}


def _why(one: StockPass, zeros: int) -> str:
    text = _(
        "That is %(percent)s %% of your %(linked)s linked products; the limit is %(limit)s %% or %(most)s products."
        " Most often, somebody emptied a list or a count is not finished in QuickBooks."
    )
    return text % {
        "percent": count(zeros * 100 // max(one.linked, 1)),
        "linked": count(one.linked),
        "limit": count(BRAKE_PERCENT),
        "most": count(BRAKE_PRODUCTS),
    }


def _exit(one: StockPass, way: Way) -> Exit:
    is_first = one.kind == StockPass.Kind.PREVIEW
    sent = ngettext("%(count)s quantity is sent.", "%(count)s quantities are sent.", way.written) % {
        "count": count(way.written)
    }
    parts = [sent if way.written else _("No quantity is sent now.")]
    if way.zeros:
        parts.append(
            ngettext(
                "Your buyers see %(count)s product as out of stock.",
                "Your buyers see %(count)s products as out of stock.",
                way.zeros,
            )
            % {"count": count(way.zeros)}
        )
    if way.kept:
        parts.append(_kept(way))
    titles = {
        StockPass.Decision.ASIDE: _("Set the zeros aside, send the rest"),
        StockPass.Decision.COUNTED: _("Send what is entered in QuickBooks"),
        StockPass.Decision.ALL: _("Send these zeros too"),
    }
    title = titles[StockPass.Decision(way.decision)]
    typed = str(way.zeros) if way.must_type else ""
    return Exit(way.decision, title, " ".join(parts), _button(way, is_first), typed)


def _kept(way: Way) -> str:
    if way.decision == StockPass.Decision.ASIDE:
        return ngettext(
            "%(count)s product keeps its stock until QuickBooks holds some again.",
            "%(count)s products keep their stock until QuickBooks holds some again.",
            way.kept,
        ) % {"count": count(way.kept)}
    return ngettext(
        "%(count)s product whose quantity was never entered keeps its stock.",
        "%(count)s products whose quantity was never entered keep their stock.",
        way.kept,
    ) % {"count": count(way.kept)}


def _button(way: Way, is_first: bool) -> str:
    if not way.written:
        return _("Turn on") if is_first else _("Set aside")
    if is_first:
        text = ngettext("Turn on, send %(count)s quantity", "Turn on, send %(count)s quantities", way.written)
    else:
        text = ngettext("Send %(count)s quantity", "Send %(count)s quantities", way.written)
    return text % {"count": count(way.written)}


def pass_line(one: StockPass) -> PassLine:
    counts: Mapping[str, int] = one.counts
    written = sum(counts.get(outcome, 0) for outcome in _WRITTEN)
    kept = sum(counts.get(outcome, 0) for outcome in _KEPT)
    parts = []
    if one.state == StockPass.State.DONE:
        text = ngettext("%(count)s quantity sent", "%(count)s quantities sent", written)
        parts.append(text % {"count": count(written)} if written else _("Nothing to change"))
    elif written:
        text = ngettext("%(count)s quantity to change", "%(count)s quantities to change", written)
        parts.append(text % {"count": count(written)})
    if kept:
        parts.append(ngettext("%(count)s left alone", "%(count)s left alone", kept) % {"count": count(kept)})
    if failed := counts.get(Outcome.FAILED, 0):
        text = ngettext("%(count)s refused by the store", "%(count)s refused by the store", failed)
        parts.append(text % {"count": count(failed)})
    return PassLine(one, STATES[one.state], KINDS[one.kind], " · ".join(parts), DECISIONS.get(one.decision, ""))


def choices_for(outcome: str, choice: str) -> list[ProductChoice]:
    """What may be chosen for one product. outcome: of its line in the pass that is looked at, "" outside of one."""
    if choice == OUT:
        return [ProductChoice("", _("Take back in"))]
    if choice == IN and outcome in (Outcome.TO_ZERO, ""):
        return [ProductChoice("", _("Do not send its zero"))]
    if outcome == Outcome.NEVER_SET:
        return [ProductChoice(IN, _("Send its zero"))]
    return [ProductChoice(OUT, _("Leave out"))] if outcome in ("", Outcome.CHANGED, Outcome.TO_ZERO) else []


def product_line(line: StockLine, record_id: int | None, link: Link | None) -> ProductLine:
    is_written = line.outcome in _WRITTEN or line.outcome == Outcome.SAME
    becomes: Decimal | int | None = line.target if is_written else line.store_quantity
    is_computed = is_written and line.target is not None
    choices = choices_for(line.outcome, link.stock_choice) if link is not None else []
    return ProductLine(line, OUTCOMES[line.outcome], becomes, is_computed, record_id, link, choices)
