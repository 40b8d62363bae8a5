"""Explanation of a filter: its conditions, and how many traces would match without each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kayba_local.store.database import Transaction
from kayba_local.store.explore.selection import Selection
from kayba_local.store.query.parts import Part, split_conditions

MAX_CONDITIONS: Final = 16
"""Conditions that are explained, the first ones. Each costs a count."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An explained selection.

    Attributes:
        count: The number of its traces.
        outside_time: The number of further traces at other times; None if it has no time.
        conditions: The conditions of its filter, each with the number of traces without it.
    """

    count: int
    outside_time: int | None
    conditions: Sequence[tuple[Part, int]]


def explain(tx: Transaction, selection: Selection) -> Explanation:
    """Explain a selection.

    Raises:
        InvalidFilter: The filter is malformed, or names an unknown field.
    """
    count = _count(tx, selection)
    parts = split_conditions(selection.filter_text)
    conditions = [
        (part, _count(tx, replace(selection, filter_text=" AND ".join(other.text for other in parts if other != part))))
        for part in parts[:MAX_CONDITIONS]
    ]
    has_time = selection.from_ns is not None or selection.to_ns is not None
    outside = _count(tx, selection.without_times()) - count if has_time else None
    return Explanation(count, outside, conditions)


def _count(tx: Transaction, selection: Selection) -> int:
    where = selection.compile(tx)
    (row,) = tx.rows(f"SELECT COUNT(*) AS number FROM traces WHERE {where.sql}", where.parameters)  # noqa: S608 - names of this package; values are bound
    number: int = row["number"]
    return number
