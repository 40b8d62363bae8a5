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
    """An expression that determines the order of rows; never null."""

    clause: Clause
    descending: bool


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
        keys.extend(_keys(term.field, resolve(term.field), descending=term.descending))
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
    names = [f"key_{index}" for index in range(len(keys))]
    columns = [f"{key.clause.sql} AS {name}" for name, key in zip(names, keys, strict=True)]
    after = _after(names, keys, _read_token(token, keys)) if token else Clause("1 = 1")
    order = ", ".join(f"{name} {'DESC' if key.descending else 'ASC'}" for name, key in zip(names, keys, strict=True))
    rows = tx.rows(
        f"SELECT * FROM (SELECT {table}.*, {', '.join(columns)} FROM {table} WHERE {where.sql}) AS sorted"  # noqa: S608 - names and operators of this package; values are bound
        f" WHERE {after.sql} ORDER BY {order} LIMIT ?",
        (*(value for key in keys for value in key.clause.parameters), *where.parameters, *after.parameters, limit + 1),
    )
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], _write_token([rows[limit - 1][name] for name in names], keys))


def _keys(field: Field, column: Column, *, descending: bool) -> Iterable[SortKey]:
    """Yield the column's sort keys. Rows without a value come last in both directions."""
    if isinstance(column, NumberColumn):
        sql = column.order or column.sql
        if column.nullable:
            yield SortKey(Clause(f"({sql}) IS NULL"), descending=False)
            yield SortKey(Clause(f"COALESCE({sql}, 0)"), descending)
        else:
            yield SortKey(Clause(sql), descending)
        return
    value = _text_of(field, column)
    yield SortKey(Clause(f"{value.sql} IS NULL", value.parameters), descending=False)
    text = f"SUBSTR(COALESCE({value.sql}, ''), 1, {MAX_SORTED_CHARACTERS})"
    yield SortKey(Clause(text, value.parameters), descending)


def _text_of(field: Field, column: TextColumn | AnyColumn | RowColumn | SpanColumn) -> Clause:
    if isinstance(column, TextColumn):
        return Clause(column.sql, column.parameters)
    if isinstance(column, RowColumn) and isinstance(column.value, TextColumn):
        sql = f"(SELECT MIN({column.value.sql}) {column.rows})"
        return Clause(sql, (*column.value.parameters, *column.parameters))
    raise InvalidFilter(f"traces cannot be sorted by {field} at position {field.position}", field.position)


def _after(names: Sequence[str], keys: Sequence[SortKey], values: Sequence[Any]) -> Clause:
    """Return the condition for rows after `values`, in lexicographic order of the keys."""
    beyond = [f"{name} {'<' if key.descending else '>'} ?" for name, key in zip(names, keys, strict=True)]
    arms = [" AND ".join([*(f"{name} = ?" for name in names[:index]), beyond[index]]) for index in range(len(keys))]
    parameters = [values[position] for index in range(len(keys)) for position in range(index + 1)]
    # Redundant, but in this form SQLite can use an index on the first key.
    bound = f"{names[0]} {'<=' if keys[0].descending else '>='} ?"
    return Clause(f"{bound} AND ({' OR '.join(f'({arm})' for arm in arms)})", (values[0], *parameters))


def _write_token(values: Sequence[Any], keys: Sequence[SortKey]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([_fingerprint(keys), *values])).decode()


def _read_token(token: str, keys: Sequence[SortKey]) -> list[Any]:
    try:
        fingerprint: Any
        values: list[Any]
        fingerprint, *values = orjson.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidValue(
            "page_token was not issued by this server: use the next_page_token of a response."
        ) from error
    if fingerprint != _fingerprint(keys) or len(values) != len(keys) or not all(map(_is_key, values)):
        raise InvalidValue("page_token is from a search in another order: start again without it.")
    return values


def _is_key(value: Any) -> bool:
    return isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 2**63)


def _fingerprint(keys: Sequence[SortKey]) -> int:
    return zlib.crc32(repr(keys).encode())
