"""A hanging, slow or flooded server delays neither callers nor the end of a process: points 10, 11 and 16."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.helpers.counts import counts
from tests.helpers.faulty_server import FakeResponse, Fault, FaultyServer, faulty_server
from tests.helpers.programs import TIMEOUT_S, Programs, make_traces, mark_soak, numbered_names, read_line, wait_for

import ace_tracing
from ace_tracing import trace, tracing_status

Configured = Callable[..., None]

EXIT_S = {True: 2.0, False: 5.0}
"""The longest exit, with and without a spool."""
BUSY_S = 8.0
"""The time allowed on top for a busy machine: less than the 10 s of a request, for which nothing may wait."""
INTERPRETER_S = 3.0
"""The time that an interpreter may need to end, beside the exit's limit."""
ATTEMPTS = 3
"""The number of exits, of which one must be in time. All others may be slow on a busy machine."""

FAILURES: dict[str, FakeResponse | None] = {
    "hung": FakeResponse(fault=Fault.STALL),
    "dripping": FakeResponse(fault=Fault.DRIP),
    "503": FakeResponse(503),
    "Retry-After": FakeResponse(503, headers={"Retry-After": "60"}),
    "down": None,
}


@contextmanager
def failing_server(how: str) -> Iterator[FaultyServer]:
    answer = FAILURES[how]
    with faulty_server(*([answer] if answer else []), up=answer is not None) as server:
        yield server


@pytest.mark.point(10)
@pytest.mark.parametrize("how", mark_soak(FAILURES, quick=("hung", "dripping", "down")))
def test_traced_calls_return_while_the_server_fails(configured: Configured, spool: bool, how: str) -> None:
    @trace
    def traced(number: int) -> int:
        return number

    with failing_server(how) as server:
        configured(server.url, spool)
        traced(-1)
        wait_for(lambda: server.requests or how == "down")
        longest = 0.0
        for number in range(2_000):
            started = time.perf_counter()
            assert traced(number) == number
            longest = max(longest, time.perf_counter() - started)
        # Well below any timeout of a request, and well above the delays of a busy machine.
        assert longest < 1.0
        assert tracing_status().pending == 2_001


@pytest.mark.point(10)
@pytest.mark.parametrize("how", mark_soak(FAILURES, quick=("hung", "dripping", "down")))
def test_process_ends_in_time_while_the_server_fails(programs: Programs, spool: bool, how: str) -> None:
    took: list[float] = []
    while not took or (took[-1] >= EXIT_S[spool] + INTERPRETER_S and len(took) < ATTEMPTS):
        with failing_server(how) as server:
            process = programs.start("trace_and_exit", server.url, 500, "return", spool=spool)
            read_line(process)
            started = time.monotonic()
            _, err = process.communicate(timeout=TIMEOUT_S)
            took.append(time.monotonic() - started)
            assert process.returncode == 0, err
            if spool:
                server.respond_with(FakeResponse())
                server.release()
                server.up()
                assert programs.report("deliver", server.url, "all")["pending"] == 0
                assert server.store.names == numbered_names(500)
    assert min(took) < EXIT_S[spool] + INTERPRETER_S, took


@pytest.mark.point(11)
@pytest.mark.parametrize("call", ["flush", "shutdown"])
@pytest.mark.parametrize("how", mark_soak(FAILURES, quick=("hung", "dripping", "down")))
def test_flush_and_shutdown_return_in_time_with_exact_counts(
    configured: Configured, spool: bool, how: str, call: str
) -> None:
    with faulty_server() as server:
        configured(server.url, spool)
        make_traces(10, "before")
        assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (10, 0, 0)
        answer = FAILURES[how]
        if answer is None:
            server.down()
        else:
            server.respond_with(answer)
        make_traces(7)
        for timeout in (0.0, 0.5) if call == "flush" else (0.5,):
            started = time.monotonic()
            delivery = getattr(ace_tracing, call)(timeout)
            assert time.monotonic() - started < timeout + 0.2 + BUSY_S
            assert counts(delivery, made=17) == (10, 7, 0)


@pytest.mark.point(11)
def test_counts_add_up_while_threads_trace(configured: Configured, spool: bool) -> None:
    with faulty_server(FakeResponse(503), FakeResponse(), FakeResponse(fault=Fault.LOSE), FakeResponse()) as server:
        configured(server.url, spool)
        threads = [threading.Thread(target=make_traces, args=(500, f"thread{number}-")) for number in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            delivered, pending, dropped = counts(ace_tracing.flush(timeout=0.05))
            assert delivered + pending <= 2_000
            assert dropped == 0
            assert delivered <= server.store.names.total()
        for thread in threads:
            thread.join()
        assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (2_000, 0, 0)
        assert server.store.names.total() == 2_000


MEBIBYTE = 1024 * 1024


@pytest.mark.point(16)
@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_flood_takes_bounded_memory_and_counts_every_drop(programs: Programs, spool: bool, count: int) -> None:
    pytest.importorskip("resource", reason="the platform does not report a process's memory")
    with faulty_server(hang=True, keep_requests=False) as server:
        report = programs.report("flood", server.url, count, spool=spool, timeout=600)
    assert report["growth"] <= 64 * MEBIBYTE, f"{report['growth'] / MEBIBYTE:.0f} MB"
    assert report["delivered"] + report["pending"] + report["dropped"] == count + report["before"]
    assert sum(report["reasons"].values()) == report["dropped"]
