"""Spans of OpenTelemetry's SDK and exporters read back from kayba-local as recorded."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any, Final

import pytest
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, Tracer
from tests.interop.opentelemetry_to_kayba_local.conftest import Sender, read_back, record_spans

from ace_tracing import search_traces

ATTRIBUTES: Final[dict[str, Any]] = {
    "text": "Zürich — 発送済み ✅",
    "empty": "",
    "whole": 2**62,
    "negative": -(2**63),
    "share": 0.1,
    "infinite": math.inf,
    "yes": True,
    "no": False,
    "texts": ("a", "b"),
    "numbers": (1, 2, 3),
    "shares": (0.5, -0.25),
    "answers": (True, False),
    "nothing": (),
}


def agent(tracer: Tracer) -> None:
    """Record an agent with two searches; the second search fails."""
    with tracer.start_as_current_span("agent", kind=SpanKind.SERVER, attributes={"mlflow.spanType": "AGENT"}) as root:
        root.set_attribute("mlflow.spanInputs", json.dumps({"query": "Where is my order?"}))
        with tracer.start_as_current_span("search", kind=SpanKind.CLIENT, attributes=ATTRIBUTES) as first:
            first.add_event("cache missed", {"keys": ("a", "b"), "age": 1.5}, timestamp=1795369083497015170)
            first.set_status(StatusCode.OK)
        links = [Link(first.get_span_context(), {"why": "retry"})]
        with contextlib.suppress(TimeoutError), tracer.start_as_current_span("search again", links=links):
            raise TimeoutError("no answer")
        root.set_attribute("mlflow.spanOutputs", json.dumps(["on its way"]))


@pytest.mark.interop("Tree of spans")
@pytest.mark.interop("Span types and function names")
@pytest.mark.interop("Inputs and outputs")
def test_a_span_tree_arrives_with_types_inputs_and_outputs(sender: Sender) -> None:
    spans = record_spans(agent)
    assert sender.send(spans)
    trace = read_back(spans[0])
    assert [(depth, span.name, span.span_type) for depth, span in trace.walk()] == [
        (0, "agent", "AGENT"),
        (1, "search", "UNKNOWN"),
        (1, "search again", "UNKNOWN"),
    ]
    root = trace.data.spans[0]
    assert (root.inputs, root.outputs) == ({"query": "Where is my order?"}, ["on its way"])


@pytest.mark.interop("Start and end")
def test_times_arrive_to_the_nanosecond(sender: Sender) -> None:
    spans = record_spans(agent)
    assert sender.send(spans)
    assert {(span.name, span.start_time_ns, span.end_time_ns) for span in read_back(spans[0]).data.spans} == {
        (span.name, span.start_time, span.end_time) for span in spans
    }


@pytest.mark.interop("Attributes")
def test_attributes_of_every_type_arrive(sender: Sender) -> None:
    spans = record_spans(agent)
    assert sender.send(spans)
    (search,) = (span for span in read_back(spans[0]).data.spans if span.name == "search")
    sent = {name: list(value) if isinstance(value, tuple) else value for name, value in ATTRIBUTES.items()}
    assert {name: search.attributes[name] for name in sent} == sent


@pytest.mark.interop("Events")
def test_events_arrive_with_their_times_and_attributes(sender: Sender) -> None:
    spans = record_spans(agent)
    assert sender.send(spans)
    (search,) = (span for span in read_back(spans[0]).data.spans if span.name == "search")
    (event,) = search.events
    assert (event.name, event.timestamp) == ("cache missed", 1795369083497015170)
    assert event.attributes == {"keys": ["a", "b"], "age": 1.5}


@pytest.mark.interop("Links")
def test_links_arrive_with_their_attributes(sender: Sender) -> None:
    spans = record_spans(agent)
    assert sender.send(spans)
    by_name = {span.name: span for span in read_back(spans[0]).data.spans}
    (link,) = by_name["search again"].links
    assert (link.trace_id, link.span_id) == (by_name["search"].trace_id, by_name["search"].span_id)
    assert link.attributes == {"why": "retry"}


@pytest.mark.interop("Status and exceptions")
def test_statuses_and_exceptions_arrive(sender: Sender) -> None:
    spans = record_spans(agent)
    assert sender.send(spans)
    trace = read_back(spans[0])
    by_name = {span.name: span for span in trace.data.spans}
    assert trace.info.state == "OK"
    assert {name: span.status.status_code for name, span in by_name.items()} == {
        "agent": "UNSET",
        "search": "OK",
        "search again": "ERROR",
    }
    failed = by_name["search again"]
    assert failed.status.description == "TimeoutError: no answer"
    (event,) = failed.events
    assert (event.name, event.attributes["exception.type"]) == ("exception", "TimeoutError")
    assert 'raise TimeoutError("no answer")' in event.attributes["exception.stacktrace"]


@pytest.mark.interop("Status and exceptions")
def test_a_failed_root_makes_the_trace_fail(sender: Sender) -> None:
    def fail(tracer: Tracer) -> None:
        with tracer.start_as_current_span("agent") as span:
            span.set_status(Status(StatusCode.ERROR, "no stock"))

    spans = record_spans(fail)
    assert sender.send(spans)
    trace = read_back(spans[0])
    assert (trace.info.state, trace.data.spans[0].status.description) == ("ERROR", "no stock")


@pytest.mark.interop("Resource")
@pytest.mark.interop("Trace name, folder, tags")
@pytest.mark.interop("Search: filter, order, pages")
def test_resource_attributes_are_tags_of_the_trace(sender: Sender) -> None:
    spans = record_spans(agent)
    assert sender.send(spans)
    info = read_back(spans[0]).info
    tags = {"service.name": "shop", "deployment.environment": "eu", "service.replicas": "3"}
    assert {name: info.tags.get(name) for name in tags} == tags
    assert info.name == "agent"
    assert not any(name.startswith("telemetry.sdk.") for name in info.tags)
    found = search_traces(filter_string="tags.`deployment.environment` = 'eu' AND tags.`service.name` = 'shop'")
    assert info.trace_id in [trace.info.trace_id for trace in found]


@pytest.mark.interop("Trace name, folder, tags")
@pytest.mark.interop("Session, user, token usage")
def test_root_attributes_set_folder_session_and_user(sender: Sender) -> None:
    def filed(tracer: Tracer) -> None:
        attributes = {"mlflow.traceTag.kayba.folder": "prod/eu", "session.id": "s-1", "user.id": "u-1"}
        with tracer.start_as_current_span("agent", attributes=attributes):
            pass

    spans = record_spans(filed)
    assert sender.send(spans)
    info = read_back(spans[0]).info
    assert info.folder == "prod/eu"
    assert (info.trace_metadata["mlflow.trace.session"], info.trace_metadata["mlflow.trace.user"]) == ("s-1", "u-1")


@pytest.mark.interop("Tree of spans")
def test_traces_may_share_requests_and_arrive_in_several(sender: Sender) -> None:
    one, two = record_spans(agent), record_spans(agent)
    assert sender.send([*one[:1], *two[:2]])
    assert sender.send([*one[1:], *two[1:]])
    for spans in (one, two):
        assert [span.name for span in read_back(spans[0]).data.spans] == ["agent", "search", "search again"]
