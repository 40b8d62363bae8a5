"""Feedback is stored once, whatever happens to its process, to the server and to the process of its trace."""

from __future__ import annotations

import ctypes
import json
import logging
import random
import re
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.helpers.counts import counts
from tests.helpers.faulty_server import FakeResponse, Fault, FaultyServer, Request, Rule, faulty_server
from tests.helpers.programs import Programs, read_line, recorded_ids, wait_for
from tests.helpers.running_threads import running_threads

import ace_tracing
from ace_tracing import Delivery, continue_trace, flush, log_feedback, start_span, tracing_status
from ace_tracing.delivery import attempts
from kayba_local import LocalServer, serve

Configured = Callable[..., None]

UNKNOWN = "tr-" + "1" * 32
MISSING = FakeResponse(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such trace"}')
KILLS = 4


def finished_trace() -> str:
    """Make a trace, and return its id."""
    with start_span("judged") as span:
        pass
    return str(span.trace_id)


def assessments(server: LocalServer, trace_id: str) -> list[dict[str, Any]]:
    """Return the assessments of a trace, without a flush. Empty for an unknown trace."""
    response = httpx.get(
        f"{server.url}/api/mlflow/api/3.0/mlflow/traces/{trace_id}", headers={"Authorization": "Bearer kb-test"}
    )
    if response.status_code == HTTPStatus.NOT_FOUND:
        return []
    found: list[dict[str, Any]] = response.raise_for_status().json()["trace"]["trace_info"].get("assessments", [])
    return found


def test_a_kill_loses_and_duplicates_no_feedback(programs: Programs, kayba_server: LocalServer, tmp_path: Path) -> None:
    ids = []
    for number in range(KILLS):
        process = programs.start("judge_until_killed", kayba_server.url, tmp_path / str(number))
        read_line(process)
        threading.Event().wait(random.uniform(0.1, 1.0))
        process.kill()
        process.wait(30)
        ids += recorded_ids(tmp_path / str(number))
    left = programs.report("deliver", kayba_server.url, "all")
    assert (left["pending"], left["dropped"]) == (0, 0)
    stored = [len(assessments(kayba_server, f"tr-{trace_id}")) for trace_id in ids]
    assert len(ids) > 5 * KILLS
    assert stored == [1] * len(ids)


@pytest.mark.parametrize(("ending", "code"), [("return", 0), ("os._exit", 5)])
def test_feedback_of_an_ended_process_is_stored(
    programs: Programs, kayba_server: LocalServer, ending: str, code: int
) -> None:
    done = programs.run("judge_and_exit", kayba_server.url, ending, code=code)
    trace_id = json.loads(done.stdout)["trace_id"]
    programs.report("deliver", kayba_server.url, "all")
    assert len(assessments(kayba_server, trace_id)) == 1


def test_feedback_in_memory_is_sent_at_exit(programs: Programs, kayba_server: LocalServer) -> None:
    trace_id = programs.report("judge_and_exit", kayba_server.url, "return", spool=False)["trace_id"]
    assert len(assessments(kayba_server, trace_id)) == 1


def test_feedback_waits_for_the_trace_of_another_process(
    programs: Programs, kayba_server: LocalServer, configured: Configured, spool: bool
) -> None:
    other = programs.start("end_on_request", kayba_server.url, spool=spool)
    trace_id = json.loads(read_line(other))["trace_id"]
    configured(kayba_server.url, spool)
    log_feedback(trace_id, "correct", True)
    wait_for(lambda: tracing_status().state == "waiting")
    finished_trace()
    assert flush(timeout=0.5) == Delivery(delivered=1, pending=1, feedback_pending=1)
    other.communicate("end\n", timeout=300)
    wait_for(lambda: flush(timeout=20) == Delivery(delivered=2, feedback_delivered=1))
    assert len(assessments(kayba_server, trace_id)) == 1


def test_feedback_finds_its_trace_in_the_spool_of_a_killed_process(
    programs: Programs, kayba_server: LocalServer, configured: Configured, tmp_path: Path
) -> None:
    programs.run("record_ids", kayba_server.url, tmp_path / "ids", 1, code=5)
    (trace_id,) = recorded_ids(tmp_path / "ids")
    configured(kayba_server.url)
    log_feedback(trace_id, "correct", True)
    assert flush(timeout=60) == Delivery(delivered=1, feedback_delivered=1)
    assert len(assessments(kayba_server, f"tr-{trace_id}")) == 1


def test_feedback_on_a_missing_trace_outlives_its_process(
    programs: Programs, kayba_server: LocalServer, configured: Configured
) -> None:
    programs.run("judge_and_exit", kayba_server.url, "return", UNKNOWN)
    configured(kayba_server.url)
    with continue_trace({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}), start_span("judged"):
        pass
    wait_for(lambda: flush(timeout=20) and tracing_status().recovered == 1)
    assert len(assessments(kayba_server, UNKNOWN)) == 1


def test_feedback_is_stored_after_an_outage(configured: Configured, spool: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    configured(f"http://127.0.0.1:{port}", spool)
    trace_id = finished_trace()
    log_feedback(trace_id, "correct", True)
    assert flush(timeout=0.3) == Delivery(pending=2, feedback_pending=1)
    with serve(port=port):
        assert flush(timeout=60) == Delivery(delivered=2, feedback_delivered=1)
    log_feedback(trace_id, "again", True)
    assert flush(timeout=0.3) == Delivery(delivered=2, pending=1, feedback_delivered=1, feedback_pending=1)
    assert tracing_status().state == "waiting"
    assert tracing_status().last_error


def test_feedback_on_an_unknown_trace_is_dropped_with_one_warning(
    configured: Configured,
    kayba_server: LocalServer,
    spool: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(attempts, "MAX_WAIT_S", 0.3)
    configured(kayba_server.url, spool)
    log_feedback(UNKNOWN, "correct", True)
    log_feedback(UNKNOWN, "useful", True)
    finished_trace()
    with caplog.at_level(logging.WARNING, logger="ace_tracing"):
        delivery = flush(timeout=60)
    assert counts(delivery) == (1, 0, 2)
    assert (delivery.reasons, delivery.feedback_dropped) == ({"feedback on an unknown trace": 2}, 2)
    (record,) = caplog.records
    assert UNKNOWN in record.getMessage()


def test_feedback_outside_the_sample_is_left_out_without_a_loss(
    kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch, configured: Configured
) -> None:
    monkeypatch.setattr(attempts, "OUTSIDE_SAMPLE_WAIT_S", 0.0)
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url, sample_rate=0.0)
    log_feedback(finished_trace(), "correct", True)
    with pytest.raises(ZeroDivisionError), start_span("failed") as failed:
        _ = 1 / 0
    log_feedback(str(failed.trace_id), "correct", False)
    assert flush(timeout=60) == Delivery(delivered=2, feedback_delivered=1)


def test_a_missing_trace_delays_neither_traces_nor_other_feedback(
    configured: Configured, kayba_server: LocalServer
) -> None:
    configured(kayba_server.url)
    for _ in range(50):
        log_feedback(UNKNOWN, "correct", True)
    trace_ids = [finished_trace() for _ in range(10)]
    for trace_id in trace_ids:
        log_feedback(trace_id, "correct", True)
    wait_for(lambda: tracing_status().delivered == 20)
    assert [len(assessments(kayba_server, trace_id)) for trace_id in trace_ids] == [1] * 10
    assert counts(tracing_status()) == (20, 50, 0)


def is_judgement(request: Request) -> bool:
    """Return whether a request contains feedback."""
    return request.method == "POST" and request.path.endswith("/assessments")


def judgements(server: FaultyServer) -> list[dict[str, Any]]:
    """Return the assessments in the requests to a server."""
    requests = [Request(*each) for each in server.requests]
    return [json.loads(request.body)["assessment"] for request in requests if is_judgement(request)]


def respond_to_judgements(*responses: FakeResponse) -> Rule:
    """Return a rule: the responses to feedback, in order. The last one is repeated."""
    left = list(responses)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0]) if is_judgement(request) else None


@pytest.mark.parametrize("status", [400, 413, 422])
def test_rejected_feedback_is_counted_and_sent_once(configured: Configured, status: int) -> None:
    with faulty_server() as server:
        server.rules.append(lambda request: FakeResponse(status, b"no") if b'"bad"' in request.body else None)
        configured(server.url)
        for name in ("good", "bad", "fine"):
            log_feedback(finished_trace(), name, True)
        delivery = flush(timeout=60)
        assert (counts(delivery), delivery.feedback_dropped) == ((5, 0, 1), 1)
        assert delivery.reasons == {"rejected by the service: feedback": 1}
        assert sorted(each["assessment_name"] for each in judgements(server)) == ["bad", "fine", "good"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_feedback_is_sent_again_after_a_temporary_failure(configured: Configured, status: int) -> None:
    with faulty_server() as server:
        server.rules.append(respond_to_judgements(FakeResponse(status, b"later"), FakeResponse()))
        server.rules.append(lambda request: without_assessments(request))
        configured(server.url)
        log_feedback(finished_trace(), "correct", True)
        assert flush(timeout=60) == Delivery(delivered=2, feedback_delivered=1)


def test_feedback_that_always_breaks_the_service_is_dropped(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MAX_RETRY_S", 0.05)
    with faulty_server() as server:
        poison = re.compile(rb'"poison"')
        server.rules.append(lambda request: FakeResponse(500, b"broken") if poison.search(request.body) else None)
        server.rules.append(lambda request: without_assessments(request))
        configured(server.url)
        for name in ("good", "poison", "fine"):
            log_feedback(finished_trace(), name, True)
        assert counts(flush(timeout=60)) == (5, 0, 1)


@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_blocked_feedback_is_kept_and_traces_go_on(configured: Configured, status: int) -> None:
    with faulty_server() as server:
        server.rules.append(respond_to_judgements(FakeResponse(status, b"not you")))
        configured(server.url)
        log_feedback(finished_trace(), "correct", True)
        assert flush(timeout=60) == Delivery(delivered=1, pending=1, feedback_pending=1)
        assert tracing_status().state == "paused"
        finished_trace()
        assert flush(timeout=60) == Delivery(delivered=2, pending=1, feedback_pending=1)
        server.rules.clear()
        assert flush(timeout=60) == Delivery(delivered=3, feedback_delivered=1)


def without_assessments(request: Request) -> FakeResponse | None:
    """Respond to a read of a trace with a trace that has no assessments."""
    return trace_info([]) if request.method == "GET" else None


def trace_info(stored: list[dict[str, Any]]) -> FakeResponse:
    """Return the response to a read of a trace."""
    info = {
        "trace_id": UNKNOWN,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2026-11-22T17:42:12.632Z",
        "state": "OK",
        "assessments": stored,
    }
    return FakeResponse(200, json.dumps({"trace": {"trace_info": info}}).encode(), {"Content-Type": "application/json"})


@pytest.mark.parametrize("keeps_ids", [True, False])
@pytest.mark.parametrize("is_stored", [True, False])
def test_a_lost_response_stores_feedback_once(configured: Configured, is_stored: bool, keeps_ids: bool) -> None:
    with faulty_server() as server:

        def read(request: Request) -> FakeResponse | None:
            if request.method != "GET":
                return None
            (sent,) = judgements(server)
            return trace_info([sent if keeps_ids else {**sent, "assessment_id": "a-1"}] if is_stored else [])

        server.rules += [respond_to_judgements(FakeResponse(fault=Fault.LOSE), FakeResponse()), read]
        configured(server.url)
        log_feedback(finished_trace(), "correct", {"score": 1.0}, rationale="", metadata={"a": "b"})
        assert flush(timeout=60) == Delivery(delivered=2, feedback_delivered=1)
        sent = judgements(server)
    assert len(sent) == (1 if is_stored else 2)
    assert all(each == sent[0] for each in sent)


def test_a_killed_worker_thread_sends_feedback_once(
    configured: Configured, kayba_server: LocalServer, spool: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    configured(kayba_server.url, spool)
    trace_id = finished_trace()
    for number in range(100):
        log_feedback(trace_id, "number", number)
        if number % 20 == 10:
            for thread in running_threads():
                assert thread.ident is not None
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    assert flush(timeout=60) == Delivery(delivered=101, feedback_delivered=100)
    assert sorted(each["feedback"]["value"] for each in assessments(kayba_server, trace_id)) == list(range(100))


def test_flush_and_shutdown_return_in_time_while_feedback_waits(configured: Configured, spool: bool) -> None:
    with faulty_server() as server:
        server.rules.append(respond_to_judgements(FakeResponse(fault=Fault.STALL)))
        configured(server.url, spool)
        log_feedback(finished_trace(), "correct", True)
        assert flush(timeout=0.5).feedback_pending == 1
        assert ace_tracing.shutdown(timeout=0.5).feedback_pending == 1
