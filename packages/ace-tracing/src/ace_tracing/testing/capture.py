"""The capture of traces in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import overload

from ace_tracing.capture import capture_frames
from ace_tracing.delivery.assembler import Assembler
from ace_tracing.diagnostics import internal_error
from ace_tracing.reading.trace import Trace
from ace_tracing.recording.context import current_span
from ace_tracing.recording.feedback import read_feedback
from ace_tracing.recording.records import TraceRecord
from ace_tracing.testing.traces import build_traces


class CapturedTraces(Sequence[Trace]):
    """The traces captured so far, as a server would return them, in the order in which they ended.

    A trace is added when its root span ends. Its assessments are the feedback that was logged on it. Traces of all
    threads of the process are captured, traces of other processes are not.
    """

    finished = 0
    feedback_count = 0
    unrecorded = 0
    asleep = False
    is_abandoned = False

    def __init__(self) -> None:
        self._assembler = Assembler(lambda: internal_error("reading a frame"))
        # Re-entrant: a garbage collector's callback may end a span while this thread holds the lock.
        self._lock = threading.RLock()
        self._records: list[TraceRecord] = []
        self._read: tuple[tuple[int, int], list[Trace]] = ((0, 0), [])

    def put(self, frame: bytes) -> None:
        """Add a frame from the tracer."""
        with self._lock:
            self._records += [ready.trace for ready in self._assembler.take([(0, frame)])]

    def wake(self) -> None:
        """Do nothing: a trace is available as soon as it ends."""

    def clear(self) -> None:
        """Remove all traces and feedback captured so far."""
        self._records = []
        self._assembler.feedback.clear()
        self._read = ((0, 0), [])

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
        feedback = [frame for _, frame in list(self._assembler.feedback.values())]
        counts = len(records), len(feedback)
        if self._read[0] != counts:
            self._read = (counts, build_traces(records, map(read_feedback, feedback)))
        return self._read[1]


@contextmanager
def capture_traces() -> Iterator[CapturedTraces]:
    """Capture the traces that start in this block instead of sending them. Tracing need not be configured.

    Every trace is captured: sampling drops none, and tracing is on even after `disable` and with
    `KAYBA_TRACING_DISABLED=1`. The configured folder, experiment and mask apply. Calls of `configure`, `set_folder`,
    `enable` and `disable` in the block are undone at its end. Blocks nest: the innermost one captures. A capture
    applies to all threads of the process, so tests that run at the same time need separate processes.

    Yields:
        The traces captured so far. They remain available after the block.
    """
    traces = CapturedTraces()
    # A span that is already running belongs to an outer trace: a span that starts here starts a new trace.
    token = current_span.set(None)
    try:
        with capture_frames(traces):
            yield traces
    finally:
        # ValueError: the block was left in another context than entered, for example by an async fixture.
        with suppress(ValueError):
            current_span.reset(token)
