"""Conditions of the filter language as SQL. Keys and values alike are bound; only this package's own text is SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from kayba_local.store.errors import InvalidValue
from kayba_local.store.query.filters import Comparison, Condition, Either, Every, Field, Value

MAX_PATTERN: Final = 500
"""Characters of a LIKE pattern: what keeps the time of matching in bounds."""

_ALWAYS: Final = "1 = 1"
_EQUALITIES: Final = ("=", "!=", "IN", "NOT IN", "IS NULL", "IS NOT NULL")
_TEXT_OPERATORS: Final = (*_EQUALITIES, "LIKE", "ILIKE")
_NUMBER_OPERATORS: Final = (*_EQUALITIES, ">", ">=", "<", "<=")


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of SQL and the values that its placeholders are bound to, in order."""

    sql: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A field that is a column of text."""

    sql: str


@dataclass(frozen=True, slots=True)
class Number:
    """A field that is a column of numbers; `nullable` where it may be missing."""

    sql: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Keyed:
    """A field that is the `value` of the row that `rows` (a FROM with one placeholder) finds by `key`."""

    rows: str
    key: str


Target: TypeAlias = Text | Number | Keyed
Resolve: TypeAlias = Callable[[Field], Target]
"""Says what a field stands for; raises InvalidValue for one that it does not know."""


def unknown_field(field: Field, known: Sequence[str]) -> InvalidValue:
    """The problem to raise about a field that there is not."""
    return InvalidValue(f"Position {field.position}: there is no field {str(field)!r}; use {', '.join(known)}.")


def compile_condition(condition: Condition, resolve: Resolve) -> Clause:
    """The SQL of a filter.

    Raises:
        InvalidValue: An unknown field, an operator that does not fit it, or a value of the wrong kind.
    """
    if isinstance(condition, Comparison):
        return _compare(condition, resolve(condition.field))
    if condition == Every(()):
        return Clause(_ALWAYS)
    joint = " OR " if isinstance(condition, Either) else " AND "
    parts = [compile_condition(member, resolve) for member in condition.members]
    sql = joint.join(part.sql for part in parts)
    return Clause(f"({sql})", tuple(value for part in parts for value in part.parameters))


def _compare(comparison: Comparison, target: Target) -> Clause:
    _check(comparison, target)
    if not isinstance(target, Keyed):
        return _test(target.sql, comparison.operator, comparison.values)
    if comparison.operator in ("IS NULL", "IS NOT NULL"):
        missing = "NOT " if comparison.operator == "IS NULL" else ""
        return Clause(f"{missing}EXISTS (SELECT 1 {target.rows})", (target.key,))
    test = _test("value", comparison.operator, comparison.values)
    return Clause(f"EXISTS (SELECT 1 {target.rows} AND {test.sql})", (target.key, *test.parameters))


def _check(comparison: Comparison, target: Target) -> None:
    field, operator = comparison.field, comparison.operator
    operators = _NUMBER_OPERATORS if isinstance(target, Number) else _TEXT_OPERATORS
    if operator not in operators:
        raise InvalidValue(f"Position {field.position}: {field} takes {', '.join(operators)}, not {operator}.")
    wanted, name = ((int, float), "numbers") if isinstance(target, Number) else ((str,), "text in quotes")
    if not all(isinstance(value, wanted) for value in comparison.values):
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
    if len(pattern) > MAX_PATTERN:
        raise InvalidValue(f"A pattern of LIKE or ILIKE has at most {MAX_PATTERN} characters.")
    return pattern


def _glob(pattern: str) -> str:
    """LIKE's pattern for GLOB: SQLite's own LIKE does not tell upper from lower case."""
    translated = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(translated.get(character, character) for character in pattern)
