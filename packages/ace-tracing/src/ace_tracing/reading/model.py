"""The parts of a trace and the tree of its spans, with MLflow's names. The views in this package take a `SpanTree`."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


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


@dataclass(frozen=True, slots=True)
class Span:
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
        return self.tags.get("mlflow.traceName")

    @property
    def folder(self) -> str | None:
        """The trace's folder; None when the trace is unfiled."""
        return self.tags.get("kayba.folder")


@dataclass(frozen=True, slots=True)
class TraceData:
    """The spans of a trace.

    Attributes:
        spans: The spans, in the order they started.
    """

    spans: list[Span]


@dataclass(frozen=True, slots=True)
class Node:
    """A span with its children in the tree.

    Attributes:
        span: The span.
        children: The nodes of the span's children, in the order they started.
    """

    span: Span
    children: list[Node]

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Span]]:
        """Yield this span and its descendants, each with its depth, parents before children."""
        stack = [(depth, self)]
        while stack:
            level, node = stack.pop()
            yield level, node.span
            stack.extend((level + 1, child) for child in reversed(node.children))


@dataclass(frozen=True, slots=True)
class SpanTree:
    """A trace's info and spans, and the tree of the spans.

    Attributes:
        info: The trace's state, times, tags and metadata.
        data: The trace's spans.
    """

    info: TraceInfo
    data: TraceData

    @property
    def trace_id(self) -> str:
        """The trace's id, `tr-` and 32 hex digits."""
        return self.info.trace_id

    @property
    def root(self) -> Span | None:
        """The span without a parent; None when the service has not received it yet."""
        return next((span for span in self.data.spans if span.parent_id is None), None)

    @property
    def tree(self) -> list[Node]:
        """The top nodes: the root, and each span whose parent the service has not received."""
        nodes = {span.span_id: Node(span, []) for span in self.data.spans}
        tops: list[Node] = []
        for span in self.data.spans:
            parent = nodes.get(span.parent_id) if span.parent_id else None
            (parent.children if parent else tops).append(nodes[span.span_id])
        return tops

    @property
    def duration_ms(self) -> float | None:
        """The root's duration in milliseconds; None when the service has not received the root's end."""
        root = self.root
        return self.info.execution_duration if root is None else root.duration_ms

    def walk(self) -> Iterator[tuple[int, Span]]:
        """Yield every span with its depth in the tree (0 for the root), parents before children."""
        for node in self.tree:
            yield from node.walk()

    def find(
        self,
        name: str | None = None,
        span_type: str | None = None,
        where: Callable[[Span], bool] | None = None,
    ) -> list[Span]:
        """Return the spans that meet every given condition, in the order they started; all spans by default.

        Args:
            name: The span's name.
            span_type: The span's type, such as `"LLM"`.
            where: Any other condition, such as `lambda span: span.status.status_code == "ERROR"`.
        """
        return [
            span
            for span in self.data.spans
            if (name is None or span.name == name)
            and (span_type is None or span.span_type == span_type)
            and (where is None or where(span))
        ]
