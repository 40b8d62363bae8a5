"""The span processor: spans of a provider of OpenTelemetry's SDK, recorded beside those of this package."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

import ace_tracing
from ace_tracing import SpanStatus, Trace, start_span, trace
from ace_tracing.otel import SpanProcessor, tracer_provider
from ace_tracing.testing import CapturedTraces
from kayba_local import LocalServer

REMOTE = SpanContext(int("ab" * 16, 16), int("cd" * 8, 16), is_remote=True, trace_flags=TraceFlags(1))


@pytest.fixture
def exported() -> InMemorySpanExporter:
    """Return the exporter of the user's own provider."""
    return InMemorySpanExporter()


@pytest.fixture
def sdk(exported: InMemorySpanExporter) -> Iterator[Tracer]:
    """Return a tracer of a provider of the SDK to which this package was added."""
    provider = SdkTracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    provider.add_span_processor(SpanProcessor())
    yield provider.get_tracer("library", "1.0")
    provider.shutdown()
    tracer_provider().shutdown()


def tree(found: Trace) -> dict[str, str | None]:
    """Return the name of each span's parent by its name."""
    names = {span.span_id: span.name for span in found.data.spans}
    return {span.name: names.get(span.parent_id or "") for span in found.data.spans}


def test_spans_of_the_sdk_and_ours_are_one_tree(
    sdk: Tracer, exported: InMemorySpanExporter, captured_traces: CapturedTraces
) -> None:
    @trace
    def step() -> None:
        with sdk.start_as_current_span("inner"), start_span("innermost"):
            pass

    with sdk.start_as_current_span("top"):
        step()
    (found,) = captured_traces
    assert tree(found) == {"top": None, "step": "top", "inner": "step", "innermost": "inner"}
    top = next(span for span in exported.get_finished_spans() if span.name == "top")
    assert found.info.trace_id == f"tr-{top.context.trace_id:032x}"
    assert found.data.spans[0].span_id == f"{top.context.span_id:016x}"


def test_every_field_of_a_span_is_recorded(sdk: Tracer, captured_traces: CapturedTraces) -> None:
    span = sdk.start_span("first", kind=SpanKind.CLIENT, attributes={"a": 1}, links=[Link(REMOTE)], start_time=5)
    span.set_attribute("b", [1.0, 2.0])
    span.add_event("event", {"k": "v"}, timestamp=6)
    span.update_name("second")
    span.set_status(StatusCode.ERROR, "bad")
    span.end(9)
    (found,) = captured_traces[0].data.spans
    assert (found.name, found.start_time_ns, found.end_time_ns) == ("second", 5, 9)
    assert found.attributes.items() >= {"a": 1, "b": [1.0, 2.0]}.items()
    assert [(event.name, event.timestamp) for event in found.events] == [("event", 6)]
    assert [link.span_id for link in found.links] == ["cd" * 8]
    assert found.status == SpanStatus("ERROR", "bad")


def test_spans_of_the_sdk_reach_the_server(sdk: Tracer, tracing: LocalServer) -> None:
    with start_span("ours"), sdk.start_as_current_span("theirs"):
        pass
    ace_tracing.flush()
    (found,) = ace_tracing.search_traces()
    assert tree(found) == {"ours": None, "theirs": "ours"}


def test_a_remote_parent_is_continued(sdk: Tracer, captured_traces: CapturedTraces) -> None:
    with sdk.start_as_current_span("request", context=set_span_in_context(NonRecordingSpan(REMOTE))):
        pass
    (found,) = captured_traces
    assert found.data.spans[0].parent_id == "cd" * 8
    assert found.info.tags["mlflow.traceName"] == "request"


def test_nothing_is_recorded_while_tracing_is_off(sdk: Tracer, exported: InMemorySpanExporter) -> None:
    with sdk.start_as_current_span("theirs"):
        pass
    assert len(exported.get_finished_spans()) == 1


def test_a_span_that_is_never_ended_ends_when_it_is_collected(sdk: Tracer, captured_traces: CapturedTraces) -> None:
    span = sdk.start_span("name")
    del span
    gc.collect()
    assert captured_traces[0].data.spans[0].attributes["span.never_ended"] is True
