"""Handlers of jobs: return their status, and store their findings as insights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.errors import not_found
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler
from kayba_local.store import jobs
from kayba_local.store.jobs import Job


def get_job(call: Call) -> dict[str, Any]:
    """Return a job's status and, once it has ended, its result or error."""
    job = jobs.get(call.db, call.path["id"])
    if job is None:
        raise not_found("job", [call.path["id"]])
    written: dict[str, Any] = {"jobId": job.id, "status": job.status}
    details = {
        "startedAt": job.started_at,
        "completedAt": job.completed_at,
        "error": job.error,
        "result": _write_result(job),
    }
    return {**written, **{name: value for name, value in details.items() if value is not None}}


def materialize_job(call: Call) -> dict[str, Any]:
    """Store a completed job's findings as insights; a repeated request changes nothing."""
    job = jobs.materialize(call.db, call.path["id"])
    if job is None:
        raise not_found("job", [call.path["id"]])
    if not job.materialized:
        remedy = "it has no results" if job.status == jobs.FAILED else "wait until GET /jobs/{id} returns completed"
        raise Problem(409, None, f"Job {job.id} is {job.status}: {remedy}.")
    return {"jobId": job.id, "skillsGenerated": job.found}


def _write_result(job: Job) -> dict[str, Any] | None:
    if job.result is None:
        return None
    return {"skillsGenerated": job.found, "materialized": job.materialized, **job.result}


HANDLERS: Final[Mapping[str, Handler]] = {
    "getJob": get_job,
    "materializeJob": materialize_job,
}
