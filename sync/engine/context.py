"""What one slice works with: the run, both systems, the rules, and the promise to stop in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from connector.accounting.books import FoundDocument
from connector.accounting.policy import PostingPolicy
from sync.engine.ports import Books, Clock, Store
from sync.models import OptionsVersion, Run
from tenants.models import Company, Tenant


class SliceOver(Exception):
    """The slice's time is up; what is left waits for the next one. Raised only between two steps that are rows."""


@dataclass(frozen=True, slots=True)
class SeenInvoice:
    """An invoice as it stood when it was read, None when it was gone; postings behind `last_posting` came later."""

    found: FoundDocument | None
    last_posting: int


@dataclass(slots=True)
class Slice:
    """heartbeat: renews the run lease, raises when it is lost. policy_for: the rules of a version, with what the
    company taught since. deadline: aware UTC; checked between calls, since threads know no time limit."""

    tenant: Tenant
    company: Company
    run: Run
    store: Store
    books: Books
    options: OptionsVersion
    policy_for: Callable[[OptionsVersion], PostingPolicy]
    clock: Clock
    heartbeat: Callable[[], None]
    sleep: Callable[[float], None]
    deadline: datetime
    checkpoint: Callable[[str], None]
    """Called with the name of every step that was just made durable; the crash tests kill the process in it."""
    seen_invoices: dict[str, SeenInvoice] = field(default_factory=dict)
    """Invoices that were read again in this slice, by id."""

    def beat(self) -> None:
        """Between two calls: keeps the lease, and gives up the slice when its time is over."""
        self.heartbeat()
        if self.clock.now() >= self.deadline:
            raise SliceOver
