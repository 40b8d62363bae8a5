"""Assembler: pairs the frames that start and end spans, and makes traces of them.

A trace is ready when its root has ended. A span without an open root in this process is ready when it ends: its root
has ended already, or runs in another process. The same frames always make the same traces, so an orphaned spool can be
read again from an earlier position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import orjson

from ace_tracing.clocks import monotonic
from ace_tracing.recording.callsite import read_call_site
from ace_tracing.recording.feedback import read_feedback
from ace_tracing.recording.frames import (
    CUT,
    DESCRIBED,
    ENDED,
    ENDED_WITH_DETAILS,
    ERROR,
    FEEDBACK,
    NO_ID,
    PARENT_ID,
    SPAN_ID,
    STARTED,
    TraceContext,
    context_of,
    pack_details,
    pack_end,
    read_context,
    read_end,
    split_start,
    time_of,
    trace_id_of,
)
from ace_tracing.recording.records import (
    NO_DETAILS,
    PackedSpan,
    Role,
    SpanRecord,
    TraceDetails,
    TraceRecord,
    unpack,
    unpack_details,
    unpack_start,
)

MAX_HELD_SPANS: Final = 1_000
MAX_HELD_BYTES: Final = 1024 * 1024
"""The ended spans of a running trace that are held until the root ends. Beyond either bound they are sent before it."""

MAX_TRACE_BYTES: Final = 32 * 1024 * 1024
"""The size of a trace from which on further spans are recorded without values. From twice that on, they are dropped."""

SPANS_NOT_RECORDED: Final = "trace.spans_not_recorded"
INTERRUPTED: Final = "span.interrupted"
_INTERRUPTED_MESSAGE: Final = "interrupted: the process, or recording, ended while this was running"
_BARE_BYTES: Final = 500
"""About the size of a span without values."""
_MAX_REMEMBERED: Final = 1_000
"""How many decoded contexts are cached."""

Frames = Iterable[tuple[int, bytes]]
"""Frames with their positions in the log."""


class Assembled(NamedTuple):
    """Spans of one trace that are ready to be sent.

    Attributes:
        trace: The spans.
        is_counted: Whether they count as a trace in `Delivery`. The first spans of a trace that still runs do not.
    """

    trace: TraceRecord
    is_counted: bool


class _OpenTrace:
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


class Assembler:
    """Pairing of the frames of one log, which are passed in their order.

    Args:
        on_damage: Called for each frame that cannot be read, while the exception is handled. The frame is skipped.

    Attributes:
        feedback: The feedback frames that are not settled, with their positions, by id.
    """

    def __init__(self, on_damage: Callable[[], object]) -> None:
        self.feedback: dict[bytes, tuple[int, bytes]] = {}
        self._on_damage = on_damage
        self._open_spans: dict[bytes, tuple[int, bytes]] = {}
        self._open_traces: dict[bytes, _OpenTrace] = {}
        self._contexts: dict[bytes, TraceContext] = {}
        self._last_start = self._last_end = b""
        self._dropped_ids: set[bytes] = set()

    def take(self, frames: Frames) -> list[Assembled]:
        """Add frames, and return the traces that are ready now."""
        ready: list[Assembled] = []
        open_spans = self._open_spans
        for position, frame in frames:
            try:
                span_id = frame[SPAN_ID]
                if frame[0] == STARTED:
                    if span_id in self._dropped_ids:
                        self._dropped_ids.discard(span_id)
                    elif span_id not in open_spans:
                        if frame[PARENT_ID] == NO_ID:
                            self._open_traces[trace_id_of(frame)] = _OpenTrace(frame)
                        elif self._is_topmost(frame):
                            self._open_topmost(frame)
                        open_spans[span_id] = position, frame
                        self._last_start = frame
                elif frame[0] == FEEDBACK:
                    self.feedback[read_feedback(frame).feedback_id] = position, frame
                elif frame[0] == DESCRIBED:
                    self._describe(frame, ready)
                else:
                    start = open_spans.pop(span_id, None)
                    if start is not None:
                        self._last_end = frame
                        self._finish(start[1], frame, ready)
            except Exception:  # noqa: BLE001 - a damaged frame must not cost the others
                self._on_damage()
        return ready

    def interrupt(self) -> list[Assembled]:
        """End the open spans as interrupted, when no more frames come, and return their traces."""
        ready: list[Assembled] = []
        now = max(time_of(self._last_start), time_of(self._last_end))
        # Innermost first, so that roots come last.
        for span_id, (_, frame) in reversed(list(self._open_spans.items())):
            try:
                attributes = read_call_site(split_start(frame)[0]).attributes or {}
                details = {"message": _INTERRUPTED_MESSAGE, "attributes": {**attributes, INTERRUPTED: True}}
                end = pack_end(ENDED_WITH_DETAILS, int.from_bytes(span_id), now, ERROR) + orjson.dumps(details)
                self._finish(frame, end, ready)
            except Exception:  # noqa: BLE001 - a damaged frame must not cost the others
                self._on_damage()
        self._open_spans.clear()
        self._open_traces.clear()
        return ready

    def take_running(self, min_age_s: float) -> list[Assembled]:
        """Return the held spans of the running traces, and a record of each that is new or was described.

        Args:
            min_age_s: The age from which on a trace is returned.
        """
        ready: list[Assembled] = []
        latest = monotonic() - min_age_s
        for trace in list(self._open_traces.values()):
            if trace.seen_at <= latest and (trace.entries or trace.has_news or not trace.was_shown):
                trace.was_shown, trace.has_news = True, False
                ready.append(Assembled(self._take_held(trace.root, trace, Role.RUNNING), is_counted=False))
        return ready

    def drop_span(self, span_id: bytes) -> None:
        """Drop a span whose end is lost, and its trace if it is the root. Its start may not have been read yet."""
        opened = self._open_spans.pop(span_id, None)
        if opened is None:
            self._dropped_ids.add(span_id)
        elif (trace := self._open_traces.get(trace_id_of(opened[1]))) is not None and _is_root(opened[1], trace):
            self._close_root(opened[1], trace)

    def is_running(self, trace_id: bytes) -> bool:
        """Return whether the root of the trace with this id (16 bytes) runs in this process. Any thread may ask."""
        return trace_id in self._open_traces

    def oldest_position(self) -> int | None:
        """Return the position of the oldest open span's start; None when no span is open."""
        return next(iter(self._open_spans.values()))[0] if self._open_spans else None

    def collect_open_before(self, position: int) -> tuple[list[bytes], list[Assembled]]:
        """Return the data that is still needed of the frames before a position, which are then released.

        Returns:
            The start frames of open spans with the descriptions of their traces, and the spans that are held of these
            traces, which have to be sent now.
        """
        starts = [frame for start, frame in self._open_spans.values() if start < position]
        descriptions: dict[bytes, bytes] = {}
        ready: list[Assembled] = []
        for frame in starts:
            trace = self._open_traces.get(trace_id_of(frame))
            if trace is not None and trace.details is not NO_DETAILS:
                descriptions[trace_id_of(frame)] = pack_details(frame, trace.details)
            if trace is not None and trace.entries:
                ready.append(Assembled(self._take_held(frame, trace, Role.PART), is_counted=False))
        return [*starts, *descriptions.values()], ready

    @property
    def has_running(self) -> bool:
        """Whether the root of a trace is open."""
        return bool(self._open_traces)

    def _is_topmost(self, start: bytes) -> bool:
        """Return whether the parent of a span belongs to a foreign service."""
        foreign = self._context(context_of(start)).foreign_parent
        return foreign is not None and bytes.fromhex(foreign) == start[PARENT_ID]

    def _open_topmost(self, start: bytes) -> None:
        trace = self._open_traces.get(trace_id_of(start))
        if trace is None:
            self._open_traces[trace_id_of(start)] = _OpenTrace(start)
        else:
            trace.roots += 1

    def _describe(self, frame: bytes, ready: list[Assembled]) -> None:
        """Add a name, tags or metadata to the running trace, or return them as a record of their own."""
        details = unpack_details(frame)
        trace = self._open_traces.get(trace_id_of(frame))
        if trace is not None:
            trace.details = trace.details.merge(details)
            trace.has_news = True
            return
        context = self._context(context_of(frame))
        record = TraceRecord(trace_id_of(frame).hex(), context.experiment, None, details, [], Role.LATE)
        ready.append(Assembled(record, is_counted=True))

    def _finish(self, first: bytes, second: bytes, ready: list[Assembled]) -> None:
        """Add an ended span to its trace, and append the trace to `ready` if it is."""
        key = trace_id_of(first)
        trace = self._open_traces.get(key)
        is_root = first[PARENT_ID] == NO_ID or (trace is not None and _is_root(first, trace))
        size = len(first) + len(second)
        if trace is not None:
            if trace.bytes_seen + size <= MAX_TRACE_BYTES:
                trace.bytes_seen += size
            elif trace.bytes_seen + _BARE_BYTES <= 2 * MAX_TRACE_BYTES or is_root:
                # No later span keeps its values, even if they would fit.
                trace.bytes_seen = max(trace.bytes_seen, MAX_TRACE_BYTES) + _BARE_BYTES
                first, second = _strip_values(first, second)
            else:
                trace.dropped_spans += 1
                return
        details = None
        entry: SpanRecord | PackedSpan = first, second
        if second[0] != ENDED:
            entry, details = unpack(first, second)
        if trace is None:
            trace = _OpenTrace(first)
            trace.details = details or NO_DETAILS
            trace.entries.append(entry)
            ready.append(Assembled(self._take_held(first, trace, Role.ROOT if is_root else Role.PART), is_counted=True))
        elif is_root:
            if details is not None:
                # The end of the root has all details, within their limits.
                trace.details = details if trace.roots == 1 else trace.details.merge(details)
            if trace.dropped_spans:
                counted = {SPANS_NOT_RECORDED: str(trace.dropped_spans)}
                trace.details = trace.details.merge(TraceDetails(None, {}, counted))
            self._close_root(first, trace)
            trace.entries.append(entry)
            role = Role.ROOT if first[PARENT_ID] == NO_ID else Role.TOPMOST
            ready.append(Assembled(self._take_held(first, trace, role), is_counted=True))
        else:
            trace.entries.append(entry)
            trace.bytes_held += size
            if len(trace.entries) >= MAX_HELD_SPANS or trace.bytes_held > MAX_HELD_BYTES:
                ready.append(Assembled(self._take_held(first, trace, Role.PART), is_counted=False))

    def _close_root(self, start: bytes, trace: _OpenTrace) -> None:
        """Record that the root, or a topmost span, of a trace is no longer open."""
        trace.roots -= 1
        if not trace.roots:
            self._open_traces.pop(trace_id_of(start), None)

    def _take_held(self, start: bytes, trace: _OpenTrace, role: Role) -> TraceRecord:
        """Return the held spans of a trace, and hold them no longer."""
        entries, trace.entries, trace.bytes_held = trace.entries, [], 0
        context = self._context(context_of(start))
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

    def _context(self, encoded: bytes) -> TraceContext:
        context = self._contexts.get(encoded)
        if context is None:
            context = read_context(encoded)
            if len(self._contexts) < _MAX_REMEMBERED:
                self._contexts[encoded] = context
        return context


def _is_root(start: bytes, trace: _OpenTrace) -> bool:
    """Return whether a span of the trace is its root, or a topmost span."""
    return start[PARENT_ID] == trace.root[PARENT_ID]


def _strip_values(first: bytes, second: bytes) -> tuple[bytes, bytes]:
    """Return the two frames of a span with its ids, times, status and errors, and without its values."""
    end = read_end(second)
    before = orjson.loads(end.rest) if end.kind == ENDED_WITH_DETAILS else {}
    details = {key: before[key] for key in ("type", "message", "details") if key in before}
    details["attributes"] = {CUT: f"all values: the trace has more than {MAX_TRACE_BYTES} bytes"}
    inputs = split_start(first)[1]
    bare = pack_end(ENDED_WITH_DETAILS, end.span_id, end.end_ns, end.status) + orjson.dumps(details)
    return first[: len(first) - len(inputs)], bare
