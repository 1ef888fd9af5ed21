"""The adapter against the strict stand-in company, over HTTP: what was posted is looked at in its books afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.books import CustomerWanted, ItemWanted, NameKind, NameRow, Posted, Refused, Write
from connector.accounting.commerce import Address
from connector.accounting.documents import (
    DocumentKind,
    DocumentLine,
    DocumentTax,
    PaymentDocument,
    RateTax,
    SaleDocument,
)
from connector.accounting.policy import Ref
from connector.errors import AnswerLostError, ConnectionLostError, FaultError, RetryableError
from connector.qbo import oauth
from connector.qbo.client import QuickBooksBooks
from connector.qbo.decode import NAME_KINDS
from connector.qbo.transport import CallKind
from sandbox.company.app import Company
from sandbox.http import Server
from tests.connector.qbo.support import make_books

TODAY = date(2026, 3, 2)


@dataclass
class Connected:
    """A company being served, an app's tokens for it, and the books over both."""

    company: Company
    server: Server
    app: oauth.IntuitApp
    tokens: oauth.Tokens
    refreshes: int = 0
    kinds: list[CallKind] = field(default_factory=list)

    @property
    def books(self) -> QuickBooksBooks:
        return make_books(
            base_url=self.server.url,
            realm_id=self.company.realm_id,
            token=lambda: self.tokens.access_token,
            refresh=self.refresh,
            before_call=self.kinds.append,
        )

    def refresh(self, stale: str) -> str:
        self.refreshes += 1
        self.tokens = oauth.refresh_tokens(self.app, self.tokens.refresh_token)
        return self.tokens.access_token

    def misbehave(self, **rule: Any) -> None:
        self.company.faults.add(rule)

    def within(self, change: Callable[[], object]) -> None:
        with self.company.storage.transaction():
            change()


@pytest.fixture(params=["gb"])
def connected(request: pytest.FixtureRequest) -> Iterator[Connected]:
    profile, _, tax_world = request.param.partition(":")
    company = Company(profile=profile, tax_world=tax_world or None)
    company.throttle.change({"off": True})
    server = Server(company.handle)
    server.start()
    discovery_url = f"{server.url}/.well-known/openid_configuration"
    app = oauth.IntuitApp(company.client_id, company.client_secret, discovery_url)
    yield Connected(company, server, app, oauth.refresh_tokens(app, company.refresh_token))
    server.stop()
    company.close()
    oauth.forget_discovery()


def account(books: QuickBooksBooks, kind: str, subtype: str = "") -> Ref:
    rows = [row for row in books.names("Account") if row.type == kind and subtype in ("", row.subtype)]
    return Ref(rows[0].qbo_id, rows[0].name)


def make_customer(books: QuickBooksBooks, name: str = "Ada Byron", bid: str = "c1", **more: Any) -> Write:
    entity, payload = books.encode_customer(CustomerWanted(key="k", display_name=name, **more))
    return Write(bid, "create", entity, payload)


def make_item(books: QuickBooksBooks, name: str = "Mug", sku: str = "MUG-1", bid: str = "i1") -> Write:
    wanted = ItemWanted(
        key="k",
        name=name,
        sku=sku,
        type="Service",
        description="",
        income_account=account(books, "Income"),
        expense_account=account(books, "Cost of Goods Sold"),
    )
    entity, payload = books.encode_item(wanted)
    return Write(bid, "create", entity, payload)


@dataclass
class Scene:
    """A customer and an item that exist, and a tax code of one rate."""

    customer: Ref
    item: Ref
    code: Ref
    rate: Ref
    percent: Decimal
    currency: str

    def sale(self, number: str, kind: DocumentKind = DocumentKind.SALES_RECEIPT, **changes: Any) -> SaleDocument:
        tax = (Decimal("277.69") * self.percent / 100).quantize(Decimal("0.01"))
        fields: dict[str, Any] = {
            "kind": kind,
            "key": f"order:{number}:sale",
            "number": number,
            "document_date": TODAY,
            "currency": self.currency,
            "customer": self.customer,
            "lines": (
                DocumentLine(
                    self.item, "Mug & saucer", Decimal("277.69"), Decimal(3), Decimal("92.5633333"), self.code
                ),
            ),
            "tax": DocumentTax(tax, (RateTax(self.rate, self.percent, Decimal("277.69"), tax),)),
            "total": Decimal("277.69") + tax,
            "private_note": f"woo:t-1:{number}\nOrder {number}",
            "email": "ada@example.org",
            "billing": Address("Ada", "Byron", line1="12 St James's Sq", city="London", country="GB"),
            "global_tax": "TaxExcluded",
        }
        return SaleDocument(**{**fields, **changes})


@pytest.fixture
def scene(connected: Connected) -> Scene:
    books = connected.books
    facts = books.company_facts(on=TODAY)
    code = next(code for code in facts.tax_codes if len(code.rates) == 1 and code.rates[0].percent)
    customer = books.post_one("1" * 32, make_customer(books))
    item = books.post_one("2" * 32, make_item(books))
    rate = code.rates[0]
    return Scene(Ref(customer.qbo_id), Ref(item.qbo_id), code.ref, Ref(rate.id), rate.percent, facts.home_currency)


def create(books: QuickBooksBooks, sale: SaleDocument, bid: str) -> Write:
    entity, payload = books.encode(sale)
    return Write(bid, "create", entity, payload)


def test_what_was_planned_is_what_the_company_shows(connected: Connected, scene: Scene) -> None:
    books = connected.books
    sale = scene.sale("Wio1001")

    (posted,) = books.post_batch("a" * 32, [create(books, sale, "b1")])

    assert isinstance(posted, Posted)
    assert (posted.total, posted.tax) == (sale.total, sale.tax.total if sale.tax else None)
    assert posted.rates == {scene.rate.id: posted.tax}
    (found,) = books.find_by_number(DocumentKind.SALES_RECEIPT, "wio1001")
    assert (found.qbo_id, found.total, found.private_note) == (posted.qbo_id, sale.total, sale.private_note)
    assert (found.customer_id, found.document_date) == (scene.customer.id, TODAY)
    assert books.read_document(DocumentKind.SALES_RECEIPT, posted.qbo_id) == found
    assert connected.kinds[-3:] == ["batch", "read", "read"]
    assert (books.calls, books.reads) == (3, 2)


def test_stated_tax_is_kept_per_rate(connected: Connected, scene: Scene) -> None:
    books = connected.books
    planned = scene.sale("Wio1002")
    assert planned.tax is not None
    amount = planned.tax.total + Decimal("0.01")
    rates = (RateTax(scene.rate, scene.percent, Decimal("277.69"), amount),)
    sale = scene.sale("Wio1002", tax=DocumentTax(amount, rates, stated=True))

    posted = books.post_one("a" * 32, create(books, sale, "b1"))

    assert (posted.tax, posted.rates) == (amount, {scene.rate.id: amount})


def test_a_lost_answer_is_replayed_into_one_document(connected: Connected, scene: Scene) -> None:
    books = connected.books
    writes = [create(books, scene.sale(f"Wio20{number:02}"), f"b{number}") for number in range(3)]
    connected.misbehave(method="POST", path_contains="/batch", action="hang_up_after")

    with pytest.raises(AnswerLostError):
        books.post_batch("b" * 32, writes)
    answers = connected.books.post_batch("b" * 32, writes)

    assert [type(answer) for answer in answers] == [Posted] * 3
    assert len(books.find_by_date(DocumentKind.SALES_RECEIPT, TODAY, customer_id=scene.customer.id)) == 3
    assert connected.company.stats.described()["replays"] == 3


def test_a_lost_single_answer_is_replayed_too(connected: Connected, scene: Scene) -> None:
    books = connected.books
    write = create(books, scene.sale("Wio2100"), "b1")
    connected.misbehave(method="POST", path_contains="/salesreceipt", action="html", carry_out=True)

    with pytest.raises(AnswerLostError):
        books.post_one("c" * 32, write)
    posted = books.post_one("c" * 32, write)

    assert [found.qbo_id for found in books.find_by_number(DocumentKind.SALES_RECEIPT, "Wio2100")] == [posted.qbo_id]


def test_an_invoice_is_paid_then_voided_and_deleted(connected: Connected, scene: Scene) -> None:
    books = connected.books
    invoice = books.post_one("a" * 32, create(books, scene.sale("Wio3001", DocumentKind.INVOICE), "b1"))
    assert invoice.total is not None
    payment = PaymentDocument(
        key="order:3001:payment:1",
        pays_key="order:3001:sale",
        document_date=TODAY,
        currency=scene.currency,
        customer=scene.customer,
        total=invoice.total,
        private_note="woo:t-1:3001:payment",
        deposit_account=account(books, "Bank"),
        payment_reference="ch_3Qx0000000000000000000000",
    )
    entity, payload = books.encode(payment, paid_id=invoice.qbo_id)

    paid = books.post_one("d" * 32, Write("p1", "create", entity, payload))
    after = books.read_document(DocumentKind.INVOICE, invoice.qbo_id)

    assert paid.total == invoice.total
    assert after is not None
    assert after.raw["Balance"] == 0
    (found,) = books.find_by_date(DocumentKind.PAYMENT, TODAY, customer_id=scene.customer.id)
    assert found.private_note == "woo:t-1:3001:payment"

    void = {"Id": paid.qbo_id, "SyncToken": paid.sync_token, "sparse": True}
    assert books.post_one("e" * 32, Write("v", "void", "Payment", void)).total == 0
    again = books.read_document(DocumentKind.INVOICE, invoice.qbo_id)
    assert again is not None
    delete = {"Id": again.qbo_id, "SyncToken": again.sync_token}
    assert books.post_one("f" * 32, Write("d", "delete", "Invoice", delete)).qbo_id == invoice.qbo_id
    assert books.read_document(DocumentKind.INVOICE, invoice.qbo_id) is None


def test_a_stale_object_is_refused(connected: Connected, scene: Scene) -> None:
    books = connected.books
    posted = books.post_one("a" * 32, create(books, scene.sale("Wio3100"), "b1"))
    change = {"Id": posted.qbo_id, "SyncToken": "7", "sparse": True, "PrivateNote": "x"}

    with pytest.raises(FaultError) as caught:
        books.post_one("b" * 32, Write("u", "update", "SalesReceipt", change))

    assert caught.value.code == "5010"


def test_duplicates_name_the_one_that_exists(connected: Connected, scene: Scene) -> None:
    books = connected.books
    sold = books.post_one("a" * 32, create(books, scene.sale("Wio4001"), "b1"))

    same_name, same_number = books.post_batch(
        "b" * 32, [make_customer(books, "ada byron"), create(books, scene.sale("Wio4001"), "b2")]
    )

    assert isinstance(same_name, Refused)
    assert isinstance(same_number, Refused)
    assert (same_name.code, same_name.existing_id) == ("6240", scene.customer.id)
    assert (same_number.code, same_number.existing_id) == ("6140", sold.qbo_id)


def test_a_name_held_by_a_vendor_is_found_by_name_only(connected: Connected) -> None:
    books = connected.books
    vendor = books.post_one("a" * 32, Write("v1", "create", "Vendor", {"DisplayName": r"O'Neil \ Sons"}))

    (refused,) = books.post_batch("b" * 32, [make_customer(books, r"O'Neil \ Sons")])
    rows = books.names_called(r"O'Neil \ Sons")

    assert isinstance(refused, Refused)
    assert (refused.code, refused.existing_id) == ("6240", "")
    assert [(row.kind, row.qbo_id) for row in rows] == [("Vendor", vendor.qbo_id)]


def test_an_inactive_customer_still_holds_its_name(connected: Connected, scene: Scene) -> None:
    books = connected.books
    row = books.read_name("Customer", scene.customer.id)
    assert row is not None
    change = {"Id": row.qbo_id, "SyncToken": row.sync_token, "sparse": True, "Active": False}
    books.post_one("a" * 32, Write("u", "update", "Customer", change))

    (found,) = books.names_called("Ada Byron")

    assert (found.qbo_id, found.active, found.name) == (scene.customer.id, False, "Ada Byron")


def test_the_mirror_is_read_in_pages_and_has_skus(connected: Connected, scene: Scene) -> None:
    books = connected.books
    rows: list[NameRow] = []
    while page := books.names("Item", start=len(rows) + 1, page_size=2):
        rows.extend(page)

    assert len({row.qbo_id for row in rows}) == len(rows)
    assert [row.sku for row in rows if row.qbo_id == scene.item.id] == ["MUG-1"]


def test_changes_tell_what_was_created_since(connected: Connected, scene: Scene) -> None:
    books = connected.books

    changes = books.changes(datetime.now(UTC) - timedelta(minutes=5))

    ids = {(row.kind, row.qbo_id): row for row in changes.rows}
    assert ids[("Item", scene.item.id)].sku == "MUG-1"
    assert ids[("Customer", scene.customer.id)].name == "Ada Byron"
    assert abs(changes.as_of - datetime.now(UTC)) < timedelta(seconds=30)
    assert connected.books.changes(datetime.now(UTC) - timedelta(days=40)).complete is False


@pytest.mark.parametrize("connected", ["us:us_automated", "us:us_manual", "us:off", "gb", "fr", "ca"], indirect=True)
def test_the_facts_of_each_country_are_read(connected: Connected) -> None:
    facts = connected.books.company_facts(on=TODAY)

    assert facts.tax_world == connected.company.books.tax_world
    assert facts.home_currency == connected.company.books.home_currency
    assert facts.name
    assert facts.tax_codes


def test_an_expired_access_token_is_refreshed_once(connected: Connected, scene: Scene) -> None:
    before = connected.tokens
    connected.within(connected.company.oauth.expire_access_tokens)

    rows = connected.books.names("Customer")

    assert rows
    assert connected.refreshes == 1
    assert connected.tokens.refresh_token != before.refresh_token


def test_a_refused_new_token_means_to_reconnect(connected: Connected) -> None:
    connected.within(connected.company.oauth.revoke_all)

    with pytest.raises(ConnectionLostError) as caught:
        connected.books.names("Customer")

    assert (caught.value.reason, connected.refreshes) == ("quickbooks_expired", 1)


def test_a_disconnected_company_says_so(connected: Connected) -> None:
    connected.within(connected.company.oauth.disconnect)

    with pytest.raises(ConnectionLostError, match="quickbooks_disconnected"):
        connected.books.names("Customer")


def test_a_revoked_connection_can_be_revoked_again(connected: Connected) -> None:
    oauth.revoke_token(connected.app, connected.tokens.refresh_token)
    oauth.revoke_token(connected.app, connected.tokens.refresh_token)

    with pytest.raises(ConnectionLostError, match="quickbooks_expired"):
        oauth.refresh_tokens(connected.app, connected.tokens.refresh_token)


def test_wrong_keys_are_the_operator_s_affair(connected: Connected) -> None:
    wrong = oauth.IntuitApp(connected.app.client_id, "wrong", connected.app.discovery_url)

    with pytest.raises(ConnectionLostError, match="quickbooks_app_keys"):
        oauth.refresh_tokens(wrong, connected.tokens.refresh_token)


def test_a_throttled_company_tells_how_long_to_wait(connected: Connected) -> None:
    books = connected.books
    connected.company.throttle.change({"batches_per_minute": 1, "per_second": 100, "retry_after": 17})
    books.post_batch("a" * 32, [make_customer(books, "One")])

    with pytest.raises(RetryableError) as caught:
        books.post_batch("b" * 32, [make_customer(books, "Two")])

    assert not isinstance(caught.value, AnswerLostError)
    assert (caught.value.reason, caught.value.retry_after_seconds) == ("quickbooks_busy", 17)


def test_a_read_survives_a_hiccup_and_a_hang_up(connected: Connected) -> None:
    connected.misbehave(path_contains="/query", action="html")
    connected.misbehave(path_contains="/query", action="hang_up_before")
    started = time.monotonic()

    assert connected.books.names("Account")
    assert time.monotonic() - started < 5


def test_our_counts_are_the_company_s(connected: Connected) -> None:
    books = connected.books
    before = connected.company.stats.described()

    books.names("Item")
    books.post_batch("a" * 32, [make_customer(books, "One")])
    books.changes(datetime.now(UTC) - timedelta(minutes=5))

    after = connected.company.stats.described()
    assert (books.calls, books.reads) == (after["calls"] - before["calls"], after["reads"] - before["reads"]) == (3, 2)


@pytest.mark.parametrize("connected", ["us:us_automated"], indirect=True)
def test_an_american_company_keeps_the_stated_total_of_tax(connected: Connected) -> None:
    books = connected.books
    customer = books.post_one("1" * 32, make_customer(books))
    item = books.post_one("2" * 32, make_item(books))
    line = DocumentLine(Ref(item.qbo_id), "Mug", Decimal("19.98"), Decimal(2), Decimal("9.99"), Ref("TAX"))
    sale = SaleDocument(
        kind=DocumentKind.SALES_RECEIPT,
        key="order:1:sale",
        number="Wio1",
        document_date=TODAY,
        currency="USD",
        customer=Ref(customer.qbo_id),
        lines=(line,),
        tax=DocumentTax(Decimal("1.77"), stated=True),
        total=Decimal("21.75"),
        private_note="woo:t-1:1",
        shipping=Address(line1="1 Main St", city="San Francisco", state="CA", postcode="94105", country="US"),
    )

    posted = books.post_one("3" * 32, create(books, sale, "b1"))

    assert (posted.total, posted.tax) == (sale.total, Decimal("1.77"))
    assert sum(posted.rates.values()) == Decimal("1.77")


@pytest.mark.parametrize("kind", NAME_KINDS)
def test_every_name_list_can_be_mirrored(connected: Connected, kind: NameKind) -> None:
    since = datetime.now(UTC) - timedelta(days=1)

    rows = connected.books.names(kind)
    changed = connected.books.names(kind, changed_since=since)

    assert all(row.kind == kind and row.qbo_id and row.name for row in rows)
    assert {row.qbo_id for row in changed} <= {row.qbo_id for row in rows}
