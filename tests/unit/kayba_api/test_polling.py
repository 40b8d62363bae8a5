"""Polling: wait for a job until it ends or the time is over."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.helpers.client_kinds import Subject
from tests.helpers.faulty_server import FakeResponse, Fault, faulty_server

from kayba_api import InternalServerError, JobFailedError, NotFoundError, WaitTimeoutError

Make = Callable[..., Subject]


def job(status: str, **more: Any) -> FakeResponse:
    return FakeResponse(body=json.dumps({"jobId": "job-1", "status": status, **more}).encode())


def test_wait_polls_until_the_job_has_completed(kayba: Make) -> None:
    result = {"skillsGenerated": 4, "materialized": False}
    states = [job("pending"), job("running"), job("of a newer server"), job("completed", result=result)]
    with faulty_server(*states) as server:
        done = kayba(base_url=server.url)(lambda c: c.jobs.wait("job-1"))
    assert (done.status, done.result.skills_generated) == ("completed", 4)
    assert [path for _, path, _, _ in server.requests] == ["/api/jobs/job-1"] * 4


@pytest.mark.parametrize(("more", "reason"), [({"error": "no key"}, "no key"), ({}, "no reason is given")])
def test_a_failed_job_raises_an_error_with_the_job(kayba: Make, more: dict[str, str], reason: str) -> None:
    with (
        faulty_server(job("running"), job("failed", **more)) as server,
        pytest.raises(JobFailedError, match=f"'failed': {reason}") as caught,
    ):
        kayba(base_url=server.url)(lambda c: c.jobs.wait("job-1"))
    assert caught.value.job.status == "failed"


def test_a_slow_job_raises_an_error_with_the_job(kayba: Make) -> None:
    with (
        faulty_server(job("running")) as server,
        pytest.raises(WaitTimeoutError, match=r"within 0\.05 s; its last state was 'running'") as caught,
    ):
        kayba(base_url=server.url)(lambda c: c.jobs.wait("job-1", timeout=0.05))
    assert caught.value.job.status == "running"


def test_a_timeout_of_zero_sends_one_request(kayba: Make) -> None:
    with faulty_server(job("completed")) as server:
        assert kayba(base_url=server.url)(lambda c: c.jobs.wait("job-1", timeout=0)).status == "completed"
    with faulty_server(job("running")) as server, pytest.raises(WaitTimeoutError):
        kayba(base_url=server.url)(lambda c: c.jobs.wait("job-1", timeout=0))
    assert len(server.requests) == 1


def test_a_hanging_server_does_not_extend_the_timeout(kayba: Make) -> None:
    with (
        faulty_server(job("running"), FakeResponse(fault=Fault.STALL)) as server,
        pytest.raises(WaitTimeoutError, match=r"within 0\.5 s") as caught,
    ):
        kayba(base_url=server.url, timeout=600)(lambda c: c.jobs.wait("job-1", timeout=0.5, max_retries=0))
    assert caught.value.job.status == "running"


def test_temporary_failures_are_retried(kayba: Make) -> None:
    with faulty_server(
        job("running"), FakeResponse(502, b""), FakeResponse(fault=Fault.RESET), job("completed")
    ) as server:
        assert kayba(base_url=server.url)(lambda c: c.jobs.wait("job-1", timeout=None)).status == "completed"


def test_an_error_ends_the_polling(kayba: Make) -> None:
    with faulty_server(job("running"), FakeResponse(404, b"")) as server, pytest.raises(NotFoundError):
        kayba(base_url=server.url)(lambda c: c.jobs.wait("job-1"))
    with faulty_server(job("running"), FakeResponse(500, b"")) as server, pytest.raises(InternalServerError):
        kayba(base_url=server.url)(lambda c: c.jobs.wait("job-1", max_retries=1, extra_headers={"X-Team": "a"}))
    assert [headers["X-Team"] for _, _, headers, _ in server.requests] == ["a"] * 3
