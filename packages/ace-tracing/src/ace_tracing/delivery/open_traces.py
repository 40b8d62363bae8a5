"""Open traces: those whose root, or topmost span below a foreign caller, runs in this process.

`assembler` adds their spans. Here their spans are held, their descriptions collected, and records made of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any, Final, NamedTuple

from ace_tracing.clocks import monotonic
from ace_tracing.recording.attributes import MAX_SESSION, SESSION_ID, USER_ID
from ace_tracing.recording.frames import (
    CONTEXT,
    LENGTH_BYTES,
    NO_ID,
    PARENT_ID,
    TRACE_ID,
    TraceContext,
    read_context,
    read_length,
)
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

_CONTEXT: Final = CONTEXT + LENGTH_BYTES
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


def count_traces(assembled: Iterable[Assembled]) -> int:
    """Return for how many traces they count in `Delivery`."""
    return sum(map(_is_counted, assembled))


_is_counted = attrgetter("is_counted")


class OpenTrace:
    """A trace whose root, or topmost span, runs in this process, with its ended spans.

    Args:
        root: The start frame of the root.
        seen_at: When it was read, by `monotonic()`.

    Attributes:
        root: The start frame of the root.
        parent_id: The parent's id of the root, and of every other topmost span.
        roots: How many topmost spans are open. More than one only below one span of a foreign service.
        details: The name, tags and metadata so far.
        session: The session and the user that spans of OpenTelemetry have, as metadata.
        seen_at: When the root's start was read, by `monotonic()`.
        was_shown: Whether it was returned by `take_running`.
        has_news: Whether it was described since then.
        entries: The ended spans that are held until the root ends.
        bytes_seen: The size of all its ended spans.
        bytes_taken: The size of those that were taken before the root ended.
        media_bytes: The size of the images, audio and files in them.
        dropped_spans: How many spans were dropped because of `MAX_TRACE_BYTES`.
    """

    __slots__ = (
        "bytes_seen",
        "bytes_taken",
        "details",
        "dropped_spans",
        "entries",
        "has_news",
        "media_bytes",
        "parent_id",
        "root",
        "roots",
        "seen_at",
        "session",
        "was_shown",
    )

    def __init__(self, root: bytes, seen_at: float) -> None:
        self.root = root
        self.parent_id = root[PARENT_ID]
        self.roots = 1
        self.details = NO_DETAILS
        self.session: dict[str, str] = {}
        self.seen_at = seen_at
        self.was_shown = False
        self.has_news = False
        self.entries: list[SpanRecord | PackedSpan] = []
        self.bytes_seen = 0
        self.bytes_taken = 0
        self.media_bytes = 0
        self.dropped_spans = 0

    def take_session(self, attributes: Mapping[str, Any], *, is_root: bool) -> None:
        """Keep the session and the user of an ended span of OpenTelemetry. The root's win, then those of the first."""
        for key in (SESSION_ID, USER_ID):
            value = attributes.get(key)
            if value not in (None, "") and (is_root or key not in self.session):
                self.session[key] = str(value)[:MAX_SESSION]

    def has_root(self, start: bytes) -> bool:
        """Return whether a span of the trace is its root, or a topmost span."""
        return start[PARENT_ID] == self.parent_id


class OpenTraces:
    """The open traces of one log, by id.

    Attributes:
        get: Returns the open trace with an id, or None.
        now: The time at which the frames that are added now were read, by `monotonic()`.
    """

    def __init__(self) -> None:
        self._traces: dict[bytes, OpenTrace] = {}
        self._contexts: dict[bytes, TraceContext] = {}
        self.get = self._traces.get
        self.now = monotonic()

    def __len__(self) -> int:
        return len(self._traces)

    def __contains__(self, trace_id: object) -> bool:
        # Any thread may ask.
        return trace_id in self._traces

    def open(self, start: bytes) -> None:
        """Open the trace of a start frame if the span is its root or a topmost span."""
        if start[PARENT_ID] == NO_ID:
            self._traces[start[TRACE_ID]] = OpenTrace(start, self.now)
            return
        foreign = self._context(start).foreign_parent
        if foreign is None or bytes.fromhex(foreign) != start[PARENT_ID]:
            return
        trace = self.find(start)
        if trace is None:
            self._traces[start[TRACE_ID]] = OpenTrace(start, self.now)
        else:
            trace.roots += 1

    def find(self, start: bytes) -> OpenTrace | None:
        """Return the open trace of a start frame, or None."""
        return self.get(start[TRACE_ID])

    def close(self, start: bytes) -> None:
        """Record that a root, or a topmost span, is no longer open."""
        trace_id = start[TRACE_ID]
        trace = self._traces[trace_id]
        trace.roots -= 1
        if not trace.roots:
            del self._traces[trace_id]

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
        record = TraceRecord(frame[TRACE_ID].hex(), experiment, None, details, [], Role.LATE)
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
        entries, trace.entries, trace.bytes_taken = trace.entries, [], trace.bytes_seen
        context = self._context(start)
        details: TraceDetails | None = trace.details
        if trace.session or context.metadata:
            details = TraceDetails(None, {}, {**trace.session, **(context.metadata or {})}).merge(trace.details)
        elif details is NO_DETAILS:
            details = None
        return TraceRecord(
            start[TRACE_ID].hex(),
            context.experiment,
            context.folder,
            details,
            entries,
            role,
            unpack_start(start) if role is Role.RUNNING else None,
            was_shown=trace.was_shown,
        )

    def _context(self, frame: bytes) -> TraceContext:
        encoded = frame[_CONTEXT : _CONTEXT + read_length(frame, CONTEXT)[0]]
        context = self._contexts.get(encoded)
        if context is None:
            context = read_context(encoded)
            if len(self._contexts) < _MAX_REMEMBERED:
                self._contexts[encoded] = context
        return context
