"""The stand-in's own controls, under /_sandbox/ on the company's port. JSON in, JSON out, no authorization.

GET  /_sandbox/              this text
GET  /_sandbox/faults        the fault rules; POST adds one, DELETE forgets all:
     {"method"?, "path_contains"?, "body_contains"?, "skip": 0, "times": 1 | null, "action": "status" | "html" |
      "hang_up_before" | "hang_up_after" | "delay", "status"?, "body"?, "headers"?, "seconds"?, "carry_out"?}
     or for one item of a batch: {"item_body_contains": "...", "fault": {"code", "message"?, "detail"?, "element"?}}
GET  /_sandbox/behaviour     undocumented habits; POST changes some:
     {"overrides": "keep" | "tolerance" | "ignore" | "refuse", "override_tolerance": "0.05", "ignored_below": "0",
      "rounding": "per_rate" | "per_line", "three_decimals": "round" | "keep", "duplicate_numbers": "refuse" | "accept",
      "number_family": "type" | "all", "inactive_items": "610" | "6000", "keep_request_ids": true,
      "repeats": "replay" | "600", "old_refresh_token_seconds": 86400}
GET  /_sandbox/preferences   the Preferences object; POST changes some: any property by its own name
     ({"CustomTxnNumbers": false, "BookCloseDate": "2026-01-31"}), or custom_transaction_numbers, discounts, shipping,
     deposits, classes, locations, multicurrency, inventory, book_close_date, auto_apply_credit, sales_tax,
     automated_sales_tax; subscription_status ("EXPIRED" gives 6190); company {CompanyInfo properties};
     currencies {"USD": "0.92"} (switches several currencies on, with rates in home units)
POST /_sandbox/disconnect    as a user does in QuickBooks: 3100 from now on; /_sandbox/reconnect ends it
POST /_sandbox/expire_access_tokens   every access token is expired: 401 until the next refresh
POST /_sandbox/revoke        every token is dead: 401, and invalid_grant at the next refresh
GET  /_sandbox/connection    the keys and a refresh token that is valid now
GET  /_sandbox/throttle      the limits; POST {"per_minute": 500, "per_second": 10, "batches_per_minute": 40,
     "concurrent": 10, "retry_after"?, "monthly_reads"?: reads left before all reads are blocked} or {"off": true}
POST /_sandbox/latency       {"milliseconds": 120}: how long every API and token call takes at least
GET  /_sandbox/stats         what was asked; POST {"reset": true} starts again
GET  /_sandbox/ledger        all documents, account balances (debits less credits), stock; amounts are texts
POST /_sandbox/edit          a human's change: {"type", "id", "change": {...}}, {"type", "id", "delete": true},
     {"type", "id", "void": true}, {"type", "create": {...}}; the newest SyncToken is used
POST /_sandbox/keyed         a document that a person or another connector made: {"type": "Invoice" | "SalesReceipt" |
     "CreditMemo" | "RefundReceipt", "total", "percent"?: of its tax code, "customer"?: name, "number"?, "note"?,
     "date"?, "account"?: name, "paid"?: true}, or {"many": [...]} of those
POST /_sandbox/deposit       {"type": "SalesReceipt" | "Payment", "id", "account"?: id}: puts the money in the bank
     (6540 from then on); {"type", "id", "undo": true} takes it out again
GET  /_sandbox/webhooks      POST {"url", "format": "cloudevents" | "legacy", "seconds"}: signed deliveries of changes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.company.accounts import ledger
from sandbox.company.keyed import key_in
from sandbox.company.names import save_name
from sandbox.company.refusals import Refusal
from sandbox.company.storage import MINOR
from sandbox.company.values import dumps, half_up, loads
from sandbox.http import Request, Response

if TYPE_CHECKING:
    from sandbox.company.app import Company

_PLAIN_NAMES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "custom_transaction_numbers": (("SalesFormsPrefs", "CustomTxnNumbers"),),
    "discounts": (("SalesFormsPrefs", "AllowDiscount"),),
    "shipping": (("SalesFormsPrefs", "AllowShipping"),),
    "deposits": (("SalesFormsPrefs", "AllowDeposit"),),
    "classes": (("AccountingInfoPrefs", "ClassTrackingPerTxn"), ("AccountingInfoPrefs", "ClassTrackingPerTxnLine")),
    "locations": (("AccountingInfoPrefs", "TrackDepartments"),),
    "multicurrency": (("CurrencyPrefs", "MultiCurrencyEnabled"),),
    "inventory": (("ProductAndServicesPrefs", "QuantityOnHand"),),
    "book_close_date": (("AccountingInfoPrefs", "BookCloseDate"),),
    "BookCloseDate": (("AccountingInfoPrefs", "BookCloseDate"),),
    "auto_apply_credit": (("SalesFormsPrefs", "AutoApplyCredit"),),
    "sales_tax": (("TaxPrefs", "UsingSalesTax"),),
    "automated_sales_tax": (("TaxPrefs", "PartnerTaxEnabled"),),
}


class Control:
    """Carries out what tests, the demo and benchmarks ask of the stand-in itself."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._books = company.books
        self._storage = company.storage
        self._getters: dict[str, Callable[[], Any]] = {
            "faults": company.faults.described,
            "behaviour": lambda: self._books.behaviour.described(),
            "preferences": lambda: self._books.preferences,
            "throttle": company.throttle.described,
            "stats": company.stats.described,
            "ledger": lambda: ledger(self._books),
            "webhooks": company.webhooks.described,
            "connection": self._connection,
        }
        self._setters: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "faults": lambda body: company.faults.add(body).described(),
            "behaviour": self._change_behaviour,
            "preferences": self._change_preferences,
            "throttle": self._change_throttle,
            "stats": self._reset_stats,
            "edit": self._edit,
            "keyed": self._key_in,
            "deposit": self._deposit,
            "stock": self._count_stock,
            "webhooks": self._change_webhooks,
            "latency": self._change_latency,
            "disconnect": lambda _body: company.oauth.disconnect(),
            "reconnect": lambda _body: {"refresh_token": company.oauth.new_grant()},
            "expire_access_tokens": lambda _body: company.oauth.expire_access_tokens(),
            "revoke": lambda _body: company.oauth.revoke_all(),
        }

    def handle(self, request: Request) -> Response:
        """Answer one control request; 400 with `{"error": sentence}` when it makes no sense."""
        name = request.path.removeprefix("/_sandbox").strip("/")
        if not name:
            return Response(200, (__doc__ or "").encode(), "text/plain; charset=utf-8")
        try:
            body = loads(request.body) if request.body else {}
            if not isinstance(body, dict):
                return _error(400, "The body must be a JSON object.")
            with self._storage.transaction():
                if request.method == "DELETE" and name == "faults":
                    self._company.faults.clear()
                    return _answer([])
                known = self._getters if request.method == "GET" else self._setters
                if name not in known:
                    return _error(404, f"There is no control {name!r}; see GET /_sandbox/.")
                if request.method == "GET":
                    return _answer(self._getters[name]())
                return _answer(self._setters[name](body))
        except Refusal as refusal:
            return Response(400, refusal.body())
        except (ValueError, KeyError, LookupError) as error:
            return _error(400, str(error))

    def _connection(self) -> dict[str, Any]:
        company = self._company
        return {
            "client_id": company.client_id,
            "client_secret": company.client_secret,
            "realm_id": company.realm_id,
            "refresh_token": company.oauth.current_refresh_token(),
            "webhook_verifier_token": company.webhook_verifier_token,
        }

    def _change_behaviour(self, body: Mapping[str, Any]) -> Any:
        self._books.change_behaviour(body)
        return self._books.behaviour.described()

    def _change_throttle(self, body: Mapping[str, Any]) -> Any:
        self._company.throttle.change(body)
        return self._company.throttle.described()

    def _change_webhooks(self, body: Mapping[str, Any]) -> Any:
        self._company.webhooks.change(body)
        return self._company.webhooks.described()

    def _change_latency(self, body: Mapping[str, Any]) -> Any:
        self._company.latency_ms = int(body["milliseconds"])
        return {"milliseconds": self._company.latency_ms}

    def _reset_stats(self, body: Mapping[str, Any]) -> Any:
        if body.get("reset"):
            self._company.stats.reset()
        return self._company.stats.described()

    def _change_preferences(self, body: Mapping[str, Any]) -> Any:
        changed = {
            name: dict(value) if isinstance(value, dict) else value for name, value in self._books.preferences.items()
        }
        for name, value in body.items():
            if name == "subscription_status":
                self._change_company({"NameValue": self._pairs_with("SubscriptionStatus", str(value))})
            elif name == "company":
                self._change_company(value)
            elif name == "currencies":
                changed["CurrencyPrefs"]["MultiCurrencyEnabled"] = True
            elif isinstance(changed.get(name), dict):
                changed[name].update(value)
            else:
                for section, key in self._places_of(name, changed):
                    if value is None:
                        changed[section].pop(key, None)
                    else:
                        changed[section][key] = value
        self._books.save("Preferences", changed, self._books.preferences)
        for code, rate in (body.get("currencies") or {}).items():
            self._storage.set_meta(f"rate:{code}", str(Decimal(str(rate))))
            if not self._storage.row(
                "SELECT 1 FROM object WHERE type = 'CompanyCurrency' AND name = ?", (code.casefold(),)
            ):
                save_name(self._books, "CompanyCurrency", {"Code": code}, None)
        return self._books.preferences

    def _places_of(self, name: str, preferences: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        if name in _PLAIN_NAMES:
            return _PLAIN_NAMES[name]
        for section, values in preferences.items():
            if isinstance(values, dict) and name in values:
                return ((section, name),)
        raise ValueError(f"There is no preference {name!r}; see GET /_sandbox/ and GET /_sandbox/preferences.")

    def _pairs_with(self, name: str, value: str) -> list[dict[str, str]]:
        pairs = [pair for pair in self._books.company_info["NameValue"] if pair["Name"] != name]
        return [*pairs, {"Name": name, "Value": value}]

    def _change_company(self, wanted: Mapping[str, Any]) -> None:
        old = self._books.company_info
        self._books.save("CompanyInfo", {**old, **wanted}, old)

    def _edit(self, body: Mapping[str, Any]) -> Any:
        kind = str(body["type"])
        perform = self._company.api.perform
        if "create" in body:
            return loads(perform("create", kind, body["create"], include="allowduplicatedocnum"))
        current = self._books.get(kind, str(body["id"]))
        if current is None:
            raise LookupError(f"There is no {kind} {body['id']}.")
        identity = {"Id": current["Id"], "SyncToken": current["SyncToken"]}
        operation = "delete" if body.get("delete") else "void" if body.get("void") else "update"
        change = {"sparse": True, **body["change"]} if operation == "update" else {}
        return loads(perform(operation, kind, {**identity, **change}, include="allowduplicatedocnum"))

    def _key_in(self, body: Mapping[str, Any]) -> Any:
        if "many" in body:
            return [key_in(self._company, one) for one in body["many"]]
        return key_in(self._company, body)

    def _count_stock(self, body: Mapping[str, Any]) -> Any:
        """A person counts an inventory item; that is an adjustment, so its token stays and its time moves."""
        item = self._books.get("Item", str(body["id"]))
        if item is None or item["Type"] != "Inventory":
            raise LookupError(f"There is no inventory item {body['id']}.")
        self._books.touch("Item", {**item, "QtyOnHand": Decimal(str(body["quantity"]))}, token=False)
        return {"id": item["Id"], "quantity": str(body["quantity"])}

    def _deposit(self, body: Mapping[str, Any]) -> Any:
        """Move the money of a sales receipt or a payment from its account to the bank, or back."""
        books = self._books
        kind = str(body["type"])
        document = books.get(kind, str(body["id"]))
        if kind not in ("SalesReceipt", "Payment") or document is None:
            raise LookupError("Only an existing SalesReceipt or Payment can be deposited.")
        links = [link for link in document.get("LinkedTxn") or [] if link["TxnType"] != "Deposit"]
        if body.get("undo"):
            for link in document.get("LinkedTxn") or []:
                if link["TxnType"] == "Deposit":
                    books.remove("Deposit", {"Id": link["TxnId"]})
        else:
            bank = str(body.get("account") or books.account_of_type("Bank")["Id"])
            amount = int(half_up(Decimal(document.get("HomeTotalAmt") or document["TotalAmt"])) * MINOR)
            source = str(document["DepositToAccountRef"]["value"])
            postings = {bank: amount, source: -amount} if bank != source else {}
            value = {"TxnDate": document["TxnDate"], "TotalAmt": document["TotalAmt"]}
            deposit = books.save("Deposit", value, postings=postings)
            links.append({"TxnId": deposit["Id"], "TxnType": "Deposit"})
        changed = {**document, "LinkedTxn": links}
        books.touch(kind, changed)
        return changed


def _answer(value: Any) -> Response:
    return Response(200, dumps({"done": True} if value is None else value).encode())


def _error(status: int, sentence: str) -> Response:
    return Response(status, dumps({"error": sentence}).encode())
