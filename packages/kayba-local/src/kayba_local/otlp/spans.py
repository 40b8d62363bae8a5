"""Decoded spans: stored records with Python values, for API responses and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from kayba_local.otlp.fields import MAX_TIME_NS
from kayba_local.otlp.values import decode_attributes, decode_plain_attributes

StatusCode: TypeAlias = Literal["UNSET", "OK", "ERROR"]

INPUTS: Final = "mlflow.spanInputs"
OUTPUTS: Final = "mlflow.spanOutputs"
SPAN_TYPE: Final = "mlflow.spanType"

INVALID_SPAN_ID: Final = "0" * 16
"""The id that refers to no span. Some exporters send it as the parent of a root span."""

_STATUS_CODES: Final[tuple[StatusCode, ...]] = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True, slots=True)
class Event:
    """An event during a span, named `exception` for an exception. The time is in ns since 1970."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another span, with ids in hex."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """A span of a trace.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        parent_id: The id of the parent span; None for a root.
        start_ns: The start in ns since 1970 (UTC).
        end_ns: The end in ns since 1970; None while the span runs.
        attributes: Values by key; JSON texts are decoded.
        status_message: The error message; empty unless the span failed.
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
        """The inputs; None if they were not recorded."""
        return self.attributes.get(INPUTS)

    @property
    def outputs(self) -> Any:
        """The outputs; None if they were not recorded."""
        return self.attributes.get(OUTPUTS)

    @property
    def type(self) -> str:
        """The span type, e.g. `LLM`; `UNKNOWN` if it was not recorded."""
        return str(self.attributes.get(SPAN_TYPE) or "UNKNOWN")

    @property
    def duration_ns(self) -> int | None:
        """The duration in ns; None while the span runs."""
        return None if self.end_ns is None else self.end_ns - self.start_ns


def decode(span: Mapping[str, Any]) -> Span:
    """Decode a stored span in OTLP's JSON."""
    status = span.get("status", {})
    return Span(
        trace_id=span["traceId"].lower(),
        span_id=span["spanId"].lower(),
        parent_id=parent_id_of(span),
        name=span["name"],
        start_ns=int(span["startTimeUnixNano"]),
        end_ns=int(span.get("endTimeUnixNano", 0)) or None,
        status=_STATUS_CODES[int(status.get("code", 0))],
        status_message=status.get("message", ""),
        attributes=decode_attributes(span.get("attributes", ())),
        events=tuple(
            Event(event.get("name", ""), _event_time(event), decode_plain_attributes(event.get("attributes", ())))
            for event in span.get("events", ())
        ),
        links=tuple(
            Link(link["traceId"].lower(), link["spanId"].lower(), decode_plain_attributes(link.get("attributes", ())))
            for link in span.get("links", ())
        ),
    )


def _event_time(event: Mapping[str, Any]) -> int:
    # Clients may send larger times, but a response must contain a 64-bit integer.
    return min(int(event.get("timeUnixNano", 0)), MAX_TIME_NS)


def parent_id_of(span: Mapping[str, Any]) -> str | None:
    """Return the id, in lower case, of an OTLP span's parent; None for a root."""
    parent: str = span.get("parentSpanId", "").lower()
    return None if parent in ("", INVALID_SPAN_ID) else parent
