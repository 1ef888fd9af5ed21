"""Proof from outside: the vendor's and the community's own clients work unmodified against the company."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from intuitlib.client import AuthClient
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks, exceptions, objects
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.objects.base import Ref
from quickbooks.objects.companycurrency import CompanyCurrency
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.payment import PaymentLine

from sandbox.running import RunningSandbox, start

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with start(with_store=False) as sandbox:
        sandbox.company.throttle.change({"off": True})
        preferences = {"classes": True, "locations": True, "currencies": {"USD": "0.9"}}
        with sandbox.company.storage.transaction():
            sandbox.company.control._change_preferences(preferences)
            sandbox.company.control._change_preferences({"multicurrency": False})
        yield sandbox


@pytest.fixture
def auth(running: RunningSandbox) -> AuthClient:
    details = running.connection_details["company"]
    return AuthClient(
        details["client_id"],
        details["client_secret"],
        "http://127.0.0.1:8000/oauth/quickbooks/callback",
        details["discovery_url"],
        refresh_token=details["refresh_token"],
        realm_id=details["realm_id"],
    )


@pytest.fixture
def qb(running: RunningSandbox, auth: AuthClient, monkeypatch: pytest.MonkeyPatch) -> QuickBooks:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    class StandIn(QuickBooks):
        api_url_v3 = f"{running.company_url}/v3"

    return StandIn(
        auth_client=auth, refresh_token=auth.refresh_token, company_id=running.company.realm_id, minorversion=75
    )


def ref(found: Any) -> Ref:
    made = Ref()
    made.value = found.Id
    return made


def one(kind: Any, qb: QuickBooks, **fields: Any) -> Any:
    return kind.filter(**fields, qb=qb)[0]


def sale(kind: Any, qb: QuickBooks, customer: Any, amount: int = 100) -> Any:
    line = SalesItemLine()
    line.Amount = amount
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = ref(one(objects.Item, qb, Name="Online sale"))
    line.SalesItemLineDetail.TaxCodeRef = ref(one(objects.TaxCode, qb, Name="20.0% S"))
    document = kind()
    document.CustomerRef = ref(customer)
    document.Line = [line]
    if kind is objects.RefundReceipt:
        document.DepositToAccountRef = ref(one(objects.Account, qb, Name="Bank"))
    return document


def customer(qb: QuickBooks, name: str) -> Any:
    made = objects.Customer()
    made.DisplayName = name
    return made.save(qb=qb)


def test_the_auth_client_refreshes_and_revokes(running: RunningSandbox, auth: AuthClient) -> None:
    before = auth.refresh_token
    auth.refresh()
    assert auth.access_token
    assert auth.expires_in == 3600
    assert auth.refresh_token not in (None, before)
    assert auth.revoke() is True
    with pytest.raises(AuthClientError) as refused:
        auth.refresh()
    assert b"invalid_grant" in refused.value.content
    with pytest.raises(AuthClientError):
        auth.revoke()
    assert running.company.refresh_token != before


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (objects.Customer, {"DisplayName": "O'Neil & Söhne"}),
        (objects.Vendor, {"DisplayName": "A vendor"}),
        (objects.Employee, {"GivenName": "Eve", "FamilyName": "Ploy"}),
        (objects.PaymentMethod, {"Name": "Klarna", "Type": "NON_CREDIT_CARD"}),
        (objects.Term, {"Name": "Net 45", "DueDays": 45}),
        (objects.Department, {"Name": "Online"}),
        (objects.trackingclass.Class, {"Name": "Web"}),
        (objects.Account, {"Name": "Klarna clearing", "AccountType": "Bank"}),
    ],
)
def test_a_list_object_is_saved_found_changed_and_counted(qb: QuickBooks, kind: Any, fields: dict[str, Any]) -> None:
    made = kind()
    for name, value in fields.items():
        setattr(made, name, value)
    made = made.save(qb=qb)
    name = "DisplayName" if hasattr(made, "DisplayName") else "Name"
    assert one(kind, qb, **{name: getattr(made, name)}).Id == made.Id
    assert kind.get(made.Id, qb=qb).SyncToken == "0"
    made.Active = False
    assert made.save(qb=qb).SyncToken == "1"
    assert kind.count("Active = false", qb=qb) >= 1
    assert made.Id in [found.Id for found in kind.choose([made.Id], qb=qb) or kind.where("Active = false", qb=qb)]


def test_an_item_is_saved_and_listed_with_its_sku(qb: QuickBooks) -> None:
    item = objects.Item()
    item.Name, item.Type, item.Sku = "Lamp", "NonInventory", "LAMP-1"
    item.IncomeAccountRef = ref(one(objects.Account, qb, Name="Services"))
    item = item.save(qb=qb)
    assert one(objects.Item, qb, Sku="LAMP-1").Id == item.Id
    assert {found.Sku for found in objects.Item.all(order_by="Name", qb=qb)} >= {"LAMP-1"}


@pytest.mark.parametrize("kind", [objects.Invoice, objects.SalesReceipt, objects.CreditMemo, objects.RefundReceipt])
def test_a_document_is_saved_changed_and_deleted(qb: QuickBooks, kind: Any) -> None:
    buyer = customer(qb, f"Buyer of {kind.qbo_object_name}")
    made = sale(kind, qb, buyer).save(qb=qb, request_id=f"id-{kind.qbo_object_name}")
    assert made.TotalAmt == 120
    again = sale(kind, qb, buyer).save(qb=qb, request_id=f"id-{kind.qbo_object_name}")
    assert again.Id == made.Id
    made.PrivateNote = "changed"
    changed = made.save(qb=qb)
    assert (changed.PrivateNote, changed.SyncToken) == ("changed", "1")
    assert kind.filter(CustomerRef=buyer.Id, qb=qb)[0].Id == made.Id
    assert changed.delete(qb=qb)[kind.qbo_object_name]["status"] == "Deleted"
    with pytest.raises(exceptions.ObjectNotFoundException):
        kind.get(made.Id, qb=qb)


@pytest.mark.parametrize("kind", [objects.Invoice, objects.SalesReceipt])
def test_a_document_is_voided(qb: QuickBooks, kind: Any) -> None:
    made = sale(kind, qb, customer(qb, f"Voided {kind.qbo_object_name}")).save(qb=qb)
    made.void(qb=qb)
    assert kind.get(made.Id, qb=qb).PrivateNote == "Voided"


def test_an_invoice_is_sent_and_paid(qb: QuickBooks) -> None:
    buyer = customer(qb, "Payer")
    invoice = sale(objects.Invoice, qb, buyer).save(qb=qb)
    url = f"{qb.api_url}/company/{qb.company_id}/invoice/{invoice.Id}/send?sendTo=a%40example.com"
    sent = qb.post(url, content_type="application/octet-stream")
    assert sent["Invoice"]["EmailStatus"] == "EmailSent"
    payment, line = objects.Payment(), PaymentLine()
    line.Amount, line.LinkedTxn = 120, [invoice.to_linked_txn()]
    payment.CustomerRef, payment.TotalAmt, payment.Line = ref(buyer), 120, [line]
    payment = payment.save(qb=qb)
    assert objects.Invoice.get(invoice.Id, qb=qb).Balance == 0
    payment.void(qb=qb)
    assert objects.Invoice.get(invoice.Id, qb=qb).Balance == 120


def test_batches_create_change_and_delete(qb: QuickBooks) -> None:
    made = [objects.Customer() for _ in range(35)]
    for number, one_customer in enumerate(made):
        one_customer.DisplayName = f"Batch {number // 2}"
    created = batch_create(made, qb=qb)
    assert (len(created.successes), len(created.faults)) == (18, 17)
    assert created.faults[0].Error[0].code == "6240"
    for one_customer in created.successes:
        one_customer.Notes = "changed"
    assert {found.SyncToken for found in batch_update(created.successes, qb=qb).successes} == {"1"}
    receipts = [sale(objects.SalesReceipt, qb, buyer) for buyer in created.successes[:2]]
    posted = batch_create(receipts, qb=qb).successes
    deleted = batch_delete(posted, qb=qb)
    assert not deleted.faults


def test_changes_are_captured(qb: QuickBooks) -> None:
    made = customer(qb, "Captured")
    since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    found = change_data_capture([objects.Customer, objects.Invoice], since, qb=qb)
    assert made.Id in [one_customer.Id for one_customer in found.Customer]


def test_company_preferences_taxes_and_currencies_are_read(qb: QuickBooks, running: RunningSandbox) -> None:
    info = objects.CompanyInfo.get(running.company.realm_id, qb=qb)
    assert (info.Country, info.CompanyName) == ("FR", "Maison Dupont")
    preferences = objects.Preferences.get(qb=qb)
    assert preferences.TaxPrefs.UsingSalesTax is True
    assert CompanyCurrency.all(qb=qb)[0].Code == "USD"
    code = one(objects.TaxCode, qb, Name="DE 19.0% S")
    rate = objects.TaxRate.get(code.SalesTaxRateList.TaxRateDetail[0].TaxRateRef.value, qb=qb)
    assert rate.RateValue == 19


def test_a_tax_code_is_made_through_the_tax_service(qb: QuickBooks) -> None:
    agency = objects.TaxAgency()
    agency.DisplayName = "Finanzamt"
    agency = agency.save(qb=qb)
    detail, service = objects.taxservice.TaxRateDetails(), objects.TaxService()
    detail.TaxRateName, detail.RateValue, detail.TaxAgencyId = "AT 20", 20, agency.Id
    service.TaxCode, service.TaxRateDetails = "AT 20.0% S", [detail]
    service.save(qb=qb)
    assert one(objects.TaxCode, qb, Name="AT 20.0% S").Active


def test_faults_arrive_as_the_librarys_exceptions(qb: QuickBooks, auth: AuthClient, running: RunningSandbox) -> None:
    customer(qb, "Twice")
    with pytest.raises(exceptions.QuickbooksException) as refused:
        customer(qb, "Twice")
    assert refused.value.error_code == 6240
    with pytest.raises(exceptions.ValidationException) as unread:
        objects.Customer.query("SELECT nonsense", qb=qb)
    assert unread.value.error_code == 4000
    with running.company.storage.transaction():
        running.company.oauth.expire_access_tokens()
    with pytest.raises(exceptions.AuthorizationException):
        objects.Customer.all(qb=qb)
