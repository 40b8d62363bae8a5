"""The user's values, exceptions, callbacks and threads are never disturbed: points 15, 18, 19 and 22."""

from __future__ import annotations

import ctypes
import threading
import traceback
from collections.abc import Callable

import pytest
from tests.helpers.counts import counts
from tests.helpers.faulty_server import FakeResponse, faulty_server
from tests.helpers.programs import TIMEOUT_S, Programs, make_traces, numbered_names, wait_for
from tests.helpers.running_threads import running_threads

import ace_tracing
from ace_tracing import hostile, start_span, trace

Configured = Callable[..., None]

CALL_S = 0.05
BUSY = 4


@pytest.mark.point(15)
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_killed_worker_thread_is_replaced_at_the_next_trace(
    configured: Configured, spool: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A thread that ends slowly gets the exception of the next round, too. That exception must not interrupt the hook of
    # pytest, which formats tracebacks and would then fail the test.
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with faulty_server() as server:
        configured(server.url, spool)
        for number in range(3):
            make_traces(1, f"before{number}-")
            assert counts(ace_tracing.flush(timeout=TIMEOUT_S))[1:] == (0, 0)
            for thread in worker_threads():
                assert thread.ident is not None
                raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
                )
                assert raised == 1
            make_traces(1, f"after{number}-")
            assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (2 * number + 2, 0, 0)
        wait_for(lambda: server.store.names.total() == 6)
        assert set(server.store.names.values()) == {1}


def worker_threads() -> list[threading.Thread]:
    found = running_threads()
    assert found
    return found


@trace
def identity(value: object) -> object:
    return value


@pytest.mark.point(18)
def test_hostile_inputs_and_their_neighbours_arrive(configured: Configured, spool: bool) -> None:
    with faulty_server() as server:
        configured(server.url, spool)
        for number, build in enumerate(hostile.VALUES.values()):
            make_traces(1, f"neighbour{number}-")
            value = build()
            assert identity(value) is value
        count = len(hostile.VALUES)
        assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (2 * count, 0, 0)
        neighbours = {name: 1 for number in range(count) for name in numbered_names(1, f"neighbour{number}-")}
        assert server.store.names == {**neighbours, "identity": count}


@pytest.mark.point(18)
@pytest.mark.parametrize("name", hostile.VALUES)
def test_call_with_a_hostile_input_takes_under_50_ms(name: str) -> None:
    # One fast call is enough: other processes and the garbage collector may slow down the rest.
    fastest = 1.0
    for _ in range(5):
        verdict = hostile.check(name, hostile.VALUES[name])
        assert verdict.problem == ""
        fastest = min(fastest, verdict.seconds)
        if fastest < CALL_S:
            break
    assert fastest < BUSY * CALL_S


@pytest.mark.point(19)
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_user_exception_keeps_its_identity_and_traceback_tail(
    configured: Configured, spool: bool, kind: type[BaseException]
) -> None:
    error = kind("the user's")

    def fails() -> None:
        raise error

    def around(call: Callable[[], None]) -> list[str]:
        with pytest.raises(kind) as raised:
            call()
        assert raised.value is error
        assert error.__cause__ is None
        assert error.__context__ is None
        tail = traceback.extract_tb(error.__traceback__)[-1:]
        error.__traceback__ = None
        return [f"{frame.name} {frame.lineno}" for frame in tail]

    with faulty_server() as server:
        configured(server.url, spool)
        assert around(trace(fails)) == around(fails)
        with pytest.raises(kind) as raised, start_span("block"):
            raise error
        assert raised.value is error
        ace_tracing.flush(timeout=TIMEOUT_S)
        spans = {span["name"]: span for batch in server.exported() for span in batch}
        assert {name: span["status"]["code"] for name, span in spans.items()} == {"fails": 2, "block": 2}


@pytest.mark.point(22)
@pytest.mark.parametrize("who", ["collector of garbage", "log handler", "finalizer", "mask"])
def test_callbacks_that_trace_inside_the_worker_do_not_block_it(programs: Programs, spool: bool, who: str) -> None:
    with faulty_server(FakeResponse(503), FakeResponse(429), FakeResponse()) as server:
        report = programs.report("callbacks", server.url, who, spool=spool)
        assert (report["pending"], report["dropped"]) == (0, 0)
        stored = server.store.names
        assert {name: stored[name] for name in numbered_names(300)} == numbered_names(300)
        assert set(stored) - {"within"} == numbered_names(300).keys()
