"""A span with plain Python values: what a stored record is decoded to, for answers and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson

from kayba_local.otlp.values import attributes, plain_attributes

StatusCode: TypeAlias = Literal["UNSET", "OK", "ERROR"]

INPUTS: Final = "mlflow.spanInputs"
OUTPUTS: Final = "mlflow.spanOutputs"
SPAN_TYPE: Final = "mlflow.spanType"

LATEST_NS: Final = 2**63 - 1
"""The latest time that is told or stored; in the year 2262."""
NO_SPAN: Final = "0" * 16
"""A span id that names no span; some exporters give it to roots as their parent."""

_STATUS_CODES: Final[tuple[StatusCode, ...]] = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened during a span; `name` is ``exception`` for an exception. Time in ns since 1970."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """Another span that a span has to do with; ids in hex."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """One step of a trace.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        parent_id: The span that this one is part of; None for a root.
        start_ns: Nanoseconds since 1970 (UTC).
        end_ns: The same; None while it runs.
        attributes: Values by key; what clients wrote as JSON text is taken apart.
        status_message: Why it failed; empty otherwise.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int | None
    status: StatusCode
    status_message: str
    attributes: Mapping[str, Any]
    events: tuple[Event, ...]
    links: tuple[Link, ...]

    @property
    def inputs(self) -> Any:
        """What the step was given, None if that was not recorded."""
        return self.attributes.get(INPUTS)

    @property
    def outputs(self) -> Any:
        """What the step answered, None if that was not recorded."""
        return self.attributes.get(OUTPUTS)

    @property
    def type(self) -> str:
        """The kind of step, e.g. ``LLM``; ``UNKNOWN`` if it was not told."""
        return str(self.attributes.get(SPAN_TYPE) or "UNKNOWN")

    @property
    def duration_ns(self) -> int | None:
        """Nanoseconds from start to end; None while it runs."""
        return None if self.end_ns is None else self.end_ns - self.start_ns


def decode(content: bytes) -> Span:
    """The span of a stored record's content."""
    span = orjson.loads(content)
    status = span.get("status", {})
    return Span(
        trace_id=span["traceId"].lower(),
        span_id=span["spanId"].lower(),
        parent_id=parent_of(span),
        name=span["name"],
        start_ns=int(span["startTimeUnixNano"]),
        end_ns=int(span.get("endTimeUnixNano", 0)) or None,
        status=_STATUS_CODES[int(status.get("code", 0))],
        status_message=status.get("message", ""),
        attributes=attributes(span.get("attributes", ())),
        events=tuple(
            Event(event.get("name", ""), _event_time(event), plain_attributes(event.get("attributes", ())))
            for event in span.get("events", ())
        ),
        links=tuple(
            Link(link["traceId"].lower(), link["spanId"].lower(), plain_attributes(link.get("attributes", ())))
            for link in span.get("links", ())
        ),
    )


def _event_time(event: Mapping[str, Any]) -> int:
    # Whatever a client wrote there, the answer has to be a 64-bit integer.
    return min(int(event.get("timeUnixNano", 0)), LATEST_NS)


def parent_of(span: Mapping[str, Any]) -> str | None:
    """The id, in lower case, of the span that an OTLP span is part of; None for a root."""
    parent: str = span.get("parentSpanId", "").lower()
    return None if parent in ("", NO_SPAN) else parent
