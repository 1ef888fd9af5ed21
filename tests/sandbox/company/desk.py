"""A client that speaks to a stand-in company without a network, for tests of its behaviour."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from sandbox.company.app import Company
from sandbox.http import HangUp, Request, Response

BASE_URL = "http://127.0.0.1:8201"


class Desk:
    """Calls a company with a valid access token. `post` and `get` expect success, `refused` a fault."""

    def __init__(self, company: Company) -> None:
        self.company = company
        company.throttle.change({"off": True})
        self.token = self.tokens()["access_token"]

    # Calls

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response | HangUp:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body, default=str).encode()
        return self.company.handle(Request(method, path, urlencode(query or {}), dict(headers or {}), raw, BASE_URL))

    def call(
        self, method: str, resource: str, body: Any = None, *, accept: str = "application/json", **query: str
    ) -> Response:
        headers = {
            "authorization": f"Bearer {self.token}",
            "accept": accept,
            "content-type": "application/json" if resource != "query" else "application/text",
        }
        raw = body.encode() if isinstance(body, str) else body
        path = f"/v3/company/{self.company.realm_id}/{resource}"
        answer = self.send(method, path, raw, query=query, headers=headers)
        assert isinstance(answer, Response), "the company hung up"
        return answer

    def post(self, kind: str, body: Mapping[str, Any], **query: str) -> dict[str, Any]:
        """The object in the answer of a create, update, delete or void."""
        answer = self.call("POST", kind.lower(), body, **query)
        assert answer.status == 200, answer.body.decode()
        return parsed(answer)[kind]

    def refused(self, kind: str, body: Mapping[str, Any], **query: str) -> dict[str, Any]:
        """The first error of a refused write."""
        return error_of(self.call("POST", kind.lower(), body, **query))

    def get(self, kind: str, ident: str) -> dict[str, Any]:
        answer = self.call("GET", f"{kind.lower()}/{ident}")
        assert answer.status == 200, answer.body.decode()
        return parsed(answer)[kind]

    def query(self, statement: str) -> dict[str, Any]:
        answer = self.call("POST", "query", statement)
        assert answer.status == 200, answer.body.decode()
        return parsed(answer)["QueryResponse"]

    def batch(self, *items: Mapping[str, Any], **query: str) -> list[dict[str, Any]]:
        answer = self.call("POST", "batch", {"BatchItemRequest": list(items)}, **query)
        assert answer.status == 200, answer.body.decode()
        return parsed(answer)["BatchItemResponse"]

    def control(self, name: str, body: Mapping[str, Any] | None = None, *, method: str = "POST") -> Any:
        answer = self.send(method, f"/_sandbox/{name}", body or {})
        assert isinstance(answer, Response)
        assert answer.status == 200, answer.body.decode()
        return parsed(answer)

    def read_control(self, name: str) -> Any:
        return self.control(name, method="GET")

    # Tokens

    def token_call(self, form: Mapping[str, str], *, secret: str | None = None) -> Response:
        keys = f"{self.company.client_id}:{secret or self.company.client_secret}"
        headers = {"authorization": "Basic " + base64.b64encode(keys.encode()).decode()}
        answer = self.send("POST", "/oauth2/v1/tokens/bearer", urlencode(form).encode(), headers=headers)
        assert isinstance(answer, Response)
        return answer

    def tokens(self, refresh_token: str | None = None) -> dict[str, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token or self.company.refresh_token}
        answer = self.token_call(form)
        assert answer.status == 200, answer.body.decode()
        return parsed(answer)

    # Things to write about

    def named(self, kind: str, name: str) -> str:
        """The Id of the list object of that name."""
        found = self.query(f"SELECT * FROM {kind} WHERE Name = '{name}'")
        return found[kind][0]["Id"]

    def code(self, name: str) -> str:
        return self.named("TaxCode", name)

    def rate_of(self, code: str) -> str:
        """The Id of a tax code's (only) rate."""
        found = self.query(f"SELECT * FROM TaxCode WHERE Name = '{code}'")["TaxCode"][0]
        return found["SalesTaxRateList"]["TaxRateDetail"][0]["TaxRateRef"]["value"]

    def customer(self, name: str = "Alice Martin", **more: Any) -> str:
        return self.post("Customer", {"DisplayName": name, **more})["Id"]

    def line(
        self, amount: Any, code: str | None = "20.0% S", *, item: str = "Online sale", **detail: Any
    ) -> dict[str, Any]:
        body: dict[str, Any] = {"ItemRef": {"value": self.named("Item", item)}, **detail}
        if code is not None:
            body["TaxCodeRef"] = {"value": code if code in ("TAX", "NON") else self.code(code)}
        return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": body}

    def sale(self, customer: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The body of a document with these lines, or one of 100.00 at 20 %."""
        return {
            "CustomerRef": {"value": customer},
            "GlobalTaxCalculation": "TaxExcluded",
            "TxnDate": "2026-03-05",
            "Line": list(lines) or [self.line(100)],
            **more,
        }

    def ledger(self) -> dict[str, Any]:
        return self.read_control("ledger")

    def balance(self, account: str) -> Decimal:
        """An account's debits less credits."""
        found = next(one for one in self.ledger()["accounts"] if one["Name"] == account)
        return Decimal(found["balance"])


def parsed(answer: Response) -> Any:
    return json.loads(answer.body, parse_float=Decimal)


def error_of(answer: Response) -> dict[str, Any]:
    """The first error of a fault, whichever shape it has."""
    body = parsed(answer)
    assert answer.status != 200, body
    fault = body.get("Fault") or {"Error": body["fault"]["error"]}
    return fault["Error"][0]
