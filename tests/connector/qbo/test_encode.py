from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connector.accounting.books import CustomerWanted, ItemWanted, PaymentLink
from connector.accounting.commerce import Address
from connector.accounting.documents import CreditApplication, DocumentKind, DocumentTax, PaymentDocument, RateTax
from connector.accounting.policy import Ref
from connector.qbo.encode import encode_document, encode_payment_link
from connector.qbo.encode_names import encode_customer, encode_item
from tests.connector.qbo.support import receipt


def test_a_receipt_holds_what_was_planned_and_nothing_else() -> None:
    entity, body = encode_document(receipt(global_tax="TaxExcluded", deposit_account=Ref("4"), payment_method=Ref("2")))

    assert entity == "SalesReceipt"
    assert body == {
        "CustomerRef": {"value": "58"},
        "CurrencyRef": {"value": "GBP"},
        "TxnDate": "2026-01-05",
        "DocNumber": "Wio1234",
        "GlobalTaxCalculation": "TaxExcluded",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": 277.69,
                "Description": "Mug",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "206"},
                    "Qty": 3,
                    "UnitPrice": 92.5633333,
                    "TaxCodeRef": {"value": "5"},
                },
            }
        ],
        "PrivateNote": "woo:t-7f3a:1234\nOrder 1234",
        "EmailStatus": "NotSet",
        "DepositToAccountRef": {"value": "4"},
        "PaymentMethodRef": {"value": "2"},
    }
    json.dumps(body)


def test_an_automatic_number_and_an_american_receipt_leave_their_fields_out() -> None:
    _, body = encode_document(receipt(number=""))

    assert "DocNumber" not in body
    assert "GlobalTaxCalculation" not in body


def test_predicted_tax_stays_out_and_stated_tax_goes_per_rate() -> None:
    rates = (RateTax(Ref("11"), Decimal(20), Decimal("277.69"), Decimal("55.54")),)

    _, predicted = encode_document(receipt(tax=DocumentTax(Decimal("55.54"), rates)))
    _, stated = encode_document(receipt(tax=DocumentTax(Decimal("55.54"), rates, stated=True)))

    assert "TxnTaxDetail" not in predicted
    assert stated["TxnTaxDetail"] == {
        "TotalTax": 55.54,
        "TaxLine": [
            {
                "DetailType": "TaxLineDetail",
                "Amount": 55.54,
                "TaxLineDetail": {
                    "TaxRateRef": {"value": "11"},
                    "PercentBased": True,
                    "TaxPercent": 20,
                    "NetAmountTaxable": 277.69,
                },
            }
        ],
    }


def test_the_code_of_an_american_document_is_named_in_its_head() -> None:
    rates = (RateTax(Ref("11"), Decimal(7), Decimal("10.00"), Decimal("0.70")),)
    code = Ref("40", "Buncombe")

    _, computed = encode_document(receipt(tax=DocumentTax(Decimal("0.70"), rates, code=code)))
    _, stated = encode_document(receipt(tax=DocumentTax(Decimal("0.70"), rates, stated=True, code=code)))

    assert computed["TxnTaxDetail"] == {"TxnTaxCodeRef": {"value": "40"}}
    assert stated["TxnTaxDetail"]["TxnTaxCodeRef"] == {"value": "40"}
    assert stated["TxnTaxDetail"]["TotalTax"] == 0.7


def test_a_total_for_the_automated_engine_covers_the_tax_on_shipping() -> None:
    _, body = encode_document(receipt(tax=DocumentTax(Decimal("0.70"), stated=True)))

    assert body["TxnTaxDetail"] == {"TotalTax": 0.7}
    assert body["ShippingTaxIncludedInTotalTax"] is True


def test_a_stated_tax_of_nothing_is_said() -> None:
    _, body = encode_document(receipt(tax=DocumentTax(Decimal("0.00"), stated=True)))

    assert body["TxnTaxDetail"] == {"TotalTax": 0}


def test_an_invoice_asks_for_no_online_payment_and_has_terms() -> None:
    _, body = encode_document(
        receipt(
            kind=DocumentKind.INVOICE,
            terms=Ref("3"),
            due_date=date(2026, 2, 4),
            deposit_account=Ref("4"),
            payment_reference="ch_1",
        )
    )

    assert body["AllowOnlineCreditCardPayment"] is False
    assert body["AllowOnlineACHPayment"] is False
    assert (body["SalesTermRef"], body["DueDate"]) == ({"value": "3"}, "2026-02-04")
    assert body.keys().isdisjoint({"AllowIPNPayment", "DepositToAccountRef", "PaymentRefNum", "PaymentMethodRef"})


def test_texts_are_cut_to_what_quickbooks_takes() -> None:
    _, body = encode_document(
        receipt(
            private_note="woo:t-7f3a:1234\n" + "n" * 5000,
            customer_memo="m" * 2000,
            payment_reference="ch_3Qx" + "0" * 30,
            ship_method="Very long name of a shipping method",
            ship_date=date(2026, 1, 7),
            email="ada@@example.org",
        )
    )

    assert len(body["PrivateNote"]) == 4000
    assert body["PrivateNote"].startswith("woo:t-7f3a:1234\n")
    assert len(body["CustomerMemo"]["value"]) == 1000
    assert body["PaymentRefNum"] == "ch_3Qx" + "0" * 15
    assert len(body["ShipMethodRef"]["value"]) == 31
    assert body["ShipDate"] == "2026-01-07"
    assert "BillEmail" not in body


def test_header_fields_name_class_location_and_addresses() -> None:
    _, body = encode_document(
        receipt(
            sales_class=Ref("c1"),
            location=Ref("d1"),
            email="ada@example.org",
            billing=Address("Ada", "Byron", country="FR"),
            shipping=Address("Ada", "Byron", city="Lyon"),
        )
    )

    assert (body["ClassRef"], body["DepartmentRef"]) == ({"value": "c1"}, {"value": "d1"})
    assert body["BillEmail"] == {"Address": "ada@example.org"}
    assert body["BillAddr"] == {"Line1": "Ada Byron", "Country": "France"}
    assert body["ShipAddr"] == {"Line1": "Ada Byron", "City": "Lyon"}


def test_a_company_that_keeps_classes_by_row_finds_them_there_alone() -> None:
    _, body = encode_document(receipt(sales_class=Ref("c1"), row_classes=True))

    assert "ClassRef" not in body
    assert [line["SalesItemLineDetail"]["ClassRef"] for line in body["Line"]] == [{"value": "c1"}] * len(body["Line"])


def make_payment() -> PaymentDocument:
    return PaymentDocument(
        key="order:1234:payment:1",
        pays_key="order:1234:sale",
        document_date=date(2026, 1, 6),
        currency="GBP",
        customer=Ref("58"),
        total=Decimal("333.23"),
        private_note="woo:t-7f3a:1234:payment",
        deposit_account=Ref("88"),
        payment_method=Ref("2"),
        payment_reference="ch_1",
    )


def test_a_payment_is_linked_to_its_invoice() -> None:
    entity, body = encode_document(make_payment(), paid_id="130")

    assert entity == "Payment"
    assert body["TotalAmt"] == 333.23
    assert body["Line"] == [{"Amount": 333.23, "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]}]
    assert body["DepositToAccountRef"] == {"value": "88"}


def test_a_payment_that_is_there_pays_another_amount_of_its_invoice() -> None:
    link = PaymentLink("31", "2", Ref("58"), "EUR", Decimal("20.10"), "17", Decimal("19.90"))
    assert encode_payment_link(link) == {
        "Id": "31",
        "SyncToken": "2",
        "sparse": True,
        "CustomerRef": {"value": "58"},
        "CurrencyRef": {"value": "EUR"},
        "TotalAmt": 20.1,
        "Line": [{"Amount": 19.9, "LinkedTxn": [{"TxnId": "17", "TxnType": "Invoice"}]}],
    }
    with pytest.raises(ValueError, match="more digits"):
        encode_payment_link(replace(link, amount=Decimal("19.90000000000000000001")))


def test_a_payment_without_its_invoice_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="post the invoice first"):
        encode_document(make_payment())


def make_application() -> CreditApplication:
    return CreditApplication(
        key="order:1234:refund:9:apply",
        invoice_key="order:1234:sale",
        credit_key="order:1234:refund:9",
        document_date=date(2026, 1, 8),
        currency="GBP",
        customer=Ref("58"),
        amount=Decimal("40.10"),
        private_note="woo:t-7f3a:1234:refund:9:apply",
    )


def test_a_credit_is_set_against_its_invoice_by_a_payment_of_nothing() -> None:
    entity, body = encode_document(make_application(), paid_id="130", credit_id="73")

    assert entity == "Payment"
    assert body == {
        "CustomerRef": {"value": "58"},
        "CurrencyRef": {"value": "GBP"},
        "TxnDate": "2026-01-08",
        "TotalAmt": 0,
        "PrivateNote": "woo:t-7f3a:1234:refund:9:apply",
        "Line": [
            {"Amount": 40.1, "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]},
            {"Amount": 40.1, "LinkedTxn": [{"TxnId": "73", "TxnType": "CreditMemo"}]},
        ],
    }


@pytest.mark.parametrize("ids", [{"paid_id": "130"}, {"credit_id": "73"}])
def test_a_credit_without_one_of_its_ends_is_our_mistake(ids: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="post both first"):
        encode_document(make_application(), **ids)


def test_a_refund_receipt_names_the_account_its_money_leaves_and_a_credit_memo_none() -> None:
    money = {"deposit_account": Ref("88"), "payment_method": Ref("2"), "payment_reference": "ch_1"}
    entity, refund = encode_document(receipt(kind=DocumentKind.REFUND_RECEIPT, **money))
    _, credit = encode_document(receipt(kind=DocumentKind.CREDIT_MEMO, ship_method="Post", **money))

    assert entity == "RefundReceipt"
    assert (refund["DepositToAccountRef"], refund["PaymentMethodRef"]) == ({"value": "88"}, {"value": "2"})
    assert refund["PaymentRefNum"] == "ch_1"
    assert credit["Line"][0]["Amount"] == 277.69
    assert credit.keys().isdisjoint({"DepositToAccountRef", "PaymentMethodRef", "PaymentRefNum", "ShipMethodRef"})


def test_a_customer_is_created_without_what_quickbooks_would_refuse() -> None:
    entity, body = encode_customer(
        CustomerWanted(
            key="k",
            display_name="Ada Byron",
            given_name="Ada",
            family_name="Byron",
            email="not an address",
            phone="+44 20 7946 0018 ext 123456",
            billing=Address(line1="12 St James's Sq", country="GB"),
            currency="GBP",
        )
    )

    assert entity == "Customer"
    assert body == {
        "DisplayName": "Ada Byron",
        "GivenName": "Ada",
        "FamilyName": "Byron",
        "PrimaryPhone": {"FreeFormNumber": "+44 20 7946 0018 ext"},
        "BillAddr": {"Line1": "12 St James's Sq", "Country": "United Kingdom"},
    }


def test_a_customer_has_a_currency_where_the_company_has_several() -> None:
    _, body = encode_customer(CustomerWanted(key="k", display_name="Ada", currency="EUR", send_currency=True))

    assert body["CurrencyRef"] == {"value": "EUR"}


def test_an_item_always_has_its_type() -> None:
    entity, body = encode_item(
        ItemWanted(
            key="k", name="Mug: red", sku="MUG", type="Service", description="", income_account=Ref("79"),
            unit_price=Decimal("9.50"),
        )
    )  # fmt: skip

    assert entity == "Item"
    assert body == {
        "Name": "Mug - red",
        "Sku": "MUG",
        "Type": "Service",
        "IncomeAccountRef": {"value": "79"},
        "UnitPrice": 9.5,
    }


def test_an_inventory_item_starts_with_its_quantity_and_day() -> None:
    wanted = ItemWanted(
        key="k",
        name="Mug",
        sku="MUG",
        type="Inventory",
        description="A mug",
        income_account=Ref("79"),
        expense_account=Ref("80"),
        asset_account=Ref("81"),
        inventory_start=date(2026, 1, 1),
    )

    _, body = encode_item(wanted)

    assert body["TrackQtyOnHand"] is True
    assert (body["QtyOnHand"], body["InvStartDate"]) == (0, "2026-01-01")
    assert (body["ExpenseAccountRef"], body["AssetAccountRef"]) == ({"value": "80"}, {"value": "81"})


def test_an_inventory_item_without_its_accounts_is_refused_here() -> None:
    wanted = ItemWanted(key="k", name="Mug", sku="", type="Inventory", description="", income_account=Ref("79"))

    with pytest.raises(ValueError, match="asset account"):
        encode_item(wanted)
