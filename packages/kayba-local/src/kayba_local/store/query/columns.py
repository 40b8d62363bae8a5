"""Columns: where the value of a field is stored, and which values it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from kayba_local.store.query.nodes import Field


@dataclass(frozen=True, slots=True)
class Clause:
    """An SQL fragment and the values of its placeholders, in order."""

    sql: str
    parameters: tuple[Any, ...] = ()


ALWAYS: Final = Clause("1 = 1")
NEVER: Final = Clause("1 = 0")


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A field that is a text.

    Attributes:
        sql: The value; null for none.
        parameters: The values of its placeholders.
        patterns_only: Whether only LIKE and its kin apply, because the text is long.
    """

    sql: str
    parameters: tuple[Any, ...] = ()
    patterns_only: bool = False


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A field that is a number.

    Attributes:
        sql: The value that is compared in filters.
        nullable: Whether it can be missing.
        order: The value that rows are sorted by, if it is finer than `sql`; empty for the same value.
        kind: Whether the number is a time, in ms since 1970, or a duration, in ms.
        nanoseconds: The column in ns with the same value as `sql`, which is in ms: conditions compare it with a limit
            in ns, so that an index applies. Empty if there is none.
    """

    sql: str
    nullable: bool = False
    order: str = ""
    kind: Literal["number", "time", "duration"] = "number"
    nanoseconds: str = ""


@dataclass(frozen=True, slots=True)
class AnyColumn:
    """A field whose values are texts in some rows and numbers in others.

    Attributes:
        text: The value as text, such as `yes`, `true` or `0.5`.
        number: The value as a number; null if it is not one.
        parameters: The values of the placeholders of each of them.
    """

    text: str
    number: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A field with its values in rows of another table. A condition holds if it holds for one row.

    Attributes:
        rows: The FROM and WHERE of the rows of a trace.
        parameters: The values of its placeholders.
        value: The value in a row.
        traces: A SELECT of the traces of all rows, with the same placeholders, that has an index on the value. Empty
            if there is none.
    """

    rows: str
    parameters: tuple[Any, ...]
    value: TextColumn | NumberColumn | AnyColumn
    traces: str = ""


@dataclass(frozen=True, slots=True)
class SpanColumn:
    """A field of spans. Conditions on such fields that are joined with AND hold for one and the same span."""

    value: TextColumn | NumberColumn | AnyColumn


ValueColumn: TypeAlias = TextColumn | NumberColumn | AnyColumn
Column: TypeAlias = ValueColumn | RowColumn | SpanColumn
ColumnResolver: TypeAlias = Callable[[Field], Column]
"""Returns a field's column; raises InvalidFilter for an unknown field."""
