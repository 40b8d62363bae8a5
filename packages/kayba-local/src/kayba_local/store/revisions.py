"""Revisions: a number that rises with each change of the store, and the changes since one.

A transaction that changes something calls `advance`, and stamps the rows of the traces and spans that it changes with
the result. `record` logs changes that leave no such row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kayba_local.store.database import Transaction

MAX_CHANGES: Final = 100_000
"""Logged changes that are kept. Who asks for older ones must read everything again."""

ChangeKind = Literal["trace", "deleted", "job", "insight"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change.

    Attributes:
        revision: Its revision.
        kind: `trace` for a new or changed trace, `deleted` for a deleted one, `job` or `insight`.
        subject: The id of the trace, job or insight.
    """

    revision: int
    kind: ChangeKind
    subject: str


def read(tx: Transaction) -> int:
    """Return the revision of the store."""
    (row,) = tx.rows("SELECT value FROM revision")
    revision: int = row["value"]
    return revision


def advance(tx: Transaction) -> int:
    """Return the revision of the changes of a transaction: one more than that of the store before it."""
    if tx.revision is None:
        (row,) = tx.rows("UPDATE revision SET value = value + 1 RETURNING value")
        tx.revision = row["value"]
    return tx.revision


def stamp(tx: Transaction, trace: int) -> None:
    """Record a change of a trace, given by its row id."""
    tx.run("UPDATE traces SET revision = ? WHERE id = ?", (advance(tx), trace))


def record(tx: Transaction, kind: ChangeKind, subjects: Iterable[str]) -> None:
    """Log changes, and forget the oldest ones beyond `MAX_CHANGES`."""
    revision = advance(tx)
    tx.run_many(
        "INSERT INTO changes (revision, kind, subject) VALUES (?, ?, ?)",
        [(revision, kind, subject) for subject in subjects],
    )
    tx.run("DELETE FROM changes WHERE id <= (SELECT MAX(id) FROM changes) - ?", (MAX_CHANGES,))


def find_since(tx: Transaction, since: int, limit: int) -> Sequence[Change] | None:
    """Return the changes after a revision in their order, a trace once with its last one.

    Args:
        tx: The transaction.
        since: The revision.
        limit: The most changes.

    Returns:
        The changes; None if some of them are no longer known.
    """
    (kept,) = tx.rows("SELECT MIN(id) AS first, MIN(revision) AS revision FROM changes")
    if since > read(tx) or (kept["first"] is not None and kept["first"] > 1 and since < kept["revision"] - 1):
        return None
    traces = tx.rows(
        "SELECT revision, trace_id FROM traces WHERE revision > ? ORDER BY revision, id LIMIT ?", (since, limit)
    )
    others = tx.rows(
        "SELECT revision, kind, subject FROM changes WHERE revision > ? ORDER BY revision, id LIMIT ?", (since, limit)
    )
    changes = [Change(row["revision"], "trace", row["trace_id"]) for row in traces]
    changes += [Change(*row) for row in others]
    return sorted(changes, key=lambda change: change.revision)[:limit]
