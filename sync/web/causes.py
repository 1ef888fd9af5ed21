"""Open causes as cards: what happened, how many wait, for how much, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.utils.translation import ngettext

from sync.models import Record
from sync.reports import Cause, with_orders
from sync.templatetags.formats import count, money
from sync.web.cures.offer import Offer
from sync.web.cures.table import offer_for
from sync.web.reasons import Told, tell
from sync.web.workspace import Workspace


@dataclass(slots=True)
class Card:
    """`query` names the cause in addresses and forms; `is_single` cards tell their record's own sentence.

    offer: the control that ends it. error: why the last answer was refused."""

    cause: Cause
    told: Told
    amount: str
    text: str
    query: str
    records: Sequence[Record] = field(default_factory=list)
    offer: Offer | None = None
    error: str = ""

    @property
    def is_single(self) -> bool:
        return self.cause.records == 1


def cards_of(causes: Sequence[Cause], workspace: Workspace) -> list[Card]:
    with_orders(workspace.tenant, causes)
    return [card_of(cause, workspace) for cause in causes]


def card_of(cause: Cause, workspace: Workspace) -> Card:
    sample = cause.sample
    details = sample.details if sample is not None else {}
    told = tell(
        cause.reason,
        details,
        number=sample.number if sample is not None else "",
        currency=sample.currency if sample is not None else "",
        source=sample.source if sample is not None else Record.Source.ORDER,
    )
    waiting = ngettext(
        "%(count)s record waits; all others leave normally.",
        "%(count)s records wait; all others leave normally.",
        cause.records,
    ) % {"count": count(cause.records)}
    return Card(
        cause=cause,
        told=told,
        amount=" + ".join(money(abs(amount), currency) for currency, amount in sorted(cause.amounts.items())),
        text=told.sentence if cause.records == 1 else waiting,
        query=urlencode({"reason": cause.reason, "subject": cause.subject}),
        offer=offer_for(workspace, cause),
    )
