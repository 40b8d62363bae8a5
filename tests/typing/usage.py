"""Right usage of the public names, with the types that users rely on. Checked, never run."""
# pyright: strict

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Literal, assert_type

import httpx

from ace import configure_tracing
from ace.tracing import (
    Attachment,
    ConfigurationError,
    Delivery,
    LiveSpan,
    Node,
    NoOpSpan,
    NotFoundError,
    ServiceError,
    ServiceTimeoutError,
    Span,
    SpanChange,
    SpanEvent,
    SpanLink,
    SpanStatus,
    SpanType,
    Trace,
    TraceASGI,
    TraceContextFilter,
    TraceData,
    TraceDiff,
    TraceInfo,
    TraceState,
    TraceWSGI,
    TracingError,
    TracingStatus,
    add_trace_context,
    aget_trace,
    alog_feedback,
    asearch_traces,
    configure,
    continue_trace,
    disable,
    enable,
    flush,
    flush_after,
    folder,
    get_current_span,
    get_current_trace_id,
    get_folder,
    get_trace,
    inject,
    inject_into,
    instrument,
    log_feedback,
    propagate_context,
    search_traces,
    session,
    set_folder,
    shutdown,
    start_span,
    start_span_no_context,
    to_dataframe,
    trace,
    tracing_status,
    uninstrument,
    update_current_trace,
    with_context,
)

# Configuration

configure()
configure(api_key="kb-key", base_url="https://kayba.example", experiment="evaluation", folder="production")
configure(sample_rate=0.1, keep_errors=False, keep_slower_than=2.5, remote_parent="own", mask=lambda value: value)
configure_tracing(api_key="kb-key")
set_folder("staging")
set_folder(None)
assert_type(get_folder(), str | None)
disable()
enable()

# Decorated functions keep their types


@trace
def classify(text: str, limit: int = 3) -> list[str]:
    return [text][:limit]


assert_type(classify("a"), list[str])
assert_type(classify("a", limit=2), list[str])


@trace(name="answer", span_type="LLM", attributes={"model": "gpt-4o"}, agent="writer")
def answer(question: str) -> int:
    return len(question)


assert_type(answer("why?"), int)
kept: Callable[[str], int] = answer


@trace
async def fetch(page: str) -> bytes:
    return page.encode()


@trace(span_type=SpanType.TOOL, capture_inputs=["page"], capture_outputs=len)
async def fetch_all(page: str, token: str) -> list[bytes]:
    return [await fetch(page), token.encode()]


async def use_fetch() -> None:
    assert_type(await fetch("a"), bytes)
    assert_type(await fetch_all("a", token="t"), list[bytes])


coroutine: Coroutine[Any, Any, bytes] = fetch("a")


@trace
def tokens(text: str) -> Iterator[str]:
    yield from text.split()


@trace(reducer="".join)
async def stream(text: str) -> AsyncIterator[str]:
    for token in tokens(text):
        yield token


assert_type(tokens("a b"), Iterator[str])
assert_type(stream("a b"), AsyncIterator[str])


class Agent:
    @trace
    def run(self, query: str) -> str:
        return query

    @trace(capture_inputs=False)
    def think(self, query: str) -> str:
        return query

    @classmethod
    @trace
    def make(cls, name: str) -> Agent:
        return cls()

    @staticmethod
    @trace
    def helper(number: int) -> int:
        return number


assert_type(Agent().run("a"), str)
assert_type(Agent().think("a"), str)
assert_type(Agent.helper(1), int)
assert_type(Agent.make("a"), Agent)


@trace(span_type="TOOL")
class Calculator:
    def add(self, a: int, b: int) -> int:
        return a + b


assert_type(Calculator().add(1, 2), int)

# Spans

with start_span("retrieve", span_type=SpanType.RETRIEVER, attributes={"k": 3}, agent="finder") as span:
    span.set_inputs({"query": "a"})
    span.set_outputs([1, 2, 3])
    span.set_attribute("cached", True)
    span.set_attributes({"a": 1})
    span.set_span_type("TOOL")
    span.set_status("ERROR", "no answer")
    span.add_event("first token", {"after_ms": 12})
    span.add_link("tr-" + "0" * 32, "1" * 16, {"kind": "retry"})
    span.set_token_usage(input_tokens=1, output_tokens=2)
    span.set_cost(input_cost=0.1, output_cost=0.2)
    span.record_exception(ValueError("handled"))
    assert_type(span.trace_id, str | None)
    assert_type(span.name, str)


def returns_from_a_block() -> int:
    """Return from a `with` block. A span swallows no exception, so a checker knows that the end is not reached."""
    with start_span("block"):
        return 1


@start_span("step", span_type=SpanType.TOOL)
def decorated(a: int) -> str:
    return str(a)


@start_span("step")
async def decorated_async(a: int) -> str:
    async with start_span("inner") as inner:
        assert_type(inner.name, str)
    return str(a)


assert_type(decorated(1), str)

by_hand = start_span_no_context("request")
start_span_no_context("lookup", parent=by_hand).end()
get_current_span().set_attribute("a", 1)
get_current_span().set_inputs("a")
assert_type(get_current_trace_id(), str | None)
update_current_trace(name="n", tags={"a": "b"}, metadata={"c": "d"}, session_id="s", user_id="u")
with session("s", user_id="u"), folder("f"), folder(None):
    pass


with start_span("either") as either:
    assert_type(either, LiveSpan | NoOpSpan)


def live(span: LiveSpan) -> None:
    assert_type(span.trace_id, str)
    assert_type(span.parent_id, str | None)
    assert_type(span.start_time_ns, int)
    assert_type(span.end_time_ns, int | None)
    assert_type(span.attributes, dict[str, Any])


# Across threads and services


def served(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    with continue_trace(environ):
        return [b""]


async def served_async(scope: Any, receive: Any, send: Any) -> None:
    with continue_trace([(b"traceparent", b"")]), continue_trace({"traceparent": ""}):
        return


TraceWSGI(served)
TraceASGI(served_async)
propagate_context()
propagate_context(False)
assert_type(inject({"accept": "text/plain"}), dict[str, str])
assert_type(inject(httpx.Headers()), httpx.Headers)
assert_type(inject_into(httpx.Client()), httpx.Client)
assert_type(inject_into(httpx.AsyncClient()), httpx.AsyncClient)
assert_type(with_context(ThreadPoolExecutor()), ThreadPoolExecutor)

logging.StreamHandler().addFilter(TraceContextFilter())
logging.StreamHandler().addFilter(TraceContextFilter(trace_id="otelTraceID", span_id="otelSpanID"))
event: dict[str, object] = {"event": "done"}
assert_type(add_trace_context(None, "info", event), dict[str, object])

# Delivery


@flush_after
@trace
def handler(event: dict[str, str], context: object) -> str:
    return event["question"]


@flush_after(timeout=0.5)
async def async_handler(question: str) -> str:
    return question


assert_type(handler({}, None), str)
assert_type(asyncio.run(async_handler("a")), str)
assert_type(flush(), Delivery)
assert_type(flush(timeout=1.5), Delivery)
assert_type(shutdown(2), Delivery)
assert_type(flush().delivered, int)
assert_type(flush().pending, int)
assert_type(flush().dropped, int)
assert_type(flush().reasons, Mapping[str, int])
assert_type(tracing_status(), TracingStatus)
assert_type(tracing_status().recovered, int)
assert_type(tracing_status().last_error, str | None)
if not flush():
    shutdown()

# Reading

found = get_trace("tr-" + "0" * 32)
assert_type(found, Trace)
assert_type(found.info, TraceInfo)
assert_type(found.info.state, TraceState)
assert_type(found.info.tags, dict[str, str])
assert_type(found.info.folder, str | None)
assert_type(found.data, TraceData)
assert_type(found.data.spans, list[Span])
assert_type(found.root, Span)
assert_type(found.root.attributes["model"], Any)
assert_type(found.walk(), Iterator[tuple[int, Span]])
assert_type(found.tree[0].span, Span)
assert_type(found.tree, list[Node])
assert_type(found.tree[0].children[0].walk(), Iterator[tuple[int, Span]])
assert_type(found.find("a", span_type="LLM", where=lambda span: span.duration_ms is not None), list[Span])
assert_type(found.to_dict(), dict[str, Any])
assert_type(Trace.from_json(found.to_json()), Trace)
assert_type(found.token_usage, dict[str, int])
assert_type(found.cost, dict[str, float])
assert_type(found.info.session_id, str | None)
assert_type(found.info.user_id, str | None)

for step in found.data.spans:
    assert_type(step.status, SpanStatus)
    assert_type(step.status.status_code, str)
    assert_type(step.events, list[SpanEvent])
    assert_type(step.links, list[SpanLink])
    assert_type(step.duration_ms, float | None)
    assert_type(step.failed, bool)
    assert_type(step.token_usage, dict[str, int])
    assert_type(step.cost, dict[str, float])
    assert_type(step.attachments, list[Attachment])
    assert_type(step.attachments[0].read(timeout=5), bytes)
    assert_type(step.attachments[0].size, int | None)

difference = found.diff(found, ignore_order=True)
found.diff(found, ignore="ids")
found.diff(found, ignore=["ids", "times", "outputs.score", re.compile("[0-9]+")])
assert_type(difference, TraceDiff)
assert_type(difference.changes, list[SpanChange])
assert_type(difference.changes[0].kind, Literal["added", "removed", "changed"])

assert_type(search_traces(), list[Trace])
assert_type(search_traces(["evaluation"], "status = 'OK'", max_results=5, order_by=["timestamp_ms"]), list[Trace])
assert_type(search_traces(experiment_names=("a", "b")), list[Trace])
assert_type(search_traces("evaluation", order_by="timestamp_ms", timeout=5), list[Trace])
search_traces(folder="production", session_id="s", user_id="u", status="error", name="agent", since=3600)
search_traces(status=TraceState.ERROR, since=timedelta(hours=1))
search_traces(status="OK", since=datetime.now(), timeout=2.5)
assert_type(get_trace("tr-" + "0" * 32, timeout=5), Trace)
assert_type(asyncio.run(aget_trace("tr-" + "0" * 32, timeout=5)), Trace)
assert_type(asyncio.run(asearch_traces("evaluation", folder="production", timeout=5)), list[Trace])
to_dataframe(search_traces()).groupby("folder")
to_dataframe(found, rows="spans")
assert_type(asyncio.run(aget_trace("tr-" + "0" * 32)), Trace)
assert_type(asyncio.run(asearch_traces(max_results=1)), list[Trace])

assert_type(log_feedback(found.trace_id, "correct", True), str)
assert_type(asyncio.run(alog_feedback(found.trace_id, "correct", True)), str)
assert_type(flush().feedback_pending, int)
log_feedback(found.trace_id, "score", 0.5, span_id="1" * 16, rationale="why", source="LLM_JUDGE", metadata={"a": "b"})

# Libraries

report = instrument("openai", prefer="genai", set_global=False)
assert_type(report.instrumented, list[str])
assert_type(report.libraries[0].version, str | None)
uninstrument("openai")

# Errors

try:
    get_trace("unknown")
except NotFoundError as not_found:
    as_lookup: LookupError = not_found
except ConfigurationError as wrong:
    as_value: ValueError = wrong
except ServiceTimeoutError as late:
    as_timeout: TimeoutError = late
except ServiceError as service:
    assert_type(service.status, int | None)
except TracingError:
    pass
