"""A whole small world for the engine's tests: both stand-ins over HTTP, a connected tenant, and the books to look at.

Nothing is mocked: what a test wants to happen it asks of the stand-ins' own controls, and what came of it is read from
the company's ledger.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import redis
import requests
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from sandbox.company.values import loads
from sandbox.running import RunningSandbox, start
from sync.engine.requests import request_run
from sync.engine.run import Step, advance
from sync.models import Record, Run
from sync.tasks import advance_once
from sync.wiring import slice_for_run
from tenants.models import Company, Tenant

CAPTURES = Path(__file__).parent.parent / "payloads" / "woocommerce"
RECEIPT_STATUSES = ["processing", "completed", "refunded", "partially-refunded"]
INVOICE_STATUSES = [*RECEIPT_STATUSES, "on-hold"]
MANY_SLICES = 60
_STORE_NAMES = {"Washington": "WA Sales Tax", "Georgia": "GA Sales Tax", "Hawaii": "Hawaii GET"}
"""How the shop calls a rate that the company calls otherwise."""


class Crash(BaseException):
    """Stands for the death of the process: nothing in the product may catch it."""


@dataclass
class World:
    """Both stand-ins and what a test asks of them. `profile`: fr, us or ca; the US company has its tax switched off."""

    box: RunningSandbox
    profile: str
    folder: Path
    details: dict[str, Any] = field(default_factory=dict)
    seconds_ahead: int = 0
    tax_world: str = ""

    def __post_init__(self) -> None:
        self.details = self.box.connection_details
        self.company_control("throttle", off=True)

    # The stand-ins

    def company_control(self, name: str, /, **body: Any) -> Any:
        return _ask(f"{self.box.company_url}/_sandbox/{name}", body)

    def store_control(self, name: str, /, **body: Any) -> Any:
        return _ask(f"{self.box.store_url}/_sandbox/{name}", body)

    def break_company(self, **rule: Any) -> None:
        self.company_control("faults", **rule)

    def break_store(self, **rule: Any) -> None:
        self.store_control("faults", **rule)

    def heal(self) -> None:
        requests.delete(f"{self.box.company_url}/_sandbox/faults", timeout=10)
        requests.delete(f"{self.box.store_url}/_sandbox/faults", timeout=10)

    def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = self.company_control("stats")
        return found

    def forget_stats(self) -> None:
        self.company_control("stats", reset=True)

    def add_order(self, **body: Any) -> int:
        """One order of the shop, paid unless told otherwise; returns its id."""
        order = {"set_paid": True, "status": "processing", "payment_method": "stripe", **body}
        added = self.store_control("orders", add={**buyer(), **order})
        self.tick()
        return int(added["orders"][0]["id"])

    def change_order(self, order_id: int, **body: Any) -> None:
        self.store_control("orders", change=order_id, **body)
        self.tick()

    def tick(self, seconds: int = 2) -> None:
        """Time goes by in the shop: a run reads up to the second before it starts."""
        self.seconds_ahead += seconds
        self.store_control("clock", offset_seconds=self.seconds_ahead)

    def edit_books(self, kind: str, **body: Any) -> dict[str, Any]:
        """A change by a person in QuickBooks."""
        edited: dict[str, Any] = self.company_control("edit", type=kind, **body)
        return edited

    def number_of(self, order_id: int) -> str:
        return next(str(one["number"]) for one in self.store_control("orders") if one["id"] == order_id)

    def deactivate(self, kind: str, qbo_id: str) -> None:
        """By a person, in lists the API does not let us change."""
        with self.box.company.storage.transaction():
            books = self.box.company.books
            row = books.get(kind, qbo_id)
            assert row is not None
            books.save(kind, {**row, "Active": False}, row)

    # The books

    def ledger(self) -> dict[str, Any]:
        found: dict[str, Any] = self.company_control("ledger")
        return found

    def documents(self, *kinds: str) -> list[dict[str, Any]]:
        return [one for one in self.ledger()["documents"] if not kinds or one["type"] in kinds]

    def names(self, kind: str) -> list[dict[str, Any]]:
        with self.box.company.storage.transaction():
            rows = self.box.company.storage.rows(
                "SELECT json FROM object WHERE type = ? AND deleted = 0 ORDER BY length(id), id", (kind,)
            )
            return [loads(json) for (json,) in rows]

    def books(self, tenant: Tenant) -> dict[str, Any]:
        """Everything that must come out equal, without QuickBooks' ids: two runs may number things differently."""
        return self.books_of(tenant.key)

    def books_of(self, tenant_key: str) -> dict[str, Any]:
        ledger = self.ledger()
        return {
            "documents": sorted(_bare(one, tenant_key) for one in ledger["documents"]),
            "accounts": {one["Name"]: one["balance"] for one in ledger["accounts"] if one["balance"] != "0.00"},
            "customers": sorted(
                (one["DisplayName"], (one.get("PrimaryEmailAddr") or {}).get("Address", ""))
                for one in self.names("Customer")
            ),
            "items": sorted((one["Name"], one.get("Sku") or "") for one in self.names("Item")),
        }

    # The tenant

    def document(self, *, slug: str = "shop", document: str = "sales_receipt", **sections: Any) -> dict[str, Any]:
        """A tenant document for this world; `sections` are merged into it, one level deep."""
        company, store = self.details["company"], self.details["store"]
        whole: dict[str, Any] = {
            "tenant": {
                "slug": slug,
                "name": slug.title(),
                "language": "en",
                "time_zone": "Europe/Paris" if self.profile == "fr" else "America/New_York",
                "start_date": "2018-01-01",
            },
            "woocommerce": {name: store[name] for name in ("url", "consumer_key", "consumer_secret")},
            "quickbooks": {"realm_id": company["realm_id"], "refresh_token": company["refresh_token"]},
            "orders": {
                "statuses": INVOICE_STATUSES if document == "invoice" else RECEIPT_STATUSES,
                "document": document,
                "number_prefix": "Wio",
                "shipping_item": "Shipping",
                "fee_item": "Fee",
                "rounding_item": "Rounding",
                "default_item": "Online sale",
            },
            "items": {
                "match_by": "sku",
                "create": True,
                "income_account": "Sales of Product Income",
                "expense_account": "Cost of Goods Sold",
            },
            "taxes": self._taxes(),
            "payments": {
                "default_account": "Undeposited Funds",
                "methods": [
                    {"gateway": "stripe", "account": "Stripe clearing", "payment_method": "Credit Card"},
                ],
            },
        }
        for name, section in sections.items():
            whole[name] = {**whole.get(name, {}), **section}
        return whole

    def store_taxes(self) -> list[dict[str, Any]]:
        """The shop's tax table."""
        store = self.details["store"]
        rates: list[dict[str, Any]] = requests.get(
            f"{store['url']}/wp-json/wc/v3/taxes",
            params={"per_page": 100},
            auth=_OAuth(store["consumer_key"], store["consumer_secret"]),
            timeout=10,
        ).json()
        return rates

    def _taxes(self) -> dict[str, Any]:
        if self.tax_world == "us_manual":
            return {"rates": self._combined_rates()}
        if self.profile == "ca":
            return {"rates": self._combined_rates(), "untaxed_code": "Exempt"}
        if self.profile != "fr":
            return {} if self.tax_world else {"tax_item": "Sales Tax"}
        codes = {one["Name"] for one in self.names("TaxCode")}
        rows = [
            {"rate_ids": [rate["id"]], "tax_code": name}
            for rate in self.store_taxes()
            if (name := _code_name(rate)) in codes
        ]
        return {"rates": rows, "untaxed_code": "Exempt"}

    def _combined_rates(self) -> list[dict[str, Any]]:
        """For every code of the company the store's rates that bear the names of its rates."""
        ids = {rate["name"]: rate["id"] for rate in self.store_taxes()}
        rates = {one["Id"]: one["Name"] for one in self.names("TaxRate")}
        rows = []
        for code in self.names("TaxCode"):
            details = (code.get("SalesTaxRateList") or {}).get("TaxRateDetail") or []
            own = [ids.get(_STORE_NAMES.get(name, name)) for d in details for name in [rates[d["TaxRateRef"]["value"]]]]
            if own and all(own):
                rows.append({"rate_ids": own, "tax_code": code["Name"]})
        return rows

    def make_names_old(self, tenant: Tenant, *, days: int = 1) -> None:
        """The mirror was last brought up to date some days ago."""
        Company.objects.filter(tenants=tenant).update(names_read_at=timezone.now() - timedelta(days=days))

    def apply(self, document: Mapping[str, Any], *, dry_run: bool = False) -> str:
        """Through the command; returns what it printed. Raises CommandError."""
        place = self.folder / f"{document['tenant']['slug']}.json"
        place.write_text(json.dumps(document), encoding="utf-8")
        out = io.StringIO()
        call_command("tenant_apply", str(place), dry_run=dry_run, stdout=out)
        return out.getvalue()

    def document_tenant(self, slug: str = "shop") -> Tenant:
        return Tenant.objects.select_related("company").get(slug=slug)

    def connect(self, **wanted: Any) -> Tenant:
        """A tenant connected to both sides, made as an operator makes one."""
        document = self.document(**wanted)
        self.apply(document)
        return self.document_tenant(document["tenant"]["slug"])


class _OAuth(requests.auth.AuthBase):
    """One-legged OAuth 1.0a as WooCommerce wants it over plain http, written here so that nothing of ours is used."""

    def __init__(self, key: str, secret: str) -> None:
        self._key, self._secret = key, secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        from requests_oauthlib import OAuth1

        signed: requests.PreparedRequest = OAuth1(
            self._key, self._secret, signature_method="HMAC-SHA256", signature_type="query"
        )(request)
        return signed


def _code_name(rate: Mapping[str, Any]) -> str:
    percent = f"{float(rate['rate']):.1f}"
    return f"{percent}% S" if rate["country"] == "FR" else f"{rate['country']} {percent}% S"


def _ask(url: str, body: Mapping[str, Any]) -> Any:
    answer = requests.post(url, json=dict(body), timeout=30) if body else requests.get(url, timeout=30)
    if answer.status_code >= 400:
        raise AssertionError(f"the stand-in refused {url}: {answer.text}")
    return answer.json()


def _bare(document: Mapping[str, Any], tenant_key: str) -> tuple[Any, ...]:
    marker = str(document.get("PrivateNote", "")).split("\n", 1)[0].replace(tenant_key, "KEY")
    return (
        document["type"],
        marker,
        document.get("DocNumber") or "",
        document["TxnDate"],
        document["TotalAmt"],
        document["TotalTax"],
        document["Balance"],
        (document.get("CustomerRef") or {}).get("name", ""),
        (document.get("DepositToAccountRef") or {}).get("name", ""),
        tuple(sorted((tax["name"], tax["net"], tax["tax"]) for tax in document["taxes"])),
        tuple(sorted(link["TxnType"] for link in document["LinkedTxn"])),
    )


def buyer(first: str = "Jeanne", last: str = "Moreau", email: str = "jeanne@moreau.example") -> dict[str, Any]:
    """The address part of an order."""
    billing = {
        "first_name": first,
        "last_name": last,
        "email": email,
        "address_1": "1 rue du Port",
        "postcode": "75001",
        "city": "Paris",
        "country": "FR",
    }
    return {"billing": billing, "shipping": {key: billing[key] for key in billing if key != "email"}}


def marker_counts(documents: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    """How often each of our documents stands in the books; more than once is a duplicate."""
    return Counter(
        (one["type"], note.split("\n", 1)[0].strip())
        for one in documents
        if (note := str(one.get("PrivateNote") or "")).startswith("woo:")
    )


def assert_no_duplicates(world: World) -> None:
    doubled = {marker: count for marker, count in marker_counts(world.documents()).items() if count > 1}
    assert doubled == {}


def assert_all_ended(tenant: Tenant) -> None:
    assert not Record.objects.for_tenant(tenant).filter(state__in=Record.IN_FLIGHT).exists()


@contextlib.contextmanager
def small_world(
    folder: Path,
    profile: str = "fr",
    *,
    orders: int = 0,
    captured: bool = False,
    captures: Path | None = None,
    tax_world: str = "",
) -> Iterator[World]:
    """A shop with `orders` invented orders (or the captured ones, or those of a folder) and an empty company; American
    tax is off unless another world is named."""
    box = start(
        profile=profile,
        orders=orders,
        captures=CAPTURES / profile if captured else captures,
        tax_world=tax_world or ("off" if profile == "us" else None),
    )
    try:
        yield World(box, profile, folder, tax_world=tax_world)
    finally:
        box.stop()


# Running


def run_to_end(tenant: Tenant, **wanted: Any) -> Run:
    """Asks for a run and advances it slice by slice; waits are skipped, for nobody sleeps here."""
    run, _is_new = request_run(tenant, trigger="test", **wanted)
    return finish(run)


def finish(run: Run) -> Run:
    for _slice in range(MANY_SLICES):
        wake(run)
        if not advance_once(run.pk).more:
            run.refresh_from_db()
            return run
    raise AssertionError(f"{run} did not end: {run.phase}, waiting for {run.waiting_for}")


def wake(run: Run) -> None:
    """Lets a waiting run go on now, as time would."""
    Run.objects.filter(pk=run.pk).update(not_before=None)
    forget_budgets()


def forget_budgets() -> None:
    """Every company may be called again at once, wherever the budgets are kept."""
    Company.objects.update(budget={})
    if settings.REDIS_URL:
        server = redis.Redis.from_url(settings.REDIS_URL)
        for name in server.scan_iter("budget:*"):
            server.delete(name)
        server.close()


class ShortTime:
    """A clock by which a slice's time is over after some beats."""

    def __init__(self, beats: int) -> None:
        self._left = beats

    def now(self) -> datetime:
        self._left -= 1
        return timezone.now() if self._left >= 0 else timezone.now() + timedelta(hours=1)


def one_slice(run: Run, *, checkpoint: Callable[[str], None] = lambda _name: None, beats: int | None = None) -> Step:
    """A slice whose steps are listened to, cut short after `beats` calls."""
    wake(run)
    with slice_for_run(run.pk, sleep=lambda _seconds: None, checkpoint=checkpoint) as work:
        if beats is not None:
            work.clock = ShortTime(beats)
        return advance(work)


def die_holding_the_lease(company_id: int) -> None:
    """A dead worker's lease: held by nobody, and just over."""
    Company.objects.filter(pk=company_id).update(lease_token="dead", lease_until=timezone.now() - timedelta(seconds=1))


def states(tenant: Tenant, source: str = "order") -> Counter[str]:
    """How many records of a source are in which state, with the reason."""
    rows = Record.objects.for_tenant(tenant).filter(source=source).values_list("state", "reason")
    return Counter(f"{state}:{reason}" if reason else state for state, reason in rows)


def record_of(tenant: Tenant, woo_id: int, source: str = "order") -> Record:
    return Record.objects.for_tenant(tenant).get(source=source, woo_id=woo_id)


def merged(document: Mapping[str, Any], **sections: Any) -> dict[str, Any]:
    """A copy of a tenant document with some sections changed."""
    whole = deepcopy(dict(document))
    for name, section in sections.items():
        whole[name] = {**whole.get(name, {}), **section} if isinstance(section, Mapping) else section
    return whole
