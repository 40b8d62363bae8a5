"""One current span: OpenTelemetry's context and this package's, in functions, tasks, threads and generators."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator

import pytest
from opentelemetry import baggage, context, propagate
from opentelemetry import trace as api
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

import ace_tracing
from ace_tracing import Trace, get_current_span, session, start_span, trace
from ace_tracing.otel import TracerProvider, tracer_provider
from ace_tracing.otel.tracer import Tracer
from ace_tracing.testing import CapturedTraces

REMOTE = SpanContext(int("ab" * 16, 16), int("cd" * 8, 16), is_remote=True, trace_flags=TraceFlags(1))


def tree(found: Trace) -> dict[str, str | None]:
    """Return the name of each span's parent by its name."""
    names = {span.span_id: span.name for span in found.data.spans}
    return {span.name: names.get(span.parent_id or "") for span in found.data.spans}


def test_spans_of_both_apis_nest_in_both_orders(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    @trace
    def step() -> None:
        with tracer.start_as_current_span("inner"), start_span("innermost"):
            pass

    with tracer.start_as_current_span("top"):
        step()
    (found,) = captured_traces
    assert tree(found) == {"top": None, "step": "top", "inner": "step", "innermost": "inner"}


def test_the_current_span_is_the_same_through_both_apis(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with start_span("outer") as outer:
        view = api.get_current_span()
        assert api.format_span_id(view.get_span_context().span_id) == outer.span_id
        assert view.is_recording()
        view.set_attribute("key", "value")
        with tracer.start_as_current_span("inner") as inner:
            assert api.get_current_span() is inner
            assert get_current_span() is inner
        assert api.get_current_span().get_span_context() == view.get_span_context()
    assert api.get_current_span() is api.INVALID_SPAN
    assert captured_traces[0].data.spans[0].attributes["key"] == "value"


def test_spans_in_a_returned_coroutine_are_below_its_call(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    async def request() -> None:
        await asyncio.sleep(0)
        with tracer.start_as_current_span("http"):
            await asyncio.sleep(0)

    @trace
    def call() -> Coroutine[None, None, None]:
        return request()

    async def main() -> None:
        with tracer.start_as_current_span("top") as top:
            await call()
            assert api.get_current_span() is top

    asyncio.run(main())
    assert tree(captured_traces[0]) == {"top": None, "call": "top", "http": "call"}


def test_use_span_makes_a_span_the_parent_of_traced_functions(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    span = tracer.start_span("top")
    with api.use_span(span, end_on_exit=True), start_span("below"):
        pass
    assert tree(captured_traces[0]) == {"top": None, "below": "top"}


def test_a_context_with_one_more_value_keeps_the_current_span(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with start_span("outer"):
        token = context.attach(context.set_value("suppress_instrumentation", True))
        with start_span("inner"):
            assert context.get_value("suppress_instrumentation")
        context.detach(token)
        assert context.get_value("suppress_instrumentation") is None
    assert tree(captured_traces[0]) == {"outer": None, "inner": "outer"}


def test_an_empty_context_starts_a_new_trace(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with start_span("outer"):
        token = context.attach(context.Context())
        with start_span("other"):
            pass
        context.detach(token)
        with start_span("inner"):
            pass
    assert sorted(map(tree, captured_traces), key=len) == [{"other": None}, {"outer": None, "inner": "outer"}]


def test_an_explicit_context_names_the_parent(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    parent = tracer.start_span("parent")
    with start_span("elsewhere"):
        tracer.start_span("child", context=api.set_span_in_context(parent)).end()
    parent.end()
    assert {"parent": None, "child": "parent"} in map(tree, captured_traces)


def test_tasks_have_their_own_current_span(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    @trace
    async def step(name: str) -> None:
        with tracer.start_as_current_span(name):
            await asyncio.sleep(0)
            with start_span(f"below {name}"):
                await asyncio.sleep(0)

    async def main() -> None:
        with tracer.start_as_current_span("top"):
            await asyncio.gather(*(step(f"step {number}") for number in range(5)))

    asyncio.run(main())
    found = tree(captured_traces[0])
    assert {found[f"below step {number}"] for number in range(5)} == {f"step {number}" for number in range(5)}


def test_a_copied_context_carries_both(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    def work() -> None:
        assert baggage.get_baggage("tenant") == "a"
        with start_span("in a thread"):
            pass

    with tracer.start_as_current_span("top"):
        token = context.attach(baggage.set_baggage("tenant", "a"))
        copied = contextvars.copy_context()
        thread = threading.Thread(target=copied.run, args=(work,))
        thread.start()
        thread.join()
        context.detach(token)
    assert tree(captured_traces[0]) == {"top": None, "in a thread": "top"}


def test_a_generator_closed_in_another_context_logs_nothing(
    tracer: Tracer, captured_traces: CapturedTraces, caplog: pytest.LogCaptureFixture
) -> None:
    def items() -> Iterator[int]:
        token = context.attach(baggage.set_baggage("tenant", "a"))
        try:
            with tracer.start_as_current_span("items"):
                yield 1
                yield 2
        finally:
            context.detach(token)

    def use() -> None:
        generator = items()
        next(generator)
        contextvars.Context().run(generator.close)

    with caplog.at_level(logging.DEBUG):
        contextvars.copy_context().run(use)
    assert caplog.text == ""
    assert [span.name for span in captured_traces[0].data.spans] == ["items"]


def test_an_async_generator_closed_in_a_copy_of_its_context_restores_the_span(
    tracer: Tracer, captured_traces: CapturedTraces, caplog: pytest.LogCaptureFixture
) -> None:
    async def items() -> AsyncIterator[int]:
        span = tracer.start_span("items")
        token = context.attach(api.set_span_in_context(span))
        try:
            yield 1
        finally:
            context.detach(token)
            span.end()

    async def close(generator: AsyncIterator[int]) -> object:
        await generator.aclose()  # type: ignore[attr-defined]
        return get_current_span().name

    async def main() -> object:
        generator = items()
        await anext(generator)
        return await asyncio.create_task(close(generator))

    with caplog.at_level(logging.DEBUG):
        assert asyncio.run(main()) == ""
    assert "detach" not in caplog.text


def test_a_token_can_be_detached_twice(tracer: Tracer, caplog: pytest.LogCaptureFixture) -> None:
    token = context.attach(context.set_value("key", "value"))
    context.detach(token)
    context.detach(token)
    assert (context.get_value("key"), caplog.text) == (None, "")


def test_a_remote_parent_is_continued(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    parent = api.set_span_in_context(NonRecordingSpan(REMOTE))
    with tracer.start_as_current_span("request", context=parent), start_span("below"):
        pass
    (found,) = captured_traces
    assert found.info.trace_id == "tr-" + "ab" * 16
    assert found.data.spans[0].parent_id == "cd" * 8
    assert found.info.tags["mlflow.traceName"] == "request"


def test_headers_of_this_sdk_pass_through_opentelemetry(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    headers: dict[str, str] = {}
    with session("s1", user_id="u1"), start_span("client") as client:
        propagate.inject(headers)
    assert headers["traceparent"].split("-")[1:3] == [str(client.trace_id)[3:], client.span_id]
    assert f"kayba.trace={str(client.trace_id)[3:]}-01" in headers["baggage"]
    parent = propagate.extract(headers)
    assert baggage.get_baggage("session.id", parent) == "s1"
    token = context.attach(parent)
    with start_span("server"):
        pass
    context.detach(token)
    (found,) = captured_traces
    assert tree(found) == {"client": None, "server": "client"}
    assert found.info.trace_metadata["mlflow.trace.session"] == "s1"


def test_the_session_of_baggage_is_that_of_new_traces(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    token = context.attach(baggage.set_baggage("session.id", "s2"))
    with start_span("ours"):
        pass
    with tracer.start_as_current_span("theirs"):
        pass
    context.detach(token)
    with start_span("outside"):
        pass
    sessions = [found.info.trace_metadata.get("mlflow.trace.session") for found in captured_traces]
    assert sessions == ["s2", "s2", None]


def test_a_session_block_is_in_the_baggage(tracer: Tracer) -> None:
    with session("s3"):
        assert baggage.get_baggage("session.id") == "s3"
    assert baggage.get_baggage("session.id") is None


def test_a_span_below_a_span_of_the_sdk_continues_its_trace(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    sdk = SdkTracerProvider(shutdown_on_exit=False).get_tracer("sdk")
    with sdk.start_as_current_span("theirs") as theirs:
        with start_span("ours"):
            assert api.get_current_span().get_span_context().trace_id == theirs.get_span_context().trace_id
        assert api.get_current_span() is theirs
    (found,) = captured_traces
    own = theirs.get_span_context()
    assert found.info.trace_id == f"tr-{own.trace_id:032x}"
    assert found.data.spans[0].parent_id == f"{own.span_id:016x}"


def test_a_span_of_the_sdk_below_one_of_ours_is_its_child(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    sdk = SdkTracerProvider(shutdown_on_exit=False).get_tracer("sdk")
    with start_span("ours") as ours, sdk.start_as_current_span("theirs") as theirs:
        assert f"{theirs.parent.span_id:016x}" == ours.span_id  # type: ignore[attr-defined]


def test_the_sdk_works_while_tracing_is_off(tracer: Tracer) -> None:
    sdk = SdkTracerProvider(shutdown_on_exit=False).get_tracer("sdk")
    with sdk.start_as_current_span("theirs") as theirs:
        assert api.get_current_span() is theirs
        assert tracer.start_span("off").get_span_context() == theirs.get_span_context()
    assert api.get_current_span() is api.INVALID_SPAN


def test_shutdown_restores_the_runtime_context(provider: TracerProvider, captured_traces: CapturedTraces) -> None:
    runtime_context = context._RUNTIME_CONTEXT
    token = context.attach(context.set_value("key", "value"))
    provider.shutdown()
    with start_span("ours"):
        assert api.get_current_span() is api.INVALID_SPAN
    context.detach(token)
    assert context._RUNTIME_CONTEXT is runtime_context
    tracer_provider()
    with start_span("ours"):
        assert api.get_current_span().is_recording()


def test_a_context_attached_before_the_bridge_is_adopted(captured_traces: CapturedTraces) -> None:
    def run() -> None:
        token = context.attach(api.set_span_in_context(NonRecordingSpan(REMOTE)))
        provider = tracer_provider()
        try:
            with provider.get_tracer("library").start_as_current_span("request"):
                pass
        finally:
            provider.shutdown()
            context.detach(token)

    contextvars.Context().run(run)
    assert captured_traces[0].info.trace_id == "tr-" + "ab" * 16


def test_requests_of_this_package_are_not_instrumented(tracer: Tracer) -> None:
    from ace_tracing.recording.context import UNSAMPLED, current_span

    token = current_span.set(UNSAMPLED)
    assert context.get_value(context._SUPPRESS_INSTRUMENTATION_KEY)
    current_span.reset(token)
    assert not context.get_value(context._SUPPRESS_INSTRUMENTATION_KEY)


def test_a_capture_starts_new_traces_below_a_running_span(tracer: Tracer) -> None:
    with ace_tracing.testing.capture_traces() as outer, tracer.start_as_current_span("outer"):
        with ace_tracing.testing.capture_traces() as inner, tracer.start_as_current_span("inner"):
            pass
        assert tree(inner[0]) == {"inner": None}
    assert tree(outer[0]) == {"outer": None}
