"""Deletion of traces and experiments in slices, so that requests are stored in between.

A trace goes with everything that belongs to it: spans, tags, metadata, feedback, artifacts, events of log records, and
the attachments that no other trace uses. A trace of many spans may take several slices; its row goes last, so a
deletion that a crash ends can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.store import experiments, revisions
from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.errors import InvalidValue
from kayba_local.store.experiments import DEFAULT_EXPERIMENT
from kayba_local.upkeep import slices
from kayba_local.upkeep.slices import Rest

SPANS_PER_STEP: Final = 100
"""Spans of a trace that one step deletes."""

_NS_PER_MS: Final = 1_000_000
_TRACES: Final = "SELECT id, trace_id, experiment, request_ns FROM traces WHERE"
_SELECT: Final = f"{_TRACES} experiment = ?"
_FIND: Final = f"{_SELECT} AND trace_id = ?"
_FIND_ROW: Final = f"{_TRACES} id = ?"
_FIND_OLDEST: Final = f"{_SELECT} AND request_ns < ? ORDER BY request_ns, trace_id LIMIT 1"
_DELETE_SPANS: Final = "DELETE FROM spans WHERE id IN (SELECT id FROM spans WHERE trace = ? LIMIT ?)"
_MAX_NS: Final = 2**63 - 1


@dataclass(slots=True)
class Deleted:
    """Deleted traces: their number, and the start of the first and the last one, in ns since 1970."""

    traces: int = 0
    first_ns: int | None = None
    last_ns: int | None = None

    def add(self, row: Row) -> None:
        """Count a trace."""
        self.traces += 1
        self.first_ns = row["request_ns"] if self.first_ns is None else self.first_ns
        self.last_ns = row["request_ns"]


def delete(db: Database, experiment_id: str, trace_ids: Sequence[str]) -> int:
    """Delete traces of an experiment, and return their number."""
    remaining = list(dict.fromkeys(reversed(trace_ids)))

    def find_next(tx: Transaction) -> Row | None:
        while remaining:
            row = tx.row(_FIND, (int(experiment_id), remaining[-1]))
            if row is not None:
                return row
            remaining.pop()
        return None

    return delete_each(db, find_next).traces


def delete_rows(db: Database, ids: Sequence[int]) -> int:
    """Delete traces by their row ids, and return their number."""
    remaining = list(reversed(ids))

    def find_next(tx: Transaction) -> Row | None:
        while remaining:
            row = tx.row(_FIND_ROW, (remaining[-1],))
            if row is not None:
                return row
            remaining.pop()
        return None

    return delete_each(db, find_next).traces


def delete_until(db: Database, experiment_id: str, until_ms: int, limit: int) -> int:
    """Delete traces of an experiment that started at or before a time, oldest first.

    Args:
        db: The store.
        experiment_id: The experiment.
        until_ms: The time, in milliseconds since 1970 (UTC).
        limit: The maximum number of traces to delete.

    Returns:
        The number of deleted traces.
    """
    before_ns = min((until_ms + 1) * _NS_PER_MS, _MAX_NS)
    deleted = Deleted()

    def find_next(tx: Transaction) -> Row | None:
        return find_oldest(tx, int(experiment_id), before_ns) if deleted.traces < limit else None

    return delete_each(db, find_next, deleted).traces


def delete_experiment(
    db: Database, experiment_id: str, rest: Rest = slices.sleep, report: Callable[[int], None] = lambda _: None
) -> int:
    """Delete an experiment with all its traces, also those that arrive meanwhile. Its id is not used again.

    Args:
        db: The store.
        experiment_id: The experiment.
        rest: The function that waits between two slices.
        report: Called with the number of deleted traces now and then.

    Returns:
        The number of deleted traces.

    Raises:
        DoesNotExist: No experiment has this id.
        InvalidValue: It is the default experiment, which always exists.
    """
    if int(experiment_id) == int(DEFAULT_EXPERIMENT):
        raise InvalidValue("The default experiment cannot be deleted: delete its traces.")
    experiments.get(db, experiment_id)
    deleted = Deleted()

    def find_next(tx: Transaction) -> Row | None:
        report(deleted.traces)
        row = find_oldest(tx, int(experiment_id), _MAX_NS)
        if row is None:
            # In the transaction that finds no trace, so none can arrive in between.
            experiments.delete_row(tx, experiment_id)
        return row

    return delete_each(db, find_next, deleted, rest).traces


def find_oldest(tx: Transaction, experiment: int, before_ns: int) -> Row | None:
    """Return the trace of an experiment that started first, if it started before a time; otherwise None."""
    return tx.row(_FIND_OLDEST, (experiment, before_ns))


def delete_each(
    db: Database,
    find_next: Callable[[Transaction], Row | None],
    deleted: Deleted | None = None,
    rest: Rest = slices.sleep,
) -> Deleted:
    """Delete traces one after the other, in slices.

    Args:
        db: The store.
        find_next: Returns the next trace to delete, the same one until it is gone; None ends the deletion.
        deleted: Counts the traces that are gone.
        rest: The function that waits between two slices.
    """
    deleted = Deleted() if deleted is None else deleted

    def step(tx: Transaction) -> bool:
        row = find_next(tx)
        if row is None:
            return False
        if tx.run(_DELETE_SPANS, (row["id"], SPANS_PER_STEP)) < SPANS_PER_STEP:
            # Events of log records refer to their span by the ids on the wire.
            tx.run("DELETE FROM log_events WHERE trace_id = ?", (row["trace_id"],))
            tx.run("DELETE FROM traces WHERE id = ?", (row["id"],))
            revisions.record(tx, "deleted", [row["trace_id"]])
            deleted.add(row)
        return True

    slices.run(db, step, rest)
    return deleted
