"""Finished spans and traces, as the worker reads them from frames."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Final, NamedTuple

import orjson

from ace_tracing.recording.callsite import InstrumentationScope, read_call_site
from ace_tracing.recording.frames import (
    ENDED,
    ENDED_WITH_DETAILS,
    STATUSES,
    pack_end,
    read_end,
    read_start,
    read_texts,
    split_details,
)


class SpanRecord(NamedTuple):
    """Finished span. Times are nanoseconds since the epoch; inputs and outputs are JSON text.

    `scope` is None unless the span was made through OpenTelemetry's API. Then its attributes are OpenTelemetry's.
    """

    span_id: str
    parent_id: str | None
    name: str
    span_type: str
    start_ns: int
    end_ns: int
    status: str
    status_message: str
    function: str | None
    agent: str | None
    inputs: str | None
    outputs: str | None
    attributes: dict[str, Any] | None
    events: list[tuple[str, int, dict[str, Any]]] | None
    links: list[tuple[str, str, dict[str, Any]]] | None
    scope: InstrumentationScope | None = None


class TraceDetails(NamedTuple):
    """Name, tags and metadata of a trace, as `update_current_trace` sets them."""

    name: str | None
    tags: dict[str, str]
    metadata: dict[str, str]

    def merge(self, later: TraceDetails) -> TraceDetails:
        """Return both, with the later value where both have one."""
        return TraceDetails(later.name or self.name, self.tags | later.tags, self.metadata | later.metadata)


NO_DETAILS: Final = TraceDetails(None, {}, {})


class Role(Enum):
    """The share of a record in the info of its trace."""

    PART = auto()
    """Spans only: the root ended before them, is still open, or is in another process."""
    ROOT = auto()
    """The last span is the root."""
    TOPMOST = auto()
    """The last span speaks for the trace: its parent belongs to a service that sends its spans elsewhere."""
    RUNNING = auto()
    """The root still runs. `root` is its start."""
    LATE = auto()
    """A name, tags or metadata that were set after the root had ended, or in a process without the root."""


PackedSpan = tuple[bytes, bytes]
"""A finished span as its two frames, the second of the kind `ENDED`."""


class TraceRecord:
    """Spans of one trace that are delivered together.

    These are all spans of the trace, unless some ended after the root or the trace is very large.

    Args:
        trace_id: The trace's id, 32 hex digits.
        experiment: The name of the trace's experiment. None for the service's default.
        folder: The trace's folder. None for unfiled.
        details: The trace's name, tags and metadata.
        entries: The spans, unpacked or as frames.
        role: The record's share in the trace's info.
        root: The root while it runs, as a span that ends when it starts. Only with `Role.RUNNING`.
        was_shown: Whether the trace was sent as a running one before.
    """

    __slots__ = ("_spans", "details", "entries", "experiment", "folder", "role", "root", "trace_id", "was_shown")

    def __init__(
        self,
        trace_id: str,
        experiment: str | None,
        folder: str | None,
        details: TraceDetails | None,
        entries: Sequence[SpanRecord | PackedSpan],
        role: Role = Role.PART,
        root: SpanRecord | None = None,
        *,
        was_shown: bool = False,
    ) -> None:
        self.trace_id = trace_id
        self.experiment = experiment
        self.folder = folder
        self.details = details
        self.entries = entries
        self.role = role
        self.root = root
        self.was_shown = was_shown
        self._spans: list[SpanRecord] | None = None

    def with_entries(self, entries: Sequence[SpanRecord | PackedSpan], *, is_last: bool = True) -> TraceRecord:
        """Return a record with some of the spans.

        Args:
            entries: The spans.
            is_last: Whether the last span is among them, so that the record keeps its role.
        """
        role = self.role if is_last else Role.PART
        return TraceRecord(
            self.trace_id,
            self.experiment,
            self.folder,
            self.details,
            entries,
            role,
            self.root if is_last else None,
            was_shown=self.was_shown,
        )

    @property
    def spans(self) -> list[SpanRecord]:
        """The spans, unpacked on first access."""
        if self._spans is None:
            self._spans = [entry if isinstance(entry, SpanRecord) else unpack(*entry)[0] for entry in self.entries]
        return self._spans


def unpack_start(frame: bytes) -> SpanRecord:
    """Return the span of a start frame, with the status UNSET, as if it had ended when it started."""
    start = read_start(frame)
    return unpack(frame, pack_end(ENDED, start.span_id, start.start_ns, 0))[0]


def unpack_details(frame: bytes) -> TraceDetails:
    """Return the trace details in a frame of the kind `DESCRIBED`."""
    return _read_details(*orjson.loads(split_details(frame)))


def unpack(first: bytes, second: bytes) -> tuple[SpanRecord, TraceDetails | None]:
    """Return the span of two frames, and the trace details in the second frame."""
    start, end = read_start(first), read_end(second)
    site = read_call_site(start.site)
    fields: dict[str, Any] = {}
    outputs = None
    if end.kind == ENDED_WITH_DETAILS:
        fields = orjson.loads(end.rest)
        outputs = fields.get("outputs")
    elif end.rest:
        outputs = end.rest.decode()
    inputs, attributes = fields.get("inputs"), fields.get("attributes", site.attributes)
    if start.inputs:
        if site.scope is not None:
            # The start of such a span has its first attributes in place of inputs.
            attributes = orjson.loads(start.inputs) | (attributes or {})
        elif inputs is None:
            inputs = start.inputs.decode()
    details = fields.get("details")
    span = SpanRecord(
        f"{start.span_id:016x}",
        f"{start.parent_id:016x}" if start.parent_id else None,
        fields.get("name", site.name),
        fields.get("type", site.span_type),
        start.start_ns,
        end.end_ns,
        STATUSES[end.status],
        fields.get("message", ""),
        site.function,
        site.agent,
        inputs,
        outputs,
        attributes,
        fields.get("events"),
        fields.get("links"),
        site.scope,
    )
    return span, None if details is None else _read_details(*details)


def _read_details(name: Any, tags: Any, metadata: Any) -> TraceDetails:
    """Return the trace details without the entries that are no text, from a damaged file or a former version."""
    return TraceDetails(name if isinstance(name, str) else None, read_texts(tags), read_texts(metadata))
