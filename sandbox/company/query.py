"""The query language: parsed strictly, translated to SQL (QBO reference, Query language).

SELECT * | COUNT(*) | p, … FROM Entity [WHERE p op v [AND …]] [ORDERBY p [ASC|DESC], …] [STARTPOSITION n] [MAXRESULTS n]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.company.books import Books
from sandbox.company.refusals import query_parser, query_validation
from sandbox.company.schema import ENTITIES, SALES, TRANSACTIONS
from sandbox.company.values import decimal_of, dumps, loads, parse_time

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)"
    r"|(?P<symbol><=|>=|[=<>(),*])|(?P<end>$))"
)
_MAX_RESULTS = 1000

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


@dataclass(slots=True)
class Condition:
    name: str
    operator: str
    values: list[Any]


@dataclass(slots=True)
class Statement:
    """A parsed query. `projection` None stands for `*` alone."""

    entity: str
    count: bool = False
    everything: bool = False
    projection: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    limit: int = 100


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.kind = ""
        self.value = ""
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            rest = self._text[self._position :].lstrip()
            column = len(self._text) - len(rest) + 1
            raise query_parser(f'Encountered "{rest[:12]}" at line 1, column {column}.')
        self.kind = str(match.lastgroup)
        self.value = match.group(self.kind)
        self._position = match.end()

    def fail(self, wanted: str) -> Exception:
        found = "<EOF>" if self.kind == "end" else self.value
        return query_parser(f'Encountered "{found}" at line 1, column {self._position}. Was expecting: {wanted}')

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.value.upper() in words

    def take_word(self, *words: str) -> bool:
        if self.is_word(*words):
            self.advance()
            return True
        return False

    def take_symbol(self, symbol: str) -> bool:
        if self.kind == "symbol" and self.value == symbol:
            self.advance()
            return True
        return False

    def expect(self, kind: str, wanted: str) -> str:
        if self.kind != kind:
            raise self.fail(wanted)
        value = self.value
        self.advance()
        return value


_CLAUSES = ("WHERE", "ORDERBY", "ORDER", "STARTPOSITION", "MAXRESULTS")


def parse(text: str) -> Statement:
    """Raises 4000 when the text is not the grammar, 4001 when a number is out of bounds."""
    parser = _Parser(text)
    if not parser.take_word("SELECT"):
        raise parser.fail('"SELECT"')
    statement = Statement("")
    _selection(parser, statement)
    if not parser.take_word("FROM"):
        raise parser.fail('"FROM"')
    statement.entity = _entity(parser.expect("word", "an entity"))
    if parser.take_word("WHERE"):
        statement.conditions.append(_condition(parser))
        while parser.take_word("AND"):
            statement.conditions.append(_condition(parser))
    if parser.is_word("ORDERBY", "ORDER"):
        if parser.take_word("ORDER") and not parser.take_word("BY"):
            raise parser.fail('"BY"')
        parser.take_word("ORDERBY")
        _ordering(parser, statement)
    if parser.take_word("STARTPOSITION"):
        statement.start = int(parser.expect("number", "a number"))
        if statement.start < 1:
            raise query_validation("STARTPOSITION must be 1 or more")
    if parser.take_word("MAXRESULTS"):
        statement.limit = int(parser.expect("number", "a number"))
        if not 1 <= statement.limit <= _MAX_RESULTS:
            raise query_validation(f"MAXRESULTS must be between 1 and {_MAX_RESULTS}")
    if parser.kind != "end":
        raise parser.fail("<EOF>")
    return statement


def _selection(parser: _Parser, statement: Statement) -> None:
    if parser.take_word("COUNT"):
        for symbol in "(*)":
            if not parser.take_symbol(symbol):
                raise parser.fail(f'"{symbol}"')
        statement.count = True
        return
    while True:
        if parser.take_symbol("*"):
            statement.everything = True
        else:
            statement.projection.append(parser.expect("word", '"*" or a property'))
        if not parser.take_symbol(","):
            return


def _entity(word: str) -> str:
    for known in FILTERABLE:
        if known.lower() == word.lower():
            return known
    raise query_validation(f"Invalid context declaration: {word}")


def _condition(parser: _Parser) -> Condition:
    name = parser.expect("word", "a property")
    if parser.take_word("IN"):
        if not parser.take_symbol("("):
            raise parser.fail('"("')
        values = [_literal(parser)]
        while parser.take_symbol(","):
            values.append(_literal(parser))
        if not parser.take_symbol(")"):
            raise parser.fail('")"')
        return Condition(name, "IN", values)
    if parser.take_word("LIKE"):
        return Condition(name, "LIKE", [_literal(parser)])
    if parser.kind == "symbol" and parser.value in ("=", "<", ">", "<=", ">="):
        operator = parser.value
        parser.advance()
        return Condition(name, operator, [_literal(parser)])
    raise parser.fail('"=", "<", ">", "<=", ">=", "IN" or "LIKE"')


def _literal(parser: _Parser) -> Any:
    if parser.kind == "text":
        value = re.sub(r"\\(.)", r"\1", parser.value[1:-1])
        parser.advance()
        return value
    if parser.is_word("TRUE", "FALSE"):
        flag = parser.value.upper() == "TRUE"
        parser.advance()
        return flag
    if parser.take_word("CURRENT_DATE"):
        return CURRENT_DATE
    raise parser.fail("a text in single quotes, true or false")


CURRENT_DATE = object()
"""Stands for the company's date of today in a condition."""


def _ordering(parser: _Parser, statement: Statement) -> None:
    while True:
        name = parser.expect("word", "a property")
        descending = parser.is_word("DESC")
        parser.take_word("ASC", "DESC")
        statement.order.append((name, descending))
        if not parser.take_symbol(","):
            return


def run(books: Books, text: str) -> tuple[str, int]:
    """The `QueryResponse` of a statement as JSON text, and the number of rows in it. Raises Refusal."""
    statement = parse(text)
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
