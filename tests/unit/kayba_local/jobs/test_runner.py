"""Jobs: how they run, wait, end, fail, and go on after a restart."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.helpers.insight_jobs import failed, generate, insights, learn, upload, wait
from tests.helpers.tracing_requests import OLD_TRACES, send, span, trace_id

import kayba_local
from kayba_local import LocalServer
from kayba_local.jobs import analysis, runner, sources
from kayba_local.jobs.throttle import Pace
from kayba_local.store import jobs
from kayba_local.store.database import Database

FOREVER = 2**62


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")


def test_a_job_tells_when_it_ran_and_that_no_model_was_used(http: httpx.Client) -> None:
    upload(http, "KeyError: 'x'\n")
    job = wait(http, generate(http, model="claude-opus-4-6", epochs=3, reflectorMode="standard"))
    assert job["startedAt"] <= job["completedAt"]
    assert "error" not in job
    assert job["result"] == {
        "skillsGenerated": 1,
        "materialized": False,
        "tracesRead": 1,
        "modelUsed": False,
        "summary": f"1 insight (1 on errors) from 1 trace. {analysis.WITHOUT_MODEL}",
        "notes": [analysis.WITHOUT_MODEL],
    }


def test_results_are_insights_only_once_they_are_materialized_and_only_once(http: httpx.Client) -> None:
    upload(http, "KeyError: 'x'\n")
    job_id = wait(http, generate(http))["jobId"]
    assert insights(http) == []
    answers = [http.post(f"/api/jobs/{job_id}").json() for _ in range(2)]
    assert answers == [{"jobId": job_id, "skillsGenerated": 1}] * 2
    assert [insight["status"] for insight in insights(http)] == ["pending"]
    assert http.get(f"/api/jobs/{job_id}").json()["result"]["materialized"] is True


def test_what_was_found_makes_a_prompt_that_names_its_sources(http: httpx.Client) -> None:
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


def test_an_unknown_trace_is_refused_before_a_job_begins(http: httpx.Client) -> None:
    answer = http.post("/api/insights/generate", json={"traceIds": [upload(http, "x"), "nothing", trace_id(7)]})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"No trace file or trace of id nothing, {trace_id(7)}."


def test_as_many_traces_are_named_as_a_body_holds(http: httpx.Client) -> None:
    answer = http.post("/api/insights/generate", json={"traceIds": [f"{number:032x}" for number in range(20_000)]})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].endswith(" and 19995 more.")


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Lets jobs begin, and read nothing until the event is set."""
    going_on = threading.Event()
    read_named, read_all = sources.read_named, sources.read_all

    def pause(read: Callable[..., object]) -> Callable[..., object]:
        def paused_read(*arguments: object) -> object:
            assert going_on.wait(30)
            return read(*arguments)

        return paused_read

    monkeypatch.setattr(sources, "read_named", pause(read_named))
    monkeypatch.setattr(sources, "read_all", pause(read_all))
    return going_on


def test_traces_deleted_before_the_job_comes_to_them_are_left_out_and_told(
    http: httpx.Client, paused: threading.Event
) -> None:
    files = [upload(http, "KeyError: 'x'\n") for _ in range(2)]
    send(http, span(1, 1, name="search", **failed("ValueError", "x")))
    job_id = generate(http, traceIds=[*files, trace_id(1)])
    http.delete(f"/api/traces/{files[0]}").raise_for_status()
    body = {"experiment_id": "0", "request_ids": [trace_id(1)]}
    http.post(f"{OLD_TRACES}/delete-traces", json=body).raise_for_status()
    paused.set()
    result = wait(http, job_id)["result"]
    assert (result["tracesRead"], result["skillsGenerated"]) == (1, 1)
    assert "2 traces had been deleted before the job came to it." in result["notes"]


def test_requests_are_answered_while_a_job_runs_and_jobs_run_one_by_one(
    http: httpx.Client, paused: threading.Event
) -> None:
    upload(http, "KeyError: 'x'\n")
    first, second = generate(http), generate(http)
    until(lambda: http.get(f"/api/jobs/{first}").json()["status"] == "running")
    assert http.get(f"/api/jobs/{second}").json() == {"jobId": second, "status": "pending"}
    send(http, span(1, 1))
    refused = http.post(f"/api/jobs/{first}")
    assert (refused.status_code, "running" in refused.json()["error"]["message"]) == (409, True)
    paused.set()
    assert [wait(http, job)["status"] for job in (first, second)] == ["completed", "completed"]


def test_a_job_that_fails_says_so_and_the_next_one_runs(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    upload(http, "KeyError: 'x'\n")
    with monkeypatch.context() as patched:
        patched.setattr(sources, "read_file", lambda *_: 1 / 0)
        job = wait(http, generate(http))
    assert (job["status"], "result" in job) == ("failed", False)
    assert job["error"] == "The analysis failed (ZeroDivisionError); the log says how."
    assert "completedAt" in job
    assert "ZeroDivisionError" in caplog.text
    refused = http.post(f"/api/jobs/{job['jobId']}")
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        409,
        f"Job {job['jobId']} is failed: it has no results.",
    )
    assert wait(http, generate(http))["status"] == "completed"


def test_a_stopped_server_leaves_its_jobs_to_the_next_one(
    tmp_path: Path, paused: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "STOP_S", 0.05)
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with kayba_local.serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        files = [upload(http, f"{name}Error: x\n") for name in ("Key", "Value")]
        begun, waiting = generate(http, traceIds=files[:1]), generate(http, traceIds=files[1:])
        until(lambda: http.get(f"/api/jobs/{begun}").json()["status"] == "running")
    with closing(Database.open(store)) as db, db.read() as tx:
        left = [tuple(row) for row in tx.rows("SELECT status, begun, lease_ms FROM jobs")]
    assert left == [("pending", 0, 0)] * 2
    paused.set()
    with kayba_local.serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        assert [wait(http, job)["status"] for job in (begun, waiting)] == ["completed", "completed"]


def test_a_job_of_a_process_that_was_killed_is_taken_when_its_lease_is_over(db: Database, tmp_path: Path) -> None:
    jobs.add(db, "job-1", {}, "killed", until_ms=0)
    assert jobs.claim(db, "killed", now_ms=0, until_ms=1_000) is not None
    db.close()
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with kayba_local.serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        assert wait(http, "job-1")["status"] == "completed"


def test_a_job_that_ends_its_process_every_time_is_given_up(db: Database, tmp_path: Path) -> None:
    jobs.add(db, "job-1", {}, "killed", until_ms=0)
    for _ in range(runner.MOST_BEGUN):
        assert jobs.claim(db, "killed", now_ms=0, until_ms=0) is not None
    db.close()
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with kayba_local.serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        job = wait(http, "job-1")
    assert (job["status"], job["error"]) == ("failed", "It was begun 3 times and never came to an end.")


def test_of_several_processes_one_runs_a_job(db: Database) -> None:
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


def test_a_job_is_run_by_the_process_that_took_it_on_while_that_is_there(kayba_server: LocalServer) -> None:
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


def test_a_job_rests_for_half_of_the_time_that_it_worked_and_not_for_what_was_before() -> None:
    now = 0.0
    rests: list[float] = []
    pace = Pace(rests.append, lambda: now)
    now = 3_600.0
    pace.begin()
    pace.step()
    assert rests == []
    now += 0.5
    pace.step()
    pace.step()
    assert rests == [0.25]


def test_closing_a_store_ends_the_thread_of_its_jobs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = set(threading.enumerate())
    caplog.set_level(logging.WARNING)
    with kayba_local.serve(store=f"sqlite:///{tmp_path / 'kayba.db'}"):
        assert [t.name for t in set(threading.enumerate()) - before if "jobs" in t.name] == ["kayba-local jobs"]
    assert not [t for t in set(threading.enumerate()) - before if "jobs" in t.name]
    assert caplog.records == []
