"""Spans that are made through OpenTelemetry's API: all they record, and all they read back."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace as api
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

import ace_tracing
from ace_tracing import LiveSpan, Span, SpanStatus, Trace, get_trace, start_span
from ace_tracing.otel.span import OtelSpan
from ace_tracing.otel.tracer import Tracer
from ace_tracing.testing import CapturedTraces
from kayba_local import LocalServer

OTHER = SpanContext(int("ab" * 16, 16), int("cd" * 8, 16), is_remote=False)


def only_span(traces: CapturedTraces) -> Span:
    """Return the only span of the only trace."""
    (found,) = traces
    (span,) = found.data.spans
    return span


def test_every_field_reaches_the_server(tracer: Tracer, tracing: LocalServer) -> None:
    with tracer.start_as_current_span("root"):
        span = tracer.start_span(
            "first name",
            kind=SpanKind.CLIENT,
            attributes={"int": 1, "float": 1.0, "bool": True, "text": "plain", "ints": [1, 2], "texts": ["a", "b"]},
            links=[Link(OTHER, {"of": "start"})],
            start_time=1_700_000_000_000_000_000,
        )
        span.set_attribute("late", "x" * 200)
        span.add_event("event", {"n": 1}, timestamp=1_700_000_000_500_000_000)
        span.add_link(OTHER, {"of": "later"})
        span.update_name("second name")
        span.set_status(StatusCode.ERROR, "it failed")
        span.end(1_700_000_001_000_000_000)
    ace_tracing.flush()
    assert isinstance(span, OtelSpan)
    found = next(each for each in get_trace(span.trace_id).data.spans if each.name == "second name")
    expected = {"int": 1, "float": 1.0, "bool": True, "text": "plain", "ints": [1, 2], "texts": ["a", "b"]}
    assert found.attributes.items() >= (expected | {"late": "x" * 200}).items()
    assert type(found.attributes["int"]) is int
    assert type(found.attributes["float"]) is float
    assert (found.start_time_ns, found.end_time_ns) == (1_700_000_000_000_000_000, 1_700_000_001_000_000_000)
    assert [(event.name, event.timestamp, event.attributes) for event in found.events] == [
        ("event", 1_700_000_000_500_000_000, {"n": 1})
    ]
    assert [(link.span_id, link.attributes) for link in found.links] == [
        ("cd" * 8, {"of": "start"}),
        ("cd" * 8, {"of": "later"}),
    ]
    assert found.status == SpanStatus("ERROR", "it failed")


def test_read_properties_are_those_of_the_sdk(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with tracer.start_as_current_span("root") as root:
        span: Any = tracer.start_span("name", kind=SpanKind.SERVER, attributes={"a": [1, 2]}, start_time=5)
    assert isinstance(span, ReadableSpan)
    assert isinstance(span, api.Span)
    assert isinstance(span, LiveSpan)
    span.set_attribute("b", "text")
    span.add_event("event", {"k": 1}, 7)
    span.add_link(OTHER, {"k": 2})
    span.set_status(Status(StatusCode.ERROR, "bad"))
    assert (span.name, span.kind, span.start_time, span.end_time) == ("name", SpanKind.SERVER, 5, None)
    assert span.attributes == {"a": (1, 2), "b": "text"}
    assert [(event.name, event.timestamp, event.attributes) for event in span.events] == [("event", 7, {"k": 1})]
    assert [(link.context, link.attributes) for link in span.links] == [(OTHER, {"k": 2})]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "bad")
    assert span.parent.span_id == root.get_span_context().span_id
    assert span.context == span.get_span_context()
    scope = span.instrumentation_scope
    assert (scope.name, scope.version, scope.schema_url) == ("tests.library", "1.2", "https://example.com/schema")
    assert dict(scope.attributes) == {"key": "value"}
    assert span.resource.attributes["telemetry.sdk.name"] == "ace-tracing"
    assert (span.dropped_attributes, span.dropped_events, span.dropped_links) == (0, 0, 0)
    span.end(9)
    assert (span.end_time, span.is_recording()) == (9, False)


def test_a_span_of_a_traced_function_has_the_read_properties(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with start_span("outer"), start_span("name", attributes={"a": 1}) as live:
        view: Any = api.get_current_span()
        assert isinstance(view, ReadableSpan)
        view.add_event("event", {"k": 1}, 7)
        view.add_link(OTHER)
        view.set_status(StatusCode.ERROR, "bad")
        assert (view.name, view.kind, view.attributes) == ("name", SpanKind.INTERNAL, {"a": 1})
        assert [(event.name, event.timestamp, event.attributes) for event in view.events] == [("event", 7, {"k": 1})]
        assert [link.context.span_id for link in view.links] == [OTHER.span_id]
        assert (view.status.status_code, view.status.description) == (StatusCode.ERROR, "bad")
        assert f"{view.parent.span_id:016x}" == live.parent_id
        assert (view.start_time, view.end_time) == (live.start_time_ns, None)
        view.end()
        assert view.is_recording()


def test_nothing_is_recorded_after_the_end(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    span: Any = tracer.start_span("name")
    span.end()
    ended = span.end_time
    span.set_attribute("a", 1)
    span.set_attributes({"a": 1})
    span.add_event("event")
    span.add_link(OTHER)
    span.update_name("other")
    span.set_status(StatusCode.ERROR)
    span.record_exception(ValueError("late"))
    span.end(1)
    found = only_span(captured_traces)
    assert (found.name, found.attributes.get("a"), found.events, found.links) == ("name", None, [], [])
    assert (found.status.status_code, span.end_time) == ("UNSET", ended)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([], ("UNSET", "")),
        ([(StatusCode.OK, None)], ("OK", "")),
        ([(StatusCode.OK, "ignored")], ("OK", "")),
        ([(StatusCode.ERROR, "first"), (StatusCode.UNSET, None)], ("ERROR", "first")),
        ([(StatusCode.OK, None), (StatusCode.ERROR, "late")], ("OK", "")),
        ([(StatusCode.ERROR, "first"), (Status(StatusCode.OK), None)], ("OK", "")),
        ([(StatusCode.ERROR, "first"), (Status(StatusCode.ERROR, "second"), None)], ("ERROR", "second")),
        ([("ERROR", "as LiveSpan takes it")], ("ERROR", "as LiveSpan takes it")),
    ],
)
def test_the_status_follows_the_rules_of_opentelemetry(
    tracer: Tracer, captured_traces: CapturedTraces, calls: list[tuple[Any, str | None]], expected: tuple[str, str]
) -> None:
    with tracer.start_as_current_span("name") as span:
        for status, description in calls:
            span.set_status(status, description)
    found = only_span(captured_traces)
    assert (found.status.status_code, found.status.description) == expected


@pytest.mark.parametrize(("records", "sets"), [(True, True), (True, False), (False, True), (False, False)])
def test_an_exception_that_leaves_the_block_is_recorded(
    tracer: Tracer, captured_traces: CapturedTraces, records: bool, sets: bool
) -> None:
    block = tracer.start_as_current_span("name", record_exception=records, set_status_on_exception=sets)
    with pytest.raises(ValueError, match="bad"), block:
        raise ValueError("bad")
    found = only_span(captured_traces)
    assert [event.attributes["exception.type"] for event in found.events] == ["ValueError"] * records
    assert found.status == (SpanStatus("ERROR", "ValueError: bad") if sets else SpanStatus("UNSET", ""))


def test_a_span_used_as_a_block_records_an_exception_and_ends(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with pytest.raises(ValueError, match="bad"), tracer.start_span("name"):
        raise ValueError("bad")
    found = only_span(captured_traces)
    assert found.events[0].attributes["exception.escaped"] == "True"
    assert found.status == SpanStatus("ERROR", "ValueError: bad")


def test_record_exception_takes_attributes_and_a_time(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with tracer.start_as_current_span("name") as span:
        span.record_exception(KeyError("k"), {"exception.type": "Other", "extra": 1}, timestamp=7)
    (event,) = only_span(captured_traces).events
    assert (event.name, event.timestamp) == ("exception", 7)
    assert (event.attributes["exception.type"], event.attributes["extra"]) == ("Other", 1)
    assert event.attributes["exception.message"] == "'k'"


def test_start_as_current_span_decorates_functions(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    @tracer.start_as_current_span("sync")
    def double(number: int) -> int:
        return number * 2

    @tracer.start_as_current_span("async")
    async def triple(number: int) -> int:
        await asyncio.sleep(0)
        assert ace_tracing.get_current_span().name == "async"
        return number * 3

    assert (double(2), double(3), asyncio.run(triple(2))) == (4, 6, 6)
    assert [found.data.spans[0].name for found in captured_traces] == ["sync", "sync", "async"]


def test_end_on_exit_false_leaves_the_span_running(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with tracer.start_as_current_span("name", end_on_exit=False) as span:
        pass
    assert (span.is_recording(), len(captured_traces)) == (True, 0)
    span.end()
    assert only_span(captured_traces).name == "name"


def test_a_span_that_ends_after_its_root_joins_the_trace(
    tracer: Tracer, tracing: LocalServer, last_trace: Callable[[], Trace]
) -> None:
    with start_span("root"):
        late = tracer.start_span("late")
    ace_tracing.flush()
    late.set_attribute("key", "value")
    late.end()
    ace_tracing.flush()
    assert {span.name for span in last_trace().data.spans} == {"root", "late"}


def test_a_span_that_is_never_ended_ends_when_it_is_collected(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    span: Any = tracer.start_span("name")
    del span
    gc.collect()
    assert only_span(captured_traces).attributes["span.never_ended"] is True


class Described:
    def __str__(self) -> str:
        raise RuntimeError("never called")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**70, str(2**70)),
        (float("nan"), "nan"),
        (b"bytes", "<bytes: 5 bytes>"),
        ({"nested": [1, {"a": None}]}, {"nested": [1, {"a": None}]}),
        ([1, "a", 2.5, None], [1, "a", 2.5, None]),
        (("a", ("b",)), ["a", ["b"]]),
        ("\ud800", "\\ud800"),
        (sys.maxsize, sys.maxsize),
    ],
    ids=repr,
)
def test_unusual_values_are_described(
    tracer: Tracer, captured_traces: CapturedTraces, value: object, expected: object
) -> None:
    with tracer.start_as_current_span("name", attributes={"first": value}) as span:  # type: ignore[dict-item]
        span.set_attribute("later", value)  # type: ignore[arg-type]
    attributes = only_span(captured_traces).attributes
    assert attributes["first"] == attributes["later"] == expected


def test_wrong_arguments_raise_nothing(
    tracer: Tracer, captured_traces: CapturedTraces, caplog: pytest.LogCaptureFixture
) -> None:
    anything: Any = object()
    with tracer.start_as_current_span(anything, kind=anything, attributes=anything, start_time=anything) as span:
        span.set_attribute(anything, anything)
        span.set_attribute("", 1)
        span.set_attribute("described", Described())  # type: ignore[arg-type]
        span.set_attributes(anything)
        span.add_event(anything, anything, anything)
        span.add_link(anything, anything)
        span.update_name(anything)
        span.set_status(anything, anything)
        span.record_exception(anything, anything, anything)
        span.end(anything)
    found = only_span(captured_traces)
    assert "described" in found.attributes
    assert found.start_time_ns <= (found.end_time_ns or 0)


def test_many_attributes_are_kept(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    given = {f"llm.input_messages.{number}.message.content": f"text {number}" for number in range(3_000)}
    with tracer.start_as_current_span("name", attributes=given):
        pass
    assert only_span(captured_traces).attributes.items() >= given.items()


def test_large_first_attributes_are_kept(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    given = {f"text {number}": "x" * 500_000 for number in range(5)}
    with tracer.start_as_current_span("name", attributes=given):
        pass
    assert only_span(captured_traces).attributes.items() >= given.items()


def test_the_mask_applies_to_all_of_a_span(tracer: Tracer, tracing: LocalServer) -> None:
    ace_tracing.configure(
        api_key="kb-test",
        base_url=tracing.url,
        mask=lambda value: value.replace("secret", "***") if isinstance(value, str) else value,
    )
    with tracer.start_as_current_span("secret name", attributes={"first": "secret"}) as span:
        span.set_attribute("later", "secret")
        span.add_event("secret event", {"key": "secret"})
        span.add_link(OTHER, {"key": "secret"})
        span.record_exception(ValueError("secret"))
        span.set_status(StatusCode.ERROR, "secret")
        span.update_name("secret other")
    ace_tracing.flush()
    assert isinstance(span, OtelSpan)
    found = get_trace(span.trace_id)
    assert "secret" not in found.to_json()
    assert found.data.spans[0].name == "*** other"


def test_a_trace_outside_the_rate_is_not_sampled_and_kept_when_it_fails(tracer: Tracer, tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.0)
    with tracer.start_as_current_span("kept") as kept:
        assert (kept.get_span_context().trace_flags.sampled, kept.is_recording()) == (False, True)
        kept.set_status(StatusCode.ERROR, "bad")
    with tracer.start_as_current_span("dropped"):
        pass
    ace_tracing.flush()
    assert [found.data.spans[0].name for found in ace_tracing.search_traces()] == ["kept"]


def test_a_sampled_span_has_the_flag(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    assert tracer.start_span("name").get_span_context().trace_flags.sampled


def test_our_own_methods_work_on_a_span(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with tracer.start_as_current_span("name"):
        span: Any = ace_tracing.get_current_span()
        span.set_inputs({"question": "why"})
        span.set_outputs("because")
        span.set_span_type("LLM")
        span.set_token_usage(input_tokens=1, output_tokens=2)
        span.add_link("ab" * 16, "cd" * 8)
    found = only_span(captured_traces)
    assert (found.inputs, found.outputs, found.span_type) == ({"question": "why"}, "because", "LLM")
    assert found.attributes["mlflow.chat.tokenUsage"] == {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    assert found.links[0].span_id == "cd" * 8


def test_a_span_context_can_be_copied_and_pickled(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    own = tracer.start_span("name").get_span_context()
    assert own == copy.deepcopy(own) == pickle.loads(pickle.dumps(own))
    assert type(copy.copy(own)) is SpanContext


def test_a_span_below_a_copied_context_joins_the_running_trace(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with tracer.start_as_current_span("root") as root:
        parent = api.set_span_in_context(api.NonRecordingSpan(root.get_span_context()))
    with tracer.start_as_current_span("later", context=parent):
        pass
    (found,) = captured_traces
    assert found.data.spans[1].parent_id == found.data.spans[0].span_id


def test_spans_are_not_recorded_while_tracing_is_off(tracer: Tracer) -> None:
    with tracer.start_as_current_span("name") as span:
        assert (span.is_recording(), span.get_span_context().is_valid) == (False, False)


KILLED = """
import os, signal, sys
import ace_tracing
from ace_tracing.otel import tracer_provider
from opentelemetry.trace import SpanKind

ace_tracing.configure(api_key="kb-test", base_url=sys.argv[1])
tracer = tracer_provider().get_tracer("library")
with tracer.start_as_current_span("root"):
    running = tracer.start_span("running", kind=SpanKind.CLIENT, attributes={"first": [1, 2]})
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the platform has no SIGKILL")
def test_a_span_of_a_killed_process_has_its_first_attributes(
    kayba_server: LocalServer, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, kayba_server.url], capture_output=True, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stderr
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    try:
        wait_until(lambda: bool(ace_tracing.search_traces()))
        (found,) = ace_tracing.search_traces()
    finally:
        ace_tracing.shutdown()
    spans = {span.name: span for span in found.data.spans}
    running = spans["running"].attributes
    assert (running["first"], running["span.interrupted"]) == ([1, 2], True)
    assert spans["running"].parent_id == spans["root"].span_id
    assert spans["root"].status.status_code == "ERROR"


def test_reconfiguring_while_a_span_runs_keeps_it(tracer: Tracer, tracing: LocalServer) -> None:
    with tracer.start_as_current_span("running") as span:
        ace_tracing.disable()
        span.set_attribute("while", "off")
        assert not tracer.start_span("not recorded").is_recording()
        ace_tracing.enable()
        ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.5)
        with tracer.start_as_current_span("inner"):
            pass
    ace_tracing.flush()
    assert isinstance(span, OtelSpan)
    found = get_trace(span.trace_id)
    assert [each.name for each in found.data.spans] == ["running", "inner"]
    assert found.data.spans[0].attributes["while"] == "off"
