"""Queries answered: which properties can be asked for, and a statement as SQL (QBO reference, Query language)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.company.books import Books
from sandbox.company.refusals import query_validation
from sandbox.company.schema import ENTITIES, SALES, TRANSACTIONS
from sandbox.company.statement import CURRENT_DATE, Condition, Statement, parse
from sandbox.company.values import decimal_of, dumps, loads, parse_time

_TIMES = {"metadata.createtime": "created", "metadata.lastupdatedtime": "updated"}

_LIST_FIELDS = "Id Name Active FullyQualifiedName MetaData.CreateTime MetaData.LastUpdatedTime"
_TXN_FIELDS = "Id TxnDate CustomerRef TotalAmt MetaData.CreateTime MetaData.LastUpdatedTime"
_PERSON_FIELDS = (
    "Id DisplayName GivenName MiddleName FamilyName CompanyName PrintOnCheckName FullyQualifiedName Active Balance "
    "PrimaryEmailAddr PrimaryPhone Job ParentRef MetaData.CreateTime MetaData.LastUpdatedTime"
)

FILTERABLE: Mapping[str, tuple[str, ...]] = {
    kind: tuple(names.split())
    for kind, names in {
        "Customer": _PERSON_FIELDS,
        "Vendor": _PERSON_FIELDS,
        "Employee": _PERSON_FIELDS,
        "Item": f"{_LIST_FIELDS} Sku Type SubItem Taxable UnitPrice PurchaseCost ParentRef",
        "Invoice": f"{_TXN_FIELDS} DocNumber DueDate SalesTermRef Balance ProjectRef",
        "SalesReceipt": f"{_TXN_FIELDS} DocNumber Balance",
        "CreditMemo": f"{_TXN_FIELDS} DocNumber SalesTermRef Balance",
        "RefundReceipt": f"{_TXN_FIELDS} DocNumber Balance PaymentType",
        "Purchase": "Id TxnDate TotalAmt DocNumber PaymentType MetaData.CreateTime MetaData.LastUpdatedTime",
        "Payment": f"{_TXN_FIELDS} PaymentMethodRef PaymentRefNum",
        "Account": f"{_LIST_FIELDS} AccountType AccountSubType Classification AcctNum SubAccount ParentRef",
        "Class": _LIST_FIELDS,
        "Department": _LIST_FIELDS,
        "TaxCode": "Id Name Description Active",
        "TaxRate": "Id Name Description Active AgencyRef TaxReturnLineRef",
        "TaxAgency": "Id DisplayName",
        "PaymentMethod": "Id Name Active MetaData.CreateTime MetaData.LastUpdatedTime",
        "Term": "Id Name Active MetaData.CreateTime MetaData.LastUpdatedTime",
        "CompanyCurrency": "Id Code Name Active MetaData.CreateTime MetaData.LastUpdatedTime",
        "CompanyInfo": "Id MetaData.CreateTime MetaData.LastUpdatedTime",
        "Preferences": "MetaData.CreateTime MetaData.LastUpdatedTime",
    }.items()
}

_COLUMNS = {
    "DocNumber": "number",
    "Sku": "number",
    "CustomerRef": "customer",
    "TxnDate": "txn_date",
    "TotalAmt": "total",
    "Balance": "balance",
    "PrimaryEmailAddr": "email",
    "DisplayName": "name",
}
_NUMBERS = frozenset({"TotalAmt", "Balance", "UnitPrice", "PurchaseCost"})
_FLAGS = frozenset({"Active", "Job", "SubItem", "SubAccount", "Taxable"})
_INNER = {"PrimaryPhone": "PrimaryPhone.FreeFormNumber"}
_NO_INACTIVE = frozenset({*TRANSACTIONS, "CompanyInfo", "Preferences", "TaxAgency"})


def run(books: Books, text: str) -> tuple[str, int]:
    """The `QueryResponse` of a statement as JSON text, and the number of rows in it. Raises Refusal."""
    statement = parse(text, FILTERABLE)
    where = ["type = ?", "deleted = 0"]
    parameters: list[Any] = [statement.entity]
    for condition in statement.conditions:
        sql, values = _sql_condition(books, statement.entity, condition)
        where.append(sql)
        parameters.extend(values)
    asks_active = any(condition.name.lower() == "active" for condition in statement.conditions)
    if not asks_active and statement.entity not in _NO_INACTIVE:
        where.append("active = 1")
    filters = " AND ".join(where)
    if statement.count:
        row = books.storage.row(f"SELECT COUNT(*) FROM object WHERE {filters}", tuple(parameters))
        return dumps({"totalCount": row[0] if row else 0}), 0
    order = [
        f"{_expression(statement.entity, name, 'order')} {'DESC' if down else 'ASC'}" for name, down in statement.order
    ]
    order.append(_usual_order(statement.entity))
    rows = books.storage.rows(
        f"SELECT id, json FROM object WHERE {filters} ORDER BY {', '.join(order)} LIMIT ? OFFSET ?",
        (*parameters, statement.limit, statement.start - 1),
    )
    if not rows:
        return "{}", 0
    shown = [_shown(books, statement, str(ident), str(json)) for ident, json in rows]
    listed = ",".join(shown)
    return (
        f'{{"{statement.entity}":[{listed}],"startPosition":{statement.start},"maxResults":{len(rows)}}}',
        len(rows),
    )


def _usual_order(entity: str) -> str:
    """Unasked, documents come newest first and names in alphabetical order: nobody should rely on it."""
    return "length(id) DESC, id DESC" if entity in TRANSACTIONS else "name, length(id), id"


def _property(entity: str, name: str) -> str:
    for known in FILTERABLE[entity]:
        if known.lower() == name.lower():
            return known
    if name.lower() in ("departmentref", "classref", "depositaccountref", "privatenote", "line") and entity in SALES:
        raise query_validation(f"property '{name}' is not queryable")
    raise query_validation(f"Property {name} not found for Entity {entity}")


def _expression(entity: str, name: str, use: str) -> str:
    known = _property(entity, name)
    if known == "Id":
        return "CAST(id AS INTEGER)" if use == "order" else "id"
    if known.lower() in _TIMES:
        return _TIMES[known.lower()]
    if known == "Active":
        return "active"
    if known == "Name" and entity != "CompanyCurrency":
        return "name"
    if known in _COLUMNS and not (known == "DisplayName" and entity == "TaxAgency"):
        return _COLUMNS[known]
    path = f"{known}.value" if known.endswith("Ref") else _INNER.get(known, known)
    value = f"json_extract(json, '$.{path}')"
    return value if known in _NUMBERS or known in _FLAGS else f"fold({value})"


def _sql_condition(books: Books, entity: str, condition: Condition) -> tuple[str, list[Any]]:
    known = _property(entity, condition.name)
    expression = _expression(entity, condition.name, "filter")
    if known == "Id" and condition.operator not in ("=", "IN"):
        raise query_validation("Id can be compared with = and IN only")
    if condition.operator == "LIKE":
        pattern = str(condition.values[0]).casefold().replace("^", "^^").replace("_", "^_")
        return f"{expression} LIKE ? ESCAPE '^'", [pattern]
    values = [_comparable(books, known, value) for value in condition.values]
    if condition.operator == "IN":
        return f"{expression} IN ({','.join('?' * len(values))})", values
    if values[0] == " ":
        return f"COALESCE({expression}, '') {condition.operator} ''", []
    return f"{expression} {condition.operator} ?", values


def _comparable(books: Books, known: str, value: Any) -> Any:
    if value is CURRENT_DATE:
        value = books.today
    if isinstance(value, bool) or known in _FLAGS:
        if not isinstance(value, bool) or known not in _FLAGS:
            raise query_validation(f"value {value} is of the wrong type for property {known}")
        return int(value)
    if known.lower() in _TIMES:
        moment = parse_time(str(value))
        if moment is None:
            raise query_validation(f"value {value} is no date-time for property {known}")
        return moment
    if known in _NUMBERS:
        try:
            return float(decimal_of(value))
        except ValueError as error:
            raise query_validation(f"value {value} is no number for property {known}") from error
    return str(value).casefold() if known != "Id" else str(value)


def _shown(books: Books, statement: Statement, ident: str, json: str) -> str:
    """An object as a query shows it: `*` leaves an item's Sku out unless it is named (QBO reference, trap 11)."""
    named = {name.lower() for name in statement.projection}
    if statement.entity not in ("Item", "Account") and statement.everything:
        return json
    value: dict[str, Any] = loads(json)
    if statement.entity == "Account":
        value["CurrentBalance"] = shown_balance(books, value)
        value["CurrentBalanceWithSubAccounts"] = value["CurrentBalance"]
    if statement.everything:
        if "sku" not in named:
            value.pop("Sku", None)
        return dumps(value)
    for name in statement.projection:
        if (
            "." not in name
            and name.lower() not in {key.lower() for key in value}
            and name.lower() not in _known(statement)
        ):
            raise query_validation(f"Property {name} not found for Entity {statement.entity}")
    tops = {name.partition(".")[0] for name in named} | {"id", "domain", "sparse"}
    return dumps({key: one for key, one in value.items() if key.lower() in tops})


def _known(statement: Statement) -> set[str]:
    return {name.lower() for name in (*FILTERABLE[statement.entity], *ENTITIES.get(statement.entity, {}))}


def shown_balance(books: Books, account: Mapping[str, Any]) -> Any:
    """An account's balance with the sign its kind has in QuickBooks: credits count up for debts, equity and income."""
    balance = books.account_balance(str(account["Id"]))
    return balance if account.get("Classification") in ("Asset", "Expense") else -balance
