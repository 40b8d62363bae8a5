"""Pages of a sorted result, each beginning after the last row of the one before.

A page token holds that row's sort keys and not a count of rows, so rows that come or go between two pages neither
repeat nor hide others.
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
from kayba_local.store.query.conditions import Clause, Keyed, Number, Resolve, Target, Text
from kayba_local.store.query.filters import parse_order

MAX_TERMS: Final = 3
SORTED_CHARACTERS: Final = 50
"""Text is sorted by this many of its characters; with MAX_TERMS it bounds the length of a page token."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """An expression that rows are sorted by; never null."""

    clause: Clause
    descending: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the token that the next page is got with; None on the last one."""

    rows: list[Row]
    next_token: str | None


def sort_keys(order_by: Sequence[str], resolve: Resolve, last: Sequence[SortKey]) -> list[SortKey]:
    """The keys of an ``order_by``.

    Args:
        order_by: Fields, each with ``ASC`` or ``DESC``.
        resolve: Says what a field stands for.
        last: Keys that decide between rows that are equal by then; together they must be unique.

    Raises:
        InvalidValue: An entry that cannot be read or names no field, or too many of them.
    """
    if len(order_by) > MAX_TERMS:
        raise InvalidValue(f"order_by takes at most {MAX_TERMS} fields.")
    keys: list[SortKey] = []
    for text in order_by:
        term = parse_order(text)
        keys.extend(_keys(resolve(term.field), descending=term.descending))
    return [*keys, *last]


def fetch_page(
    tx: Transaction, table: str, where: Clause, keys: Sequence[SortKey], limit: int, token: str | None
) -> Page:
    """One page of the rows of `table` that meet `where`.

    Args:
        tx: The transaction to read in.
        table: The table's name.
        where: What the rows have to meet.
        keys: What they are sorted by.
        limit: Rows a page.
        token: The `next_token` of the page before; None for the first page.

    Raises:
        InvalidValue: A token that is not from a page of the same order.
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


def _keys(target: Target, *, descending: bool) -> Iterable[SortKey]:
    """The target's value and, before it, whether there is one: rows without it come last either way."""
    if isinstance(target, Number):
        if target.nullable:
            yield SortKey(Clause(f"({target.sql}) IS NULL"), descending=False)
            yield SortKey(Clause(f"COALESCE({target.sql}, 0)"), descending)
        else:
            yield SortKey(Clause(target.sql), descending)
        return
    value = _text_of(target)
    yield SortKey(Clause(f"{value.sql} IS NULL", value.parameters), descending=False)
    text = f"SUBSTR(COALESCE({value.sql}, ''), 1, {SORTED_CHARACTERS})"
    yield SortKey(Clause(text, value.parameters), descending)


def _text_of(target: Text | Keyed) -> Clause:
    if isinstance(target, Text):
        return Clause(target.sql)
    return Clause(f"(SELECT value {target.rows})", (target.key,))


def _after(names: Sequence[str], keys: Sequence[SortKey], values: Sequence[Any]) -> Clause:
    """Rows after `values`: the first key is beyond its value, or equal and the second is beyond, and so on."""
    beyond = [f"{name} {'<' if key.descending else '>'} ?" for name, key in zip(names, keys, strict=True)]
    arms = [" AND ".join([*(f"{name} = ?" for name in names[:index]), beyond[index]]) for index in range(len(keys))]
    parameters = [values[position] for index in range(len(keys)) for position in range(index + 1)]
    # Implied by the rest, but in a form that an index on the first key can be searched with.
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
        raise InvalidValue("page_token is not one that this server gave.") from error
    if fingerprint != _fingerprint(keys) or len(values) != len(keys) or not all(map(_is_key, values)):
        raise InvalidValue("page_token is from a search in another order; begin again without it.")
    return values


def _is_key(value: Any) -> bool:
    return isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 2**63)


def _fingerprint(keys: Sequence[SortKey]) -> int:
    return zlib.crc32(repr(keys).encode())
