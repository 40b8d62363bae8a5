"""Frames -> traces: pairs what says that a span started with what says that it ended.

A trace leaves when its root has ended. What ends without a root above it here leaves by itself: a span whose root has
gone already, or has its root in another process. The same frames always make the same traces, so what another process
left behind can be read again from an earlier place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson

from ace_tracing.recording.frames import (
    ENDED,
    ENDED_WITH_DETAILS,
    ERROR,
    NO_ID,
    PARENT_ID,
    SPAN_ID,
    STARTED,
    PackedSpan,
    SpanRecord,
    TraceDetails,
    TraceRecord,
    context_of,
    pack_end,
    parts_of,
    place_of,
    read_end,
    time_of,
    trace_id_of,
    unpack,
)
from ace_tracing.recording.span import CUT

MAX_HELD_SPANS = 1_000
MAX_HELD_BYTES = 1024 * 1024
"""A trace leaves in one piece when its root ends, unless it grows beyond this before."""

MAX_TRACE_BYTES = 32 * 1024 * 1024
"""Once a trace has this much, its further spans are recorded without their values; with twice as much, not at all."""

_BARE_BYTES = 500
"""About what a span without values takes."""

SPANS_NOT_RECORDED = "trace.spans_not_recorded"
INTERRUPTED = "span.interrupted"
_INTERRUPTED_MESSAGE = "interrupted: the process, or recording, ended while this was running"
_MAX_REMEMBERED = 1_000

_Context = tuple[str | None, str | None, dict[str, str] | None]

Frames = Iterable[tuple[int, bytes]]
"""Frames with their positions in the log."""


class Assembled(NamedTuple):
    """Spans of one trace that are ready to leave.

    Attributes:
        trace: the spans.
        finishes: whether it counts as a trace: a part of one whose root is still running does not.
    """

    trace: TraceRecord
    finishes: bool


class _Running:
    """A trace whose root is running here."""

    __slots__ = ("bytes_held", "bytes_seen", "entries", "left_out")

    def __init__(self) -> None:
        self.entries: list[SpanRecord | PackedSpan] = []
        self.bytes_held = 0
        self.bytes_seen = 0
        self.left_out = 0


class Assembler:
    """Takes the frames of one log in their order.

    Args:
        damaged: called while the exception is handled that a frame has raised, which is then left out.
    """

    def __init__(self, damaged: Callable[[], object]) -> None:
        self._damaged = damaged
        self._open: dict[bytes, tuple[int, bytes]] = {}
        self._running: dict[bytes, _Running] = {}
        self._contexts: dict[bytes, _Context] = {}
        self._last_start = self._last_end = b""
        self._lost: set[bytes] = set()

    def take(self, frames: Frames) -> list[Assembled]:
        """Take frames, and give what is ready now."""
        ready: list[Assembled] = []
        opened = self._open
        for position, frame in frames:
            try:
                span_id = frame[SPAN_ID]
                if frame[0] == STARTED:
                    if span_id in self._lost:
                        self._lost.discard(span_id)
                    elif span_id not in opened:
                        if frame[PARENT_ID] == NO_ID:
                            self._running[trace_id_of(frame)] = _Running()
                        opened[span_id] = position, frame
                        self._last_start = frame
                else:
                    start = opened.pop(span_id, None)
                    if start is not None:
                        self._last_end = frame
                        self._finish(start[1], frame, ready)
            except Exception:  # noqa: BLE001 - one that is damaged must not cost the others
                self._damaged()
        return ready

    def interrupt(self) -> list[Assembled]:
        """Give what is left when nothing more comes: spans that are running, as interrupted, and their traces."""
        ready: list[Assembled] = []
        now = max(time_of(self._last_start), time_of(self._last_end))
        # Innermost first, so that roots come last.
        for span_id, (_, frame) in reversed(list(self._open.items())):
            try:
                attributes = place_of(parts_of(frame)[0]).attributes or {}
                said = {"message": _INTERRUPTED_MESSAGE, "attributes": {**attributes, INTERRUPTED: True}}
                end = pack_end(ENDED_WITH_DETAILS, int.from_bytes(span_id), now, ERROR) + orjson.dumps(said)
                self._finish(frame, end, ready)
            except Exception:  # noqa: BLE001 - one that is damaged must not cost the others
                self._damaged()
        self._open.clear()
        self._running.clear()
        return ready

    def give_up(self, span_id: bytes) -> None:
        """Forget a span whose end is lost, and its trace if it is the root; it may not have started yet."""
        opened = self._open.pop(span_id, None)
        if opened is None:
            self._lost.add(span_id)
        elif opened[1][PARENT_ID] == NO_ID:
            self._running.pop(trace_id_of(opened[1]), None)

    def oldest(self) -> int | None:
        """The position of the oldest frame that is still needed; None when none is."""
        return next(iter(self._open.values()))[0] if self._open else None

    def carry(self, before: int) -> tuple[list[bytes], list[Assembled]]:
        """Let go of what stands before a position.

        Returns:
            The frames from there that are still needed, and what of their traces has to leave now.
        """
        needed = [frame for position, frame in self._open.values() if position < before]
        ready: list[Assembled] = []
        for frame in needed:
            running = self._running.get(trace_id_of(frame))
            if running is not None and running.entries:
                ready.append(Assembled(self._trace(frame, running, None), finishes=False))
        return needed, ready

    def _finish(self, first: bytes, second: bytes, ready: list[Assembled]) -> None:
        key = trace_id_of(first)
        running = self._running.get(key)
        is_root = first[PARENT_ID] == NO_ID
        size = len(first) + len(second)
        if running is not None:
            if running.bytes_seen + size <= MAX_TRACE_BYTES:
                running.bytes_seen += size
            elif running.bytes_seen + _BARE_BYTES <= 2 * MAX_TRACE_BYTES or is_root:
                # From here on none has values, not even one that would fit.
                running.bytes_seen = max(running.bytes_seen, MAX_TRACE_BYTES) + _BARE_BYTES
                first, second = _without_values(first, second)
            else:
                running.left_out += 1
                return
        details = None
        entry: SpanRecord | PackedSpan = first, second
        if second[0] != ENDED:
            entry, details = unpack(first, second)
        if is_root or running is None:
            if running is None:
                running = _Running()
            elif running.left_out:
                details = details or TraceDetails(None, {}, {})
                details.metadata[SPANS_NOT_RECORDED] = str(running.left_out)
            if is_root:
                self._running.pop(key, None)
            running.entries.append(entry)
            ready.append(Assembled(self._trace(first, running, details), finishes=True))
        else:
            running.entries.append(entry)
            running.bytes_held += size
            if len(running.entries) >= MAX_HELD_SPANS or running.bytes_held > MAX_HELD_BYTES:
                ready.append(Assembled(self._trace(first, running, None), finishes=False))

    def _trace(self, frame: bytes, running: _Running, details: TraceDetails | None) -> TraceRecord:
        """The spans that are held of a trace, which are held no longer."""
        entries, running.entries, running.bytes_held = running.entries, [], 0
        experiment, folder, metadata = self._context(context_of(frame))
        if details is None and metadata:
            details = TraceDetails(None, {}, metadata)
        return TraceRecord(trace_id_of(frame).hex(), experiment, folder, details, entries)

    def _context(self, encoded: bytes) -> _Context:
        context = self._contexts.get(encoded)
        if context is None:
            experiment, folder, metadata = orjson.loads(encoded)
            context = experiment, folder, metadata
            if len(self._contexts) < _MAX_REMEMBERED:
                self._contexts[encoded] = context
        return context


def _without_values(first: bytes, second: bytes) -> tuple[bytes, bytes]:
    """The same span, telling its place in the tree and how it ended, and why no more."""
    end = read_end(second)
    more = orjson.loads(end.rest) if end.kind == ENDED_WITH_DETAILS else {}
    said = {key: more[key] for key in ("type", "message", "details") if key in more}
    said["attributes"] = {CUT: f"all values: the trace has more than {MAX_TRACE_BYTES} bytes"}
    inputs = parts_of(first)[1]
    bare = pack_end(ENDED_WITH_DETAILS, end.span_id, end.end_ns, end.status) + orjson.dumps(said)
    return first[: len(first) - len(inputs)], bare
