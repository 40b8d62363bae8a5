"""Assembler: pairs the frames that start and end spans, and makes traces of them.

A trace is ready when its root has ended. A span without an open root in this process is ready when it ends: its root
has ended already, or runs in another process. The same frames always make the same traces, so an orphaned spool can be
read again from an earlier position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import orjson

from ace_tracing.clocks import monotonic
from ace_tracing.delivery.derivation import derive_fields
from ace_tracing.delivery.open_traces import Assembled, OpenTrace, OpenTraces
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
    TRACE_ID,
    pack_details,
    pack_end,
    read_end,
    split_start,
    time_of,
)
from ace_tracing.recording.records import NO_DETAILS, PackedSpan, Role, SpanRecord, TraceDetails, unpack
from ace_tracing.values.media import count_media

MAX_HELD_SPANS: Final = 1_000
MAX_HELD_BYTES: Final = 1024 * 1024
"""The ended spans of a running trace that are held until the root ends. Beyond either bound they are sent before it."""

MAX_TRACE_BYTES: Final = 32 * 1024 * 1024
"""The size of a trace from which on further spans are recorded without values. From twice that on, they are dropped."""

MIN_LARGE_BYTES: Final = 64 * 1024
"""The size of a span from which on its images, audio and files are not counted."""

SPANS_NOT_RECORDED: Final = "trace.spans_not_recorded"
INTERRUPTED: Final = "span.interrupted"
_INTERRUPTED_MESSAGE: Final = "interrupted: the process, or recording, ended while this was running"
_BARE_BYTES: Final = 500
"""About the size of a span without values."""
Frames = Iterable[tuple[int, bytes]]
"""Frames with their positions in the log."""


class Assembler:
    """Pairing of the frames of one log, which are passed in their order.

    Args:
        on_damage: Called for each frame that cannot be read, while the exception is handled. The frame is skipped.
        takes_feedback: Whether to keep feedback frames, and not to skip them.

    Attributes:
        feedback: The feedback frames that are not settled, with their positions, by id.
        traces: The traces whose root is open.
        lost_traces: Traces whose last frame is lost.
        lost_spans: Spans of other traces whose end is lost.
        orphan_ends: Ends without a start, which is lost.
    """

    def __init__(self, on_damage: Callable[[], object], *, takes_feedback: bool = True) -> None:
        self.feedback: dict[bytes, tuple[int, bytes]] = {}
        self.traces = OpenTraces()
        self._on_damage = on_damage
        self._takes_feedback = takes_feedback
        self._open_spans: dict[bytes, tuple[int, bytes]] = {}
        self._last_end = b""
        self.lost_traces = self.lost_spans = self.orphan_ends = 0
        self._dropped_ids: set[bytes] = set()
        self._dropped_starts: dict[bytes, int] = {}

    def take(self, frames: Frames) -> list[Assembled]:
        """Add frames, and return the traces that are ready now."""
        ready: list[Assembled] = []
        open_spans, dropped_ids, traces = self._open_spans, self._dropped_ids, self.traces
        find_trace = traces.get
        traces.now = monotonic()
        last_end = self._last_end
        for entry in frames:
            frame = entry[1]
            try:
                kind = frame[0]
                if kind == STARTED:
                    span_id = frame[SPAN_ID]
                    if dropped_ids and span_id in dropped_ids:
                        self._drop_start(*entry)
                    elif span_id not in open_spans:
                        # A span below another one opens no trace, unless that one belongs to a foreign caller.
                        if (
                            (parent_id := frame[PARENT_ID]) == NO_ID
                            or (trace := find_trace(frame[TRACE_ID])) is None
                            or trace.parent_id == parent_id
                        ):
                            traces.open(frame)
                        open_spans[span_id] = entry
                elif kind == FEEDBACK:
                    if self._takes_feedback:
                        self.feedback[read_feedback(frame).feedback_id] = entry
                elif kind == DESCRIBED:
                    ready += traces.describe(frame)
                else:
                    start = open_spans.pop(frame[SPAN_ID], None)
                    if start is None:
                        continue
                    last_end = frame
                    first = start[1]
                    trace = find_trace(first[TRACE_ID])
                    if kind == ENDED and trace is not None and trace.parent_id != first[PARENT_ID] != NO_ID:
                        # Nearly every span that is no root. `_finish` does the same, and is for the others.
                        added = len(first) + len(frame)
                        size = trace.bytes_seen + added
                        if size <= MAX_TRACE_BYTES and added <= MIN_LARGE_BYTES:
                            trace.bytes_seen = size
                            entries = trace.entries
                            entries.append((first, frame))
                            if len(entries) >= MAX_HELD_SPANS or size - trace.bytes_taken > MAX_HELD_BYTES:
                                self._take_part(first, trace, ready)
                            continue
                    self._finish(first, frame, trace, ready)
            except Exception:  # noqa: BLE001 - a damaged frame must not cost the others
                self._on_damage()
        self._last_end = last_end
        return ready

    def interrupt(self) -> list[Assembled]:
        """End the open spans as interrupted, when no more frames come, and return their traces."""
        ready: list[Assembled] = []
        self.traces.mark_as_shown()
        now = max(map(time_of, (self._last_end, *(frame for _, frame in self._open_spans.values()))))
        # Innermost first, so that roots come last.
        for span_id, (_, frame) in reversed(list(self._open_spans.items())):
            try:
                attributes = read_call_site(split_start(frame)[0]).attributes or {}
                details = {"message": _INTERRUPTED_MESSAGE, "attributes": {**attributes, INTERRUPTED: True}}
                end = pack_end(ENDED_WITH_DETAILS, int.from_bytes(span_id), now, ERROR) + orjson.dumps(details)
                self._finish(frame, end, self.traces.find(frame), ready)
            except Exception:  # noqa: BLE001 - a damaged frame must not cost the others
                self._on_damage()
        self._open_spans.clear()
        self.traces.clear()
        return ready

    def drop_span(self, span_id: bytes) -> None:
        """Drop a span whose end is lost, and its trace if it is the root. Its start may not have been read yet."""
        opened = self._open_spans.pop(span_id, None)
        self._dropped_ids.add(span_id)
        if opened is not None:
            self._drop_start(*opened)

    def copy_dropped(self, other: Assembler) -> None:
        """Drop the spans that an assembler of the same log has dropped, without counting them again."""
        self.lost_traces, self.lost_spans = other.lost_traces, other.lost_spans
        self._dropped_ids = {*other._dropped_ids, *other._dropped_starts}
        self._dropped_starts = dict(other._dropped_starts)

    def forget_dropped(self, position: int) -> None:
        """Forget the dropped spans that started before a position, whose frames are not read again."""
        if self._dropped_starts:
            self._dropped_starts = {span: at for span, at in self._dropped_starts.items() if at >= position}

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
            trace = self.traces.find(frame)
            if trace is not None and trace.details is not NO_DETAILS:
                descriptions[frame[TRACE_ID]] = pack_details(frame, trace.details)
            if trace is not None and trace.entries:
                ready.append(Assembled(self.traces.take_held(frame, trace, Role.PART), is_counted=False))
        return [*starts, *descriptions.values()], ready

    def _drop_start(self, position: int, start: bytes) -> None:
        """Drop a span whose end is lost, and count it once, as a trace or as a span of a trace that is kept."""
        span_id = start[SPAN_ID]
        self._dropped_ids.discard(span_id)
        trace = self.traces.find(start)
        is_top = trace is not None and trace.has_root(start)
        if span_id not in self._dropped_starts:
            if trace is None or is_top:
                self.lost_traces += 1
            else:
                self.lost_spans += 1
        self._dropped_starts[span_id] = position
        if is_top:
            self.traces.close(start)

    def _finish(self, first: bytes, second: bytes, trace: OpenTrace | None, ready: list[Assembled]) -> None:
        """Add an ended span to its trace, and append the trace to `ready` if it is."""
        parent_id = first[PARENT_ID]
        is_root = parent_id == NO_ID or (trace is not None and parent_id == trace.parent_id)
        if trace is not None:
            size = trace.bytes_seen + len(first) + len(second)
            if len(first) + len(second) > MIN_LARGE_BYTES:
                # They are stored apart from the trace, and leave its other values their room.
                trace.media_bytes += count_media(first) + count_media(second)
            limit = MAX_TRACE_BYTES + trace.media_bytes
            if size <= limit:
                trace.bytes_seen = size
            elif trace.bytes_seen + _BARE_BYTES <= limit + MAX_TRACE_BYTES or is_root:
                # No later span keeps its values, even if they would fit.
                trace.bytes_seen = max(trace.bytes_seen, limit) + _BARE_BYTES
                first, second = _strip_values(first, second)
            else:
                trace.dropped_spans += 1
                return
        details = None
        entry: SpanRecord | PackedSpan = first, second
        if second[0] != ENDED:
            span, details = unpack(first, second)
            entry = span
            if span.scope is not None:
                entry = derive_fields(span)
                if trace is not None:
                    trace.take_session(entry.attributes or {}, is_root=is_root)
        if trace is None:
            trace = OpenTrace(first, self.traces.now)
            trace.details = details or NO_DETAILS
            trace.entries.append(entry)
            ready.append(
                Assembled(self.traces.take_held(first, trace, Role.ROOT if is_root else Role.PART), is_counted=True)
            )
        elif is_root:
            if details is not None:
                # The end of the root has all details, within their limits.
                trace.details = details if trace.roots == 1 else trace.details.merge(details)
            if trace.dropped_spans:
                counted = {SPANS_NOT_RECORDED: str(trace.dropped_spans)}
                trace.details = trace.details.merge(TraceDetails(None, {}, counted))
            self.traces.close(first)
            trace.entries.append(entry)
            role = Role.ROOT if parent_id == NO_ID else Role.TOPMOST
            ready.append(Assembled(self.traces.take_held(first, trace, role), is_counted=True))
        else:
            trace.entries.append(entry)
            if len(trace.entries) >= MAX_HELD_SPANS or trace.bytes_seen - trace.bytes_taken > MAX_HELD_BYTES:
                self._take_part(first, trace, ready)

    def _take_part(self, start: bytes, trace: OpenTrace, ready: list[Assembled]) -> None:
        """Append the held spans of a trace whose root is still open to `ready`."""
        ready.append(Assembled(self.traces.take_held(start, trace, Role.PART), is_counted=False))


def _strip_values(first: bytes, second: bytes) -> tuple[bytes, bytes]:
    """Return the two frames of a span with its ids, times, status and errors, and without its values."""
    end = read_end(second)
    before = orjson.loads(end.rest) if end.kind == ENDED_WITH_DETAILS else {}
    details = {key: before[key] for key in ("name", "type", "message", "details") if key in before}
    details["attributes"] = {CUT: f"all values: the trace has more than {MAX_TRACE_BYTES} bytes"}
    inputs = split_start(first)[1]
    bare = pack_end(ENDED_WITH_DETAILS, end.span_id, end.end_ns, end.status) + orjson.dumps(details)
    return first[: len(first) - len(inputs)], bare
