"""Interrupted traces: a trace whose root span never comes is not shown as running for ever.

It gets the state `ERROR`, as the SDK gives it to a trace whose process has ended, and the metadata
`kayba.interrupted`. Its next span or trace info revives it: `store.traces.facts` then computes its state anew.
"""

from __future__ import annotations

from typing import Final

from kayba_local.store import revisions
from kayba_local.store.database import Database, Transaction
from kayba_local.upkeep import slices
from kayba_local.upkeep.slices import Rest

_NS_PER_S: Final = 1_000_000_000
_FIND_NEXT: Final = """
    SELECT id, request_ns FROM traces
    WHERE state = 'IN_PROGRESS' AND request_ns < ? AND (request_ns, id) > (?, ?) ORDER BY request_ns, id LIMIT 1
"""
_FIND_LAST: Final = "SELECT max(max(start_ns, end_ns)) AS last_ns FROM spans WHERE trace = ?"
MARK: Final = """
    UPDATE traces SET
        state = 'ERROR', interrupted = 1, duration_ns = ?, error_type = coalesce(error_type, 'interrupted'),
        error = coalesce(error, 'interrupted: no span has arrived for a long time')
    WHERE id = ?
"""
"""The statement that marks a trace. Its parameters are the duration in ns, and the trace's row id."""


def mark(db: Database, now_ns: int, after_s: float, rest: Rest = slices.sleep) -> int:
    """Mark the traces in progress without a span for so long as interrupted.

    Args:
        db: The store.
        now_ns: The current time, in ns since 1970.
        after_s: Seconds since the start or the end of a trace's last span, or since the start of one without spans.
        rest: The function that waits between two slices.

    Returns:
        The number of marked traces.
    """
    before_ns = max(0, now_ns - int(after_s * _NS_PER_S))
    position = (-1, -1)
    count = 0

    def step(tx: Transaction) -> bool:
        nonlocal position, count
        row = tx.row(_FIND_NEXT, (before_ns, *position))
        if row is None:
            return False
        position = (row["request_ns"], row["id"])
        last_ns = tx.rows(_FIND_LAST, (row["id"],))[0]["last_ns"]
        if last_ns is None or last_ns < before_ns:
            count += 1
            duration_ns = None if last_ns is None else max(0, last_ns - row["request_ns"])
            tx.run(MARK, (duration_ns, row["id"]))
            revisions.stamp(tx, row["id"])
        return True

    with db.read() as tx:
        has_any = tx.row(_FIND_NEXT, (before_ns, *position)) is not None
    if has_any:
        slices.run(db, step, rest)
    return count
