"""Open traces: those whose root, or topmost span below a foreign caller, runs in this process.

`assembler` adds their spans. Here their spans are held, their descriptions collected, and records made of both.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ace_tracing.clocks import monotonic
from ace_tracing.recording.frames import NO_ID, PARENT_ID, TraceContext, context_of, read_context, trace_id_of
from ace_tracing.recording.records import (
    NO_DETAILS,
    PackedSpan,
    Role,
    SpanRecord,
    TraceDetails,
    TraceRecord,
    unpack_details,
    unpack_start,
)

_MAX_REMEMBERED: Final = 1_000
"""How many decoded contexts are cached."""


class Assembled(NamedTuple):
    """Spans of one trace that are ready to be sent.

    Attributes:
        trace: The spans.
        is_counted: Whether they count as a trace in `Delivery`. The first spans of a trace that still runs do not.
    """

    trace: TraceRecord
    is_counted: bool


class OpenTrace:
    """A trace whose root, or topmost span, runs in this process, with its ended spans.

    Args:
        root: The start frame of the root.

    Attributes:
        root: The start frame of the root.
        roots: How many topmost spans are open. More than one only below one span of a foreign service.
        details: The name, tags and metadata so far.
        seen_at: When the root's start was read, by `monotonic()`.
        was_shown: Whether it was returned by `take_running`.
        has_news: Whether it was described since then.
        entries: The ended spans that are held until the root ends.
        bytes_held: The size of `entries`.
        bytes_seen: The size of all its ended spans.
        dropped_spans: How many spans were dropped because of `MAX_TRACE_BYTES`.
    """

    __slots__ = (
        "bytes_held",
        "bytes_seen",
        "details",
        "dropped_spans",
        "entries",
        "has_news",
        "root",
        "roots",
        "seen_at",
        "was_shown",
    )

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.roots = 1
        self.details = NO_DETAILS
        self.seen_at = monotonic()
        self.was_shown = False
        self.has_news = False
        self.entries: list[SpanRecord | PackedSpan] = []
        self.bytes_held = 0
        self.bytes_seen = 0
        self.dropped_spans = 0

    def has_root(self, start: bytes) -> bool:
        """Return whether a span of the trace is its root, or a topmost span."""
        return start[PARENT_ID] == self.root[PARENT_ID]


class OpenTraces:
    """The open traces of one log, by id."""

    def __init__(self) -> None:
        self._traces: dict[bytes, OpenTrace] = {}
        self._contexts: dict[bytes, TraceContext] = {}

    def __len__(self) -> int:
        return len(self._traces)

    def __contains__(self, trace_id: object) -> bool:
        # Any thread may ask.
        return trace_id in self._traces

    def open(self, start: bytes) -> None:
        """Open the trace of a start frame if the span is its root or a topmost span."""
        if start[PARENT_ID] == NO_ID:
            self._traces[trace_id_of(start)] = OpenTrace(start)
            return
        foreign = self._context(start).foreign_parent
        if foreign is None or bytes.fromhex(foreign) != start[PARENT_ID]:
            return
        trace = self.find(start)
        if trace is None:
            self._traces[trace_id_of(start)] = OpenTrace(start)
        else:
            trace.roots += 1

    def find(self, start: bytes) -> OpenTrace | None:
        """Return the open trace of a start frame, or None."""
        return self._traces.get(trace_id_of(start))

    def close(self, start: bytes) -> None:
        """Record that a root, or a topmost span, is no longer open."""
        trace = self._traces[trace_id_of(start)]
        trace.roots -= 1
        if not trace.roots:
            del self._traces[trace_id_of(start)]

    def clear(self) -> None:
        """Forget all open traces."""
        self._traces.clear()

    def mark_as_shown(self) -> None:
        """Treat all open traces as shown: the process that ended may have done it."""
        for trace in self._traces.values():
            trace.was_shown = True

    def describe(self, frame: bytes) -> list[Assembled]:
        """Add a name, tags or metadata to an open trace, or return them as a record of their own."""
        details = unpack_details(frame)
        trace = self.find(frame)
        if trace is not None:
            trace.details = trace.details.merge(details)
            trace.has_news = True
            return []
        experiment = self._context(frame).experiment
        record = TraceRecord(trace_id_of(frame).hex(), experiment, None, details, [], Role.LATE)
        return [Assembled(record, is_counted=True)]

    def take_running(self, min_age_s: float) -> list[Assembled]:
        """Return the held spans of the running traces, and a record of each that is new or was described.

        Args:
            min_age_s: The age from which on a trace is returned.
        """
        ready: list[Assembled] = []
        latest = monotonic() - min_age_s
        for trace in list(self._traces.values()):
            if trace.seen_at <= latest and (trace.entries or trace.has_news or not trace.was_shown):
                trace.was_shown, trace.has_news = True, False
                ready.append(Assembled(self.take_held(trace.root, trace, Role.RUNNING), is_counted=False))
        return ready

    def take_held(self, start: bytes, trace: OpenTrace, role: Role) -> TraceRecord:
        """Return the held spans of a trace, and hold them no longer.

        Args:
            start: The start frame of any span of the trace; with `Role.RUNNING`, of its root.
            trace: The trace.
            role: The record's share in the trace's info.
        """
        entries, trace.entries, trace.bytes_held = trace.entries, [], 0
        context = self._context(start)
        details: TraceDetails | None = trace.details
        if context.metadata:
            details = TraceDetails(None, {}, context.metadata).merge(trace.details)
        elif details is NO_DETAILS:
            details = None
        return TraceRecord(
            trace_id_of(start).hex(),
            context.experiment,
            context.folder,
            details,
            entries,
            role,
            unpack_start(start) if role is Role.RUNNING else None,
            was_shown=trace.was_shown,
        )

    def _context(self, frame: bytes) -> TraceContext:
        encoded = context_of(frame)
        context = self._contexts.get(encoded)
        if context is None:
            context = read_context(encoded)
            if len(self._contexts) < _MAX_REMEMBERED:
                self._contexts[encoded] = context
        return context
