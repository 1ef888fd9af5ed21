"""The options of the page Sync."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from sync.models import Run
from sync.tasks import dispatch_due_tenants
from tenants.models import Tenant
from tests.sync.web.options.orders import note_of, order_at
from tests.sync.web.options.proof import Books, Proof
from tests.sync.world import World, finish


def sells_in_the_evening(world: World) -> None:
    """17:00 in Paris is already tomorrow in Tokyo."""
    order_at(world, "2026-01-15T16:00:00")


def has_its_hour(books: Books) -> None:
    """The hour that the hourly job looks for has come, and what it started runs to its end."""
    Tenant.objects.filter(pk=books.tenant.pk).update(next_run_at=timezone.now() - timedelta(minutes=1))
    dispatch_due_tenants()
    for run in Run.objects.filter(tenant=books.tenant).order_by("pk"):
        finish(run)


PROOFS = {
    "tenant.automatic_sync": Proof(
        "The hourly job sends what is new, or leaves the workspace alone.",
        lambda books: books.kinds,
        (("on", ["SalesReceipt"]), (None, [])),
        settings={"tenant": {"automatic_sync": True}},
        then=has_its_hour,
    ),
    "tenant.start_date": Proof(
        "Orders created from that day on become documents; older ones are left out.",
        lambda books: books.kinds,
        (("2026-01-15", ["SalesReceipt"]), ("2026-01-16", [])),
        given=sells_in_the_evening,
    ),
    "tenant.time_zone": Proof(
        "The date of every document is the day in that zone.",
        lambda books: books.sale["TxnDate"],
        (("Europe/Paris", "2026-01-15"), ("Asia/Tokyo", "2026-01-16")),
        given=sells_in_the_evening,
    ),
    "tenant.language": Proof(
        "The words that we write onto documents, unless Orders names a language for them.",
        lambda books: ("Commande" in note_of(books), "Order" in note_of(books)),
        (("fr", (True, False)), ("en", (False, True))),
    ),
}
