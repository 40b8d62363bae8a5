"""Keyset pagination: a page starts after the last row of the previous page.

A page token contains that row's sort keys instead of an offset, so rows that are added or deleted between two requests
cause no repeated or missing rows.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from kayba_local.store.database import Row, Transaction
from kayba_local.store.errors import InvalidValue
from kayba_local.store.query.columns import (
    ALWAYS,
    AnyColumn,
    Clause,
    Column,
    ColumnResolver,
    NumberColumn,
    RowColumn,
    SpanColumn,
    TextColumn,
)
from kayba_local.store.query.errors import InvalidFilter
from kayba_local.store.query.grammar import parse_order
from kayba_local.store.query.nodes import Field

MAX_ORDER_TERMS: Final = 3
MAX_SORTED_CHARACTERS: Final = 50
"""Characters of a text that determine its order. With `MAX_ORDER_TERMS` this bounds the length of a page token."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """An expression that determines the order of rows; a nullable one sorts rows without a value last."""

    clause: Clause
    descending: bool
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows, and the token of the next page; None on the last page."""

    rows: list[Row]
    next_token: str | None


def sort_keys(order_by: Sequence[str], resolve: ColumnResolver, tie_breakers: Sequence[SortKey]) -> list[SortKey]:
    """Return the sort keys of an `order_by`.

    Args:
        order_by: Fields, each with `ASC` or `DESC`.
        resolve: Returns a field's column.
        tie_breakers: The last sort keys; together they must be unique.

    Raises:
        InvalidValue: An entry is malformed, a field is unknown, or there are too many entries.
    """
    if len(order_by) > MAX_ORDER_TERMS:
        raise InvalidValue(f"order_by takes at most {MAX_ORDER_TERMS} fields.")
    keys: list[SortKey] = []
    for text in order_by:
        term = parse_order(text)
        keys.append(_key(term.field, resolve(term.field), descending=term.descending))
    return [*keys, *tie_breakers]


def fetch_page(
    tx: Transaction, table: str, where: Clause, keys: Sequence[SortKey], limit: int, token: str | None
) -> Page:
    """Return a page of the rows of `table` that match `where`.

    Args:
        tx: The transaction.
        table: The table's name.
        where: The condition.
        keys: The sort keys.
        limit: Rows a page.
        token: The `next_token` of the previous page; None for the first page.

    Raises:
        InvalidValue: The token is malformed or from another order.
    """
    values = read_token(token, keys) if token else None
    rows: list[Row] = []
    for part in _partition(keys):
        # The parts follow one another, so the later ones are only read if the page is not full.
        if len(rows) <= limit and (values is None or part.follows(values)):
            rows += _fetch(tx, table, where, part, limit + 1 - len(rows), values if part.contains(values) else None)
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], write_token([rows[limit - 1][f"key_{index}"] for index in range(len(keys))], keys))


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows that have a value of the first key, or those that have none.

    A condition and an order on the bare column can use an index on it, and an expression that sorts null values cannot.
    """

    keys: tuple[SortKey, ...]
    is_missing: bool = False

    @property
    def condition(self) -> Clause:
        first = self.keys[0]
        if not first.nullable:
            return ALWAYS
        return Clause(f"{first.clause.sql} IS {'' if self.is_missing else 'NOT '}NULL", first.clause.parameters)

    def contains(self, values: Sequence[Any] | None) -> bool:
        """Return whether the row of a page token belongs to the part."""
        return values is not None and (values[0] is None) == self.is_missing

    def follows(self, values: Sequence[Any]) -> bool:
        """Return whether rows of the part come after the row of a page token."""
        return self.is_missing or values[0] is not None


def _partition(keys: Sequence[SortKey]) -> Iterable[_Part]:
    yield _Part(tuple(keys))
    if keys[0].nullable:
        yield _Part(tuple(keys), is_missing=True)


def _fetch(
    tx: Transaction, table: str, where: Clause, part: _Part, limit: int, values: Sequence[Any] | None
) -> list[Row]:
    names = [f"key_{index}" for index in range(len(part.keys))]
    columns = [f"{key.clause.sql} AS {name}" for name, key in zip(names, part.keys, strict=True)]
    terms = list(_terms(part))
    after = _after(terms, values) if values is not None else ALWAYS
    order = ", ".join(f"{term.sql} {'DESC' if term.descending else 'ASC'}" for term in terms)
    return tx.rows(
        f"SELECT * FROM (SELECT {table}.*, {', '.join(columns)} FROM {table}"  # noqa: S608 - names and operators of this package; values are bound
        f" WHERE {where.sql} AND {part.condition.sql}) AS sorted WHERE {after.sql} ORDER BY {order} LIMIT ?",
        (
            *(value for key in part.keys for value in key.clause.parameters),
            *where.parameters, *part.condition.parameters, *after.parameters, limit,
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Term:
    """A term of ORDER BY, never null; `index` is the position of its key in a page token."""

    sql: str
    descending: bool
    index: int
    is_marker: bool = False
    """Whether it only sorts the rows without a value last."""

    def read(self, values: Sequence[Any]) -> Any:
        """Return the value of the term in the row of a page token."""
        value = values[self.index]
        if self.is_marker:
            return int(value is None)
        return "" if value is None else value


def _terms(part: _Part) -> Iterable[_Term]:
    for index, key in enumerate(part.keys):
        name = f"key_{index}"
        if index == 0 and part.is_missing:
            continue
        if key.nullable and index > 0:
            yield _Term(f"({name} IS NULL)", descending=False, index=index, is_marker=True)
            name = f"COALESCE({name}, '')"
        yield _Term(name, key.descending, index)


def _key(field: Field, column: Column, *, descending: bool) -> SortKey:
    """Return the column's sort key."""
    if isinstance(column, NumberColumn):
        return SortKey(Clause(column.order or column.sql), descending, column.nullable)
    value = _text_of(field, column)
    return SortKey(
        Clause(f"SUBSTR({value.sql}, 1, {MAX_SORTED_CHARACTERS})", value.parameters), descending, nullable=True
    )


def _text_of(field: Field, column: TextColumn | AnyColumn | RowColumn | SpanColumn) -> Clause:
    if isinstance(column, TextColumn):
        return Clause(column.sql, column.parameters)
    if isinstance(column, RowColumn) and isinstance(column.value, TextColumn):
        sql = f"(SELECT MIN({column.value.sql}) {column.rows})"
        return Clause(sql, (*column.value.parameters, *column.parameters))
    raise InvalidFilter(f"traces cannot be sorted by {field} at position {field.position}", field.position)


def _after(terms: Sequence[_Term], values: Sequence[Any]) -> Clause:
    """Return the condition for rows after the row of `values`, in lexicographic order of the terms."""
    beyond = [f"{term.sql} {'<' if term.descending else '>'} ?" for term in terms]
    arms = [" AND ".join([*(f"{term.sql} = ?" for term in terms[:at]), beyond[at]]) for at in range(len(terms))]
    parameters = [terms[position].read(values) for at in range(len(terms)) for position in range(at + 1)]
    # Redundant, but in this form SQLite can use an index on the first term.
    bound = f"{terms[0].sql} {'<=' if terms[0].descending else '>='} ?"
    return Clause(f"{bound} AND ({' OR '.join(f'({arm})' for arm in arms)})", (terms[0].read(values), *parameters))


def write_token(values: Sequence[Any], keys: Sequence[SortKey]) -> str:
    """Return the token of the page after a row with these values of the sort keys."""
    return base64.urlsafe_b64encode(orjson.dumps([_fingerprint(keys), *values])).decode()


def read_token(token: str, keys: Sequence[SortKey]) -> list[Any]:
    """Return the values of the sort keys in a token.

    Raises:
        InvalidValue: The token is malformed or from another order.
    """
    try:
        fingerprint: Any
        values: list[Any]
        fingerprint, *values = orjson.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidValue(
            "page_token was not issued by this server: use the next_page_token of a response."
        ) from error
    if fingerprint != _fingerprint(keys) or len(values) != len(keys) or not all(map(_is_key, values, keys)):
        raise InvalidValue("page_token is from a search in another order: start again without it.")
    return values


def _is_key(value: Any, key: SortKey) -> bool:
    if value is None:
        return key.nullable
    return isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 2**63)


def _fingerprint(keys: Sequence[SortKey]) -> int:
    return zlib.crc32(repr(keys).encode())
