"""The parts of a trace as it is read back, under the names that MLflow's users know. The whole is in `tree`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


class TraceState(enum.StrEnum):
    """How a trace stands; equal to its own name as a string."""

    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"
    STATE_UNSPECIFIED = "STATE_UNSPECIFIED"


@dataclass(frozen=True, slots=True)
class SpanStatus:
    """How a span ended.

    Attributes:
        status_code: `"OK"`, `"ERROR"` or `"UNSET"`.
        description: of an error, as `"ValueError: no such city"`; else empty.
    """

    status_code: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened at a point in time inside a span; an exception is one named `exception`.

    Attributes:
        name: what happened.
        timestamp: when, in nanoseconds since the epoch.
        attributes: what is known of it.
    """

    name: str
    timestamp: int
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanLink:
    """Another span that has to do with this one.

    Attributes:
        trace_id: the other's trace, `tr-` and 32 hex digits.
        span_id: the other's span id, 16 hex digits.
        attributes: what is known of the relation.
    """

    trace_id: str
    span_id: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One finished step of a trace.

    Attributes:
        name: what the step is called.
        trace_id: the trace's id, `tr-` and 32 hex digits.
        span_id: 16 hex digits.
        parent_id: the parent's span id; None for a root.
        span_type: what kind of step this is, as `"LLM"`.
        start_time_ns: when it started, in nanoseconds since the epoch.
        end_time_ns: when it ended; None when the service has not seen it end.
        status: how it ended.
        inputs: what it was given, as JSON values; None when nothing was recorded.
        outputs: what it gave back, as JSON values; None when nothing was recorded.
        attributes: everything recorded on it, under the names the service knows it by.
        events: what happened in it, in order.
        links: other spans that have to do with it. Some services (MLflow 3.17) do not keep them.
    """

    name: str
    trace_id: str
    span_id: str
    parent_id: str | None
    span_type: str
    start_time_ns: int
    end_time_ns: int | None
    status: SpanStatus
    inputs: Any
    outputs: Any
    attributes: dict[str, Any]
    events: list[SpanEvent]
    links: list[SpanLink] = field(default_factory=list)

    @property
    def duration_ms(self) -> float | None:
        """How long it took, in milliseconds; None when the service has not seen it end."""
        return None if self.end_time_ns is None else (self.end_time_ns - self.start_time_ns) / 1e6

    def get_attribute(self, key: str) -> Any:
        """The attribute `key`; None when it was not set."""
        return self.attributes.get(key)

    def to_dict(self) -> dict[str, Any]:
        """The span as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Span:
        """Give the span that `to_dict` gave."""
        events = [SpanEvent(**event) for event in content["events"]]
        links = [SpanLink(**link) for link in content.get("links", ())]
        return cls(**{**content, "status": SpanStatus(**content["status"]), "events": events, "links": links})


@dataclass(frozen=True, slots=True)
class TraceInfo:
    """What is known of a trace without its spans.

    Attributes:
        trace_id: `tr-` and 32 hex digits.
        experiment_id: the id of the experiment it belongs to.
        state: how it stands.
        request_time: when its root started, in milliseconds since the epoch.
        execution_duration: how long its root took, in milliseconds; None while it runs.
        tags: what it is filed and found by; `kayba.folder` is its folder.
        trace_metadata: what was recorded of it and does not change.
        request_preview: the beginning of the root's inputs; None when there are none.
        response_preview: the beginning of the root's outputs; None when there are none.
        assessments: feedback given on it, as the service tells it.
    """

    trace_id: str
    experiment_id: str
    state: TraceState
    request_time: int
    execution_duration: int | None
    tags: dict[str, str]
    trace_metadata: dict[str, str]
    request_preview: str | None = None
    response_preview: str | None = None
    assessments: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """What is known of the trace, as plain JSON values."""
        return {**asdict(self), "state": self.state.value}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TraceInfo:
        """Give what `to_dict` gave."""
        return cls(**{**content, "state": TraceState(content["state"])})

    @property
    def timestamp_ms(self) -> int:
        """Another name of `request_time`."""
        return self.request_time

    @property
    def execution_time_ms(self) -> int | None:
        """Another name of `execution_duration`."""
        return self.execution_duration

    @property
    def status(self) -> TraceState:
        """Another name of `state`."""
        return self.state

    @property
    def name(self) -> str | None:
        """The trace's name; None when it has none."""
        return self.tags.get("mlflow.traceName")

    @property
    def folder(self) -> str | None:
        """The folder it is filed in; None when it is unfiled."""
        return self.tags.get("kayba.folder")
