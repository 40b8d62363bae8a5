"""Who is my parent, and which trace am I in. One context variable; works over threads, tasks and generators alike."""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar, Token
from types import EllipsisType
from typing import Any, NamedTuple

import orjson

from ace_tracing.record import TraceDetails, dump_trace
from ace_tracing.sampling import Sampler
from ace_tracing.span import LiveSpan

MAX_HELD_SPANS = 1_000
"""A trace leaves in one piece when its root ends, unless it grows beyond this many spans before."""

MAX_TRACE_BYTES = 32 * 1024 * 1024
"""Once a trace has this much, its further spans are recorded without their values; with twice as much, not at all."""

SPANS_NOT_RECORDED = "trace.spans_not_recorded"

# A generator of our own: a user's random.seed() must not make ids repeat, and os.urandom costs a system call a span.
_random = random.Random()  # noqa: S311 - ids, not secrets

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)

_getrandbits = _random.getrandbits
_perf_counter_ns = time.perf_counter_ns


def _wall_clock_offset_ns() -> int:
    """What to add to the counter to have the time since the epoch."""
    return time.time_ns() - _perf_counter_ns()


class PassedOn(NamedTuple):
    """What came with a request for whom the served code calls in turn: not ours to read, and not to lose.

    Attributes:
        tracestate: the W3C header as it came; empty when there was none.
        baggage: members of the W3C header, as they came.
    """

    tracestate: str
    baggage: tuple[str, ...]


class OpenTrace:
    """One call tree while it runs, holding its finished spans until the root has ended.

    Args:
        tracer: what it belongs to; asked once, so that later changes act on later traces.
        trace_id: 32 hex digits, of a trace begun elsewhere; a new one by default.
        sampled: whether it is kept, as decided elsewhere; decided here by default.
    """

    _inherited_ns: int

    __slots__ = (
        "_bytes",
        "_emit",
        "_epoch_ns",
        "_experiment",
        "_inherited_ns",
        "_not_recorded",
        "_root_ended",
        "_sampler",
        "_spans",
        "details",
        "folder",
        "mask",
        "passed_on",
        "sampled",
        "trace_id",
    )

    def __init__(self, tracer: Tracer, trace_id: str | None = None, sampled: bool | None = None) -> None:
        self.trace_id = trace_id or f"{_getrandbits(128) or 1:032x}"
        self.mask = tracer.mask
        self.details: TraceDetails | None = None
        self.folder = tracer.folder
        self.passed_on: PassedOn | None = None
        self._bytes = 0
        self._not_recorded = 0
        self._emit = tracer.emit
        self._experiment = tracer.experiment
        self._spans: deque[bytes] = deque()
        # A trace begun elsewhere has its root there: what ends here need not wait for it.
        self._root_ended = trace_id is not None
        self._sampler = tracer.sampler
        self.sampled = sampled if sampled is not None else self._sampler is None or self._sampler.chooses(self.trace_id)
        # One look at the wall clock a trace: a clock set back while it runs cannot make a duration negative.
        self._epoch_ns = _wall_clock_offset_ns()

    def now_ns(self) -> int:
        """The time in nanoseconds since the epoch."""
        return self._epoch_ns + _perf_counter_ns()

    def describe(self, name: str | None, tags: dict[str, str], metadata: dict[str, str]) -> None:
        """Add to what is known of the trace; it leaves with the root."""
        old = self.details or TraceDetails(None, {}, {})
        self.details = TraceDetails(name or old.name, {**old.tags, **tags}, {**old.metadata, **metadata})

    def ended(self, record: bytes, span: LiveSpan) -> None:
        """Take a finished span; let the trace go when it was the root, or when the root has gone already."""
        self._bytes += len(record)
        if self._bytes > MAX_TRACE_BYTES:
            record = self._within_bounds(record, span)
        if record:
            self._spans.append(record)
        if span._parent_id is None:
            if not self.sampled and self._sampler is not None:
                self.sampled = self._sampler.keeps_anyway(span.failed, self.now_ns() - span.start_time_ns)
            self._root_ended = True
        # A thread that appends after this look finds _root_ended set and sends its span itself; popleft gives each span
        # to exactly one thread. So no lock, which a garbage collector's callback could meet held.
        # What the rate drops is held whole: how its root ends may keep it after all.
        if self._root_ended or (self.sampled and len(self._spans) >= MAX_HELD_SPANS):
            self._send()

    def inherit(self, tracer: Tracer) -> None:
        """Go on in a forked child: what began before the fork is the parent's to send, what begins now is the child's.

        Args:
            tracer: the child's.
        """
        self.__class__ = _InheritedTrace
        self._inherited_ns = self.now_ns()
        self._emit = tracer.emit
        self._spans.clear()
        self._root_ended = True

    def _within_bounds(self, record: bytes, span: LiveSpan) -> bytes:
        """What is kept of a span of an enormous trace; nothing at last, but for the root."""
        self._bytes -= len(record)
        if self._bytes > 2 * MAX_TRACE_BYTES and span._parent_id is not None:
            self._not_recorded += 1
            return b""
        if span._parent_id is None and self._not_recorded:
            self.describe(None, {}, {SPANS_NOT_RECORDED: str(self._not_recorded)})
        bare = span.record_without_values(f"the trace has more than {MAX_TRACE_BYTES} bytes")
        self._bytes += len(bare)
        return bare

    def _send(self) -> None:
        spans = []
        try:
            while True:
                spans.append(self._spans.popleft())
        except IndexError:
            pass
        if spans and self.sampled:
            self._emit(dump_trace(self.trace_id, self._experiment, self.folder, self.details, spans))


class _InheritedTrace(OpenTrace):
    """A trace that began in the process that this one was forked from."""

    __slots__ = ()

    def ended(self, record: bytes, span: LiveSpan) -> None:
        if span.start_time_ns >= self._inherited_ns:
            super().ended(record, span)


class RemoteParent:
    """Stands where a span would, for a parent that runs in another process."""

    __slots__ = ("_agent", "_span_id", "_trace")

    def __init__(self, trace: OpenTrace, span_id: str, agent: str | None = None) -> None:
        self._trace = trace
        self._span_id = span_id
        self._agent = agent


current_span: ContextVar[LiveSpan | RemoteParent | None] = ContextVar("ace_tracing_current_span", default=None)
"""The innermost running span of the current thread or task: the parent of the next one."""

SpanToken = Token[LiveSpan | RemoteParent | None]


class Scope(NamedTuple):
    """What traces started inside a `folder(...)` or `session(...)` block take with them."""

    folder: str | None
    has_folder: bool
    metadata: dict[str, str]


current_scope: ContextVar[Scope | None] = ContextVar("ace_tracing_current_scope", default=None)
"""The innermost such block; None outside of any."""


class Tracer:
    """Starts spans and hands finished traces on.

    Args:
        emit: takes one record, as `record.dump_trace` made it; the last step on the caller's thread.
        experiment: the name of the experiment that new traces belong to; None for the service's default.
        folder: the folder that new traces are filed in; None for unfiled.
        sampler: which traces are kept; None keeps all.
        mask: applied to every captured value, as plain JSON values; None records them as they are.
    """

    __slots__ = ("emit", "experiment", "folder", "mask", "sampler")

    def __init__(
        self,
        emit: Callable[[bytes], object],
        experiment: str | None = None,
        folder: str | None = None,
        sampler: Sampler | None = None,
        mask: Callable[[Any], Any] | None = None,
    ) -> None:
        self.emit = emit
        self.experiment = experiment
        self.folder = folder
        self.sampler = sampler
        self.mask = mask

    def open(
        self,
        name: str,
        span_type: str,
        attributes: dict[str, orjson.Fragment] | None = None,
        function: str | None = None,
        agent: str | None = None,
        parent: LiveSpan | RemoteParent | EllipsisType | None = ...,
        kind: type[LiveSpan] = LiveSpan,
    ) -> LiveSpan:
        """Start a span below `parent`, the current span by default, or for None as the root of a new trace.

        It does not become the current one: `current_span.set` makes it so, and `stop` ends that.
        """
        if parent is ...:
            parent = current_span.get()
        span_id = f"{_getrandbits(64) or 1:016x}"
        if parent is not None:
            agent = agent or parent._agent
            return kind(parent._trace, span_id, parent._span_id, name, span_type, function, agent, attributes)
        trace = OpenTrace(self)
        scope = current_scope.get()
        if scope is not None:
            if scope.has_folder:
                trace.folder = scope.folder
            if scope.metadata:
                trace.describe(None, {}, scope.metadata)
        return kind(trace, span_id, None, name, span_type, function, agent, attributes)


def stop(span: LiveSpan, token: SpanToken) -> None:
    """End a span and make current what was current before it."""
    span.end()
    try:  # noqa: SIM105 - contextlib.suppress costs more than all else that is done here
        current_span.reset(token)
    except ValueError:
        # Ended in another context than it started in, where it never was current: nothing is to be restored.
        pass


def _ignore(_record: bytes) -> None:
    """Emits nothing."""


NOWHERE = RemoteParent(OpenTrace(Tracer(_ignore), f"{1:032x}", sampled=False), f"{1:016x}")
"""As the current span it keeps those below it from being recorded."""
