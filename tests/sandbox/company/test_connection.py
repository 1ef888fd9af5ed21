"""Tokens, consent, limits, and the faults of the way there."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sandbox.http import HangUp, Response
from tests.sandbox.company.desk import Desk, error_of, parsed


def status(desk: Desk) -> int:
    return desk.call("GET", "companyinfo/1").status


def test_every_refresh_gives_a_new_refresh_token_and_the_old_one_overlaps(desk: Desk) -> None:
    first = desk.company.refresh_token
    second = desk.tokens(first)["refresh_token"]
    assert second != first
    assert desk.company.refresh_token == second
    assert desk.token_call({"grant_type": "refresh_token", "refresh_token": first}).status == 200
    desk.control("behaviour", {"old_refresh_token_seconds": 0})
    third = desk.tokens()["refresh_token"]
    desk.tokens(third)
    dead = desk.token_call({"grant_type": "refresh_token", "refresh_token": third})
    assert (dead.status, parsed(dead)) == (
        400,
        {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"},
    )


def test_wrong_keys_and_wrong_kinds_of_token_are_refused(desk: Desk) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": desk.company.refresh_token}
    wrong = desk.token_call(form, secret="wrong")
    assert (wrong.status, parsed(wrong)["error"]) == (401, "invalid_client")
    kind = desk.token_call({"grant_type": "refresh_token", "refresh_token": desk.token})
    assert parsed(kind)["error_description"] == "Incorrect Token type or clientID"
    assert parsed(desk.token_call({"grant_type": "password"}))["error"] == "unsupported_grant_type"


def test_an_expired_access_token_gets_the_lower_case_fault(desk: Desk) -> None:
    desk.control("expire_access_tokens")
    answer = desk.call("GET", "companyinfo/1")
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    error = parsed(answer)["fault"]["error"][0]
    assert error["code"] == "3200"
    assert error["detail"].startswith("Token expired: ")
    desk.token = desk.tokens()["access_token"]
    assert status(desk) == 200


def test_a_disconnected_company_answers_3100_until_it_is_connected_again(desk: Desk) -> None:
    desk.control("disconnect")
    answer = desk.call("GET", "companyinfo/1")
    assert (answer.status, error_of(answer)["code"]) == (403, "3100")
    again = desk.control("reconnect")["refresh_token"]
    desk.token = desk.tokens(again)["access_token"]
    assert status(desk) == 200


def test_a_token_of_another_realm_is_not_authorized(desk: Desk) -> None:
    headers = {"authorization": f"Bearer {desk.token}", "accept": "application/json"}
    answer = desk.send("GET", "/v3/company/123/companyinfo/123", headers=headers)
    assert isinstance(answer, Response)
    assert answer.status == 403


def test_the_consent_page_sends_the_browser_back_with_a_code_that_works_once(desk: Desk) -> None:
    wanted = {
        "client_id": desk.company.client_id,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": "http://127.0.0.1:8000/oauth/quickbooks/callback",
        "state": "s1",
    }
    page = desk.send("GET", "/connect/oauth2", query=wanted)
    assert isinstance(page, Response)
    assert b"Connect" in page.body
    answer = desk.send("POST", "/connect/oauth2", b"answer=connect", query=wanted)
    assert isinstance(answer, Response)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (answer.status, back["state"], back["realmId"]) == (302, ["s1"], [desk.company.realm_id])
    form = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": wanted["redirect_uri"]}
    desk.token = parsed(desk.token_call(form))["access_token"]
    assert status(desk) == 200
    assert parsed(desk.token_call(form))["error"] == "invalid_grant"
    assert status(desk) == 401
    refused = desk.send("POST", "/connect/oauth2", b"answer=cancel", query=wanted)
    assert isinstance(refused, Response)
    assert "error=access_denied" in refused.headers["Location"]
    stranger = desk.send("GET", "/connect/oauth2", query={**wanted, "client_id": "x"})
    assert isinstance(stranger, Response)
    assert stranger.status == 400


def test_without_the_json_header_the_answer_is_xml(desk: Desk) -> None:
    answer = desk.call("GET", "companyinfo/1", accept="*/*")
    assert answer.content_type.startswith("application/xml")
    assert b"<Fault" in answer.body


def test_every_answer_names_its_call(desk: Desk) -> None:
    first, second = (desk.call("GET", "companyinfo/1").headers["intuit_tid"] for _ in range(2))
    assert first != second


def test_the_eleventh_call_of_a_second_is_throttled(desk: Desk) -> None:
    desk.control("throttle", {"batches_per_minute": 1})
    assert [status(desk) for _ in range(11)] == [200] * 10 + [429]
    answer = desk.call("GET", "companyinfo/1")
    assert error_of(answer)["Message"] == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    assert "Retry-After" not in answer.headers
    desk.control("throttle", {"per_second": 1000, "per_minute": 2, "retry_after": 30})
    assert [status(desk) for _ in range(3)] == [200, 200, 429]
    assert desk.call("GET", "companyinfo/1").headers["Retry-After"] == "30"
    desk.control("throttle", {"batches_per_minute": 1})
    query = {"BatchItemRequest": [{"bId": "1", "Query": "SELECT * FROM Term"}]}
    assert [desk.call("POST", "batch", query).status for _ in range(2)] == [200, 429]
    assert desk.read_control("stats")["throttled"] == 5


def test_reads_are_blocked_when_the_month_is_used_up_and_writes_are_not(desk: Desk) -> None:
    desk.control("throttle", {"off": True, "monthly_reads": 1})
    assert [status(desk), status(desk), desk.call("POST", "query", "SELECT * FROM Term").status] == [200, 429, 429]
    assert desk.post("Customer", {"DisplayName": "Alice"})["Active"]


def test_a_lost_answer_leaves_the_work_done_and_the_repeat_gets_it(desk: Desk) -> None:
    desk.control("faults", {"path_contains": "requestid=r1", "action": "hang_up_after"})
    path = f"/v3/company/{desk.company.realm_id}/customer"
    headers = {"authorization": f"Bearer {desk.token}", "accept": "application/json"}
    lost = desk.send("POST", path, {"DisplayName": "Alice"}, query={"requestid": "r1"}, headers=headers)
    assert isinstance(lost, HangUp)
    assert desk.post("Customer", {"DisplayName": "Alice"}, requestid="r1")["DisplayName"] == "Alice"
    assert desk.query("SELECT COUNT(*) FROM Customer") == {"totalCount": 1}


@pytest.mark.parametrize(
    ("rule", "answered", "words"),
    [
        ({"action": "status", "status": 429}, 429, b"ThrottleExceeded"),
        ({"action": "status", "status": 429, "body": "slow down"}, 429, b"slow down"),
        ({"action": "status", "status": 401}, 401, b'"fault"'),
        ({"action": "status", "status": 403}, 403, b"003100"),
        ({"action": "status", "status": 500}, 500, b'"10000"'),
        ({"action": "status", "status": 503}, 503, b"<html>"),
        ({"action": "html"}, 503, b"<html>"),
        ({"action": "status", "status": 400, "body": {"Fault": {"Error": []}}}, 400, b'"Fault"'),
    ],
)
def test_a_rule_makes_one_call_fail(desk: Desk, rule: dict[str, object], answered: int, words: bytes) -> None:
    desk.control("faults", {"method": "GET", "path_contains": "companyinfo", "skip": 1, **rule})
    answers = [desk.call("GET", "companyinfo/1") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, answered, 200]
    assert words in answers[1].body


def test_rules_can_speak_of_bodies_and_of_batch_items_and_be_forgotten(desk: Desk) -> None:
    fault = {"code": "6000", "detail": "Business Validation Error: no."}
    desk.control("faults", {"item_body_contains": "Alice", "fault": fault, "times": None})
    item = {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Alice"}}
    assert desk.batch(item)[0]["Fault"]["Error"][0]["Detail"] == fault["detail"]
    assert desk.read_control("faults")[0]["hits"] == 1
    desk.control("faults", method="DELETE")
    assert "Customer" in desk.batch(item)[0]
    desk.control("faults", {"body_contains": "Bob", "action": "status", "status": 504, "carry_out": True})
    assert desk.call("POST", "customer", {"DisplayName": "Bob"}).status == 504
    assert desk.refused("Customer", {"DisplayName": "Bob"})["code"] == "6240"


@pytest.mark.parametrize("rule", [{"action": "explode"}, {"colour": "red"}, {"fault": {}}, {}])
def test_a_rule_without_sense_is_refused(desk: Desk, rule: dict[str, object]) -> None:
    answer = desk.send("POST", "/_sandbox/faults", rule)
    assert isinstance(answer, Response)
    assert answer.status == 400


def test_stats_count_reads_and_writes(desk: Desk) -> None:
    desk.control("stats", {"reset": True})
    desk.customer()
    desk.batch({"bId": "1", "Query": "SELECT * FROM Term"}, {"bId": "2", "Query": "SELECT * FROM Term"})
    desk.call("GET", "companyinfo/1")
    desk.tokens()
    stats = desk.read_control("stats")
    assert (stats["calls"], stats["reads"], stats["batches"], stats["creates"]) == (3, 3, 1, {"Customer": 1})


def test_the_controls_explain_themselves(desk: Desk) -> None:
    page = desk.send("GET", "/_sandbox/")
    assert isinstance(page, Response)
    for name in ("faults", "behaviour", "preferences", "throttle", "stats", "ledger", "edit", "deposit"):
        assert f"/_sandbox/{name}".encode() in page.body
    unknown = desk.send("GET", "/_sandbox/spaceship")
    assert isinstance(unknown, Response)
    assert unknown.status == 404


def test_pages_show_the_ledger_and_a_document(desk: Desk) -> None:
    customer = desk.customer("Zoé <script>")
    receipt = desk.post("SalesReceipt", desk.sale(customer, DocNumber="W-77", PrivateNote="Order 77"))
    ledger = desk.send("GET", "/")
    assert isinstance(ledger, Response)
    text = ledger.body.decode()
    assert "W-77" in text
    assert "Zoé &lt;script&gt;" in text
    assert "120.00 EUR" in text
    page = desk.send("GET", f"/documents/SalesReceipt/{receipt['Id']}")
    assert isinstance(page, Response)
    for words in ("Order 77", "20.0% S", "Undeposited Funds", "100.00 EUR"):
        assert words in page.body.decode()
    missing = desk.send("GET", "/documents/Invoice/9")
    assert isinstance(missing, Response)
    assert missing.status == 404


def test_encoded_consent_parameters_survive_the_form(desk: Desk) -> None:
    query = {
        "client_id": desk.company.client_id,
        "redirect_uri": "http://x/cb?a=1",
        "state": "a&b",
        "response_type": "code",
    }
    answer = desk.send("POST", "/connect/oauth2", b"answer=connect", query=query)
    assert isinstance(answer, Response)
    assert answer.headers["Location"] == "http://x/cb?a=1&" + urlencode({"error": "invalid_scope", "state": "a&b"})
