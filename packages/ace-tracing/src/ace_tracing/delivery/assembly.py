"""Frames -> traces: pairs what says that a span started with what says that it ended.

A trace leaves when its root has ended. What ends without a root above it here leaves by itself: a span whose root has
gone already, or has its root in another process. The same frames always make the same traces, so what another process
left behind can be read again from an earlier place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import orjson

from ace_tracing.record import (
    ENDED_WITH_MORE,
    STARTED,
    STATUSES,
    End,
    SpanRecord,
    Start,
    TraceDetails,
    TraceRecord,
    ids_of,
    read_end,
    read_start,
)
from ace_tracing.span import CUT

MAX_HELD_SPANS = 1_000
MAX_HELD_BYTES = 1024 * 1024
"""A trace leaves in one piece when its root ends, unless it grows beyond this before."""

MAX_TRACE_BYTES = 32 * 1024 * 1024
"""Once a trace has this much, its further spans are recorded without their values; with twice as much, not at all."""

_BARE_BYTES = 500
"""About what a span without values takes."""

SPANS_NOT_RECORDED = "trace.spans_not_recorded"
INTERRUPTED = "span.interrupted"
_INTERRUPTED_MESSAGE = "interrupted: the process ended while this was running"
_MAX_REMEMBERED = 1_000

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

    __slots__ = ("bytes_held", "bytes_seen", "left_out", "spans")

    def __init__(self) -> None:
        self.spans: list[SpanRecord] = []
        self.bytes_held = 0
        self.bytes_seen = 0
        self.left_out = 0


class _Site(NamedTuple):
    name: str
    span_type: str
    function: str | None
    agent: str | None
    attributes: dict[str, Any] | None


class Assembler:
    """Takes the frames of one log in their order.

    Args:
        damaged: called while the exception is handled that a frame has raised, which is then left out.
    """

    def __init__(self, damaged: Callable[[], object]) -> None:
        self._damaged = damaged
        self._open: dict[int, tuple[int, bytes]] = {}
        self._running: dict[bytes, _Running] = {}
        self._sites: dict[bytes, _Site] = {}
        self._contexts: dict[bytes, tuple[str | None, str | None, dict[str, str] | None]] = {}
        self._last_ns = 0

    def take(self, frames: Frames) -> list[Assembled]:
        """Take frames, and give what is ready now."""
        ready: list[Assembled] = []
        for position, frame in frames:
            try:
                if frame[0] == STARTED:
                    span_id, parent_id = ids_of(frame)
                    if span_id not in self._open:
                        self._open[span_id] = position, frame
                        if not parent_id:
                            start = read_start(frame)
                            self._running[start.trace_id] = _Running()
                else:
                    end = read_end(frame)
                    opened = self._open.pop(end.span_id, None)
                    if opened is not None:
                        self._finish(read_start(opened[1]), end, len(opened[1]) + len(frame), ready)
            except Exception:  # noqa: BLE001 - one that is damaged must not cost the others
                self._damaged()
        return ready

    def interrupt(self) -> list[Assembled]:
        """Give what is left when nothing more comes: spans that are running, as interrupted, and their traces."""
        ready: list[Assembled] = []
        # Innermost first, so that roots come last.
        for span_id, (_, frame) in reversed(list(self._open.items())):
            try:
                start = read_start(frame)
                self._last_ns = max(self._last_ns, start.start_ns)
                said = orjson.dumps(
                    {
                        "type": self._site(start.site).span_type,
                        "message": _INTERRUPTED_MESSAGE,
                        "attributes": {**(self._site(start.site).attributes or {}), INTERRUPTED: True},
                    }
                )
                end = End(ENDED_WITH_MORE, span_id, self._last_ns, STATUSES.index("ERROR"), said)
                self._finish(start, end, len(frame), ready)
            except Exception:  # noqa: BLE001 - one that is damaged must not cost the others
                self._damaged()
        self._open.clear()
        self._running.clear()
        return ready

    def give_up(self, span_id: int) -> bool:
        """Forget a span whose end is lost; true when its trace is lost with it."""
        opened = self._open.pop(span_id, None)
        if opened is None:
            return False
        start = read_start(opened[1])
        return not start.parent_id and self._running.pop(start.trace_id, None) is not None

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
            start = read_start(frame)
            running = self._running.get(start.trace_id)
            if running is not None and running.spans:
                ready.append(Assembled(self._trace(start, running, None), finishes=False))
        return needed, ready

    def _finish(self, start: Start, end: End, size: int, ready: list[Assembled]) -> None:
        key = start.trace_id
        running = self._running.get(key)
        if running is not None:
            if running.bytes_seen + size <= MAX_TRACE_BYTES:
                running.bytes_seen += size
            elif running.bytes_seen + _BARE_BYTES <= 2 * MAX_TRACE_BYTES or not start.parent_id:
                # From here on none has values, not even one that would fit.
                running.bytes_seen = max(running.bytes_seen, MAX_TRACE_BYTES) + _BARE_BYTES
                start, end = self._without_values(start, end)
            else:
                running.left_out += 1
                return
        span, details = self._span(start, end)
        self._last_ns = max(self._last_ns, end.end_ns)
        if not start.parent_id:
            self._running.pop(key, None)
            if running is not None and running.left_out:
                details = details or TraceDetails(None, {}, {})
                details = details._replace(
                    metadata={**details.metadata, SPANS_NOT_RECORDED: str(running.left_out)},
                )
            running = running or _Running()
            running.spans.append(span)
            ready.append(Assembled(self._trace(start, running, details), finishes=True))
        elif running is None:
            alone = _Running()
            alone.spans.append(span)
            ready.append(Assembled(self._trace(start, alone, None), finishes=True))
        else:
            running.spans.append(span)
            running.bytes_held += size
            if len(running.spans) >= MAX_HELD_SPANS or running.bytes_held > MAX_HELD_BYTES:
                ready.append(Assembled(self._trace(start, running, None), finishes=False))

    def _trace(self, start: Start, running: _Running, details: TraceDetails | None) -> TraceRecord:
        """The spans that are held of a trace, which are held no longer."""
        spans, running.spans, running.bytes_held = running.spans, [], 0
        experiment, folder, metadata = self._context(start.context)
        if details is None and metadata:
            details = TraceDetails(None, {}, metadata)
        return TraceRecord(start.trace_id.hex(), experiment, folder, details, spans)

    def _span(self, start: Start, end: End) -> tuple[SpanRecord, TraceDetails | None]:
        site = self._site(start.site)
        inputs = start.inputs.decode() if start.inputs else None
        span_id = f"{start.span_id:016x}"
        parent_id = f"{start.parent_id:016x}" if start.parent_id else None
        if end.kind != ENDED_WITH_MORE:
            outputs = end.rest.decode() if end.rest else None
            return SpanRecord(
                span_id, parent_id, site.name, site.span_type, start.start_ns, end.end_ns, STATUSES[end.status], "",
                site.function, site.agent, inputs, outputs, site.attributes, None, None,
            ), None  # fmt: skip
        more = orjson.loads(end.rest)
        details = more.get("details")
        return SpanRecord(
            span_id,
            parent_id,
            site.name,
            more["type"],
            start.start_ns,
            end.end_ns,
            STATUSES[end.status],
            more["message"],
            site.function,
            site.agent,
            inputs if more.get("inputs") is None else more["inputs"],
            more.get("outputs"),
            more["attributes"],
            more.get("events"),
            more.get("links"),
        ), None if details is None else TraceDetails(*details)

    def _without_values(self, start: Start, end: End) -> tuple[Start, End]:
        """The same span, telling its place in the tree and how it ended, and why no more."""
        more = orjson.loads(end.rest) if end.kind == ENDED_WITH_MORE else {}
        said = {
            "type": more.get("type", self._site(start.site).span_type),
            "message": more.get("message", ""),
            "attributes": {CUT: f"all values: the trace has more than {MAX_TRACE_BYTES} bytes"},
            "details": more.get("details"),
        }
        return start._replace(inputs=b""), end._replace(kind=ENDED_WITH_MORE, rest=orjson.dumps(said))

    def _site(self, encoded: bytes) -> _Site:
        site = self._sites.get(encoded)
        if site is None:
            site = _Site(*orjson.loads(encoded))
            if len(self._sites) < _MAX_REMEMBERED:
                self._sites[encoded] = site
        return site

    def _context(self, encoded: bytes) -> tuple[str | None, str | None, dict[str, str] | None]:
        context = self._contexts.get(encoded)
        if context is None:
            experiment, folder, metadata = orjson.loads(encoded)
            context = experiment, folder, metadata
            if len(self._contexts) < _MAX_REMEMBERED:
                self._contexts[encoded] = context
        return context
