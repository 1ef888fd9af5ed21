"""The company's own pages: the ledger, one document, and the consent page. Plain HTML, one style sheet, no script."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from sandbox.company.accounts import balances, count_documents, documents, links_of, money, taxes_of
from sandbox.company.books import Books
from sandbox.company.oauth import OAuth
from sandbox.company.schema import TRANSACTIONS
from sandbox.http import Request, Response

_PER_PAGE = 100
_WORDS = {
    "Invoice": "Invoice",
    "SalesReceipt": "Sales receipt",
    "CreditMemo": "Credit memo",
    "RefundReceipt": "Refund receipt",
    "Payment": "Payment",
    "Purchase": "Expense",
    "Deposit": "Deposit",
}

_STYLE = """
:root { color-scheme: light; --ink: #1f2a33; --soft: #5b6b78; --line: #dfe5ea; --tint: #f4f7f9; --accent: #1c6e8c; }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; }
header { border-bottom: 1px solid var(--line); background: var(--tint); }
header div, main { max-width: 72rem; margin: 0 auto; padding: 1rem 1.5rem; }
header strong { font-size: 1.05rem; }
header span { color: var(--soft); margin-left: .75rem; }
h1 { font-size: 1.4rem; margin: .5rem 0 1rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
a { color: var(--accent); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.amount, th.amount { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.amount + td:not(.amount), th.amount + th:not(.amount) { padding-left: 1.25rem; }
tr.sum td { font-weight: 600; border-bottom: 2px solid var(--line); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
p.quiet { color: var(--soft); }
form { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { font: inherit; padding: .5rem 1.25rem; border: 1px solid var(--accent); border-radius: .4rem; cursor: pointer;
  background: #fff; color: var(--accent); }
button.main { background: var(--accent); color: #fff; }
"""


class Pages:
    """Answers a browser that looks at the books, or that is asked to connect an app."""

    def __init__(self, books: Books, oauth: OAuth) -> None:
        self._books = books
        self._oauth = oauth

    def answer(self, request: Request) -> Response:
        """The page at that address; 404 when there is none."""
        if request.path == "/style.css":
            return Response(200, _STYLE.encode(), "text/css; charset=utf-8")
        with self._books.storage.transaction():
            if request.path == "/connect/oauth2":
                return self._consent(request)
            if request.method == "GET" and request.path == "/":
                return self._ledger(request)
            if request.method == "GET" and request.path.startswith("/documents/"):
                found = self._document(request.path.removeprefix("/documents/").strip("/").split("/"))
                if found is not None:
                    return found
        return self._page(
            "Not found", "<h1>There is nothing here</h1><p><a href='/'>See the ledger</a></p>", status=404
        )

    def _page(self, title: str, body: str, *, status: int = 200) -> Response:
        company = escape(str(self._books.company_info["CompanyName"]))
        page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · {company}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="stylesheet" href="/style.css">'
            f"</head><body><header><div><strong>{company}</strong><span>Stand-in for QuickBooks Online, for tests and "
            f"demonstrations</span></div></header><main>{body}</main></body></html>"
        )
        return Response(status, page.encode(), "text/html; charset=utf-8", {"Cache-Control": "no-store"})

    def _ledger(self, request: Request) -> Response:
        number = request.query.get("page", "1")
        page = max(int(number), 1) if number.isdigit() else 1
        count = count_documents(self._books)
        shown = documents(self._books, limit=_PER_PAGE, offset=(page - 1) * _PER_PAGE)
        rows = "".join(self._row(kind, document) for kind, document in shown)
        table = (
            '<div class="wide"><table><thead><tr><th>Date</th><th>Document</th><th>Number</th><th>Customer</th>'
            '<th class="amount">Total</th><th class="amount">Tax</th><th class="amount">Balance</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
            if shown
            else '<p class="quiet">No document yet. What an app posts appears here at once.</p>'
        )
        turn = []
        if page > 1:
            turn.append(f'<a href="/?page={page - 1}">Newer</a>')
        if page * _PER_PAGE < count:
            turn.append(f'<a href="/?page={page + 1}">Older</a>')
        noun = "document" if count == 1 else "documents"
        body = f"<h1>Ledger: {count} {noun}</h1>{table}<p>{' · '.join(turn)}</p>{self._balances()}"
        return self._page("Ledger", body)

    def _row(self, kind: str, document: Mapping[str, Any]) -> str:
        currency = document["CurrencyRef"]["value"]
        address = f"/documents/{kind}/{document['Id']}"
        number = document.get("DocNumber") or document.get("PaymentRefNum") or ""
        tax = (document.get("TxnTaxDetail") or {}).get("TotalTax")
        balance = document.get("Balance", document.get("UnappliedAmt"))
        return (
            f"<tr><td>{escape(document['TxnDate'])}</td>"
            f'<td><a href="{address}">{_WORDS[kind]} {document["Id"]}</a></td>'
            f"<td>{escape(number)}</td><td>{escape((document.get('CustomerRef') or {}).get('name', ''))}</td>"
            f"{_amount(document['TotalAmt'], currency)}{_amount(tax, currency)}{_amount(balance, currency)}</tr>"
        )

    def _balances(self) -> str:
        home = self._books.home_currency
        accounts = [account for account in balances(self._books) if Decimal(account["balance"])]
        rows = "".join(
            f"<tr><td>{escape(account['Name'])}</td><td>{escape(account['AccountType'])}</td>"
            f"{_amount(max(Decimal(account['balance']), Decimal(0)) or None, home)}"
            f"{_amount(-min(Decimal(account['balance']), Decimal(0)) or None, home)}</tr>"
            for account in accounts
        )
        if not rows:
            return ""
        debits = sum((max(Decimal(account["balance"]), Decimal(0)) for account in accounts), Decimal(0))
        credits = -sum((min(Decimal(account["balance"]), Decimal(0)) for account in accounts), Decimal(0))
        return (
            '<h2>Account balances</h2><div class="wide"><table><thead><tr><th>Account</th><th>Type</th>'
            '<th class="amount">Debit</th><th class="amount">Credit</th></tr></thead>'
            f'<tbody>{rows}<tr class="sum"><td>Total</td><td></td>{_amount(debits, home)}{_amount(credits, home)}</tr>'
            "</tbody></table></div>"
        )

    def _document(self, parts: list[str]) -> Response | None:
        if len(parts) != 2 or parts[0] not in TRANSACTIONS:
            return None
        document = self._books.get(parts[0], parts[1])
        if document is None:
            return None
        kind, currency = parts[0], str(document["CurrencyRef"]["value"])
        heading = f"{_WORDS[kind]} {document.get('DocNumber') or document['Id']}"
        facts = {
            "Customer": (document.get("CustomerRef") or {}).get("name"),
            "Date": document["TxnDate"],
            "Due": document.get("DueDate"),
            "Payment method": (document.get("PaymentMethodRef") or {}).get("name"),
            "Account": (document.get("DepositToAccountRef") or document.get("AccountRef") or {}).get("name"),
            "Reference": document.get("PaymentRefNum"),
            "Location": (document.get("DepartmentRef") or {}).get("name"),
            "Total": f"{money(document['TotalAmt'])} {currency}",
            "Balance": f"{money(document.get('Balance', document.get('UnappliedAmt')) or 0)} {currency}",
            "Message": (document.get("CustomerMemo") or {}).get("value"),
            "Private note": document.get("PrivateNote"),
            "Id and version": f"{document['Id']}, {document['SyncToken']}",
        }
        listed = "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items() if value)
        parts_shown = [
            f'<p><a href="/">Ledger</a></p><h1>{escape(heading)}</h1><dl>{listed}</dl>',
            self._lines(document, currency),
            self._taxes(document, currency),
            self._links(document),
        ]
        return self._page(heading, "".join(parts_shown))

    def _lines(self, document: Mapping[str, Any], currency: str) -> str:
        rows = []
        for line in document.get("Line") or []:
            detail = line.get("SalesItemLineDetail")
            account = (line.get("AccountBasedExpenseLineDetail") or {}).get("AccountRef") or {}
            if line.get("DetailType") == "SubTotalLineDetail":
                rows.append(f'<tr class="sum"><td colspan="5">Subtotal</td>{_amount(line["Amount"], currency)}</tr>')
                continue
            if line.get("LinkedTxn"):
                continue
            other = account.get("name") or ("Discount" if "Amount" in line else "")
            name = detail["ItemRef"].get("name", "") if detail else other
            code = self._books.get("TaxCode", str(((detail or {}).get("TaxCodeRef") or {}).get("value", ""))) or {}
            rows.append(
                f"<tr><td>{escape(str(name))}</td><td>{escape(str(line.get('Description', '')))}</td>"
                f'<td class="amount">{_plain((detail or {}).get("Qty"))}</td>'
                f'<td class="amount">{_plain((detail or {}).get("UnitPrice"))}</td>'
                f"<td>{escape(str(code.get('Name', '')))}</td>{_amount(line.get('Amount'), currency)}</tr>"
            )
        if not rows:
            return ""
        return (
            '<h2>Lines</h2><div class="wide"><table><thead><tr><th>Item</th><th>Description</th>'
            '<th class="amount">Quantity</th><th class="amount">Price</th><th>Tax code</th>'
            '<th class="amount">Amount</th>'
            f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )

    def _taxes(self, document: Mapping[str, Any], currency: str) -> str:
        rows = "".join(
            f'<tr><td>{escape(tax["name"])}</td><td class="amount">{tax["percent"]} %</td>'
            f"{_amount(tax['net'], currency)}{_amount(tax['tax'], currency)}</tr>"
            for tax in taxes_of(self._books, document)
        )
        if not rows:
            return ""
        return (
            '<h2>Taxes</h2><div class="wide"><table><thead><tr><th>Rate</th><th class="amount">Percent</th>'
            f'<th class="amount">On</th><th class="amount">Tax</th></tr></thead><tbody>{rows}</tbody></table></div>'
        )

    def _links(self, document: Mapping[str, Any]) -> str:
        rows = []
        for link in links_of(document):
            kind, ident = str(link["TxnType"]), escape(str(link["TxnId"]))
            name = f"{_WORDS.get(kind, kind)} {ident}"
            shown = f'<a href="/documents/{kind}/{ident}">{name}</a>' if kind in TRANSACTIONS else name
            rows.append(f"<li>{shown}{' · ' + link['Amount'] if 'Amount' in link else ''}</li>")
        return f"<h2>Linked with</h2><ul>{''.join(rows)}</ul>" if rows else ""

    def _consent(self, request: Request) -> Response:
        """Ask whether an app may use the books, and send the browser back with the answer."""
        try:
            if request.method == "POST":
                form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
                target = self._oauth.consent(request.query, allow=form.get("answer") == "connect")
                return Response(302, b"", headers={"Location": target, "Cache-Control": "no-store"})
            self._oauth.check_app(request.query)
        except ValueError as error:
            return self._page("Connection refused", f"<h1>{escape(str(error))}</h1>", status=400)
        company = escape(str(self._books.company_info["CompanyName"]))
        body = (
            f"<h1>Connect an app to {company}?</h1>"
            f"<p>The app will be able to read and change the books of {company}.</p>"
            f'<form method="post" action="/connect/oauth2?{escape(request.raw_query)}">'
            '<button class="main" name="answer" value="connect">Connect</button>'
            '<button name="answer" value="cancel">Cancel</button></form>'
        )
        return self._page("Connect", body)


def _amount(amount: Any, currency: str) -> str:
    shown = "" if amount in (None, "") else f"{Decimal(money(amount)):,.2f} {escape(currency)}"
    return f'<td class="amount">{shown}</td>'


def _plain(number: Any) -> str:
    return "" if number is None else f"{Decimal(number).normalize():f}"
