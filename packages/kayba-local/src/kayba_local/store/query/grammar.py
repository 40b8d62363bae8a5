"""Grammar of filters and of `order_by` entries.

    filter      := disjunction
    disjunction := conjunction ( OR conjunction )*
    conjunction := negation ( [ AND ] negation )*
    negation    := NOT negation | "(" disjunction ")" | comparison | words
    comparison  := field ( = | != | > | >= | < | <= | [ NOT ] LIKE | [ NOT ] ILIKE | [ NOT ] RLIKE ) value
                 | field [ NOT ] IN "(" value ( "," value )* ")"
                 | field IS [ NOT ] NULL
    words       := word | text

A field is a name, or a group and a key: status, tags.folder, tags.`key with.dots`. A text is in single or double
quotes; a doubled quote in it is one quote. A value is a text, a number, a date, or a number with a unit of time. A word
is a field if an operator follows. The callers of this module define the fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from kayba_local.store.query import lexer
from kayba_local.store.query.errors import InvalidFilter, shorten
from kayba_local.store.query.lexer import Token, scan, unquote
from kayba_local.store.query.nodes import And, Comparison, Condition, Field, Not, Or, OrderTerm, Value, Words
from kayba_local.store.query.times import parse_moment, parse_quantity

MAX_CHARACTERS: Final = 8192
MAX_CONDITIONS: Final = 64
MAX_NESTED_PARENTHESES: Final = 16
MAX_VALUES: Final = 1000
"""Values in the list of an IN."""

FieldCheck: TypeAlias = Callable[[Field], bool]
"""Returns whether a field exists."""

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_SYMBOLS: Final = ("=", "!=", "<>", ">", ">=", "<", "<=")
_PATTERNS: Final = ("LIKE", "ILIKE", "RLIKE")
_WORD_KINDS: Final = (lexer.WORD, lexer.NUMBER, lexer.TIME, lexer.QUANTITY)
_OPERATORS: Final = "=, !=, >, >=, <, <=, LIKE, ILIKE, RLIKE, IN or IS NULL"
_VALUE: Final = "a number, a time or text in quotes"


def parse_filter(text: str, is_field: FieldCheck | None = None) -> Condition:
    """Parse a filter; an empty filter is always true.

    Args:
        text: The filter.
        is_field: Returns whether a field exists. None means that all words are fields: there is no text search.

    Raises:
        InvalidFilter: The filter is malformed; the message names the position and the expected token.
    """
    return _Parser(text, is_field).filter()


def parse_order(text: str) -> OrderTerm:
    """Parse an `order_by` entry: a field, and `ASC` (the default) or `DESC`.

    Raises:
        InvalidFilter: The entry is malformed; the message names the position and the expected token.
    """
    return _Parser(text, None).order()


class _Parser:
    def __init__(self, text: str, is_field: FieldCheck | None) -> None:
        if len(text) > MAX_CHARACTERS:
            raise InvalidFilter(f"the filter is longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS + 1)
        self._tokens = scan(text)
        self._is_field = is_field
        self._at = 0
        self._conditions = 0

    def filter(self) -> Condition:
        if self._next.kind == lexer.END:
            return And(())
        condition = self._or(MAX_NESTED_PARENTHESES)
        if self._next.kind != lexer.END:
            raise self._expected("AND, OR or the end")
        return condition

    def order(self) -> OrderTerm:
        field = self._field()
        direction = self._take() if self._next.matches("ASC", "DESC") else None
        if self._next.kind != lexer.END:
            raise self._expected("ASC, DESC or the end")
        return OrderTerm(field, descending=direction is not None and direction.matches("DESC"))

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _peek(self, distance: int) -> Token:
        return self._tokens[min(self._at + distance, len(self._tokens) - 1)]

    def _take(self) -> Token:
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
        members = [self._not(levels)]
        while True:
            if isinstance(members[-1], Words) and self._next.matches(","):
                # A comma between words is punctuation: hello, world.
                self._take()
            if self._next.matches("AND"):
                self._take()
            elif not self._begins_condition():
                break
            members.append(self._not(levels))
        return members[0] if len(members) == 1 else And(tuple(members))

    def _begins_condition(self) -> bool:
        token = self._next
        if token.kind in (lexer.TEXT, lexer.KEY, *_WORD_KINDS):
            return not token.matches("OR")
        return token.matches("(")

    def _not(self, levels: int) -> Condition:
        is_negated = False
        while self._next.matches("NOT"):
            self._take()
            is_negated = not is_negated
        condition = self._condition(levels)
        return Not(condition) if is_negated else condition

    def _condition(self, levels: int) -> Condition:
        if self._next.matches("("):
            if levels == 0:
                raise InvalidFilter(
                    f"more than {MAX_NESTED_PARENTHESES} parentheses inside each other at position"
                    f" {self._next.position}",
                    self._next.position,
                )
            self._take()
            condition = self._or(levels - 1)
            self._take_symbol(")", "AND, OR or )")
            return condition
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise InvalidFilter(
                f"more than {MAX_CONDITIONS} conditions at position {self._next.position}", self._next.position
            )
        if self._is_field is None or self._next.kind == lexer.KEY:
            return self._comparison(self._field())
        return self._words_or_comparison(self._is_field)

    def _words_or_comparison(self, is_field: FieldCheck) -> Condition:
        token = self._next
        if token.kind == lexer.TEXT and not self._peek(1).matches(*_SYMBOLS):
            self._take()
            return Words(unquote(token), is_prefix=False, position=token.position)
        if token.kind not in _WORD_KINDS or token.matches("AND", "OR"):
            raise self._expected("a field, a word or (")
        if token.kind == lexer.WORD:
            start = self._at
            field = self._field()
            if self._is_comparison(is_field(field)):
                return self._comparison(field)
            if is_field(field) and (field.group or self._next.kind == lexer.TEXT):
                raise self._expected(f"{_OPERATORS} after {field}")
            self._at = start
        self._take()
        return Words(token.text.rstrip("*"), is_prefix=token.text.endswith("*"), position=token.position)

    def _is_comparison(self, is_known: bool) -> bool:
        """Return whether an operator follows a field. A word such as LIKE may also be a word of the text search."""
        if self._next.matches(*_SYMBOLS) or self._tokens[self._at - 1].kind != lexer.WORD:
            return True
        distance = 1 if self._next.matches("NOT") else 0
        operator, value = self._peek(distance), self._peek(distance + 1)
        if operator.matches("IS") and not distance:
            return is_known or value.matches("NULL") or (value.matches("NOT") and self._peek(2).matches("NULL"))
        if operator.matches("IN"):
            return is_known or value.matches("(")
        return operator.matches(*_PATTERNS) and (is_known or value.kind == lexer.TEXT)

    def _field(self) -> Field:
        token = self._next
        if token.kind == lexer.KEY:
            self._take()
            return Field("", token.text[1:-1], token.position)
        if token.kind != lexer.WORD:
            raise self._expected("a field, e.g. status or tags.`my key`")
        self._take()
        group, dot, key = token.text.partition(".")
        if not dot:
            return Field("", token.text, token.position)
        if token.text.endswith(".") and self._next.kind in (lexer.KEY, lexer.TEXT) and self._next.position == token.end:
            key += unquote(self._take())
        if not key and self._is_field is None:
            raise self._expected(f"a key after {group}.")
        return Field(group, key, token.position)

    def _comparison(self, field: Field) -> Comparison:
        if self._next.matches("IS"):
            self._take()
            return Comparison(field, f"IS {self._negation()}{self._take_word('NULL')}")
        if self._next.matches("NOT", "IN", *_PATTERNS):
            negation = self._negation()
            if not self._next.matches("IN", *_PATTERNS):
                raise self._expected("IN, LIKE, ILIKE or RLIKE")
            operator = self._take().text.upper()
            if operator == "IN":
                return Comparison(field, f"{negation}{operator}", *self._values())
            position = self._next.position
            return Comparison(field, f"{negation}{operator}", (self._value(),), (position,))
        if not self._next.matches(*_SYMBOLS):
            raise self._expected(f"{_OPERATORS} after {field}")
        operator = self._take().text
        position = self._next.position
        return Comparison(field, "!=" if operator == "<>" else operator, (self._value(),), (position,))

    def _negation(self) -> str:
        return f"{self._take().text.upper()} " if self._next.matches("NOT") else ""

    def _values(self) -> tuple[tuple[Value, ...], tuple[int, ...]]:
        """Return the values of a list and their positions."""
        opening = self._next
        self._take_symbol("(", "( after IN")
        positions = [self._next.position]
        values = [self._value()]
        while self._next.matches(","):
            self._take()
            positions.append(self._next.position)
            values.append(self._value())
        self._take_symbol(")", ", or )")
        if len(values) > MAX_VALUES:
            raise InvalidFilter(
                f"more than {MAX_VALUES} values in the list at position {opening.position}", opening.position
            )
        return tuple(values), tuple(positions)

    def _value(self) -> Value:
        token = self._next
        value: Value | None = None
        if token.kind == lexer.TEXT:
            value = unquote(token)
        elif token.kind == lexer.NUMBER:
            # A longer number may overflow an SQLite integer. No column has such values, so a float is exact enough.
            value = int(token.text) if _INTEGER.fullmatch(token.text) else float(token.text)
        elif token.kind == lexer.QUANTITY:
            value = parse_quantity(token.text)
        elif token.kind == lexer.TIME:
            value = parse_moment(token.text)
        if value is None:
            raise self._expected(_VALUE)
        self._take()
        return value

    def _take_symbol(self, symbol: str, expected: str) -> None:
        if not self._next.matches(symbol):
            raise self._expected(expected)
        self._take()

    def _take_word(self, word: str) -> str:
        if not self._next.matches(word):
            raise self._expected(word)
        self._take()
        return word

    def _expected(self, expected: str) -> InvalidFilter:
        token = self._next
        found = "the end" if token.kind == lexer.END else shorten(token.text)
        return InvalidFilter(f"expected {expected} at position {token.position}, found {found}", token.position)
