"""Retention: deletes the oldest traces beyond an age or a size of the store."""

from __future__ import annotations

import heapq
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.traces import text_index
from kayba_local.upkeep import slices
from kayba_local.upkeep.deletion import Deleted, delete_each, find_oldest
from kayba_local.upkeep.slices import Rest
from kayba_local.upkeep.space import used_bytes

SLACK: Final = 0.05
"""Part of the size that is deleted in addition, so that the next traces do not start a deletion again at once."""

MAX_TRACES_PER_LOOK: Final = 10_000

_NS_PER_S: Final = 1_000_000_000
_NS_PER_DAY: Final = 24 * 3600 * _NS_PER_S
_MAX_NS: Final = 2**63 - 1

logger: Final = logging.getLogger("kayba_local.upkeep")


@dataclass(frozen=True, slots=True)
class Retention:
    """The traces that a store keeps.

    Attributes:
        keep_days: Days since its start that a trace is kept; None keeps traces of any age.
        keep_bytes: Bytes that the store may use; None for no limit. Beyond it, the oldest traces go.
    """

    keep_days: float | None = None
    keep_bytes: int | None = None


def enforce(db: Database, retention: Retention, now_ns: int, rest: Rest) -> int:
    """Delete the traces that are not kept, oldest first across all experiments, and log each reason in one line.

    Args:
        db: The store.
        retention: The traces to keep.
        now_ns: The current time, in ns since 1970.
        rest: The function that waits between two slices of the deletion. True ends it.

    Returns:
        The number of deleted traces.
    """
    count = 0
    if retention.keep_days is not None:
        before_ns = max(0, now_ns - int(retention.keep_days * _NS_PER_DAY))
        deleted = delete_each(db, _OldestFirst(before_ns).find_next, rest=rest)
        _log(deleted, f"they started more than {retention.keep_days:g} days ago")
        count += deleted.traces
    if retention.keep_bytes is not None:
        deleted = _delete_beyond(db, retention.keep_bytes, rest)
        _log(deleted, f"the store used more than {retention.keep_bytes:,} bytes")
        count += deleted.traces
    return count


def _delete_beyond(db: Database, keep_bytes: int, rest: Rest) -> Deleted:
    deleted = Deleted()
    limit = keep_bytes
    while (count := _count_beyond(db, limit)) and not rest(0):
        limit = int(keep_bytes * (1 - SLACK))
        before = deleted.traces
        oldest = _OldestFirst(_MAX_NS)
        end = before + count

        def find_next(tx: Transaction, oldest: _OldestFirst = oldest, end: int = end) -> Row | None:
            return oldest.find_next(tx) if deleted.traces < end else None

        delete_each(db, find_next, deleted, rest)
        # The text index keeps the contents of deleted spans until it has removed their words.
        while not text_index.update(db, max_slices=1) and not rest(slices.MIN_REST_S):
            pass
        if deleted.traces == before:
            break
    return deleted


def _count_beyond(db: Database, limit: int) -> int:
    """Return a number of traces to delete before the next look at the size, 0 if the store is below its limit.

    It is half of the traces beyond the limit if all have the same size, so that large ones do not take others along.
    """
    with db.read() as tx:
        used = used_bytes(tx)
        if used <= limit:
            return 0
        traces = tx.rows("SELECT count(*) AS n FROM traces")[0]["n"]
    return min(MAX_TRACES_PER_LOOK, max(1, int(traces * (used - limit) / used / 2)))


class _OldestFirst:
    """The traces that started before a time, oldest first across all experiments."""

    def __init__(self, before_ns: int) -> None:
        self._before_ns = before_ns
        self._heads: list[tuple[int, int]] | None = None

    def find_next(self, tx: Transaction) -> Row | None:
        """Return the oldest trace that is still stored, or None."""
        if self._heads is None:
            experiments = [row["id"] for row in tx.rows("SELECT id FROM experiments")]
            # The smallest number makes each experiment be looked up once, before any trace is deleted.
            self._heads = [(-1, experiment) for experiment in experiments]
        while self._heads:
            started_ns, experiment = self._heads[0]
            row = find_oldest(tx, experiment, self._before_ns)
            if row is None:
                heapq.heappop(self._heads)
            elif row["request_ns"] > started_ns:
                heapq.heapreplace(self._heads, (row["request_ns"], experiment))
            else:
                return row
        return None


def _log(deleted: Deleted, reason: str) -> None:
    if deleted.first_ns is not None and deleted.last_ns is not None:
        logger.info(
            "deleted %s, oldest first, started from %s to %s: %s",
            "1 trace" if deleted.traces == 1 else f"{deleted.traces:,} traces",
            _time(deleted.first_ns),
            _time(deleted.last_ns),
            reason,
        )


def _time(ns: int) -> str:
    try:
        return datetime.fromtimestamp(ns // _NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        # A client may send any number as a time.
        return f"{ns} ns"
