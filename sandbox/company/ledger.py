"""Double entry: which accounts a document moves, and by how much of the home currency.

Movements are whole numbers of 1/100,000 of the home currency (`storage.MINOR`); debits are positive, and the movements
of every document add up to zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.company.books import Books
from sandbox.company.storage import MINOR
from sandbox.company.tax import RateTax
from sandbox.company.values import half_up

if TYPE_CHECKING:
    from sandbox.company.lines import Lines

_GIVES = frozenset({"Invoice", "SalesReceipt"})
"""Documents that sell; the other two take back."""


class Movements:
    """Collects movements; whatever is left over goes to the balancing account."""

    def __init__(self, rate: Decimal = Decimal(1)) -> None:
        self._rate = rate
        self.amounts: dict[str, int] = {}

    def debit(self, account: str, amount: Decimal) -> None:
        """`amount` in the document's currency; negative for a credit."""
        self.debit_home(account, half_up(amount * self._rate))

    def debit_home(self, account: str, amount: Decimal) -> None:
        self.amounts[account] = self.amounts.get(account, 0) + int(amount * MINOR)

    def balanced(self, account: str) -> dict[str, int]:
        """All movements, with the opposite of their sum on `account`."""
        rest = sum(self.amounts.values())
        self.amounts[account] = self.amounts.get(account, 0) - rest
        return {name: amount for name, amount in self.amounts.items() if amount}


def sale_postings(
    books: Books, kind: str, document: Mapping[str, Any], lines: Lines, taxes: Sequence[RateTax], rate: Decimal
) -> dict[str, int]:
    """A sale credits income per item account and tax per agency, and debits receivables or the deposit account."""
    sign = 1 if kind in _GIVES else -1
    movements = Movements(rate)
    for line in lines.sale_lines:
        ref = line.item.get("IncomeAccountRef")
        account = ref["value"] if ref else str(books.account_of_type("Income")["Id"])
        movements.debit(account, -sign * line.net)
    if lines.discount:
        movements.debit(lines.discount_account, sign * lines.discount)
    for tax in taxes:
        movements.debit(liability_account(books, tax.rate), -sign * tax.amount)
    _cost_of_goods(movements, lines, sign)
    if kind in ("Invoice", "CreditMemo"):
        deposit = Decimal(document.get("Deposit") or 0) if kind == "Invoice" else Decimal(0)
        if deposit:
            movements.debit(str(books.account_of_type("Other Current Asset", "UndepositedFunds")["Id"]), deposit)
        return movements.balanced(receivables(books))
    return movements.balanced(str(document["DepositToAccountRef"]["value"]))


def _cost_of_goods(movements: Movements, lines: Lines, sign: int) -> None:
    for line in lines.sale_lines:
        item = line.item
        if item["Type"] == "Inventory" and item.get("PurchaseCost"):
            cost = half_up(Decimal(item["PurchaseCost"]) * _pieces(item))
            movements.debit_home(item["ExpenseAccountRef"]["value"], sign * cost)
            movements.debit_home(item["AssetAccountRef"]["value"], -sign * cost)


def _pieces(detail: Mapping[str, Any]) -> Decimal:
    """How many pieces a line moves; one when it names no quantity."""
    return Decimal(1) if detail.get("Qty") is None else Decimal(detail["Qty"])


def receivables(books: Books) -> str:
    return str(books.account_of_type("Accounts Receivable")["Id"])


def liability_account(books: Books, rate: str) -> str:
    """The account a tax rate's agency is owed on."""
    found = books.get("TaxRate", rate)
    agency = str(((found or {}).get("AgencyRef") or {}).get("value", ""))
    kept = books.storage.meta(f"agency_account:{agency}")
    return kept or str(books.account_of_type("Other Current Liability")["Id"])


def payment_postings(books: Books, document: Mapping[str, Any], rate: Decimal) -> dict[str, int]:
    """A payment debits its deposit account and credits receivables, applied or not."""
    movements = Movements(rate)
    if document["TotalAmt"]:
        movements.debit(str(document["DepositToAccountRef"]["value"]), document["TotalAmt"])
    return movements.balanced(receivables(books))


def stock_taken(books: Books, kind: str, document: Mapping[str, Any]) -> dict[str, Decimal]:
    """The stock a stored document takes out, per inventory item; negative when goods come back."""
    sign = 1 if kind in _GIVES else -1
    found: dict[str, Decimal] = {}
    for line in document["Line"]:
        detail = line.get("SalesItemLineDetail")
        item = books.get("Item", str(detail["ItemRef"]["value"])) if detail else None
        if detail and item is not None and item["Type"] == "Inventory":
            ident = str(item["Id"])
            found[ident] = found.get(ident, Decimal(0)) + sign * _pieces(detail)
    return found


def move_stock(books: Books, taken: Mapping[str, Decimal]) -> None:
    """Lower the quantity on hand of each item by what was taken."""
    for ident, quantity in taken.items():
        item = books.get("Item", ident)
        if item is not None and quantity and item["Type"] == "Inventory":
            left = Decimal(item.get("QtyOnHand") or 0) - quantity
            books.touch("Item", {**item, "QtyOnHand": left}, token=False)


def difference(after: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What is taken out now and was not before, per item."""
    names: Iterable[str] = {**before, **after}
    return {name: after.get(name, Decimal(0)) - before.get(name, Decimal(0)) for name in names}
