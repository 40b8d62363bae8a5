"""Spans under the names of OpenTelemetry's GenAI conventions, in protobuf and in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.faults.otlp import decode_spans
from tests.helpers.faulty_server import FaultyServer, faulty_server

import ace_tracing
from ace_tracing import start_span, trace, update_current_trace
from ace_tracing.delivery.otlp.genai import (
    AGENT_NAME,
    CONVERSATION_ID,
    COST_NAMES,
    OPERATION,
    RESPONSE_MODEL,
    USAGE_NAMES,
)
from ace_tracing.delivery.otlp.model_calls import INPUT_MESSAGES, OUTPUT_MESSAGES, TOOLS
from ace_tracing.delivery.otlp.standard import encode_json, encode_protobuf
from ace_tracing.recording.callsite import InstrumentationScope
from ace_tracing.recording.records import Role, SpanRecord, TraceDetails, TraceRecord

Span = dict[str, Any]


@pytest.fixture(params=["http/protobuf", "http/json"])
def collector(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    """A collector that the tests record for."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", request.param)
    with faulty_server() as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url, show_running_after=None)
        yield server
        ace_tracing.shutdown(timeout=0)


@pytest.fixture
def exported(collector: FaultyServer) -> Callable[[], dict[str, Span]]:
    """Return a function that returns the exported spans by name, with their attributes as a dict."""

    def read() -> dict[str, Span]:
        assert ace_tracing.flush(30)
        spans = [span for request in collector.exported() for span in request]
        assert not any(key["key"].startswith("mlflow.") for span in spans for key in span.get("attributes", ()))
        return {span["name"]: span | {"attributes": attributes_of(span)} for span in spans}

    return read


def value_of(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "intValue":
            return int(content)
        case "arrayValue":
            return [value_of(item) for item in content.get("values", ())]
        case _:
            return content


def attributes_of(span: Span) -> dict[str, Any]:
    return {each.get("key", ""): value_of(each["value"]) for each in span.get("attributes", ())}


def only(spans: dict[str, Span]) -> tuple[str, dict[str, Any]]:
    ((name, span),) = spans.items()
    attributes: dict[str, Any] = span["attributes"]
    return name, attributes


OPENAI_CALL = {
    "model": "gpt-x",
    "messages": [
        {"role": "system", "content": "be short"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": "http://i"}}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{\"q\": 1}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
    ],
    "temperature": 0.5, "max_tokens": 9, "stop": "END", "stream": False, "tools": [{"type": "function"}], "top_p": None,
}  # fmt: skip
OPENAI_RESPONSE = {
    "id": "r1", "model": "gpt-x-1",
    "choices": [{"message": {"role": "assistant", "content": "ho"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}  # fmt: skip
ANTHROPIC_CALL = {
    "model": "claude-x", "system": "be short", "max_tokens": 9,
    "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "found"}]}],
}  # fmt: skip
ANTHROPIC_RESPONSE = {
    "id": "m1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "tool_use",
    "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "ho"},
                {"type": "tool_use", "id": "t2", "name": "find", "input": {"q": 2}}],
    "usage": {"input_tokens": 20, "output_tokens": 5, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 3},
}  # fmt: skip


def test_a_call_of_openai_is_written_as_messages(exported: Callable[[], dict[str, Span]]) -> None:
    with start_span("ask", span_type="CHAT_MODEL") as span:
        span.set_inputs(OPENAI_CALL)
        span.set_outputs(OPENAI_RESPONSE)
    spans = exported()
    assert spans["chat gpt-x"]["kind"] == 3
    attributes = spans["chat gpt-x"]["attributes"]
    assert json.loads(attributes.pop("gen_ai.input.messages")) == [
        {"role": "system", "parts": [{"type": "text", "content": "be short"}]},
        {"role": "user", "parts": [{"type": "text", "content": "hi"}, {"type": "uri", "modality": "image", "uri": "http://i"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "find", "arguments": {"q": 1}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "found"}]},
    ]  # fmt: skip
    assert json.loads(attributes.pop("gen_ai.output.messages")) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "ho"}], "finish_reason": "stop"}
    ]
    assert json.loads(attributes.pop("gen_ai.tool.definitions")) == [{"type": "function"}]
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.response.model": "gpt-x-1",
        "gen_ai.response.id": "r1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.stream": False,
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
        "kayba.span.name": "ask",
    }


def test_a_call_of_anthropic_is_written_as_messages(exported: Callable[[], dict[str, Span]]) -> None:
    with start_span("ask", span_type="LLM") as span:
        span.set_inputs(ANTHROPIC_CALL | {"thinking": {"budget": 1}})
        span.set_outputs(ANTHROPIC_RESPONSE)
    name, attributes = only(exported())
    assert name == "chat claude-x"
    assert json.loads(attributes["gen_ai.system_instructions"]) == [{"type": "text", "content": "be short"}]
    assert json.loads(attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "tool_call_response", "id": "t1", "response": "found"}]}
    ]
    assert json.loads(attributes["gen_ai.output.messages"]) == [
        {"role": "assistant", "finish_reason": "tool_use", "parts": [
            {"type": "reasoning", "content": "hm"},
            {"type": "text", "content": "ho"},
            {"type": "tool_call", "id": "t2", "name": "find", "arguments": {"q": 2}},
        ]}
    ]  # fmt: skip
    assert json.loads(attributes["kayba.inputs.other"]) == {"thinking": {"budget": 1}}
    assert attributes["gen_ai.usage.input_tokens"] == 31
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 8
    assert attributes["gen_ai.usage.cache_write.input_tokens"] == 3


def test_usage_cost_and_model_replace_the_names_of_mlflow(exported: Callable[[], dict[str, Span]]) -> None:
    with start_span("ask", span_type="CHAT_MODEL") as span:
        span.set_attributes({"mlflow.llm.model": "m", "mlflow.llm.provider": "p", "mlflow.message.format": "openai"})
        span.set_token_usage(input_tokens=10, output_tokens=4, cache_read_input_tokens=6)
        span.set_cost(input_cost=0.5, output_cost=0.25)
        span.set_outputs("ho")
    name, attributes = only(exported())
    assert name == "chat m"
    assert json.loads(attributes.pop("gen_ai.output.messages")) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "ho"}]}
    ]
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "p",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.cache_read.input_tokens": 6,
        "llm.cost.prompt": 0.5,
        "llm.cost.completion": 0.25,
        "llm.cost.total": 0.75,
        "kayba.span.name": "ask",
    }


def test_an_agent_and_its_tool_are_named_for_their_operation(exported: Callable[[], dict[str, Span]]) -> None:
    @trace(span_type="TOOL")
    def find(q: str) -> str:
        return q + "!"

    @trace(span_type="AGENT")
    def helper(question: str) -> list[str]:
        return [find(question)]

    helper("x")
    spans = exported()
    agent, tool = spans["invoke_agent helper"], spans["execute_tool find"]
    assert tool["parentSpanId"] == agent["spanId"]
    assert "parentSpanId" not in agent
    assert (agent["kind"], tool["kind"]) == (1, 1)
    assert tool["attributes"] == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "find",
        "gen_ai.tool.call.arguments": '{"q":"x"}',
        "gen_ai.tool.call.result": "x!",
        "code.function.name": tool["attributes"]["code.function.name"],
    }
    assert agent["attributes"] == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "helper",
        "input.value": '{"question":"x"}',
        "input.mime_type": "application/json",
        "output.value": '["x!"]',
        "output.mime_type": "application/json",
        "code.function.name": agent["attributes"]["code.function.name"],
    }


@pytest.mark.parametrize(
    ("span_type", "name", "expected"),
    [
        ("CHAIN", "step", {"openinference.span.kind": "CHAIN"}),
        ("GUARDRAIL", "step", {"openinference.span.kind": "GUARDRAIL"}),
        ("MEMORY", "step", {"kayba.span.type": "MEMORY"}),
        ("my type", "step", {"kayba.span.type": "my type"}),
        ("UNKNOWN", "step", {}),
        ("WORKFLOW", "invoke_workflow step",
         {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "step"}),
        ("EMBEDDING", "embeddings step", {"gen_ai.operation.name": "embeddings"}),
        ("RETRIEVER", "retrieval step", {"gen_ai.operation.name": "retrieval"}),
    ],
)  # fmt: skip
def test_each_type_has_an_operation_or_another_name(
    span_type: str, name: str, expected: dict[str, str], exported: Callable[[], dict[str, Span]]
) -> None:
    with start_span("step", span_type=span_type):
        pass
    assert only(exported()) == (name, expected)


def test_a_retrieval_has_its_query_and_documents(exported: Callable[[], dict[str, Span]]) -> None:
    with start_span("find", span_type="RETRIEVER") as span:
        span.set_inputs({"query": "what"})
        span.set_outputs([{"page_content": "this"}])
    _, attributes = only(exported())
    assert attributes["gen_ai.retrieval.query.text"] == "what"
    assert json.loads(attributes["gen_ai.retrieval.documents"]) == [{"page_content": "this"}]


def test_the_root_has_the_facts_of_its_trace(collector: FaultyServer, exported: Callable[[], dict[str, Span]]) -> None:
    ace_tracing.configure(exporter="otlp", endpoint=collector.url, folder="prod", experiment="runs")
    with start_span("root"):
        update_current_trace(name="run", tags={"team": "a"}, metadata={"set": "b"}, session_id="s", user_id="u")
        with start_span("step"):
            pass
    spans = exported()
    assert spans["step"]["attributes"] == {}
    assert spans["root"]["attributes"] == {
        "kayba.trace.name": "run",
        "kayba.experiment": "runs",
        "kayba.folder": "prod",
        "kayba.tag.team": "a",
        "kayba.metadata.set": "b",
        "session.id": "s",
        "gen_ai.conversation.id": "s",
        "user.id": "u",
    }


def test_an_error_has_its_type(exported: Callable[[], dict[str, Span]]) -> None:
    with pytest.raises(KeyError), start_span("bad"):
        raise KeyError("x")
    with start_span("odd") as span:
        span.set_status("ERROR", "no exception")
    spans = exported()
    assert spans["bad"]["attributes"]["error.type"] == "KeyError"
    assert spans["bad"]["status"] == {"code": 2, "message": "KeyError: 'x'"}
    assert [event["name"] for event in spans["bad"]["events"]] == ["exception"]
    assert spans["odd"]["attributes"]["error.type"] == "_OTHER"


def test_names_that_the_user_has_set_win(exported: Callable[[], dict[str, Span]]) -> None:
    with start_span("my name", span_type="CHAT_MODEL") as span:
        span.set_inputs({"model": "a", "messages": [{"role": "user", "content": "hi"}]})
        span.set_attributes(
            {"gen_ai.operation.name": "generate_content", "gen_ai.request.model": "b", "list": [1, "a"]}
        )
    name, attributes = only(exported())
    assert (name, attributes["gen_ai.operation.name"], attributes["gen_ai.request.model"]) == (
        "my name",
        "generate_content",
        "b",
    )
    assert attributes["list"] == '[1,"a"]'


@pytest.mark.parametrize(
    "outputs",
    [
        {"choices": []}, {"choices": [5]}, {"choices": [{"message": None}]}, [], [{"role": "user"}],
        {"role": 5, "content": ""}, [{"role": "user", "content": "a"}, 5], {"object": "response", "output": [5]},
        {"content": "no role"}, 7, True,
    ],
    ids=repr,
)  # fmt: skip
def test_outputs_that_are_no_messages_are_kept_whole(outputs: Any, exported: Callable[[], dict[str, Span]]) -> None:
    with start_span("ask", span_type="CHAT_MODEL") as span:
        span.set_outputs(outputs)
    _, attributes = only(exported())
    assert json.loads(attributes["output.value"]) == outputs
    assert "gen_ai.output.messages" not in attributes


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "tool", 5])}, optional={
    "content": VALUES, "tool_calls": VALUES, "tool_call_id": VALUES, "parts": VALUES, "name": VALUES,
}), max_size=3)  # fmt: skip
ATTRIBUTES = st.dictionaries(
    st.text(min_size=1) | st.sampled_from(["mlflow.chat.tokenUsage", "mlflow.llm.cost", "mlflow.llm.model",
        "gen_ai.operation.name", "gen_ai.request.model", "session.id", "error.type"]), VALUES, max_size=4)  # fmt: skip
IDS = st.integers(min_value=1, max_value=2**64 - 1).map(lambda number: f"{number:016x}")


def as_text(value: Any) -> str | None:
    """Return a value as frames have it: as JSON text, in which large integers are allowed."""
    return None if value is None else json.dumps(value)


SPANS = st.builds(
    SpanRecord,
    IDS, st.none() | IDS, st.text(), st.sampled_from(["CHAT_MODEL", "LLM", "TOOL", "RETRIEVER", "AGENT", "CHAIN", "x"]),
    st.integers(0, 2**63), st.integers(0, 2**63), st.sampled_from(["UNSET", "OK", "ERROR"]), st.text(),
    st.none() | st.text(), st.none() | st.text(),
    (VALUES | MESSAGES | st.fixed_dictionaries({"messages": MESSAGES, "model": VALUES, "stop": VALUES})).map(as_text),
    (VALUES | MESSAGES | st.fixed_dictionaries({"choices": st.lists(st.fixed_dictionaries({"message": VALUES})),
        "usage": VALUES})).map(as_text),
    st.none() | ATTRIBUTES,
    st.none() | st.lists(st.tuples(st.sampled_from(["exception", "e"]), st.integers(0, 2**63),
        st.dictionaries(st.just("exception.type") | st.text(), VALUES, max_size=2)), max_size=2),
    st.none() | st.lists(st.tuples(st.just("a" * 32), IDS, ATTRIBUTES), max_size=2),
    st.none() | st.builds(InstrumentationScope, st.text(), st.text(), st.text(), ATTRIBUTES, st.integers(0, 5)),
)  # fmt: skip


def plain(span: Span) -> Span:
    """Return a span without the fields in which protobuf's JSON leaves out the default."""
    events = [
        (event.get("name", ""), event.get("timeUnixNano", "0"), attributes_of(event))
        for event in span.get("events", ())
    ]
    links = [(link["traceId"], link["spanId"], attributes_of(link)) for link in span.get("links", ())]
    status = span.get("status", {})
    return {
        "ids": (span["traceId"], span["spanId"], span.get("parentSpanId")),
        "name": span.get("name", ""),
        "kind": span.get("kind", 0),
        "times": (span.get("startTimeUnixNano", "0"), span.get("endTimeUnixNano", "0")),
        "attributes": attributes_of(span),
        "events": events,
        "links": links,
        "status": (status.get("code", 0), status.get("message", "")),
    }


@settings(max_examples=60)
@given(st.lists(SPANS, min_size=1, max_size=2), st.sampled_from([Role.ROOT, Role.PART, Role.TOPMOST]))
def test_protobuf_and_json_say_the_same_of_any_span(spans: list[SpanRecord], role: Role) -> None:
    record = TraceRecord("a" * 32, "runs", "prod", TraceDetails("n", {"t": "1"}, {"session.id": "s"}), spans, role)
    resource = (("service.name", "x"),)
    protobuf = b"".join(encode_protobuf([record], resource, lambda: None))
    text = b"".join(encode_json([record], resource, lambda: None))
    first = decode_spans({"content-type": "application/x-protobuf"}, protobuf)
    second = decode_spans({"content-type": "application/json"}, text)
    assert [plain(span) for span in first] == [plain(span) for span in second]
    assert len(first) == len(spans)
    assert not any(name.startswith("mlflow.") for span in first for name in attributes_of(span))


def test_the_names_are_those_of_the_table_that_is_read() -> None:
    table = json.loads((files("ace_tracing.conventions") / "names.json").read_text(encoding="utf-8"))
    tokens, costs = table["tokens"]["fields"], table["cost"]["fields"]
    assert {name: tokens[name]["write"] for name in USAGE_NAMES} == USAGE_NAMES
    assert {name: costs[name]["openinference"][0] for name in COST_NAMES} == COST_NAMES
    for entry, name in {
        "span_type": OPERATION,
        "inputs": INPUT_MESSAGES,
        "outputs": OUTPUT_MESSAGES,
        "tools": TOOLS,
        "model": RESPONSE_MODEL,
        "agent": AGENT_NAME,
        "session": CONVERSATION_ID,
    }.items():
        assert table[entry]["write"] == name


def test_a_span_of_an_instrumentation_keeps_its_name_kind_and_scope(exported: Callable[[], dict[str, Span]]) -> None:
    api = pytest.importorskip("opentelemetry.trace", reason="no opentelemetry-api")
    from ace_tracing import otel

    tracer = otel.tracer_provider().get_tracer("openinference.instrumentation.x", "1.2")
    with tracer.start_as_current_span("ChatX", kind=api.SpanKind.CLIENT) as span:
        span.set_attribute("openinference.span.kind", "LLM")
        span.set_attribute("llm.model_name", "gpt-x")
        span.set_attribute("llm.token_count.prompt", 3)
    name, attributes = only(exported())
    assert name == "ChatX"
    assert attributes["gen_ai.request.model"] == "gpt-x"
    assert attributes["gen_ai.usage.input_tokens"] == 3
    assert attributes["llm.token_count.prompt"] == 3
