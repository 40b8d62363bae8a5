"""Parser of the filter language (`filter_string`) and of `order_by` entries.

    filter      := conjunction ( OR conjunction )*
    conjunction := condition ( AND condition )*
    condition   := "(" filter ")" | field comparison
    comparison  := ( = | != | > | >= | < | <= | LIKE | ILIKE ) value
                 | [ NOT ] IN "(" value ( "," value )* ")"
                 | IS [ NOT ] NULL

A field is a name, or a group and a key: status, tags.folder, tags.`key with.dots`. A value is a number or quoted text.
A doubled quote in the text is one quote. Callers of this module define the fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from kayba_local.store.errors import InvalidValue

MAX_CHARACTERS: Final = 8192
MAX_CONDITIONS: Final = 64
MAX_NESTED_PARENTHESES: Final = 16
MAX_VALUES: Final = 1000
"""Values in the list of an IN."""

Value: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a condition; `group` is empty for a bare name, `position` counts characters from 1."""

    group: str
    key: str
    position: int

    def __str__(self) -> str:
        return f"{self.group}.{self.key}" if self.group else self.key


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of a field; `operator` is in upper case, `values` has one member except for IN and IS."""

    field: Field
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class And:
    """A conjunction of conditions; an empty one is always true."""

    members: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """A disjunction of conditions."""

    members: tuple[Condition, ...]


Condition: TypeAlias = "Comparison | And | Or"


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """An `order_by` entry: a field and its direction."""

    field: Field
    descending: bool


def parse_filter(text: str) -> Condition:
    """Parse a filter; an empty filter is always true.

    Raises:
        InvalidValue: The filter is malformed; the message names the position and the expected token.
    """
    return _Parser(text).filter()


def parse_order(text: str) -> OrderTerm:
    """Parse an `order_by` entry: a field, and `ASC` (the default) or `DESC`.

    Raises:
        InvalidValue: The entry is malformed; the message names the position and the expected token.
    """
    return _Parser(text).order()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int

    def matches(self, *words: str) -> bool:
        return self.kind in ("word", "symbol") and self.text.upper() in words


_TOKENS: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>'(?:[^']|'')*' | "(?:[^"]|"")*")
  | (?P<quoted>`[^`]*`)
  | (?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.]))
  | (?P<symbol>!=|>=|<=|<>|[=<>(),])
  | (?P<word>\w[\w./:-]*)
    """,
    re.VERBOSE,
)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_COMPARISONS: Final = ("=", "!=", "<>", ">", ">=", "<", "<=", "LIKE", "ILIKE")


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > MAX_CHARACTERS:
            raise InvalidValue(f"The filter is longer than {MAX_CHARACTERS} characters.")
        self._tokens = list(_scan(text))
        self._at = 0
        self._conditions = 0

    def filter(self) -> Condition:
        if self._next.kind == "end":
            return And(())
        condition = self._or(MAX_NESTED_PARENTHESES)
        if self._next.kind != "end":
            raise self._expected("AND, OR or the end")
        return condition

    def order(self) -> OrderTerm:
        field = self._field()
        direction = self._take() if self._next.matches("ASC", "DESC") else None
        if self._next.kind != "end":
            raise self._expected("ASC, DESC or the end")
        return OrderTerm(field, descending=direction is not None and direction.matches("DESC"))

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _or(self, levels: int) -> Condition:
        members = [self._and(levels)]
        while self._next.matches("OR"):
            self._take()
            members.append(self._and(levels))
        return members[0] if len(members) == 1 else Or(tuple(members))

    def _and(self, levels: int) -> Condition:
        members = [self._condition(levels)]
        while self._next.matches("AND"):
            self._take()
            members.append(self._condition(levels))
        return members[0] if len(members) == 1 else And(tuple(members))

    def _condition(self, levels: int) -> Condition:
        if self._next.matches("("):
            if levels == 0:
                raise InvalidValue(f"The filter has more than {MAX_NESTED_PARENTHESES} parentheses inside each other.")
            self._take()
            condition = self._or(levels - 1)
            self._take_symbol(")", "AND, OR or )")
            return condition
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise InvalidValue(f"The filter has more than {MAX_CONDITIONS} conditions.")
        return self._comparison(self._field())

    def _field(self) -> Field:
        token = self._next
        if token.kind == "quoted":
            self._take()
            return Field("", token.text[1:-1], token.position)
        if token.kind != "word":
            raise self._expected("a field, e.g. status or tags.`my key`")
        self._take()
        group, dot, key = token.text.partition(".")
        if not dot:
            return Field("", token.text, token.position)
        if not key:
            if self._next.kind not in ("quoted", "text"):
                raise self._expected(f"a key after {group}.")
            key = _unquote(self._take())
        return Field(group, key, token.position)

    def _comparison(self, field: Field) -> Comparison:
        if self._next.matches("IS"):
            self._take()
            return Comparison(field, f"IS {self._negation()}{self._take_word('NULL')}", ())
        if self._next.matches("NOT", "IN"):
            operator = f"{self._negation()}{self._take_word('IN')}"
            return Comparison(field, operator, self._values())
        if not self._next.matches(*_COMPARISONS):
            raise self._expected("=, !=, >, >=, <, <=, LIKE, ILIKE, IN, NOT IN, IS NULL or IS NOT NULL")
        operator = self._take().text.upper()
        return Comparison(field, "!=" if operator == "<>" else operator, (self._value(),))

    def _negation(self) -> str:
        return f"{self._take().text.upper()} " if self._next.matches("NOT") else ""

    def _values(self) -> tuple[Value, ...]:
        self._take_symbol("(", "( after IN")
        values = [self._value()]
        while self._next.matches(","):
            self._take()
            values.append(self._value())
        self._take_symbol(")", ", or )")
        if len(values) > MAX_VALUES:
            raise InvalidValue(f"The filter has a list of more than {MAX_VALUES} values.")
        return tuple(values)

    def _value(self) -> Value:
        token = self._next
        if token.kind == "text":
            return _unquote(self._take())
        if token.kind == "number":
            self._take()
            # A longer number may overflow an SQLite integer. No column has such values, so a float is exact enough.
            return int(token.text) if _INTEGER.fullmatch(token.text) else float(token.text)
        raise self._expected("a number or text in quotes")

    def _take_symbol(self, symbol: str, expected: str) -> None:
        if not self._next.matches(symbol):
            raise self._expected(expected)
        self._take()

    def _take_word(self, word: str) -> str:
        if not self._next.matches(word):
            raise self._expected(word)
        self._take()
        return word

    def _expected(self, expected: str) -> InvalidValue:
        token = self._next
        found = "the end" if token.kind == "end" else f"{token.text[:40]!r}"
        return InvalidValue(f"Position {token.position}: expected {expected}, found {found}.")


def _scan(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None or match.lastgroup is None:
            unexpected = "a quote that is never closed" if text[at] in "'\"`" else f"the character {text[at]!r}"
            raise InvalidValue(f"Position {at + 1}: did not expect {unexpected}.")
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup, match.group(), at + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


def _unquote(token: _Token) -> str:
    quote = token.text[0]
    return token.text[1:-1].replace(quote * 2, quote)
