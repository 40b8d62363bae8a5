"""Filter conditions compiled to SQL. Keys and values are always bound as parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from kayba_local.store.query.columns import (
    ALWAYS,
    Clause,
    ColumnResolver,
    RowColumn,
    SpanColumn,
)
from kayba_local.store.query.comparisons import Comparer
from kayba_local.store.query.errors import InvalidFilter
from kayba_local.store.query.nodes import And, Comparison, Condition, Not, Or, Words

WordMatcher: TypeAlias = Callable[[Words], Clause]
"""Returns the condition that the text of a trace contains words."""
RarityCheck: TypeAlias = Callable[[Clause], bool]
"""Returns whether a SELECT has so few rows that a search may start from them."""

_SPANS: Final = "SELECT 1 FROM spans WHERE spans.trace = traces.id"


def _now_ms() -> float:
    return time.time_ns() / 1_000_000


def _never_rare(_: Clause) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the conditions of one filter.

    Attributes:
        resolve: Returns a field's column.
        match_words: Returns the condition of a text search; None if there is none.
        is_rare: Returns whether a SELECT of traces has few rows.
        now_ms: The time that relative times refer to, in ms since 1970.
    """

    resolve: ColumnResolver
    match_words: WordMatcher | None = None
    is_rare: RarityCheck = _never_rare
    now_ms: float = field(default_factory=_now_ms)

    def compile(self, condition: Condition) -> Clause:
        """Return a condition as SQL.

        Raises:
            InvalidFilter: A field is unknown, or its operator or value has the wrong type.
        """
        match condition:
            case Comparison():
                return self._compare(condition)
            case Words():
                if self.match_words is None:
                    message = f"expected a field at position {condition.position}: there is no text search here"
                    raise InvalidFilter(message, condition.position)
                return self.match_words(condition)
            case Not():
                # A condition on a missing value is null. Its negation holds, because the condition does not.
                member = self.compile(condition.member)
                return Clause(f"({member.sql}) IS NOT TRUE", member.parameters)
            case Or():
                return _join(" OR ", (self.compile(member) for member in condition.members))
            case And():
                return self._compile_all(condition.members)

    def _compile_all(self, members: Iterable[Condition]) -> Clause:
        """Return a conjunction. Its conditions on spans hold for one and the same span."""
        clauses: list[Clause] = []
        of_spans: list[Clause] = []
        for member in members:
            test = self._test_span(member)
            if test is None:
                clauses.append(self.compile(member))
            else:
                of_spans.append(test)
        if of_spans:
            clauses.append(_any_span(_join(" AND ", of_spans)))
        return _join(" AND ", clauses)

    def _test_span(self, condition: Condition) -> Clause | None:
        """Return a condition on the row of a span; None if the condition is not only on spans."""
        if isinstance(condition, Comparison):
            column = self.resolve(condition.field)
            return self._comparer.compare(condition, column.value) if isinstance(column, SpanColumn) else None
        if not isinstance(condition, And | Or) or not condition.members:
            return None
        tests: list[Clause] = []
        for member in condition.members:
            test = self._test_span(member)
            if test is None:
                return None
            tests.append(test)
        return _join(" OR " if isinstance(condition, Or) else " AND ", tests)

    def _compare(self, comparison: Comparison) -> Clause:
        column = self.resolve(comparison.field)
        if isinstance(column, SpanColumn):
            return _any_span(self._comparer.compare(comparison, column.value))
        if isinstance(column, RowColumn):
            return self._compare_rows(comparison, column)
        return self._comparer.compare(comparison, column)

    def _compare_rows(self, comparison: Comparison, column: RowColumn) -> Clause:
        if comparison.operator in ("IS NULL", "IS NOT NULL"):
            missing = "NOT " if comparison.operator == "IS NULL" else ""
            return Clause(f"{missing}EXISTS (SELECT 1 {column.rows})", column.parameters)
        test = self._comparer.compare(comparison, column.value)
        parameters = (*column.parameters, *test.parameters)
        if column.traces and comparison.operator in ("=", "IN"):
            select = Clause(f"{column.traces} AND {test.sql}", parameters)
            if self.is_rare(select):
                return Clause(f"traces.id IN ({select.sql})", parameters)
        return Clause(f"EXISTS (SELECT 1 {column.rows} AND {test.sql})", parameters)

    @property
    def _comparer(self) -> Comparer:
        return Comparer(self.now_ms)


def _any_span(test: Clause) -> Clause:
    return Clause(f"EXISTS ({_SPANS} AND {test.sql})", test.parameters)


def _join(operator: str, clauses: Iterable[Clause]) -> Clause:
    parts = list(clauses)
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return ALWAYS
    sql = operator.join(part.sql for part in parts)
    return Clause(f"({sql})", tuple(value for part in parts for value in part.parameters))
