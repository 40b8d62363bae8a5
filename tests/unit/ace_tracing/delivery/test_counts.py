"""Made = delivered + pending + dropped, whatever fails between a trace and its delivery."""

from __future__ import annotations

import importlib
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.helpers.counts import counts, settle
from tests.helpers.faulty_server import FakeResponse, Fault, FaultyServer, faulty_server
from tests.helpers.programs import make_traces, wait_for

import ace_tracing
from ace_tracing import Delivery, log_feedback, start_span, start_span_no_context, tracing_status
from ace_tracing.delivery.assembler import Assembler
from ace_tracing.delivery.open_traces import OpenTraces
from ace_tracing.delivery.spool.log import OwnLog
from ace_tracing.delivery.spool.storage import MemoryStorage

KEY = "kb-test"


@pytest.fixture(autouse=True)
def _quiet_and_shut_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    yield
    ace_tracing.shutdown(timeout=0.1)
    ace_tracing.enable()


@pytest.mark.parametrize("spool", [True, False])
@pytest.mark.parametrize("how", ["hung", "down", "blocked"])
def test_shutdown_reports_the_pending_of_a_flush(how: str, spool: bool) -> None:
    with faulty_server(FakeResponse(401), hang=how == "hung", up=how != "down") as server:
        if how == "hung":
            server.respond_with(FakeResponse(fault=Fault.STALL))
        ace_tracing.configure(api_key=KEY, base_url=server.url, spool=spool)
        make_traces(3_000, value="x" * 1_000)
        assert counts(ace_tracing.flush(timeout=0.2), made=3_000) == (0, 3_000, 0)
        assert counts(ace_tracing.shutdown(timeout=0.1), made=3_000) == (0, 3_000, 0)


def fail_at_times(times: int, function: Callable[..., Any], error: BaseException, *, after: bool) -> Callable[..., Any]:
    """Return a function that raises at its first calls, before or after its work."""
    left = [times]

    def fail(*arguments: Any, **options: Any) -> Any:
        if not left[0]:
            return function(*arguments, **options)
        left[0] -= 1
        if after:
            function(*arguments, **options)
        raise error

    return fail


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("spool", [True, False])
@pytest.mark.parametrize("error", [MemoryError(), OSError("disk"), KeyError("x"), SystemExit()])
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize(
    "where", [(OwnLog, "read"), (OwnLog, "settle"), (Assembler, "take"), (OpenTraces, "take_running")]
)
def test_an_error_of_the_worker_loses_and_doubles_no_trace(
    where: tuple[type, str], after: bool, error: BaseException, spool: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name = where
    if owner is Assembler and not isinstance(error, MemoryError):
        pytest.skip("the frames are not at fault, and have no other error")
    monkeypatch.setattr(owner, name, fail_at_times(2, getattr(owner, name), error, after=after))
    with faulty_server() as server:
        ace_tracing.configure(api_key=KEY, base_url=server.url, spool=spool)
        running = start_span_no_context("running")
        make_traces(100)
        counts(tracing_status(), made=100)
        assert settle(made=100) == Delivery(delivered=100)
        running.end()
        assert settle(made=101) == Delivery(delivered=101)
        assert counts(ace_tracing.shutdown(timeout=30), made=101) == (101, 0, 0)
        assert server.store.names.total() == 101


def test_traces_without_memory_for_a_segment_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise MemoryError

    with faulty_server() as server:
        ace_tracing.configure(api_key=KEY, base_url=server.url, spool=False)
        with monkeypatch.context() as exhausted:
            exhausted.setattr(MemoryStorage, "make_segment", fail)
            make_traces(100)
            assert counts(tracing_status(), made=100) == (0, 0, 100)
        make_traces(100)
        assert settle(made=200).delivered == 100


@pytest.mark.parametrize("held", [0, 1])
def test_ends_without_memory_for_a_segment_are_dropped_and_counted(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    make_segment = MemoryStorage.make_segment
    left = [1 + held]

    def make(storage: MemoryStorage) -> object:
        if not left[0]:
            raise OSError("no memory")
        left[0] -= 1
        return make_segment(storage)

    monkeypatch.setattr(MemoryStorage, "make_segment", make)
    with faulty_server(hang=True) as server:
        ace_tracing.configure(api_key=KEY, base_url=server.url, spool=False)
        kept = [start_span_no_context(f"n{number}") for number in range(200)]
        make_traces(2_000, value="x" * 20_000)
        for span in kept:
            span.set_outputs("x" * 90_000)
            span.end()
        counts(tracing_status(), made=2_200)
        server.release()
        server.respond_with(FakeResponse())
        left[0] = 1_000
        settled = settle(made=2_200)
        assert settled.dropped > 0
        assert settled.delivered == server.store.names.total()
        make_traces(10)
        assert settle(made=2_210).delivered == settled.delivered + 10


def test_a_process_without_threads_delivers_in_flush_and_later(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        if thread.name == "ace-tracing":
            raise RuntimeError("can't start new thread")
        start(thread)

    with faulty_server() as server:
        ace_tracing.configure(api_key=KEY, base_url=server.url, spool=False)
        with monkeypatch.context() as limited:
            limited.setattr(threading.Thread, "start", fail)
            make_traces(10)
            assert counts(tracing_status(), made=10) == (0, 10, 0)
            monkeypatch.setattr("ace_tracing.delivery.worker.THREAD_RETRY_S", 0.0)
            assert counts(ace_tracing.flush(timeout=30), made=10) == (10, 0, 0)
        wait_for(lambda: make_traces(1) or tracing_status().delivered > 10)
        assert not settle().pending


MODES = {
    "well": [FakeResponse()],
    "unavailable": [FakeResponse(503)],
    "failing": [FakeResponse(500)],
    "refusing": [FakeResponse(400, b'{"error_code": "NO", "message": "no"}')],
    "blocking": [FakeResponse(401)],
    "partial": [FakeResponse(rejected=1)],
    "resetting": [FakeResponse(fault=Fault.RESET)],
    "losing": [FakeResponse(fault=Fault.LOSE)],
    "garbled": [FakeResponse(fault=Fault.GARBAGE)],
}


class Sequence:
    """A random sequence of traces, feedback, flushes, shutdowns, outages and the kill switch.

    Hypothesis is not used: it expects the same result each time, and the worker runs beside the sequence.

    Args:
        server: The server.
        seed: The seed of the sequence.
    """

    def __init__(self, server: FaultyServer, seed: int) -> None:
        self.random = random.Random(seed)
        self._server = server
        self._made = 0
        self._is_enabled = True
        self._is_configured = False
        self._steps: list[object] = [seed]
        self._known = ""

    def run(self, length: int) -> None:
        """Take steps, check the counts after each, and check that a server that works receives all."""
        self.configure()
        steps = [self.trace] * 3 + [self.serve] * 2
        steps += [self.configure, self.trace_late, self.log_feedback, self.flush, self.shut_down, self.switch]
        for _ in range(length):
            step = self.random.choice(steps)
            self._steps.append(step.__name__)
            step()
            self.check(tracing_status() if self._is_configured else Delivery())
        ace_tracing.enable()
        self._server.rules.clear()
        self._server.respond_with(FakeResponse())
        if self._is_configured:
            wait_for(lambda: self.check(ace_tracing.flush(timeout=0.2)).pending == tracing_status().feedback_pending)
            self.check(ace_tracing.shutdown(timeout=0.05))

    def check(self, delivery: Delivery) -> Delivery:
        """Check counts and return them."""
        try:
            counts(delivery, self._made if self._is_configured else 0)
        except AssertionError as error:
            raise AssertionError(f"{self._steps}, {self._made} made: {error}") from error
        return delivery

    def configure(self) -> None:
        """Configure, which replaces the worker if the spool changes."""
        if not self._is_configured:
            self._made = 0
        ace_tracing.configure(api_key=KEY, base_url=self._server.url, spool=self.random.random() < 0.5)
        self._is_configured = True

    def trace(self) -> None:
        """Make traces of two spans."""
        count = self.random.choice([1, 3, 40])
        for _ in range(count):
            with start_span("root") as root, start_span("child"):
                self._known = root.trace_id or self._known
        self._made += count * self._is_recording

    def trace_late(self) -> None:
        """End a child after its root."""
        root = start_span_no_context("root")
        child = start_span_no_context("child", parent=root)
        root.end()
        child.end()
        self._made += 2 * self._is_recording

    def log_feedback(self) -> None:
        """Log feedback on the last trace."""
        if self._is_recording and self._known:
            log_feedback(self._known, "good", True)
            self._made += 1

    def flush(self) -> None:
        """Flush for a short time."""
        if self._is_configured:
            self.check(ace_tracing.flush(timeout=0.05))

    def shut_down(self) -> None:
        """Shut down for a short time."""
        if self._is_configured:
            self.check(ace_tracing.shutdown(timeout=0.05))
        self._is_configured = False

    def switch(self) -> None:
        """Turn the kill switch."""
        self._is_enabled = not self._is_enabled
        (ace_tracing.enable if self._is_enabled else ace_tracing.disable)()

    def serve(self) -> None:
        """Change how the server responds."""
        self._server.rules.clear()
        mode = self.random.choice([*MODES, "mixed"])
        self._steps.append(mode)
        if mode == "mixed":
            answers = [answer for answers in MODES.values() for answer in answers]
            self._server.rules.append(lambda _: self.random.choice(answers))
        else:
            self._server.respond_with(*MODES[mode])

    @property
    def _is_recording(self) -> bool:
        return self._is_enabled and self._is_configured


def test_no_sequence_loses_count_of_a_trace() -> None:
    for seed in range(20):
        with faulty_server(keep_requests=False) as server:
            Sequence(server, seed).run(20)


@pytest.mark.soak
def test_no_long_sequence_loses_count_of_a_trace() -> None:
    for seed in range(1_000, 1_150):
        with faulty_server(keep_requests=False) as server:
            Sequence(server, seed).run(60)


@ace_tracing.trace
def answer(question: str) -> str:
    return question


@pytest.mark.parametrize("module", ["tracer", "span"])
def test_a_trace_without_memory_for_its_frames_is_counted(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "pack_start" if module == "tracer" else "pack_end"
    owner = importlib.import_module(f"ace_tracing.recording.{module}")
    with faulty_server() as server:
        ace_tracing.configure(api_key=KEY, base_url=server.url, spool=False)
        for error in (MemoryError(), KeyError("x")):
            monkeypatch.setattr(owner, name, fail_at_times(1, getattr(owner, name), error, after=False))
            assert answer("why") == "why"
            monkeypatch.setattr(owner, name, fail_at_times(1, getattr(owner, name), error, after=False))
            with start_span("block"):
                pass
            monkeypatch.setattr(owner, name, fail_at_times(1, getattr(owner, name), error, after=False))
            start_span_no_context("manual").end()
        settled = settle(made=6)
        assert (settled.delivered, settled.dropped) == ((0, 6) if module == "tracer" else (6, 0))


def test_traces_of_a_rejected_key_are_counted_once_by_the_next() -> None:
    with faulty_server(FakeResponse(401)) as server:
        ace_tracing.configure(api_key="kb-old", base_url=server.url)
        make_traces(5)
        wait_for(lambda: ace_tracing.flush(timeout=0.2).pending == 5 and tracing_status().state == "paused")
        server.respond_with(FakeResponse())
        ace_tracing.configure(api_key="kb-new", base_url=server.url)
        make_traces(2)
        counts(tracing_status(), made=7)
        assert settle(made=7) == Delivery(delivered=7)
        assert tracing_status().recovered == 0
        assert counts(ace_tracing.shutdown(timeout=30), made=7) == (7, 0, 0)
