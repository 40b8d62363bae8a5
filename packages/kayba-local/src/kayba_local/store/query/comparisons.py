"""Comparisons of one column with values, as SQL. Values are always bound as parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from kayba_local.store.errors import InvalidValue
from kayba_local.store.functions import FOLD, SEARCH, check_expression, fold
from kayba_local.store.query.columns import ALWAYS, NEVER, Clause, NumberColumn, TextColumn, ValueColumn
from kayba_local.store.query.errors import InvalidFilter, shorten
from kayba_local.store.query.nodes import Comparison, Moment, Quantity, Value
from kayba_local.store.query.times import parse_moment, parse_quantity

MAX_PATTERN_CHARACTERS: Final = 500
"""Limit of a LIKE pattern, which bounds the time of a match."""

_NULLS: Final = ("IS NULL", "IS NOT NULL")
_PATTERNS: Final = ("LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE", "RLIKE", "NOT RLIKE")
_EQUALITIES: Final = ("=", "!=", "IN", "NOT IN", *_NULLS)
_INEQUALITIES: Final = (">", ">=", "<", "<=")
_GLOB: Final = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
_NS_PER_MS: Final = 1_000_000
_MAX_INTEGER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compiles comparisons of one filter; `now_ms` is the time, in ms since 1970, that relative times refer to."""

    now_ms: float

    def compare(self, comparison: Comparison, column: ValueColumn) -> Clause:
        """Return a comparison as SQL; null or false where it does not hold.

        Raises:
            InvalidFilter: The operator or a value does not apply to the field.
        """
        if isinstance(column, NumberColumn):
            return self._compare_number(comparison, column)
        if isinstance(column, TextColumn):
            return _compare_text(comparison, column)
        if comparison.operator in _INEQUALITIES or _all_numbers(comparison.values):
            number = self._compare_number(comparison, NumberColumn(column.number, nullable=True))
            return Clause(number.sql, (*column.parameters, *number.parameters))
        return _compare_text(comparison, TextColumn(column.text, column.parameters))

    def _compare_number(self, comparison: Comparison, column: NumberColumn) -> Clause:
        _require_operator(comparison, (*_EQUALITIES, *_INEQUALITIES))
        values = tuple(
            self._read_number(comparison, column, value, position)
            for value, position in zip(comparison.values, comparison.positions, strict=True)
        )
        if column.nanoseconds:
            return _compare_nanoseconds(column, comparison.operator, values)
        return _test(column.sql, comparison.operator, values)

    def _read_number(self, comparison: Comparison, column: NumberColumn, value: Value, position: int) -> float:
        if isinstance(value, str):
            value = (parse_moment(value) or parse_quantity(value) or value) if column.kind != "number" else value
        if isinstance(value, int | float):
            return value
        if column.kind == "time" and isinstance(value, Moment):
            return value.milliseconds
        if column.kind == "time" and isinstance(value, Quantity) and value.signed:
            return self.now_ms + value.milliseconds
        if column.kind == "duration" and isinstance(value, Quantity):
            return value.milliseconds
        expected = {
            "number": "numbers",
            "time": "times: an ISO date such as 2026-11-01, a time before now such as -24h, or milliseconds since 1970",
            "duration": "durations: a number with a unit such as 1.5s or 200ms, or milliseconds",
        }[column.kind]
        raise _wrong_value(comparison, expected, value, position)


def _compare_text(comparison: Comparison, column: TextColumn) -> Clause:
    _require_operator(comparison, _PATTERNS if column.patterns_only else (*_EQUALITIES, *_PATTERNS))
    for value, position in zip(comparison.values, comparison.positions, strict=True):
        if not isinstance(value, str):
            raise _wrong_value(comparison, "text in quotes", value, position)
    test = _match(comparison, column) if comparison.operator in _PATTERNS else None
    test = test or _test(column.sql, comparison.operator, comparison.values)
    return Clause(test.sql, (*column.parameters, *test.parameters))


def _match(comparison: Comparison, column: TextColumn) -> Clause:
    pattern, position = str(comparison.values[0]), comparison.positions[0]
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        message = f"the pattern at position {position} has more than {MAX_PATTERN_CHARACTERS} characters"
        raise InvalidFilter(message, position)
    negation, _, kind = comparison.operator.rpartition(" ")
    negation = f"{negation} " if negation else ""
    if kind == "LIKE":
        return Clause(f"{column.sql} {negation}GLOB ?", (_glob(pattern),))
    if kind == "ILIKE":
        return Clause(f"{FOLD}({column.sql}) {negation}GLOB ?", (_glob(fold(pattern)),))
    try:
        check_expression(pattern)
    except InvalidValue as error:
        raise InvalidFilter(f"the regular expression at position {position} is malformed: {error}", position) from error
    return Clause(f"{negation}{SEARCH}({column.sql}, ?)", (pattern,))


def _glob(pattern: str) -> str:
    """Return a LIKE pattern as a GLOB pattern, because SQLite's LIKE ignores case."""
    return "".join(_GLOB.get(character, character) for character in pattern)


def _test(sql: str, operator: str, values: tuple[Value, ...]) -> Clause:
    match operator:
        case "IN" | "NOT IN":
            return Clause(f"{sql} {operator} ({', '.join('?' * len(values))})", values)
        case "IS NULL" | "IS NOT NULL":
            return Clause(f"{sql} {operator}")
        case _:
            return Clause(f"{sql} {operator} ?", values)


def _compare_nanoseconds(column: NumberColumn, operator: str, values: tuple[float, ...]) -> Clause:
    """Return the comparison of a column in ns with values in ms.

    A time counts in whole milliseconds, as in the API, so it equals a limit during the whole millisecond.
    """
    sql = column.nanoseconds
    if operator in _NULLS:
        return Clause(f"{sql} {operator}")
    if operator in ("IN", "NOT IN"):
        parts = [_compare_nanoseconds(column, "=" if operator == "IN" else "!=", (value,)) for value in values]
        joined = (" OR " if operator == "IN" else " AND ").join(part.sql for part in parts)
        return Clause(f"({joined})", tuple(value for part in parts for value in part.parameters))
    (value,) = values
    if column.kind != "time":
        return Clause(f"{sql} {operator} ?", (_to_ns(value),))
    first, last = (math.ceil(value), math.floor(value)) if math.isfinite(value) else (value, value)
    match operator:
        case ">":
            return Clause(f"{sql} >= ?", (_to_ns(last + 1),))
        case ">=":
            return Clause(f"{sql} >= ?", (_to_ns(first),))
        case "<":
            return Clause(f"{sql} < ?", (_to_ns(first),))
        case "<=":
            return Clause(f"{sql} < ?", (_to_ns(last + 1),))
        case "=":
            if first != last or math.isinf(first):
                return NEVER
            return Clause(f"({sql} >= ? AND {sql} < ?)", (_to_ns(first), _to_ns(last + 1)))
        case _:
            if first != last or math.isinf(first):
                return ALWAYS
            return Clause(f"({sql} < ? OR {sql} >= ?)", (_to_ns(first), _to_ns(last + 1)))


def _to_ns(milliseconds: float) -> int | float:
    """Return a limit in ns, within SQLite's integers."""
    if isinstance(milliseconds, float):
        ns = milliseconds * _NS_PER_MS
        # 249.9 ms are 249,900,000 ns, and not a fraction less.
        if math.isinf(ns) or abs(ns - round(ns)) > 1e-3:
            return ns
        milliseconds_ns = round(ns)
    else:
        milliseconds_ns = milliseconds * _NS_PER_MS
    return max(-_MAX_INTEGER, min(milliseconds_ns, _MAX_INTEGER))


def _all_numbers(values: tuple[Value, ...]) -> bool:
    return bool(values) and not any(isinstance(value, str) for value in values)


def _require_operator(comparison: Comparison, operators: tuple[str, ...]) -> None:
    if comparison.operator not in operators:
        field = comparison.field
        raise InvalidFilter(
            f"{field} at position {field.position} takes {', '.join(operators)}, not {comparison.operator}",
            field.position,
        )


def _wrong_value(comparison: Comparison, expected: str, value: Value, position: int) -> InvalidFilter:
    found = shorten(value if isinstance(value, str) else str(getattr(value, "text", value)))
    return InvalidFilter(
        f"{comparison.field} is compared with {expected}; at position {position} found {found}", position
    )
