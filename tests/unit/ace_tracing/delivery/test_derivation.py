"""Derivation: spans of instrumentations have type, inputs, outputs and tokens, without work on the caller's thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from opentelemetry.trace import Tracer

import ace_tracing
from ace_tracing import Span, conventions, start_span
from ace_tracing.delivery import derivation
from ace_tracing.otel import tracer_provider
from ace_tracing.testing import CapturedTraces
from kayba_local import LocalServer

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 3,
    "gen_ai.usage.output_tokens": 4,
    "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "why"}]}]),
    "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "because"}]}]),
}


@pytest.fixture
def tracer() -> Iterator[Tracer]:
    yield tracer_provider().get_tracer("library")
    tracer_provider().shutdown()


def only_span(traces: CapturedTraces) -> Span:
    (found,) = traces
    return found.data.spans[-1]


def test_a_span_of_an_instrumentation_is_understood(tracer: Tracer, tracing: LocalServer) -> None:
    with start_span("agent"), tracer.start_as_current_span("chat gpt-4o", attributes=CHAT):
        pass
    ace_tracing.flush()
    (found,) = ace_tracing.search_traces()
    span = found.data.spans[-1]
    assert (span.span_type, span.attributes["gen_ai.request.model"]) == ("CHAT_MODEL", "gpt-4o")
    assert span.inputs == [{"role": "user", "parts": [{"type": "text", "content": "why"}]}]
    assert span.outputs == [{"role": "assistant", "parts": [{"type": "text", "content": "because"}]}]
    assert span.attributes["mlflow.chat.tokenUsage"] == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    assert span.attributes["mlflow.llm.model"] == "gpt-4o"


@pytest.mark.parametrize("names", [("session.id", "user.id"), ("gen_ai.conversation.id", "enduser.id")])
@pytest.mark.parametrize("is_late", [False, True], ids=["at the start", "later"])
def test_session_and_user_of_any_span_are_those_of_the_trace(
    names: tuple[str, str], is_late: bool, tracer: Tracer, tracing: LocalServer
) -> None:
    given = dict(zip(names, ("s1", "u1"), strict=True))
    with start_span("agent"), tracer.start_as_current_span("step"):
        with tracer.start_as_current_span("chat", attributes=None if is_late else given) as chat:
            chat.set_attributes(given)
        with tracer.start_as_current_span("other", attributes={"session.id": "s2"}):
            pass
    ace_tracing.flush()
    (found,) = ace_tracing.search_traces()
    metadata = found.info.trace_metadata
    assert (metadata["mlflow.trace.session"], metadata["mlflow.trace.user"]) == ("s1", "u1")


@pytest.mark.parametrize("has_root", [True, False], ids=["the root", "the trace"])
def test_the_session_of_a_trace_goes_before_those_of_its_spans(
    has_root: bool, tracer: Tracer, tracing: LocalServer
) -> None:
    with tracer.start_as_current_span("root", attributes={"session.id": "own"} if has_root else None):
        if not has_root:
            ace_tracing.update_current_trace(session_id="own")
        with tracer.start_as_current_span("chat", attributes={"session.id": "s1"}):
            pass
    ace_tracing.flush()
    (found,) = ace_tracing.search_traces()
    assert found.info.trace_metadata["mlflow.trace.session"] == "own"


def test_what_the_user_sets_wins(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with tracer.start_as_current_span("chat", attributes=CHAT):
        span = ace_tracing.get_current_span()
        span.set_inputs("my question")
        span.set_span_type("AGENT")
    found = only_span(captured_traces)
    assert (found.inputs, found.span_type) == ("my question", "AGENT")
    assert found.outputs is not None


def test_attributes_of_mlflow_are_read_as_servers_do(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    given = {
        "mlflow.spanInputs": '{"a": 1}',
        "mlflow.spanOutputs": '"text"',
        "mlflow.spanType": '"TOOL"',
        "mlflow.chat.tokenUsage": '{"input_tokens": 1}',
    }
    with tracer.start_as_current_span("name", attributes=given):
        pass
    found = only_span(captured_traces)
    assert (found.inputs, found.outputs, found.span_type) == ({"a": 1}, "text", "TOOL")
    assert found.attributes["mlflow.chat.tokenUsage"] == {"input_tokens": 1}


def test_the_workers_thread_derives_and_only_for_instrumentations(
    tracer: Tracer, tracing: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, bool]] = []

    def derive_texts(name: str, *given: object) -> dict[str, object]:
        calls.append((name, threading.current_thread() is threading.main_thread()))
        return conventions.derive_texts(name, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(derivation, "derive_texts", derive_texts)
    with start_span("plain") as plain, tracer.start_as_current_span("scoped", attributes=CHAT):
        plain.set_attribute("gen_ai.operation.name", "chat")
    ace_tracing.flush()
    assert calls == [("scoped", False)]


def test_a_failure_keeps_the_span(
    tracer: Tracer, captured_traces: CapturedTraces, monkeypatch: pytest.MonkeyPatch
) -> None:
    def derive_texts(*_: object) -> dict[str, object]:
        raise ValueError("broken")

    monkeypatch.setattr(derivation, "derive_texts", derive_texts)
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    with tracer.start_as_current_span("chat", attributes=CHAT):
        pass
    assert only_span(captured_traces).attributes["gen_ai.request.model"] == "gpt-4o"
