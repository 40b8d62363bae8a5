"""The filter language: its grammar, read into a tree of conditions.

    filter     := all ( OR all )*
    all        := condition ( AND condition )*
    condition  := "(" filter ")" | field comparison
    comparison := ( = | != | > | >= | < | <= | LIKE | ILIKE ) value
                | [ NOT ] IN "(" value ( "," value )* ")"
                | IS [ NOT ] NULL

A field is a name, or a group and a key: ``status``, ``tags.folder``, ``tags.`key with.dots` ``. A value is a number or
quoted text, in which a doubled quote stands for one. Which fields there are is not known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from kayba_local.store.errors import InvalidValue

MAX_CHARACTERS: Final = 8192
MAX_CONDITIONS: Final = 64
MAX_LEVELS: Final = 16
MAX_VALUES: Final = 1000

Value: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition looks at; `group` is empty for a bare name. `position` counts characters from 1."""

    group: str
    key: str
    position: int

    def __str__(self) -> str:
        return f"{self.group}.{self.key}" if self.group else self.key


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field and what it must be. `operator` is in upper case; `values` has one member unless it is IN or IS."""

    field: Field
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """Holds when all members do."""

    members: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Holds when one member does."""

    members: tuple[Condition, ...]


Condition: TypeAlias = "Comparison | Every | Either"


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One field to sort by."""

    field: Field
    descending: bool


def parse_filter(text: str) -> Condition:
    """Read a filter; an empty one holds always.

    Raises:
        InvalidValue: Saying where it is wrong and what was expected there.
    """
    return _Parser(text).filter()


def parse_order(text: str) -> OrderTerm:
    """Read one entry of an ``order_by``: a field, and ``ASC`` (the default) or ``DESC``.

    Raises:
        InvalidValue: Saying where it is wrong and what was expected there.
    """
    return _Parser(text).order()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int

    def says(self, *words: str) -> bool:
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
            return Every(())
        condition = self._either(MAX_LEVELS)
        if self._next.kind != "end":
            raise self._expected("AND, OR or the end")
        return condition

    def order(self) -> OrderTerm:
        field = self._field()
        direction = self._take() if self._next.says("ASC", "DESC") else None
        if self._next.kind != "end":
            raise self._expected("ASC, DESC or the end")
        return OrderTerm(field, descending=direction is not None and direction.says("DESC"))

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _either(self, levels: int) -> Condition:
        members = [self._every(levels)]
        while self._next.says("OR"):
            self._take()
            members.append(self._every(levels))
        return members[0] if len(members) == 1 else Either(tuple(members))

    def _every(self, levels: int) -> Condition:
        members = [self._condition(levels)]
        while self._next.says("AND"):
            self._take()
            members.append(self._condition(levels))
        return members[0] if len(members) == 1 else Every(tuple(members))

    def _condition(self, levels: int) -> Condition:
        if self._next.says("("):
            if levels == 0:
                raise InvalidValue(f"The filter has more than {MAX_LEVELS} parentheses inside each other.")
            self._take()
            condition = self._either(levels - 1)
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
            key = _unquoted(self._take())
        return Field(group, key, token.position)

    def _comparison(self, field: Field) -> Comparison:
        if self._next.says("IS"):
            self._take()
            return Comparison(field, f"IS {self._negation()}{self._take_word('NULL')}", ())
        if self._next.says("NOT", "IN"):
            operator = f"{self._negation()}{self._take_word('IN')}"
            return Comparison(field, operator, self._values())
        if not self._next.says(*_COMPARISONS):
            raise self._expected("=, !=, >, >=, <, <=, LIKE, ILIKE, IN, NOT IN, IS NULL or IS NOT NULL")
        operator = self._take().text.upper()
        return Comparison(field, "!=" if operator == "<>" else operator, (self._value(),))

    def _negation(self) -> str:
        return f"{self._take().text.upper()} " if self._next.says("NOT") else ""

    def _values(self) -> tuple[Value, ...]:
        self._take_symbol("(", "( after IN")
        values = [self._value()]
        while self._next.says(","):
            self._take()
            values.append(self._value())
        self._take_symbol(")", ", or )")
        if len(values) > MAX_VALUES:
            raise InvalidValue(f"The filter has a list of more than {MAX_VALUES} values.")
        return tuple(values)

    def _value(self) -> Value:
        token = self._next
        if token.kind == "text":
            return _unquoted(self._take())
        if token.kind == "number":
            self._take()
            # Past 18 digits no column can tell the difference, and a database may not take it as an integer.
            return int(token.text) if _INTEGER.fullmatch(token.text) else float(token.text)
        raise self._expected("a number or text in quotes")

    def _take_symbol(self, symbol: str, expected: str) -> None:
        if not self._next.says(symbol):
            raise self._expected(expected)
        self._take()

    def _take_word(self, word: str) -> str:
        if not self._next.says(word):
            raise self._expected(word)
        self._take()
        return word

    def _expected(self, what: str) -> InvalidValue:
        token = self._next
        found = "its end" if token.kind == "end" else f"{token.text[:40]!r}"
        return InvalidValue(f"Position {token.position}: expected {what}, found {found}.")


def _scan(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None or match.lastgroup is None:
            what = "a quote that is never closed" if text[at] in "'\"`" else f"the character {text[at]!r}"
            raise InvalidValue(f"Position {at + 1}: did not expect {what}.")
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup, match.group(), at + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


def _unquoted(token: _Token) -> str:
    quote = token.text[0]
    return token.text[1:-1].replace(quote * 2, quote)
