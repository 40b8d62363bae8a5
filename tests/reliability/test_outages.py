"""After an outage the server gets every trace once, not before its `Retry-After`: points 3, 4, 8 and 17."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest
from tests.helpers.counts import counts
from tests.helpers.faulty_server import FakeResponse, Fault, faulty_server
from tests.helpers.programs import (
    TIMEOUT_S,
    Programs,
    make_traces,
    mark_soak,
    numbered_names,
    read_line,
    unexpected_lines,
    wait_for,
)

import ace_tracing
from ace_tracing import tracing_status

Configured = Callable[..., None]

BUSY_S = 60.0
"""The time allowed on top for a busy machine."""
OUTAGES = [1.0, pytest.param(60.0, marks=pytest.mark.soak)]
OUTAGE_KINDS = {
    "down": None,
    "503": FakeResponse(503, b"<html>Service Unavailable</html>", {"Content-Type": "text/html"}),
    "429": FakeResponse(429),
    "502": FakeResponse(502),
    "504": FakeResponse(504),
    "reset": FakeResponse(fault=Fault.RESET),
    "cut off": FakeResponse(fault=Fault.CUT),
    "no HTTP": FakeResponse(fault=Fault.GARBAGE),
}


@pytest.mark.point(3)
@pytest.mark.parametrize("seconds", OUTAGES)
@pytest.mark.parametrize("kind", mark_soak(OUTAGE_KINDS, quick=("down", "503", "reset")))
def test_all_traces_arrive_after_an_outage(configured: Configured, spool: bool, kind: str, seconds: float) -> None:
    answer = OUTAGE_KINDS[kind]
    with faulty_server(*([answer] if answer else []), up=answer is not None) as server:
        configured(server.url, spool)
        for part in range(4):
            make_traces(25, f"part{part}-")
            threading.Event().wait(seconds / 4)
        assert ace_tracing.flush(timeout=0.1).delivered == 0
        server.respond_with(FakeResponse())
        server.up()
        assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (100, 0, 0)
        expected = {name: 1 for part in range(4) for name in numbered_names(25, f"part{part}-")}
        assert server.store.names == expected


@pytest.mark.point(3)
def test_traces_of_ended_processes_arrive_after_an_outage(programs: Programs) -> None:
    with faulty_server(up=False) as server:
        for _ in range(2):
            programs.run("trace_and_exit", server.url, 50, "return")
        server.up()
        left = programs.report("deliver", server.url, "all")
        assert (left["recovered"], left["pending"], left["dropped"]) == (100, 0, 0)
        assert server.store.names == dict.fromkeys(numbered_names(50), 2)


@pytest.mark.point(4)
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_never_early(configured: Configured, spool: bool, form: str) -> None:
    # A date has whole seconds, so at least two of the three seconds are left.
    asked = "2" if form == "seconds" else formatdate(time.time() + 3, usegmt=True)
    with faulty_server(FakeResponse(429, b"", {"Retry-After": asked}), FakeResponse()) as server:
        configured(server.url, spool)
        make_traces(3)
        for _ in range(5):
            # A flush does not shorten the delay.
            ace_tracing.flush(timeout=0.1)
        assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (3, 0, 0)
        first, second = server.times
        assert second - first >= 2.0


@pytest.mark.point(4)
def test_retry_after_is_jittered(configured: Configured) -> None:
    waits: list[float] = []
    later = FakeResponse(503, b"", {"Retry-After": "2"})
    with (
        faulty_server(later, FakeResponse()) as a,
        faulty_server(later, FakeResponse()) as b,
        faulty_server(later, FakeResponse()) as c,
        faulty_server(later, FakeResponse()) as d,
        faulty_server(later, FakeResponse()) as e,
        faulty_server(later, FakeResponse()) as f,
    ):
        servers = [a, b, c, d, e, f]
        for server in servers:
            configured(server.url)
            make_traces(1)
        wait_for(lambda: all(len(server.times) == 2 for server in servers))
        waits = [server.times[1] - server.times[0] for server in servers]
    assert min(waits) >= 2.0
    # Six random delays from a range of 0.2 s lie this close together once in 100,000 times.
    assert max(waits) - min(waits) > 0.01


@pytest.mark.point(4)
@pytest.mark.parametrize("asked", ["1000000000", "Fri, 31 Dec 9999 23:59:59 GMT", "-5", "soon", ""])
def test_retry_after_delays_neither_exit_nor_next_process(programs: Programs, asked: str) -> None:
    with faulty_server(FakeResponse(503, b"", {"Retry-After": asked})) as server:
        programs.run("trace_and_exit", server.url, 5, "return")
        server.respond_with(FakeResponse())
        assert programs.report("deliver", server.url, "all")["pending"] == 0
        assert server.store.names == numbered_names(5)


@pytest.mark.point(4)
@pytest.mark.soak
def test_retry_after_is_capped(configured: Configured, spool: bool) -> None:
    with faulty_server(FakeResponse(503, b"", {"Retry-After": "1000000000"}), FakeResponse()) as server:
        configured(server.url, spool)
        make_traces(1)
        assert counts(ace_tracing.flush(timeout=600)) == (1, 0, 0)


@pytest.mark.point(8)
@pytest.mark.parametrize("fault", [Fault.LOSE, Fault.CUT, Fault.GARBAGE])
def test_response_lost_after_the_commit_makes_no_duplicate(configured: Configured, spool: bool, fault: Fault) -> None:
    lost = FakeResponse(fault=fault)
    with faulty_server(lost, lost, FakeResponse()) as server:
        configured(server.url, spool)
        make_traces(100)
        assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (100, 0, 0)
        assert server.store.names == numbered_names(100)
        assert len(server.store.spans) == 100
        assert server.store.duplicates > 0, "no span came twice over the wire"


@pytest.mark.point(17)
@pytest.mark.parametrize("hours", [1, -1])
def test_clock_jump_delays_nothing_and_reverses_no_span(programs: Programs, spool: bool, hours: int) -> None:
    with faulty_server(up=False) as server:
        process = programs.start("clock", server.url, hours, spool=spool)
        assert read_line(process) == '{"jumped": true}\n'
        server.up()
        recovered = time.monotonic()
        wait_for(lambda: server.store.names.total() == 22)
        # The criterion is 5 s. The rest is for a busy machine; with the clock's hour it would be 3,600 s.
        assert time.monotonic() - recovered < 5 + BUSY_S
        _, err = process.communicate(timeout=TIMEOUT_S)
        assert unexpected_lines(err) == [], err
        assert process.returncode == 0, err
        spans = [span for batch in server.exported() for span in batch]
        assert {span["name"] for span in spans} == {
            *numbered_names(10, "before"),
            *numbered_names(10, "after"),
            "across",
            "within",
        }
        assert [int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) < 0 for span in spans].count(True) == 0


def test_status_reports_an_outage(configured: Configured, spool: bool) -> None:
    with faulty_server(FakeResponse(503)) as server:
        configured(server.url, spool)
        assert tracing_status().state == "idle"
        make_traces(3)
        wait_for(lambda: tracing_status().state == "waiting")
        status = tracing_status()
        assert (status.delivered, status.pending, status.dropped) == (0, 3, 0)
        assert "503" in str(status.last_error)
        assert (status.spool is not None) is spool
        server.respond_with(FakeResponse())
        ace_tracing.flush(timeout=TIMEOUT_S)
        assert tracing_status().delivered == 3
    ace_tracing.shutdown(timeout=1)
    assert tracing_status().state == "off"
