"""What MLflow's own client says of a trace, a span, a refusal."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Span, Trace
from mlflow.exceptions import MlflowException

import ace_tracing
from ace_tracing import LiveSpan
from ace_tracing.recording.noop import NoOpSpan


@dataclass(frozen=True, slots=True)
class InMlflow:
    """What ace-tracing has sent, seen by MLflow's client.

    Attributes:
        client: the client.
        experiment: the experiment that traces go to.
    """

    client: MlflowClient
    experiment: str

    def trace(self, span: LiveSpan | NoOpSpan) -> Trace:
        """The trace of a span of ours, once all that is finished here was delivered."""
        deliver()
        return read(self.client, span.trace_id)

    def span(self, span: LiveSpan | NoOpSpan) -> Span:
        """A span of ours."""
        (found,) = (other for other in self.trace(span).data.spans if other.span_id == span.span_id)
        return found

    def newest(self) -> Trace:
        """The trace that started last in the experiment."""
        deliver()
        (newest,) = self.client.search_traces(locations=[experiment_id(self.client, self.experiment)], max_results=1)
        assert isinstance(newest, Trace)
        return newest


def deliver() -> None:
    """Send what is finished; fails the test if anything was refused or is still waiting."""
    delivery = ace_tracing.flush()
    assert delivery, delivery


def read(client: MlflowClient, trace_id: str | None) -> Trace:
    """A trace, with its spans."""
    trace = client.get_trace(trace_id)
    assert isinstance(trace, Trace)
    return trace


def experiment_id(client: MlflowClient, name: str) -> str:
    """The id of an experiment that is there."""
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    return experiment.experiment_id


def times(span: Span | LiveSpan | NoOpSpan) -> tuple[int, int]:
    """Start and end of a span that has ended, in nanoseconds since the epoch."""
    assert span.start_time_ns is not None
    assert span.end_time_ns is not None
    return span.start_time_ns, span.end_time_ns


def parents(spans: list[Span]) -> dict[str, str | None]:
    """The name of each span's parent, by the span's name."""
    names = {span.span_id: span.name for span in spans}
    return {span.name: names[span.parent_id] if span.parent_id else None for span in spans}


def refusal(error: MlflowException) -> tuple[str, int]:
    """The code and the HTTP status of what a server refused."""
    return error.error_code, int(error.get_http_status_code())  # type: ignore[no-untyped-call]  # MLflow's own lack
