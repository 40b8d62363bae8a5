"""Who is my parent, and which trace am I in. One context variable; works over threads, tasks and coroutines alike."""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token

import orjson

from ace_tracing.record import dump_trace
from ace_tracing.span import LiveSpan

MAX_HELD_SPANS = 1_000
"""A trace leaves in one piece when its root ends, unless it grows beyond this many spans before."""

current_span: ContextVar[LiveSpan | None] = ContextVar("ace_tracing_current_span", default=None)
"""The innermost running span of the current thread or task: the parent of the next one."""

# A generator of our own: a user's random.seed() must not make ids repeat, and os.urandom costs a system call a span.
_random = random.Random()  # noqa: S311 - ids, not secrets

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)

_getrandbits = _random.getrandbits
_perf_counter_ns = time.perf_counter_ns


class OpenTrace:
    """One call tree while it runs, holding its finished spans until the root has ended."""

    __slots__ = ("_emit", "_epoch_ns", "_experiment", "_folder", "_root_ended", "_spans", "trace_id")

    def __init__(self, emit: Callable[[bytes], object], experiment: str | None, folder: str | None) -> None:
        self.trace_id = f"{_getrandbits(128) or 1:032x}"
        self._emit = emit
        self._experiment = experiment
        self._folder = folder
        self._spans: deque[bytes] = deque()
        self._root_ended = False
        # One look at the wall clock a trace: a clock set back while it runs cannot make a duration negative.
        self._epoch_ns = time.time_ns() - _perf_counter_ns()

    def now_ns(self) -> int:
        """The time in nanoseconds since the epoch."""
        return self._epoch_ns + _perf_counter_ns()

    def ended(self, span: bytes, is_root: bool) -> None:
        """Take a finished span; let the trace go when it was the root, or when the root has gone already."""
        self._spans.append(span)
        if is_root:
            self._root_ended = True
        # A thread that appends after this look finds _root_ended set and sends its span itself; popleft gives each span
        # to exactly one thread. So no lock, which a garbage collector's callback could meet held.
        if self._root_ended or len(self._spans) >= MAX_HELD_SPANS:
            self._send()

    def _send(self) -> None:
        spans = []
        try:
            while True:
                spans.append(self._spans.popleft())
        except IndexError:
            pass
        if spans:
            self._emit(dump_trace(self.trace_id, self._experiment, self._folder, spans))


class Tracer:
    """Starts spans and hands finished traces on.

    Args:
        emit: takes one record, as `record.dump_trace` made it; the last step on the caller's thread.
        experiment: the name of the experiment that new traces belong to; None for the service's default.
        folder: the folder that new traces are filed in; None for unfiled.
    """

    __slots__ = ("emit", "experiment", "folder")

    def __init__(self, emit: Callable[[bytes], object], experiment: str | None, folder: str | None) -> None:
        self.emit = emit
        self.experiment = experiment
        self.folder = folder

    def start(
        self,
        name: str,
        span_type: str,
        attributes: dict[str, orjson.Fragment] | None,
        function: str | None = None,
    ) -> tuple[LiveSpan, Token[LiveSpan | None]]:
        """Start a span below the current one, or a new trace, and make it current.

        Returns:
            The span, and the token that `stop` takes to make its parent current again.
        """
        parent = current_span.get()
        if parent is None:
            trace, parent_id = OpenTrace(self.emit, self.experiment, self.folder), None
        else:
            trace, parent_id = parent._trace, parent._span_id
        span = LiveSpan(trace, f"{_getrandbits(64) or 1:016x}", parent_id, name, span_type, function, attributes)
        return span, current_span.set(span)


def stop(span: LiveSpan, token: Token[LiveSpan | None]) -> None:
    """End a span and make current what was current before it."""
    span.end()
    # ValueError: ended in another context than it started in, where it never was current; nothing is to be restored.
    with suppress(ValueError):
        current_span.reset(token)
