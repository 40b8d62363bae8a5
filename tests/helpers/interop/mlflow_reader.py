"""Reading traces, spans and errors with MLflow's own client."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Span, Trace
from mlflow.exceptions import MlflowException

import ace_tracing
from ace_tracing import LiveSpan
from ace_tracing.recording.noop import NoOpSpan


@dataclass(frozen=True, slots=True)
class MlflowReader:
    """MLflow's client, reading the traces that ace-tracing has sent.

    Attributes:
        client: MLflow's client.
        experiment: The name of the experiment that ace-tracing sends to.
    """

    client: MlflowClient
    experiment: str

    def trace(self, span: LiveSpan | NoOpSpan) -> Trace:
        """Deliver all finished traces, then return the trace of a span."""
        deliver()
        return read_trace(self.client, span.trace_id)

    def span(self, span: LiveSpan | NoOpSpan) -> Span:
        """Deliver all finished traces, then return the span as MLflow's client reads it."""
        (found,) = (other for other in self.trace(span).data.spans if other.span_id == span.span_id)
        return found

    def newest(self) -> Trace:
        """Deliver all finished traces, then return the experiment's newest trace."""
        deliver()
        (newest,) = self.client.search_traces(locations=[experiment_id(self.client, self.experiment)], max_results=1)
        assert isinstance(newest, Trace)
        return newest


def deliver() -> None:
    """Flush. Fail the test if a trace was rejected or is still pending."""
    delivery = ace_tracing.flush()
    assert delivery, delivery


def read_trace(client: MlflowClient, trace_id: str | None) -> Trace:
    """Return a trace with its spans."""
    trace = client.get_trace(trace_id)
    assert isinstance(trace, Trace)
    return trace


def experiment_id(client: MlflowClient, name: str) -> str:
    """Return the id of an existing experiment."""
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    return experiment.experiment_id


def span_times(span: Span | LiveSpan | NoOpSpan) -> tuple[int, int]:
    """Return start and end of an ended span, in nanoseconds since the epoch."""
    assert span.start_time_ns is not None
    assert span.end_time_ns is not None
    return span.start_time_ns, span.end_time_ns


def parent_names(spans: list[Span]) -> dict[str, str | None]:
    """Return the name of each span's parent, by the span's name."""
    names = {span.span_id: span.name for span in spans}
    return {span.name: names[span.parent_id] if span.parent_id else None for span in spans}


def error_code_and_status(error: MlflowException) -> tuple[str, int]:
    """Return the error code and the HTTP status of an MLflow exception."""
    return error.error_code, int(error.get_http_status_code())  # type: ignore[no-untyped-call]  # MLflow has no annotation here
