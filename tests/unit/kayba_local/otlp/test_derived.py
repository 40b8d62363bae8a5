"""Spans of other instrumentations: the same types, values and usage for readers, searches and insights."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest
from tests.helpers.tracing_requests import SPANS, START_NS, log_record, otlp, otlp_logs, protobuf, span

import ace_tracing
from kayba_local import LocalServer

QUESTION: Final = [{"role": "user", "content": "How many?"}]
CHAT: Final = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.response.model": "gpt-4o",
    "gen_ai.input.messages": '[{"role": "user", "content": "How many?"}]',
    "gen_ai.output.messages": '[{"role": "assistant", "content": "Two."}]',
    "gen_ai.usage.input_tokens": 20,
    "gen_ai.usage.output_tokens": 5,
}
TOOL: Final = {"openinference.span.kind": "TOOL", "input.value": '{"a": 1}', "input.mime_type": "application/json"}
PROTOBUF: Final = {"Content-Type": "application/x-protobuf"}


def send(server: LocalServer, *spans: dict[str, Any], encoding: str = "json") -> None:
    url = f"{server.url}/v1/traces"
    if encoding == "json":
        httpx.post(url, json=otlp(spans)).raise_for_status()
    else:
        httpx.post(url, content=protobuf(spans), headers=PROTOBUF).raise_for_status()


def read(server: LocalServer) -> ace_tracing.Trace:
    ace_tracing.configure(api_key="kb-test", base_url=server.url)
    try:
        return ace_tracing.get_trace(f"tr-{1:032x}")
    finally:
        ace_tracing.shutdown()


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_spans_of_others_are_read_like_our_own(kayba_server: LocalServer, encoding: str) -> None:
    # The tool has only texts, as spans have that are read without protobuf's classes.
    send(kayba_server, span(attributes=CHAT), span(number=2, parent=1, attributes=TOOL), encoding=encoding)
    model, tool = read(kayba_server).data.spans
    assert (model.span_type, model.inputs, tool.span_type, tool.inputs) == ("CHAT_MODEL", QUESTION, "TOOL", {"a": 1})
    assert model.outputs == [{"role": "assistant", "content": "Two."}]
    assert model.token_usage == {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}
    assert model.attributes["mlflow.llm.model"] == "gpt-4o"
    assert model.attributes["gen_ai.usage.input_tokens"] == 20
    info = read(kayba_server).info
    assert info.request_preview is not None
    assert "How many?" in info.request_preview


def test_names_of_our_own_are_not_replaced(kayba_server: LocalServer) -> None:
    own = {"mlflow.spanType": "RETRIEVER", "mlflow.spanInputs": '"mine"'}
    send(kayba_server, span(attributes=CHAT | own))
    (found,) = read(kayba_server).data.spans
    assert (found.span_type, found.inputs) == ("RETRIEVER", "mine")
    assert found.outputs == [{"role": "assistant", "content": "Two."}]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_messages_of_log_records_become_inputs_and_outputs(kayba_server: LocalServer, order: tuple[int, ...]) -> None:
    question = log_record(name="gen_ai.user.message", time_ns=START_NS + 1, body={"content": "How many?"})
    answer = log_record(name="gen_ai.choice", time_ns=START_NS + 2, body={"message": {"content": "Two."}})
    requests = [
        ("traces", otlp([span(attributes={"gen_ai.operation.name": "chat"})])),
        ("logs", otlp_logs([question])),
        ("logs", otlp_logs([answer])),
    ]
    for number in order:
        signal, body = requests[number]
        httpx.post(f"{kayba_server.url}/v1/{signal}", json=body).raise_for_status()
    (found,) = read(kayba_server).data.spans
    assert found.inputs == QUESTION
    assert found.outputs == [{"role": "assistant", "content": "Two."}]


def test_sums_count_no_wrapper_and_no_call_twice(kayba_server: LocalServer) -> None:
    usage = {"llm.token_count.prompt": 20, "llm.token_count.completion": 5}
    llm, chain = {"openinference.span.kind": "LLM", **usage}, {"openinference.span.kind": "CHAIN"}
    agent = {"openinference.span.kind": "AGENT", "llm.token_count.prompt": 40, "llm.token_count.completion": 10}

    def at(first: int, last: int) -> dict[str, int]:
        return {"start_ns": START_NS + first, "end_ns": START_NS + last}

    spans = [
        span(number=1, attributes=agent, name="agent", **at(0, 100)),
        span(number=2, parent=1, attributes=chain, name="chain", **at(1, 99)),
        span(number=3, parent=2, attributes=llm, name="ChatOpenAI", **at(10, 40)),
        # The client's span of the same call is no child of the framework's.
        span(number=4, parent=1, attributes=llm, name="ChatCompletion", **at(12, 38)),
        # Two calls of one client at the same time and of equal usage are two.
        span(number=5, parent=1, attributes=llm, name="ChatCompletion", **at(50, 90)),
        span(number=6, parent=1, attributes=llm, name="ChatCompletion", **at(55, 80)),
    ]
    for each in reversed(spans):
        httpx.post(f"{kayba_server.url}{SPANS}", json=otlp([each]), headers={"x-mlflow-experiment-id": "0"})
    found = read(kayba_server)
    assert found.token_usage == {"input_tokens": 60, "output_tokens": 15, "total_tokens": 75}


def test_session_and_user_of_the_root_are_the_traces(kayba_server: LocalServer) -> None:
    send(kayba_server, span(attributes=CHAT | {"gen_ai.conversation.id": "s1", "enduser.id": "u1"}))
    metadata = read(kayba_server).info.trace_metadata
    assert (metadata.get("mlflow.trace.session"), metadata.get("mlflow.trace.user")) == ("s1", "u1")


def test_facts_that_the_sdk_sends_to_collectors_are_the_traces(kayba_server: LocalServer) -> None:
    facts = {
        "kayba.trace.name": "run",
        "kayba.folder": "production",
        "kayba.tag.team": "a",
        "kayba.metadata.version": "2",
        "kayba.span.type": "PARSER",
    }
    own = {"mlflow.traceTag.team": "mine"}
    send(kayba_server, span(name="chat gpt-4o", attributes=facts), span(2, 2, attributes=facts | own))
    found = read(kayba_server)
    assert found.root.span_type == "PARSER"
    assert found.info.tags["mlflow.traceName"] == "run"
    assert (found.info.tags["kayba.folder"], found.info.tags["team"]) == ("production", "a")
    assert found.info.trace_metadata["version"] == "2"
    other = httpx.get(f"{kayba_server.url}/api/mlflow/api/3.0/mlflow/traces/tr-{2:032x}").json()
    assert other["trace"]["trace_info"]["tags"]["team"] == "mine"
