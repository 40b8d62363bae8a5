"""Jobs: work that outlives a request, and the lease of the process that runs it.

The process that runs a job holds a lease on it and renews it. If the process dies, the lease expires and another
process can claim the job. So exactly one of the processes on a store runs a job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from kayba_local.store import insights, revisions
from kayba_local.store.database import Database, Row
from kayba_local.store.ids import now
from kayba_local.store.insights import NewInsight

PENDING: Final = "pending"
RUNNING: Final = "running"
COMPLETED: Final = "completed"
FAILED: Final = "failed"

_UNFINISHED: Final = "status IN ('pending', 'running')"


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes:
        status: `pending`, `running`, `completed` or `failed`.
        request: The request's parameters without secrets.
        started_at: The time of its first start, ISO 8601; None while it is pending.
        completed_at: The time when it completed or failed.
        error: The cause of a failure.
        result: The summary of a completed job.
        found: The number of insights that it found.
        materialized: Whether these have been stored as insights.
        begun: The number of times that a process has started it.
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
    """Store a new job with a lease of `owner` until `until_ms`, in ms since 1970."""
    with db.write() as tx:
        tx.run(
            "INSERT INTO jobs (id, status, request, created_at, owner, lease_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (id_, PENDING, orjson.dumps(request).decode(), now(), owner, until_ms),
        )
        revisions.record(tx, "job", [id_])


def get(db: Database, id_: str) -> Job | None:
    """Return the job of an id, or None."""
    with db.read() as tx:
        row = tx.row("SELECT * FROM jobs WHERE id = ?", (id_,))
    return None if row is None else _read(row)


def claim(db: Database, owner: str, now_ms: int, until_ms: int) -> Job | None:
    """Claim the oldest unfinished job that `owner` holds or whose lease has expired, and mark it as running.

    Args:
        db: The store.
        owner: The process that will run it. It must not run another job.
        now_ms: The current time, in ms since 1970.
        until_ms: The end of the lease, in ms since 1970.

    Returns:
        The job, or None if no job is available.
    """
    available = f"{_UNFINISHED} AND (owner = ? OR lease_ms < ?)"
    with db.read() as tx:
        if tx.row(f"SELECT 1 FROM jobs WHERE {available} LIMIT 1", (owner, now_ms)) is None:  # noqa: S608 - constants
            return None
    with db.write() as tx:
        row = tx.row(f"SELECT id FROM jobs WHERE {available} ORDER BY position LIMIT 1", (owner, now_ms))  # noqa: S608
        if row is None:
            return None
        tx.run(
            "UPDATE jobs SET status = ?, owner = ?, lease_ms = ?, begun = begun + 1,"
            " started_at = coalesce(started_at, ?) WHERE id = ?",
            (RUNNING, owner, until_ms, now(), row["id"]),
        )
        revisions.record(tx, "job", [row["id"]])
        claimed = tx.row("SELECT * FROM jobs WHERE id = ?", (row["id"],))
    return None if claimed is None else _read(claimed)


def renew(db: Database, id_: str, owner: str, until_ms: int) -> bool:
    """Extend the leases on all jobs of `owner`. Return False if `owner` no longer runs the job `id_`."""
    with db.write() as tx:
        tx.run(f"UPDATE jobs SET lease_ms = ? WHERE owner = ? AND {_UNFINISHED}", (until_ms, owner))  # noqa: S608
        return tx.row("SELECT 1 FROM jobs WHERE id = ? AND owner = ? AND status = ?", (id_, owner, RUNNING)) is not None


def release(db: Database, owner: str) -> None:
    """End all leases of `owner`, so another process can claim the jobs immediately."""
    with db.write() as tx:
        tx.run(
            f"UPDATE jobs SET lease_ms = 0, begun = begun - (status = ?), status = ? WHERE owner = ? AND {_UNFINISHED}",  # noqa: S608
            (RUNNING, PENDING, owner),
        )


def complete(db: Database, id_: str, owner: str, result: Mapping[str, Any], found: Sequence[NewInsight]) -> None:
    """Mark a job as completed and store its result, unless `owner` no longer runs it."""
    written = orjson.dumps([asdict(insight) for insight in found]).decode()
    with db.write() as tx:
        tx.run(
            "UPDATE jobs SET status = ?, completed_at = ?, result = ?, findings = ? WHERE id = ? AND owner = ?"
            " AND status = ?",
            (COMPLETED, now(), orjson.dumps(result).decode(), written, id_, owner, RUNNING),
        )
        revisions.record(tx, "job", [id_])


def fail(db: Database, id_: str, owner: str, error: str) -> None:
    """Mark a job as failed, unless `owner` no longer runs it."""
    with db.write() as tx:
        tx.run(
            "UPDATE jobs SET status = ?, completed_at = ?, error = ? WHERE id = ? AND owner = ? AND status = ?",
            (FAILED, now(), error, id_, owner, RUNNING),
        )
        revisions.record(tx, "job", [id_])


def materialize(db: Database, id_: str) -> Job | None:
    """Store the findings of a completed job as insights. A second call changes nothing.

    Returns:
        The job, or None if no job has the id. A job that has not completed is not materialized.
    """
    with db.write() as tx:
        row = tx.row("SELECT * FROM jobs WHERE id = ?", (id_,))
        if row is None:
            return None
        if row["status"] == COMPLETED and not row["materialized"]:
            insights.upsert(tx, id_, [NewInsight(**found) for found in orjson.loads(row["findings"])])
            tx.run("UPDATE jobs SET materialized = 1 WHERE id = ?", (id_,))
            row = tx.row("SELECT * FROM jobs WHERE id = ?", (id_,)) or row
    return _read(row)


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
