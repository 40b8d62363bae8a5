"""Time limits of `get_trace` and `search_traces`: silent and unreachable services, pending traces, cancelled reads."""

from __future__ import annotations

import asyncio
import math
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from tests.helpers.faulty_server import FakeResponse, Fault, FaultyServer, faulty_server

import ace_tracing
from ace_tracing import (
    ConfigurationError,
    ServiceError,
    ServiceTimeoutError,
    aget_trace,
    asearch_traces,
    get_trace,
    search_traces,
    start_span,
    tracing_status,
)
from kayba_local import LocalServer

TRACE_ID: Final = "tr-" + "1" * 32
PATIENT_S: Final = 25.0
"""A read that waits as long as a flush by default would not end within this time."""

READS: Final[dict[str, Callable[..., Any]]] = {
    "get_trace": lambda **limit: get_trace(TRACE_ID, **limit),
    "search_traces": search_traces,
    "aget_trace": lambda **limit: asyncio.run(aget_trace(TRACE_ID, **limit)),
    "asearch_traces": lambda **limit: asyncio.run(asearch_traces(**limit)),
}


@pytest.fixture(params=READS)
def read(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return READS[request.param]


@pytest.fixture
def silent() -> Iterator[FaultyServer]:
    """Configure tracing for a server that accepts requests and does not respond."""
    with faulty_server(hang=True) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        yield server
        server.release()
        ace_tracing.shutdown(0.1)


def test_a_silent_service_raises_a_timeout_error_in_time(silent: FaultyServer, read: Callable[..., Any]) -> None:
    start = time.monotonic()
    with pytest.raises(ServiceTimeoutError, match=r"timeout=0\.6") as caught:
        read(timeout=0.3)
    assert time.monotonic() - start < PATIENT_S
    assert silent.url in str(caught.value)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.status is None


def test_a_silent_service_with_pending_traces_does_not_hold_a_read(
    silent: FaultyServer, read: Callable[..., Any]
) -> None:
    with start_span("pending"):
        pass
    with pytest.raises(ServiceTimeoutError):
        read(timeout=0.5)
    assert tracing_status().pending == 1


def test_a_service_that_drips_its_response_raises_a_timeout_error(read: Callable[..., Any]) -> None:
    with faulty_server(FakeResponse(200, b"{}" * 5_000, fault=Fault.DRIP)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with pytest.raises(ServiceTimeoutError):
            read(timeout=0.5)
        server.release()
        ace_tracing.shutdown(0.1)


def test_an_unreachable_service_with_pending_traces_does_not_hold_a_read(read: Callable[..., Any]) -> None:
    with faulty_server(up=False) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("pending"):
            pass
        start = time.monotonic()
        for _ in range(3):
            with pytest.raises(ServiceError, match="cannot be reached"):
                read()
        assert time.monotonic() - start < PATIENT_S
        assert tracing_status().pending == 1
        ace_tracing.shutdown(0.1)


def test_every_page_of_a_search_shares_one_time_limit() -> None:
    page = b'{"traces": [{"trace_id": "tr-1", "tags": {}}], "next_page_token": "more"}'
    with faulty_server(FakeResponse(200, page)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with pytest.raises(ServiceTimeoutError):
            search_traces(max_results=10**9, timeout=0.5)
        assert len(server.requests) > 1
        ace_tracing.shutdown(0.1)


def test_a_read_waits_for_the_second_attempt_after_a_first_failure() -> None:
    with faulty_server(FakeResponse(503), FakeResponse(200)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("sent"):
            pass
        with pytest.raises(ServiceError, match="responded with HTTP 200"):
            get_trace(TRACE_ID)
        assert (tracing_status().delivered, tracing_status().pending) == (1, 0)
        ace_tracing.shutdown(0.1)


def test_a_read_does_not_wait_out_a_delay_that_the_service_asked_for() -> None:
    with faulty_server(FakeResponse(503, headers={"Retry-After": "600"}), FakeResponse(200)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("pending"):
            pass
        start = time.monotonic()
        for _ in range(5):
            assert search_traces() == []
        assert time.monotonic() - start < PATIENT_S
        assert tracing_status().pending == 1
        ace_tracing.shutdown(0.1)


def test_traces_of_several_requests_are_all_sent_before_a_read(tracing: LocalServer) -> None:
    for number in range(40):
        with start_span(f"n{number}") as span:
            span.set_inputs("x" * 200_000)
    assert len(search_traces(max_results=1_000)) == 40


def test_an_infinite_timeout_is_a_limit_like_others(tracing: LocalServer) -> None:
    with start_span("found") as span:
        pass
    assert get_trace(span.trace_id or "", timeout=math.inf).info.name == "found"


def test_a_read_sends_the_pending_traces_once_the_service_is_back() -> None:
    with faulty_server(up=False) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("waited"):
            pass
        with pytest.raises(ServiceError):
            search_traces()
        server.up()
        with pytest.raises(ServiceError):
            get_trace(TRACE_ID)
        assert tracing_status().pending == 0
        ace_tracing.shutdown(0.1)


def test_a_cancelled_read_does_not_keep_the_loop_from_ending(silent: FaultyServer) -> None:
    async def main() -> None:
        for query in (aget_trace(TRACE_ID), asearch_traces()):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(query, 0.05)

    start = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - start < PATIENT_S


def test_a_waiting_read_does_not_block_the_event_loop(silent: FaultyServer) -> None:
    async def main() -> list[ace_tracing.Trace]:
        query = asyncio.create_task(asearch_traces())
        while not silent.requests:
            await asyncio.sleep(0.005)
        # Not reached if the query blocks the loop.
        silent.release()
        return await query

    assert asyncio.run(main()) == []


def test_a_read_in_a_thread_does_not_keep_the_process_from_ending(silent: FaultyServer) -> None:
    code = (
        "import asyncio, sys, ace_tracing\n"
        "ace_tracing.configure(api_key='kb-test', base_url=sys.argv[1], spool=False)\n"
        "async def main():\n"
        "    task = asyncio.create_task(ace_tracing.asearch_traces(timeout=600))\n"
        "    await asyncio.sleep(0.2)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, silent.url], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_many_reads_at_the_same_time_all_end(tracing: LocalServer) -> None:
    with start_span("one") as span:
        pass

    async def main() -> set[str]:
        found = await asyncio.gather(*(aget_trace(span.trace_id or "") for _ in range(60)))
        return {trace.trace_id for trace in found}

    assert asyncio.run(main()) == {span.trace_id}


@pytest.mark.parametrize("timeout", [0, -1, "5", True, math.nan, [1]])
def test_a_wrong_timeout_raises_an_error_with_the_correct_values(
    tracing: LocalServer, read: Callable[..., Any], timeout: Any
) -> None:
    with pytest.raises(ConfigurationError, match=r"timeout=.*: give a number of seconds above 0"):
        read(timeout=timeout)


def test_a_timeout_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(ServiceTimeoutError("too late")))
    assert (type(error), str(error), error.status) == (ServiceTimeoutError, "too late", None)
