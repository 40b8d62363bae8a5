"""For tests of traced code: its traces in memory, without a service, with ids and times that are the same every time.

    def test_my_agent():
        with capture_traces() as traces:
            my_agent("What is the capital of France?")
        assert_tree(traces[0], ("my_agent", "retrieve", "answer [LLM]"))

With pytest the fixture `captured_traces` does the first line.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import overload

from ace_tracing import runtime
from ace_tracing.delivery.assembler import Assembler
from ace_tracing.diagnostics import internal_error
from ace_tracing.reading.trace import Trace
from ace_tracing.recording import tracer
from ace_tracing.recording.frames import TraceRecord
from ace_tracing.testing.loopback import traces_of
from ace_tracing.testing.tree import Expected, assert_tree

__all__ = ["CapturedTraces", "Expected", "FixedClock", "assert_tree", "capture_traces", "fixed_clock", "fixed_ids"]

NEW_YEAR_2025_NS = 1_735_689_600_000_000_000
"""2025-01-01T00:00:00Z, in nanoseconds since the epoch."""


class CapturedTraces(Sequence[Trace]):
    """The traces captured so far, as a service would give them, in the order in which they finished.

    A trace appears when its root has ended. Traces may come from any thread of the process; not from other processes.
    """

    finished = 0
    asleep = False

    def __init__(self) -> None:
        self._assembler = Assembler(lambda: internal_error("reading a frame"))
        # Re-entrant, for a garbage collector's callback that ends a span.
        self._lock = threading.RLock()
        self._records: list[TraceRecord] = []
        self._read: tuple[int, list[Trace]] = (0, [])

    def put(self, frame: bytes) -> None:
        """Take a frame, as the tracer hands it on."""
        with self._lock:
            self._records += [ready.trace for ready in self._assembler.take([(0, frame)])]

    def wake(self) -> None:
        """Do nothing: what has finished is there already."""

    def clear(self) -> None:
        """Forget what was captured so far."""
        self._records = []
        self._read = (0, [])

    def __len__(self) -> int:
        return len(self._traces())

    @overload
    def __getitem__(self, index: int) -> Trace: ...

    @overload
    def __getitem__(self, index: slice) -> list[Trace]: ...

    def __getitem__(self, index: int | slice) -> Trace | list[Trace]:
        return self._traces()[index]

    def __repr__(self) -> str:
        return f"<CapturedTraces {self._traces()!r}>"

    def _traces(self) -> list[Trace]:
        records = list(self._records)
        if self._read[0] != len(records):
            self._read = (len(records), traces_of(records))
        return self._read[1]


@contextmanager
def capture_traces() -> Iterator[CapturedTraces]:
    """Capture the traces that start in this block instead of sending them, whether or not tracing is configured.

    Every trace is captured, whatever the sampling, and on even after `disable` and with `KAYBA_TRACING_DISABLED=1`; the
    folder, the experiment and the mask are those configured. What `configure`, `set_folder`, `enable` and `disable`
    change inside is as before afterwards. Blocks nest: the innermost captures. It is one capture for the whole process,
    all threads included, so tests that run at the same time in threads of one process need a process each.

    Yields:
        The traces captured so far, also after the block.
    """
    traces = CapturedTraces()
    # A trace that runs already belongs to whoever started it: what starts in here is another.
    token = tracer.current_span.set(None)
    try:
        with runtime.capturing(traces):
            yield traces
    finally:
        # ValueError: left in another context than entered, as an asynchronous fixture is.
        with suppress(ValueError):
            tracer.current_span.reset(token)


@contextmanager
def fixed_ids() -> Iterator[None]:
    """Let ids count up in this block, those of traces and those of spans each from 1.

    The same code, run again, has the same ids as long as its threads start their spans in the same order.
    """
    counters: defaultdict[int, Iterator[int]] = defaultdict(lambda: itertools.count(1))
    former = tracer._getrandbits
    tracer._getrandbits = lambda bits: next(counters[bits])
    try:
        yield
    finally:
        tracer._getrandbits = former


class FixedClock:
    """A clock that moves only when it is looked at, or told to.

    Args:
        start_ns: what it shows first, in nanoseconds since the epoch.
        step_ns: how far it moves after each look.
    """

    def __init__(self, start_ns: int, step_ns: int) -> None:
        self._now_ns = start_ns
        self._step_ns = step_ns
        # Re-entrant, for a garbage collector's callback that ends a span.
        self._lock = threading.RLock()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._now_ns += round(seconds * 1e9)

    def look(self) -> int:
        """The time in nanoseconds since the epoch; each look moves the clock on."""
        with self._lock:
            now = self._now_ns
            self._now_ns += self._step_ns
            return now


@contextmanager
def fixed_clock(start_ns: int = NEW_YEAR_2025_NS, step_ns: int = 1_000_000) -> Iterator[FixedClock]:
    """Let spans that start and end in this block take their times from a clock that is the same every time.

    Args:
        start_ns: when the first span starts, in nanoseconds since the epoch; the first moment of 2025 by default.
        step_ns: how much later each next look is, so that no two times are equal; a millisecond by default.

    Yields:
        The clock, which `advance` moves on.
    """
    clock = FixedClock(start_ns, step_ns)
    former = tracer._wall_clock_offset_ns, tracer._perf_counter_ns
    tracer._wall_clock_offset_ns, tracer._perf_counter_ns = (lambda: 0), clock.look
    try:
        yield clock
    finally:
        tracer._wall_clock_offset_ns, tracer._perf_counter_ns = former
