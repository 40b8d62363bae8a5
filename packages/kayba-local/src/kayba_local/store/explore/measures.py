"""Sums over traces: counts, errors, latency, tokens and cost, of all, by time and by a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.store.database import Row, Transaction
from kayba_local.store.explore.groups import group_of
from kayba_local.store.query.columns import Clause

_NS_PER_MS: Final = 1_000_000
_SECOND_MS: Final = 1_000
_MINUTE_MS: Final = 60 * _SECOND_MS
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS
_WIDTHS_MS: Final = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(count * _SECOND_MS for count in (1, 2, 5, 10, 15, 30)),
    *(count * _MINUTE_MS for count in (1, 2, 5, 10, 15, 30)),
    *(count * _HOUR_MS for count in (1, 2, 3, 6, 12)),
    *(count * _DAY_MS for count in (1, 2, 7, 14, 28, 91, 182, 364, 3640, 36400)),
)
"""Widths of buckets that people read easily."""

_PERCENTILES: Final = (50, 95, 99)
_SUMS: Final = """
    COUNT(*) AS count,
    COALESCE(SUM(traces.state = 'ERROR'), 0) AS errors,
    COALESCE(SUM(traces.state = 'IN_PROGRESS'), 0) AS running,
    COALESCE(SUM(traces.input_tokens), 0) AS input_tokens,
    COALESCE(SUM(traces.output_tokens), 0) AS output_tokens,
    COALESCE(SUM(traces.total_tokens), 0) AS total_tokens,
    COALESCE(SUM(traces.cost), 0.0) AS cost
"""


@dataclass(frozen=True, slots=True)
class Measures:
    """Sums over traces. `percentiles_ns` has the 50th, 95th and 99th percentile of the duration; None if none ended."""

    count: int
    errors: int
    running: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost: float
    percentiles_ns: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Buckets:
    """Sums by time.

    Attributes:
        width_ms: The width of a bucket.
        buckets: The start, in ms since 1970, and the sums of each bucket with traces, in the order of time.
    """

    width_ms: int
    buckets: Sequence[tuple[int, Measures]]


@dataclass(frozen=True, slots=True)
class Values:
    """Sums by the values of a field, the most frequent first. `more` tells that there are further ones."""

    values: Sequence[tuple[str | None, Measures]]
    more: bool


def sum_all(tx: Transaction, where: Clause) -> Measures:
    """Return the sums over the traces of a condition."""
    (row,) = tx.rows(f"SELECT {_SUMS} FROM traces WHERE {where.sql}", where.parameters)  # noqa: S608 - names of this package; values are bound
    return _read(row, _percentiles(tx, "NULL", Clause(""), where).get(None))


def sum_by_time(tx: Transaction, where: Clause, most: int) -> Buckets | None:
    """Return the sums by time; None without traces.

    Args:
        tx: The transaction.
        where: The condition.
        most: The most buckets. Their width is the shortest round one that needs no more.
    """
    (span,) = tx.rows(
        f"SELECT MIN(request_ns) AS first, MAX(request_ns) AS last FROM traces WHERE {where.sql}",  # noqa: S608
        where.parameters,
    )
    if span["first"] is None:
        return None
    width_ms = choose_width(span["first"] // _NS_PER_MS, span["last"] // _NS_PER_MS, most)
    start = f"(traces.request_ns / {width_ms * _NS_PER_MS}) * {width_ms}"
    rows = tx.rows(
        f"SELECT {start} AS value, {_SUMS} FROM traces WHERE {where.sql} GROUP BY 1 ORDER BY 1",  # noqa: S608
        where.parameters,
    )
    percentiles = _percentiles(tx, start, Clause(""), where)
    return Buckets(width_ms, [(row["value"], _read(row, percentiles.get(row["value"]))) for row in rows])


def sum_by_field(tx: Transaction, where: Clause, field: str, limit: int) -> Values:
    """Return the sums by the values of a field.

    Raises:
        InvalidValue: There is no such field.
    """
    group = group_of(field)
    rows = tx.rows(
        f"SELECT {group.value} AS value, {_SUMS} FROM traces {group.join.sql} WHERE {where.sql}"  # noqa: S608
        " GROUP BY 1 ORDER BY count DESC, value LIMIT ?",
        (*group.join.parameters, *where.parameters, limit + 1),
    )
    percentiles = _percentiles(tx, group.value, group.join, where)
    values = [(row["value"], _read(row, percentiles.get(row["value"]))) for row in rows[:limit]]
    return Values(values, more=len(rows) > limit)


def choose_width(first_ms: int, last_ms: int, most: int) -> int:
    """Return the shortest round width, in ms, of at most `most` buckets from the first to the last time."""
    for width in _WIDTHS_MS:
        if last_ms // width - first_ms // width < most:
            return width
    return (last_ms - first_ms) // max(1, most - 1) + 1


def _percentiles(tx: Transaction, value: str, join: Clause, where: Clause) -> dict[object, tuple[int, int, int]]:
    """Return the percentiles of the duration by the value of an expression, by the nearest rank."""
    ranks = ", ".join(f"MAX(CASE WHEN place = (total * {p} + 99) / 100 THEN duration_ns END)" for p in _PERCENTILES)
    rows = tx.rows(
        f"SELECT value, {ranks} FROM (SELECT {value} AS value, traces.duration_ns AS duration_ns,"  # noqa: S608
        f" ROW_NUMBER() OVER (PARTITION BY {value} ORDER BY traces.duration_ns) AS place,"
        f" COUNT(*) OVER (PARTITION BY {value}) AS total"
        f" FROM traces {join.sql} WHERE traces.duration_ns IS NOT NULL AND {where.sql}) AS ranked GROUP BY value",
        (*join.parameters, *where.parameters),
    )
    return {value: (p50, p95, p99) for value, p50, p95, p99 in rows}


def _read(row: Row, percentiles_ns: tuple[int, int, int] | None) -> Measures:
    return Measures(
        count=row["count"],
        errors=row["errors"],
        running=row["running"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        total_tokens=row["total_tokens"],
        cost=row["cost"],
        percentiles_ns=percentiles_ns,
    )
