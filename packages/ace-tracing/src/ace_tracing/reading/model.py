"""The parts of a trace, with MLflow's names. `ace_tracing.reading.tree` connects the spans."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ace_tracing.reading.figures import read_cost, read_token_usage

if TYPE_CHECKING:
    from ace_tracing.reading.attachments import Attachment

NAME_TAG: Final = "mlflow.traceName"
FOLDER_TAG: Final = "kayba.folder"
SESSION_METADATA: Final = "mlflow.trace.session"
USER_METADATA: Final = "mlflow.trace.user"


class TraceState(enum.StrEnum):
    """The state of a trace. Each member equals its name as a string."""

    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"
    STATE_UNSPECIFIED = "STATE_UNSPECIFIED"


@dataclass(frozen=True, slots=True)
class SpanStatus:
    """The outcome of a span.

    Attributes:
        status_code: `"OK"`, `"ERROR"` or `"UNSET"`.
        description: The error, such as `"ValueError: no such city"`; empty without an error.
    """

    status_code: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """An event at a point in time inside a span. An exception is an event named `exception`.

    Attributes:
        name: The event's name.
        timestamp: The time in nanoseconds since the epoch.
        attributes: The event's attributes, as JSON values.
    """

    name: str
    timestamp: int
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanLink:
    """A link to a related span, of the same or of another trace.

    Attributes:
        trace_id: The linked span's trace id, `tr-` and 32 hex digits.
        span_id: The linked span's id, 16 hex digits.
        attributes: The link's attributes, as JSON values.
    """

    trace_id: str
    span_id: str
    attributes: dict[str, Any] = field(default_factory=dict)


class _Deferred:
    """The slot that holds an encoded span until its first use. See `ace_tracing.reading.deferred`."""

    __slots__ = ("_encoded",)

    _encoded: bytes | None


@dataclass(frozen=True, slots=True, repr=False)
class Span(_Deferred):
    """One step of a trace, as read from the service.

    Attributes:
        name: The span's name.
        trace_id: The trace's id, `tr-` and 32 hex digits.
        span_id: The span's id, 16 hex digits.
        parent_id: The parent's span id; None for a root.
        span_type: The kind of step, such as `"LLM"`.
        start_time_ns: The start, in nanoseconds since the epoch.
        end_time_ns: The end, in nanoseconds since the epoch; None when the service has not received the end.
        status: The outcome.
        inputs: The inputs as JSON values; None when none were recorded.
        outputs: The outputs as JSON values; None when none were recorded.
        attributes: All recorded attributes, with the service's keys.
        events: The events, in the order they happened.
        links: The links to related spans. Some services (MLflow 3.17) do not store them.
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
        """The duration in milliseconds; None when the service has not received the span's end."""
        return None if self.end_time_ns is None else (self.end_time_ns - self.start_time_ns) / 1e6

    @property
    def failed(self) -> bool:
        """Whether the span ended with an error."""
        return self.status.status_code == "ERROR"

    @property
    def token_usage(self) -> dict[str, int]:
        """The tokens that the span itself reports: `input_tokens`, `output_tokens`, `total_tokens` and other counts.

        Empty when the span reports none. A missing total is the sum of input and output.
        """
        return read_token_usage(self.attributes)

    @property
    def cost(self) -> dict[str, float]:
        """The cost that the span itself reports, in US dollars: `input_cost`, `output_cost` and `total_cost`.

        Empty when the span reports none. A missing total is the sum of input and output.
        """
        return read_cost(self.attributes)

    @property
    def attachments(self) -> list[Attachment]:
        """The images, audio and files that stand in the inputs and outputs as references, each once."""
        from ace_tracing.reading.attachments import find_attachments

        return find_attachments(self.inputs, self.outputs)

    def get_attribute(self, key: str) -> Any:
        """Return the attribute `key`; None when it was not set."""
        return self.attributes.get(key)

    def to_dict(self) -> dict[str, Any]:
        """Return the span as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Span:
        """Return the span from its `to_dict` form."""
        events = [SpanEvent(**event) for event in content["events"]]
        links = [SpanLink(**link) for link in content.get("links", ())]
        return cls(**{**content, "status": SpanStatus(**content["status"]), "events": events, "links": links})

    def __repr__(self) -> str:
        return f"<Span {self.name!r} {self.span_type} {self.span_id} {self.status.status_code}>"


@dataclass(frozen=True, slots=True)
class TraceInfo:
    """A trace's state, times, tags and metadata, without its spans.

    Attributes:
        trace_id: The trace's id, `tr-` and 32 hex digits.
        experiment_id: The id of the trace's experiment.
        state: The trace's state.
        request_time: The root's start, in milliseconds since the epoch.
        execution_duration: The root's duration in milliseconds; None while the root runs.
        tags: The trace's tags. The tag `kayba.folder` is its folder.
        trace_metadata: The trace's metadata, which does not change after recording.
        request_preview: The beginning of the root's inputs; None when it has none.
        response_preview: The beginning of the root's outputs; None when it has none.
        assessments: The feedback on the trace, in the service's JSON form.
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
        """Return the info as plain JSON values."""
        return {**asdict(self), "state": self.state.value}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TraceInfo:
        """Return the info from its `to_dict` form."""
        return cls(**{**content, "state": TraceState(content["state"])})

    @property
    def timestamp_ms(self) -> int:
        """An alias of `request_time`."""
        return self.request_time

    @property
    def execution_time_ms(self) -> int | None:
        """An alias of `execution_duration`."""
        return self.execution_duration

    @property
    def status(self) -> TraceState:
        """An alias of `state`."""
        return self.state

    @property
    def name(self) -> str | None:
        """The trace's name; None when it has no name."""
        return self.tags.get(NAME_TAG)

    @property
    def folder(self) -> str | None:
        """The trace's folder; None when the trace is unfiled."""
        return self.tags.get(FOLDER_TAG)

    @property
    def session_id(self) -> str | None:
        """The conversation that the trace belongs to; None when it has none."""
        return self.trace_metadata.get(SESSION_METADATA)

    @property
    def user_id(self) -> str | None:
        """The user whom the trace belongs to; None when it has none."""
        return self.trace_metadata.get(USER_METADATA)


@dataclass(frozen=True, slots=True, repr=False)
class TraceData:
    """The spans of a trace.

    Attributes:
        spans: The spans, in the order they started.
    """

    spans: list[Span]

    def __repr__(self) -> str:
        return f"<TraceData {len(self.spans)} spans>"
