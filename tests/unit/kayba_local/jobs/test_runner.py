"""Jobs: order, results, failures, leases and restarts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.helpers.insight_jobs import failed, generate, insights, learn, upload, wait
from tests.helpers.tracing_requests import OLD_TRACES, send, span, trace_id

import kayba_local
from kayba_local import LocalServer
from kayba_local.jobs import analysis, runner, sources
from kayba_local.jobs.throttle import Throttle
from kayba_local.store import jobs
from kayba_local.store.database import Database

FOREVER: Final = 2**62


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")


def test_a_job_reports_its_times_and_that_no_model_was_used(http: httpx.Client) -> None:
    upload(http, "KeyError: 'x'\n")
    job = wait(http, generate(http, model="claude-opus-4-6", epochs=3, reflectorMode="standard"))
    assert job["startedAt"] <= job["completedAt"]
    assert "error" not in job
    assert job["result"] == {
        "skillsGenerated": 1,
        "materialized": False,
        "tracesRead": 1,
        "modelUsed": False,
        "summary": f"1 insight (1 on errors) from 1 trace. {analysis.NO_KEY_NOTE}",
        "notes": [analysis.NO_KEY_NOTE],
    }


def test_materializing_a_job_twice_creates_its_insights_once(http: httpx.Client) -> None:
    upload(http, "KeyError: 'x'\n")
    job_id = wait(http, generate(http))["jobId"]
    assert insights(http) == []
    responses = [http.post(f"/api/jobs/{job_id}").json() for _ in range(2)]
    assert responses == [{"jobId": job_id, "skillsGenerated": 1}] * 2
    assert [insight["status"] for insight in insights(http)] == ["pending"]
    assert http.get(f"/api/jobs/{job_id}").json()["result"]["materialized"] is True


def test_a_prompt_made_from_insights_names_its_sources(http: httpx.Client) -> None:
    for trace in range(1, 9):
        send(http, span(trace, 1, name="search", **failed("KeyError", "x")))
    (insight,) = learn(http)
    http.patch(f"/api/insights/{insight['id']}", json={"status": "accepted"})
    texts = {http.post("/api/prompts/generate", json={}).json()["content"]["text"] for _ in range(2)}
    named = ", ".join(trace_id(trace) for trace in range(1, 6))
    assert texts == {
        "Apply what was learned from earlier work:\n\n## errors\n\n"
        f"- {insight['content']} [insight {insight['id']}; traces {named} and 3 more]\n"
    }


def test_a_request_with_an_unknown_trace_id_is_rejected(http: httpx.Client) -> None:
    response = http.post("/api/insights/generate", json={"traceIds": [upload(http, "x"), "nothing", trace_id(7)]})
    assert response.status_code == 404
    assert response.json()["error"]["message"] == f"No trace file or trace of id nothing, {trace_id(7)}."


def test_a_request_may_name_20000_trace_ids(http: httpx.Client) -> None:
    response = http.post("/api/insights/generate", json={"traceIds": [f"{number:032x}" for number in range(20_000)]})
    assert response.status_code == 404
    assert response.json()["error"]["message"].endswith(" and 19995 more.")


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Block jobs before they read their first trace, until the event is set."""
    resumed = threading.Event()
    read_named, read_all = sources.read_named, sources.read_all

    def pause(read: Callable[..., object]) -> Callable[..., object]:
        def paused_read(*arguments: object) -> object:
            assert resumed.wait(120)
            return read(*arguments)

        return paused_read

    monkeypatch.setattr(sources, "read_named", pause(read_named))
    monkeypatch.setattr(sources, "read_all", pause(read_all))
    return resumed


def test_traces_deleted_before_the_job_reads_them_are_noted(http: httpx.Client, paused: threading.Event) -> None:
    files = [upload(http, "KeyError: 'x'\n") for _ in range(2)]
    send(http, span(1, 1, name="search", **failed("ValueError", "x")))
    job_id = generate(http, traceIds=[*files, trace_id(1)])
    http.delete(f"/api/traces/{files[0]}").raise_for_status()
    body = {"experiment_id": "0", "request_ids": [trace_id(1)]}
    http.post(f"{OLD_TRACES}/delete-traces", json=body).raise_for_status()
    paused.set()
    result = wait(http, job_id)["result"]
    assert (result["tracesRead"], result["skillsGenerated"]) == (1, 1)
    assert "Skipped 2 deleted traces." in result["notes"]


def test_the_server_responds_while_jobs_run_one_at_a_time(http: httpx.Client, paused: threading.Event) -> None:
    upload(http, "KeyError: 'x'\n")
    first, second = generate(http), generate(http)
    wait_until(lambda: http.get(f"/api/jobs/{first}").json()["status"] == "running")
    assert http.get(f"/api/jobs/{second}").json() == {"jobId": second, "status": "pending"}
    send(http, span(1, 1))
    rejected = http.post(f"/api/jobs/{first}")
    assert (rejected.status_code, "running" in rejected.json()["error"]["message"]) == (409, True)
    paused.set()
    assert [wait(http, job)["status"] for job in (first, second)] == ["completed", "completed"]


def test_a_failed_job_reports_its_error_and_the_next_one_runs(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    upload(http, "KeyError: 'x'\n")
    with monkeypatch.context() as patched:
        patched.setattr(sources, "read_file", lambda *_: 1 / 0)
        job = wait(http, generate(http))
    assert (job["status"], "result" in job) == ("failed", False)
    assert job["error"] == "The analysis failed (ZeroDivisionError). See the server's log."
    assert "completedAt" in job
    assert "ZeroDivisionError" in caplog.text
    rejected = http.post(f"/api/jobs/{job['jobId']}")
    assert (rejected.status_code, rejected.json()["error"]["message"]) == (
        409,
        f"Job {job['jobId']} is failed: it has no results.",
    )
    assert wait(http, generate(http))["status"] == "completed"


def test_jobs_of_a_stopped_server_run_on_the_next_one(
    tmp_path: Path, paused: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "STOP_S", 0.05)
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with kayba_local.serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        files = [upload(http, f"{name}Error: x\n") for name in ("Key", "Value")]
        started, waiting = generate(http, traceIds=files[:1]), generate(http, traceIds=files[1:])
        wait_until(lambda: http.get(f"/api/jobs/{started}").json()["status"] == "running")
    with closing(Database.open(store)) as db, db.read() as tx:
        unfinished = [tuple(row) for row in tx.rows("SELECT status, begun, lease_ms FROM jobs")]
    assert unfinished == [("pending", 0, 0)] * 2
    paused.set()
    with kayba_local.serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        assert [wait(http, job)["status"] for job in (started, waiting)] == ["completed", "completed"]


def test_a_job_of_a_killed_process_is_claimed_when_its_lease_expires(db: Database, tmp_path: Path) -> None:
    jobs.add(db, "job-1", {}, "killed", until_ms=0)
    assert jobs.claim(db, "killed", now_ms=0, until_ms=1_000) is not None
    db.close()
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with kayba_local.serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        assert wait(http, "job-1")["status"] == "completed"


def test_a_job_that_kills_its_process_fails_after_max_attempts(db: Database, tmp_path: Path) -> None:
    jobs.add(db, "job-1", {}, "killed", until_ms=0)
    for _ in range(runner.MAX_ATTEMPTS):
        assert jobs.claim(db, "killed", now_ms=0, until_ms=0) is not None
    db.close()
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with kayba_local.serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        job = wait(http, "job-1")
    assert (job["status"], job["error"]) == ("failed", "The job did not end in 3 attempts.")


def test_only_one_process_claims_a_job(db: Database) -> None:
    other = Database.open(f"sqlite:///{db.path}")
    jobs.add(db, "job-1", {}, "first", until_ms=1_000)
    assert jobs.claim(other, "second", now_ms=999, until_ms=FOREVER) is None
    claimed: list[str] = []

    def claim(owner: str, on: Database) -> None:
        if jobs.claim(on, owner, now_ms=1_001, until_ms=FOREVER) is not None:
            claimed.append(owner)

    threads = [threading.Thread(target=claim, args=(f"{n}", (db, other)[n % 2])) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 1
    assert not jobs.renew(db, "job-1", "first", FOREVER)
    jobs.complete(db, "job-1", "first", {}, [])
    jobs.fail(db, "job-1", "first", "too late")
    job = jobs.get(db, "job-1")
    assert job is not None
    assert (job.status, job.begun) == ("running", 1)
    other.close()
    db.close()


def test_a_job_runs_in_the_process_that_received_it(kayba_server: LocalServer) -> None:
    with (
        kayba_local.serve(store=f"sqlite:///{kayba_server.db.path}") as other,
        httpx.Client(base_url=kayba_server.url) as here,
        httpx.Client(base_url=other.url) as there,
    ):
        ids = [generate(here) for _ in range(5)]
        assert {wait(there, id_)["status"] for id_ in ids} == {"completed"}
    with kayba_server.db.read() as tx:
        assert {row["begun"] for row in tx.rows("SELECT begun FROM jobs")} == {1}
        assert len({row["owner"] for row in tx.rows("SELECT owner FROM jobs")}) == 1


def test_the_throttle_pauses_for_half_of_the_time_worked() -> None:
    now = 0.0
    pauses: list[float] = []
    throttle = Throttle(pauses.append, lambda: now)
    now = 3_600.0
    throttle.start()
    throttle.pause_if_due()
    assert pauses == []
    now += 0.5
    throttle.pause_if_due()
    throttle.pause_if_due()
    assert pauses == [0.25]


def test_closing_the_store_ends_the_thread_of_the_runner(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = set(threading.enumerate())
    caplog.set_level(logging.WARNING)
    with kayba_local.serve(store=f"sqlite:///{tmp_path / 'kayba.db'}"):
        assert [t.name for t in set(threading.enumerate()) - before if "jobs" in t.name] == ["kayba-local jobs"]
    assert not [t for t in set(threading.enumerate()) - before if "jobs" in t.name]
    assert caplog.records == []
