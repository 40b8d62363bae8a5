"""Filter conditions compiled to SQL. Keys and values are always bound as parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from kayba_local.store.errors import InvalidValue
from kayba_local.store.query.filters import And, Comparison, Condition, Field, Or, Value

MAX_PATTERN_CHARACTERS: Final = 500
"""Limit of a LIKE pattern, which bounds the time of a match."""

_ALWAYS: Final = "1 = 1"
_EQUALITIES: Final = ("=", "!=", "IN", "NOT IN", "IS NULL", "IS NOT NULL")
_TEXT_OPERATORS: Final = (*_EQUALITIES, "LIKE", "ILIKE")
_NUMBER_OPERATORS: Final = (*_EQUALITIES, ">", ">=", "<", "<=")


@dataclass(frozen=True, slots=True)
class Clause:
    """An SQL fragment and the values of its placeholders, in order."""

    sql: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A field stored as a text column."""

    sql: str


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A field stored as a number column.

    Attributes:
        sql: The value that is compared in filters.
        nullable: Whether it can be missing.
        order: The value that rows are sorted by, if it is finer than `sql`; empty for the same value.
    """

    sql: str
    nullable: bool = False
    order: str = ""


@dataclass(frozen=True, slots=True)
class KeyValueColumn:
    """A field stored in the `value` column of a key-value table.

    Attributes:
        rows: A FROM clause that selects the row, with one placeholder for the key.
        key: The key.
    """

    rows: str
    key: str


Column: TypeAlias = TextColumn | NumberColumn | KeyValueColumn
ColumnResolver: TypeAlias = Callable[[Field], Column]
"""Returns a field's column; raises InvalidValue for an unknown field."""


def unknown_field(field: Field, known: Sequence[str]) -> InvalidValue:
    """Return the error for an unknown field."""
    return InvalidValue(f"Position {field.position}: there is no field {str(field)!r}; use {', '.join(known)}.")


def compile_condition(condition: Condition, resolve: ColumnResolver) -> Clause:
    """Return a filter as SQL.

    Raises:
        InvalidValue: A field is unknown, or its operator or value has the wrong type.
    """
    if isinstance(condition, Comparison):
        return _compare(condition, resolve(condition.field))
    if condition == And(()):
        return Clause(_ALWAYS)
    operator = " OR " if isinstance(condition, Or) else " AND "
    parts = [compile_condition(member, resolve) for member in condition.members]
    sql = operator.join(part.sql for part in parts)
    return Clause(f"({sql})", tuple(value for part in parts for value in part.parameters))


def _compare(comparison: Comparison, column: Column) -> Clause:
    _check(comparison, column)
    if not isinstance(column, KeyValueColumn):
        return _test(column.sql, comparison.operator, comparison.values)
    if comparison.operator in ("IS NULL", "IS NOT NULL"):
        missing = "NOT " if comparison.operator == "IS NULL" else ""
        return Clause(f"{missing}EXISTS (SELECT 1 {column.rows})", (column.key,))
    test = _test("value", comparison.operator, comparison.values)
    return Clause(f"EXISTS (SELECT 1 {column.rows} AND {test.sql})", (column.key, *test.parameters))


def _check(comparison: Comparison, column: Column) -> None:
    field, operator = comparison.field, comparison.operator
    operators = _NUMBER_OPERATORS if isinstance(column, NumberColumn) else _TEXT_OPERATORS
    if operator not in operators:
        raise InvalidValue(f"Position {field.position}: {field} takes {', '.join(operators)}, not {operator}.")
    types, name = ((int, float), "numbers") if isinstance(column, NumberColumn) else ((str,), "text in quotes")
    if not all(isinstance(value, types) for value in comparison.values):
        raise InvalidValue(f"Position {field.position}: {field} is compared with {name}.")


def _test(column: str, operator: str, values: tuple[Value, ...]) -> Clause:
    match operator:
        case "LIKE":
            return Clause(f"{column} GLOB ?", (_glob(_pattern(values[0])),))
        case "ILIKE":
            return Clause(f"{column} LIKE ?", (_pattern(values[0]),))
        case "IN" | "NOT IN":
            return Clause(f"{column} {operator} ({', '.join('?' * len(values))})", values)
        case "IS NULL" | "IS NOT NULL":
            return Clause(f"{column} {operator}")
        case _:
            return Clause(f"{column} {operator} ?", values)


def _pattern(value: Value) -> str:
    pattern = str(value)
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise InvalidValue(f"A pattern of LIKE or ILIKE has at most {MAX_PATTERN_CHARACTERS} characters.")
    return pattern


def _glob(pattern: str) -> str:
    """Return a LIKE pattern as a GLOB pattern, because SQLite's LIKE ignores case."""
    translated = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(translated.get(character, character) for character in pattern)
