"""Jobs: work that outlives a request, and the process that took it on.

Whoever runs a job holds a lease on it, and renews that while it works. When the holder is gone, the lease runs out, and
another process may claim the job. So of any number of processes on one store exactly one runs a job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from kayba_local.analysis.findings import Finding
from kayba_local.store import insights
from kayba_local.store.database import Database, Row
from kayba_local.store.ids import now

PENDING: Final = "pending"
RUNNING: Final = "running"
COMPLETED: Final = "completed"
FAILED: Final = "failed"

_UNFINISHED: Final = "status IN ('pending', 'running')"


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        status: ``pending``, ``running``, ``completed`` or ``failed``.
        request: What was asked for, without any secret.
        started_at: When it was first begun, ISO 8601; None while it waits.
        completed_at: When it reached ``completed`` or ``failed``.
        error: Why it failed.
        result: What is told of a completed job.
        found: How many findings it holds.
        materialized: Whether these have been made into insights.
        begun: How often a process has begun it.
    """

    id: str
    status: str
    request: Mapping[str, Any]
    started_at: str | None
    completed_at: str | None
    error: str | None
    result: Mapping[str, Any] | None
    found: int
    materialized: bool
    begun: int


def add(db: Database, id_: str, request: Mapping[str, Any], owner: str, until_ms: int) -> None:
    """Store a new job, held by `owner` until a time in ms since 1970."""
    with db.write() as tx:
        tx.run(
            "INSERT INTO jobs (id, status, request, created_at, owner, lease_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (id_, PENDING, orjson.dumps(request).decode(), now(), owner, until_ms),
        )


def get(db: Database, id_: str) -> Job | None:
    """The job of this id, None if there is none."""
    with db.read() as tx:
        row = tx.row("SELECT * FROM jobs WHERE id = ?", (id_,))
    return None if row is None else _read(row)


def claim(db: Database, owner: str, now_ms: int, until_ms: int) -> Job | None:
    """Take the oldest job that waits for `owner`, or whose holder let its lease run out, and mark it as running.

    Args:
        db: The store.
        owner: Who is going to run it; must not be running another.
        now_ms: The present, in ms since 1970.
        until_ms: How long it is to be held.

    Returns:
        None when there is nothing to do.
    """
    mine = f"{_UNFINISHED} AND (owner = ? OR lease_ms < ?)"
    with db.read() as tx:
        if tx.row(f"SELECT 1 FROM jobs WHERE {mine} LIMIT 1", (owner, now_ms)) is None:  # noqa: S608 - constants
            return None
    with db.write() as tx:
        row = tx.row(f"SELECT id FROM jobs WHERE {mine} ORDER BY position LIMIT 1", (owner, now_ms))  # noqa: S608
        if row is None:
            return None
        tx.run(
            "UPDATE jobs SET status = ?, owner = ?, lease_ms = ?, begun = begun + 1,"
            " started_at = coalesce(started_at, ?) WHERE id = ?",
            (RUNNING, owner, until_ms, now(), row["id"]),
        )
        claimed = tx.row("SELECT * FROM jobs WHERE id = ?", (row["id"],))
    return None if claimed is None else _read(claimed)


def renew(db: Database, id_: str, owner: str, until_ms: int) -> bool:
    """Hold a job for longer, and with it all others of `owner`; False when it is no longer theirs."""
    with db.write() as tx:
        tx.run(f"UPDATE jobs SET lease_ms = ? WHERE owner = ? AND {_UNFINISHED}", (until_ms, owner))  # noqa: S608
        return tx.row("SELECT 1 FROM jobs WHERE id = ? AND owner = ? AND status = ?", (id_, owner, RUNNING)) is not None


def release(db: Database, owner: str) -> None:
    """Give up all that `owner` holds, so that the next process goes on with it at once."""
    with db.write() as tx:
        tx.run(
            f"UPDATE jobs SET lease_ms = 0, begun = begun - (status = ?), status = ? WHERE owner = ? AND {_UNFINISHED}",  # noqa: S608
            (RUNNING, PENDING, owner),
        )


def complete(db: Database, id_: str, owner: str, result: Mapping[str, Any], findings: Sequence[Finding]) -> None:
    """Store what a job found; nothing is stored when it is no longer held by `owner`."""
    written = orjson.dumps([asdict(finding) for finding in findings]).decode()
    with db.write() as tx:
        tx.run(
            "UPDATE jobs SET status = ?, completed_at = ?, result = ?, findings = ? WHERE id = ? AND owner = ?"
            " AND status = ?",
            (COMPLETED, now(), orjson.dumps(result).decode(), written, id_, owner, RUNNING),
        )


def fail(db: Database, id_: str, owner: str, error: str) -> None:
    """Give a job up for good, and say why; nothing happens when it is no longer held by `owner`."""
    with db.write() as tx:
        tx.run(
            "UPDATE jobs SET status = ?, completed_at = ?, error = ? WHERE id = ? AND owner = ? AND status = ?",
            (FAILED, now(), error, id_, owner, RUNNING),
        )


def materialize(db: Database, id_: str) -> Job | None:
    """Make what a completed job found into insights; a second time changes nothing.

    Returns:
        The job; it is materialized if it was completed. None when there is none of this id.
    """
    with db.write() as tx:
        row = tx.row("SELECT * FROM jobs WHERE id = ?", (id_,))
        if row is None:
            return None
        if row["status"] == COMPLETED and not row["materialized"]:
            insights.keep(tx, id_, [_finding(found) for found in orjson.loads(row["findings"])])
            tx.run("UPDATE jobs SET materialized = 1 WHERE id = ?", (id_,))
            row = tx.row("SELECT * FROM jobs WHERE id = ?", (id_,)) or row
    return _read(row)


def _finding(written: dict[str, Any]) -> Finding:
    return Finding(**{**written, "subject": tuple(written["subject"]), "trace_ids": tuple(written["trace_ids"])})


def _read(row: Row) -> Job:
    return Job(
        id=row["id"],
        status=row["status"],
        request=orjson.loads(row["request"]),
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        error=row["error"],
        result=None if row["result"] is None else orjson.loads(row["result"]),
        found=0 if row["findings"] is None else len(orjson.loads(row["findings"])),
        materialized=bool(row["materialized"]),
        begun=row["begun"],
    )
