"""Jobs: where they stand, and their results made into insights."""

from __future__ import annotations

from typing import Any

from kayba_local.handlers.errors import unknown
from kayba_local.http.operation import Call, Problem
from kayba_local.store import jobs
from kayba_local.store.jobs import Job


def get_job(call: Call) -> dict[str, Any]:
    """Where a job stands."""
    job = jobs.get(call.db, call.path["id"])
    if job is None:
        raise unknown("job", [call.path["id"]])
    answer: dict[str, Any] = {"jobId": job.id, "status": job.status}
    told = {"startedAt": job.started_at, "completedAt": job.completed_at, "error": job.error, "result": _result(job)}
    return {**answer, **{name: value for name, value in told.items() if value is not None}}


def materialize_job(call: Call) -> dict[str, Any]:
    """Make what a completed job found into insights, if that has not been done."""
    job = jobs.materialize(call.db, call.path["id"])
    if job is None:
        raise unknown("job", [call.path["id"]])
    if not job.materialized:
        end = "it has no results" if job.status == jobs.FAILED else "wait until GET /jobs/{id} says completed"
        raise Problem(409, None, f"Job {job.id} is {job.status}: {end}.")
    return {"jobId": job.id, "skillsGenerated": job.found}


def _result(job: Job) -> dict[str, Any] | None:
    if job.result is None:
        return None
    return {"skillsGenerated": job.found, "materialized": job.materialized, **job.result}
