"""Selections: the traces that a request is about, by filter, words, time and experiment, or by id."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from kayba_local.store.database import Database, Transaction
from kayba_local.store.errors import InvalidValue
from kayba_local.store.functions import report_failures
from kayba_local.store.query.columns import Clause
from kayba_local.store.query.nodes import And, Condition, Words
from kayba_local.store.query.times import parse_moment, parse_quantity
from kayba_local.store.traces import search

_NS_PER_MS: Final = 1_000_000
_MAX_NS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of traces. Without any field, it selects all.

    Attributes:
        filter_text: A filter in the search language.
        words: Words that the trace contains.
        from_ns: The earliest start, in ns since 1970; None for no limit.
        to_ns: The start is before this time.
        experiments: The experiments' ids; empty for all.
        trace_ids: The traces' ids, in place of the other fields; None for none.
    """

    filter_text: str = ""
    words: str = ""
    from_ns: int | None = None
    to_ns: int | None = None
    experiments: Sequence[str] = ()
    trace_ids: Sequence[str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing limits the selection."""
        return self == Selection()

    def compile(self, tx: Transaction) -> Clause:
        """Return the selection as a condition on `traces`. Run queries with it in a block of `select`.

        Raises:
            InvalidFilter: The filter is malformed or names an unknown field.
        """
        if self.trace_ids is not None:
            marks = ", ".join("?" * len(self.trace_ids))
            return Clause(f"traces.trace_id IN ({marks})", tuple(self.trace_ids))
        parts: list[Clause] = []
        if self.experiments:
            marks = ", ".join("?" * len(self.experiments))
            parts.append(Clause(f"traces.experiment IN ({marks})", tuple(map(int, self.experiments))))
        if self.from_ns is not None:
            parts.append(Clause("traces.request_ns >= ?", (self.from_ns,)))
        if self.to_ns is not None:
            parts.append(Clause("traces.request_ns < ?", (self.to_ns,)))
        condition = self.parse()
        if condition != And(()):
            parts.append(search.compile_filter(tx, condition))
        sql = " AND ".join(part.sql for part in parts) or "1 = 1"
        return Clause(sql, tuple(value for part in parts for value in part.parameters))

    def parse(self) -> Condition:
        """Return the filter and the words as one condition.

        Raises:
            InvalidFilter: The filter is malformed.
        """
        condition = search.parse(self.filter_text)
        words = [Words(word, is_prefix=False, position=1) for word in self.words.split()]
        return And((condition, *words)) if words else condition

    def without_times(self) -> Selection:
        """Return the selection at any time."""
        return replace(self, from_ns=None, to_ns=None)


@contextmanager
def select(db: Database, selection: Selection) -> Iterator[tuple[Transaction, Clause]]:
    """Begin a read transaction, and yield it with the condition of a selection.

    Raises:
        InvalidFilter: The filter is malformed or names an unknown field.
        InvalidValue: A regular expression takes too long.
    """
    search.catch_up(db, selection.parse())
    with db.read() as tx, report_failures():
        yield tx, selection.compile(tx)


def find_ids(db: Database, selection: Selection) -> list[int]:
    """Return the row ids of the selected traces.

    Raises:
        InvalidFilter: The filter is malformed or names an unknown field.
    """
    with select(db, selection) as (tx, where):
        sql = f"SELECT id FROM traces WHERE {where.sql}"  # noqa: S608 - names of this package; values are bound
        return [row["id"] for row in tx.iterate(sql, where.parameters)]


def parse_time(text: str, name: str, now_ns: int | None = None) -> int:
    """Return a time in ns since 1970.

    Args:
        text: Milliseconds since 1970, an ISO 8601 date or time, or a time before now such as `-24h`.
        name: The parameter, for the message.
        now_ns: The present; None for the clock's time.

    Raises:
        InvalidValue: The text is in none of these forms.
    """
    if text.isascii() and text.isdecimal() and len(text) <= 15:
        return int(text) * _NS_PER_MS
    quantity = parse_quantity(text)
    if quantity is not None and quantity.signed:
        present = time.time_ns() if now_ns is None else now_ns
        return _within_limits(present + round(quantity.milliseconds * _NS_PER_MS))
    moment = parse_moment(text)
    if moment is None:
        raise InvalidValue(
            f"{name}: {text!r} is no time; use milliseconds since 1970, an ISO 8601 date or time, or a time before now"
            " such as '-24h'."
        )
    return _within_limits(round(moment.milliseconds * _NS_PER_MS))


def _within_limits(time_ns: int) -> int:
    return min(max(time_ns, 0), _MAX_NS)
