"""The query language's grammar, taken literally (QBO reference, Query language).

SELECT * | COUNT(*) | p, … FROM Entity [WHERE p op v [AND …]] [ORDERBY p [ASC|DESC], …]
[STARTPOSITION n] [MAXRESULTS n]
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.company.refusals import query_parser, query_validation

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)"
    r"|(?P<symbol><=|>=|[=<>(),*])|(?P<end>$))"
)
_MAX_RESULTS = 1000


@dataclass(slots=True)
class Condition:
    name: str
    operator: str
    values: list[Any]


@dataclass(slots=True)
class Statement:
    """A parsed query. `everything`: a `*` was among what is selected; `projection`: the properties named."""

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


def parse(text: str, entities: Iterable[str]) -> Statement:
    """`entities`: the names that can stand after FROM.

    Raises 4000 when the text is not the grammar, 4001 when a number is out of bounds or the entity unknown.
    """
    parser = _Parser(text)
    if not parser.take_word("SELECT"):
        raise parser.fail('"SELECT"')
    statement = Statement("")
    _selection(parser, statement)
    if not parser.take_word("FROM"):
        raise parser.fail('"FROM"')
    statement.entity = _entity(parser.expect("word", "an entity"), entities)
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


def _entity(word: str, entities: Iterable[str]) -> str:
    for known in entities:
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
