"""Differential test: the same calls on a provider of OpenTelemetry's SDK and on ours read back the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace as api
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer

from ace_tracing.otel import tracer_provider
from ace_tracing.testing import capture_traces

Call = Callable[[Any], object]

keys = st.text("abc.\u00e9", max_size=4)
texts = st.text(max_size=10)
integers = st.integers(-(2**63), 2**63 - 1)
scalars = texts | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=2),
    max_leaves=5,
) | st.lists(texts, max_size=3).map(tuple)
attributes = st.none() | st.dictionaries(keys, values, max_size=4)
MAX_TIME: Final = 2**60
"""Times that are given are before it, and the present is after it."""
times = st.integers(0, MAX_TIME)
names = st.text(min_size=1, max_size=10)
contexts = st.builds(
    lambda trace_id, span_id, is_remote, flags: SpanContext(trace_id, span_id, is_remote, TraceFlags(flags)),
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
    st.sampled_from([0, 1]),
)
codes = st.sampled_from(list(StatusCode))
statuses = st.tuples(st.builds(Status, codes, st.none() | texts), st.none()) | st.tuples(codes, st.none() | texts)
errors = st.sampled_from([ValueError("bad"), KeyError("key"), Exception()])

calls: st.SearchStrategy[Call] = st.one_of(
    st.builds(lambda key, value: lambda span: span.set_attribute(key, value), keys, values),
    st.builds(lambda given: lambda span: span.set_attributes(given or {}), attributes),
    st.builds(
        lambda name, given, time: lambda span: span.add_event(name, given, timestamp=time), names, attributes, times
    ),
    st.builds(lambda context, given: lambda span: span.add_link(context, given), contexts, attributes),
    st.builds(lambda name: lambda span: span.update_name(name), names),
    st.builds(lambda given: lambda span: span.set_status(*given), statuses),
    st.builds(
        lambda error, given, time, escaped: (
            lambda span: span.record_exception(error, given, timestamp=time, escaped=escaped)
        ),
        errors,
        attributes,
        times,
        st.booleans(),
    ),
    st.builds(lambda time: lambda span: span.end(time), times),
)


class Plan(NamedTuple):
    """One span: how it starts, the calls on it, the spans inside it, and the exception that leaves it."""

    name: str
    start: dict[str, Any]
    calls: list[Call]
    inner: list[Any]
    error: Exception | None


starts = st.fixed_dictionaries(
    {"kind": st.sampled_from(list(SpanKind)), "start_time": times},
    optional={
        "attributes": attributes,
        "links": st.lists(st.builds(lambda context, given: (context, given), contexts, attributes), max_size=2),
        "record_exception": st.booleans(),
        "set_status_on_exception": st.booleans(),
        "end_on_exit": st.booleans(),
    },
)
plans = st.deferred(
    lambda: st.builds(Plan, names, starts, st.lists(calls, max_size=6), st.lists(plans, max_size=2), st.none() | errors)
)


def carry_out(plan: Plan, tracer: Tracer, spans: list[Any]) -> None:
    """Make the span of a plan, and those inside it, through OpenTelemetry's API."""
    start = dict(plan.start)
    if "links" in start:
        start["links"] = [Link(context, given) for context, given in start["links"]]
    try:
        with tracer.start_as_current_span(plan.name, **start) as span:
            spans.append(span)
            for call in plan.calls:
                call(span)
            for inner in plan.inner:
                carry_out(inner, tracer, spans)
            assert api.get_current_span() is span
            if plan.error is not None:
                raise plan.error.with_traceback(None)
    except Exception as error:
        if error is not plan.error:
            raise


def plain(value: Any) -> Any:
    """Return an attribute's value with lists in place of tuples, and the type of each number."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict) or hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    return type(value).__name__, value


def known_time(time_ns: int | None) -> int | str | None:
    """Return a time that was given, or a word for the present."""
    return time_ns if time_ns is None or time_ns <= MAX_TIME else "now"


def describe(span: Any, spans: list[Any]) -> dict[str, Any]:
    """Return all that can be read from a span, without ids and without the times that no one gave."""
    by_id = {each.get_span_context().span_id: number for number, each in enumerate(spans)}
    events = []
    for event in span.events:
        given = dict(event.attributes or {})
        stacktrace = given.pop("exception.stacktrace", "")
        last = str(stacktrace).strip().rpartition("\n")[2]
        events.append((event.name, known_time(event.timestamp), plain(given), last))
    return {
        "name": span.name,
        "kind": span.kind,
        "parent": None if span.parent is None else by_id.get(span.parent.span_id, span.parent.span_id),
        "is_remote": span.parent is not None and span.parent.is_remote,
        "start": span.start_time,
        "end": known_time(span.end_time),
        "attributes": plain(span.attributes),
        "events": events,
        "links": [(link.context, plain(link.attributes or {})) for link in span.links],
        "status": (span.status.status_code, span.status.description or None),
        "is_recording": span.is_recording(),
        "is_sampled": span.get_span_context().trace_flags.sampled,
        "dropped": (span.dropped_events, span.dropped_links),
    }


@pytest.fixture(scope="module")
def tracers() -> Iterator[tuple[Tracer, Tracer]]:
    """Return a tracer of the SDK and one of ours."""
    logging.disable(logging.ERROR)
    yield SdkTracerProvider(shutdown_on_exit=False).get_tracer("library"), tracer_provider().get_tracer("library")
    tracer_provider().shutdown()
    logging.disable(logging.NOTSET)


@settings(max_examples=50)
@given(plan=plans, parent=st.none() | contexts)
def test_the_same_calls_read_back_the_same(
    tracers: tuple[Tracer, Tracer], plan: Plan, parent: SpanContext | None
) -> None:
    described = []
    with capture_traces():
        for tracer in tracers:
            spans: list[Any] = []
            if parent is None:
                carry_out(plan, tracer, spans)
            else:
                with api.use_span(NonRecordingSpan(SpanContext(*parent[:3], TraceFlags(1)))):
                    carry_out(plan, tracer, spans)
            described.append([describe(span, spans) for span in spans])
    expected, found = described
    assert found == expected
