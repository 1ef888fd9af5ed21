from __future__ import annotations

import pytest

from connector.qbo.faults import FAMILIES, Family, existing_id, family_of, parse_faults
from tests.connector.qbo.support import body


@pytest.mark.parametrize(
    ("payload", "code", "family"),
    [
        ("fault_401.json", "3200", Family.ACCESS),
        ("fault_403.json", "3100", Family.DISCONNECTED),
        ("fault_429.json", "3001", Family.BUSY),
        ("fault_610.json", "610", Family.REFERENCE),
        ("fault_2050.json", "2050", Family.VALUE),
        ("fault_5010.json", "5010", Family.STALE),
        ("fault_6000_vat.json", "6000", Family.TAX),
        ("fault_6000_one_name.json", "6000", Family.LATER),
        ("fault_6140.json", "6140", Family.DUPLICATE_NUMBER),
        ("fault_6190.json", "6190", Family.SUBSCRIPTION),
        ("fault_6210.json", "6210", Family.CLOSED),
        ("fault_6240_other_type.json", "6240", Family.DUPLICATE_NAME),
        ("fault_10000.json", "10000", Family.UNCERTAIN),
    ],
)
def test_each_answer_gives_its_code_without_zeros_and_its_family(payload: str, code: str, family: Family) -> None:
    fault = parse_faults(body(payload))[0]

    assert (fault.code, fault.family) == (code, family)


def test_an_answer_without_a_fault_has_none() -> None:
    assert parse_faults(body("salesreceipt_created.json")) == ()
    assert parse_faults("<html>") == ()


def test_a_code_that_no_row_names_is_refused() -> None:
    fault = parse_faults({"Fault": {"Error": [{"Message": "New", "Detail": "", "code": "6999"}]}})[0]

    assert fault.family is Family.UNKNOWN
    assert fault.reason == "refused_by_quickbooks:6999"
    assert not fault.retryable


def test_a_fault_without_errors_is_still_a_fault() -> None:
    assert parse_faults({"Fault": {"type": "SystemFault"}})[0].family is Family.UNKNOWN


def test_a_missing_code_is_read_out_of_the_message() -> None:
    error = {"message": "message=ThrottleExceeded; errorCode=003001; statusCode=429"}

    assert parse_faults({"fault": {"error": [error]}})[0].code == "3001"


def test_a_duplicate_name_names_the_holder_only_within_one_type() -> None:
    same = body("batch_mixed.json")["BatchItemResponse"][0]

    assert parse_faults(same)[0].existing_id == "58"
    assert parse_faults(body("fault_6240_other_type.json"))[0].existing_id == ""


def test_a_duplicate_number_names_the_transaction_even_when_the_number_looks_like_one() -> None:
    assert parse_faults(body("fault_6140.json"))[0].existing_id == "6575"
    assert existing_id("6140", "DocNumber=TxnId=1 is assigned to TxnType=Invoice with TxnId=6575") == "6575"
    assert existing_id("2050", "Id=58") == ""


def test_the_reason_of_a_closed_period_is_its_own() -> None:
    assert parse_faults(body("fault_6210.json"))[0].reason == "closed_period"
    assert parse_faults(body("fault_2050.json"))[0].reason == "refused_by_quickbooks:2050"


@pytest.mark.parametrize(
    ("sentence", "family"),
    [
        ("Make sure all your transactions have a GST/HST rate before you save", Family.TAX),
        ("There was a problem calculating tax for this transaction.", Family.TAX),
        ("You need to activate this item before updating the quantity", Family.REFERENCE),
        ("Transaction amount must be 0 or greater", Family.VALUE),
        ("Something nobody has seen yet", Family.VALUE),
    ],
)
def test_the_sentence_tells_the_faults_under_6000_apart(sentence: str, family: Family) -> None:
    assert family_of("6000", f"Business Validation Error: {sentence}") is family


def test_only_what_can_pass_by_itself_is_retryable() -> None:
    retryable = {code for code, family in FAMILIES.items() if family in (Family.LATER, Family.BUSY, Family.UNCERTAIN)}

    assert retryable == {"130", "140", "150", "1000", "1010", "1020", "3001", "10000"}
