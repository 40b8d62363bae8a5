"""Traces under GenAI names, sent by `configure(exporter="otlp")` and read with MLflow's client."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from mlflow import MlflowClient
from tests.helpers.interop.mlflow_reader import MlflowReader, parent_names, span_times
from tests.helpers.interop.mlflow_server import MlflowServer

import ace_tracing
from ace_tracing import start_span, trace, update_current_trace

QUESTION: Final = [{"role": "user", "parts": [{"type": "text", "content": "why?"}]}]
ANSWER: Final = [{"role": "assistant", "parts": [{"type": "text", "content": "because"}], "finish_reason": "stop"}]
REQUEST: Final = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "why?"}],
    "tools": [{"type": "function", "function": {"name": "find", "parameters": {}}}],
}
RESPONSE: Final = {
    "model": "gpt-4o-2024-08-06",
    "choices": [{"message": {"role": "assistant", "content": "because"}, "finish_reason": "stop"}],
}


@pytest.fixture(params=["http/protobuf", "http/json"], autouse=True)
def protocol(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send each trace in both forms."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", request.param)


@pytest.mark.interop("Tree of spans")
@pytest.mark.interop("Inputs and outputs")
@pytest.mark.interop("Start and end")
def test_a_tree_arrives_with_names_values_and_times(otlp_reader: MlflowReader) -> None:
    @trace(span_type="TOOL")
    def find(q: int) -> dict[str, Any]:
        return {"hits": [q]}

    with start_span("helper", span_type="AGENT") as agent:
        agent.set_inputs({"question": "why?"})
        find(1)
        with start_span("step", span_type="CHAIN") as step:
            step.set_outputs(["y", None, 0.5])
        agent.set_outputs("because")
    found = otlp_reader.trace(agent)
    spans = {span.name: span for span in found.data.spans}
    assert parent_names(found.data.spans) == {
        "invoke_agent helper": None,
        "execute_tool find": "invoke_agent helper",
        "step": "invoke_agent helper",
    }
    assert {name: (span.span_type, span.inputs, span.outputs) for name, span in spans.items()} == {
        "invoke_agent helper": ("AGENT", {"question": "why?"}, "because"),
        "execute_tool find": ("TOOL", {"q": 1}, {"hits": [1]}),
        "step": ("CHAIN", None, ["y", None, 0.5]),
    }
    assert span_times(spans["invoke_agent helper"]) == span_times(agent)
    assert json.loads(found.info.request_preview or "") == {"question": "why?"}
    assert json.loads(found.info.response_preview or "") == "because"


@pytest.mark.interop("Span types and function names")
@pytest.mark.parametrize(
    ("span_type", "found"),
    [
        ("CHAT_MODEL", "CHAT_MODEL"), ("LLM", "LLM"), ("EMBEDDING", "EMBEDDING"), ("AGENT", "AGENT"), ("TOOL", "TOOL"),
        ("CHAIN", "CHAIN"), ("RERANKER", "RERANKER"), ("GUARDRAIL", "GUARDRAIL"), ("EVALUATOR", "EVALUATOR"),
        # MLflow reads neither these operations of the GenAI conventions nor names of Kayba.
        ("RETRIEVER", None), ("WORKFLOW", None), ("MEMORY", None), ("my type", None), ("UNKNOWN", None),
    ],
)  # fmt: skip
def test_mlflow_reads_the_types_that_it_has_names_for(
    span_type: str, found: str | None, otlp_reader: MlflowReader
) -> None:
    with start_span("step", span_type=span_type) as span:
        pass
    assert otlp_reader.span(span).span_type == found


@pytest.mark.interop("Inputs and outputs")
@pytest.mark.interop("Session, user, token usage")
def test_a_model_call_has_messages_tools_model_and_tokens(otlp_reader: MlflowReader) -> None:
    with start_span("ask", span_type="CHAT_MODEL") as call:
        call.set_inputs(REQUEST)
        call.set_outputs(RESPONSE)
        call.set_attribute("mlflow.llm.provider", "openai")
        call.set_token_usage(input_tokens=10, output_tokens=4, cache_read_input_tokens=6, cache_creation_input_tokens=1)
    found = otlp_reader.trace(call)
    (span,) = found.data.spans
    usage = {
        "input_tokens": 10,
        "output_tokens": 4,
        "total_tokens": 14,
        "cache_read_input_tokens": 6,
        "cache_creation_input_tokens": 1,
    }
    assert (span.name, span.span_type, span.inputs, span.outputs) == ("chat gpt-4o", "CHAT_MODEL", QUESTION, ANSWER)
    assert span.attributes["mlflow.chat.tools"] == REQUEST["tools"]
    assert span.attributes["mlflow.llm.model"] == "gpt-4o-2024-08-06"
    assert span.attributes["mlflow.llm.provider"] == "openai"
    assert span.attributes["mlflow.chat.tokenUsage"] == usage
    assert json.loads(found.info.trace_metadata["mlflow.trace.tokenUsage"]) == usage


@pytest.mark.interop("Status and exceptions")
@pytest.mark.interop("Events")
def test_statuses_exceptions_and_events_arrive(otlp_reader: MlflowReader) -> None:
    @trace
    def root() -> None:
        with start_span("good") as good:
            good.add_event("retry", {"attempt": 2, "waits": [0.5, 1.5]})
        raise KeyError("no")

    with pytest.raises(KeyError):
        root()
    found = otlp_reader.newest()
    spans = {span.name: span for span in found.data.spans}
    assert str(found.info.state) == "ERROR"
    assert spans["good"].status.status_code.value == "OK"
    (retry,) = spans["good"].events
    assert (retry.name, retry.attributes) == ("retry", {"attempt": 2, "waits": [0.5, 1.5]})
    assert (spans["root"].status.status_code.value, spans["root"].status.description) == ("ERROR", "KeyError: 'no'")
    (exception,) = spans["root"].events
    assert exception.name == "exception"
    assert exception.attributes["exception.type"] == "KeyError"
    assert "in root" in str(exception.attributes["exception.stacktrace"])
    assert spans["root"].attributes["error.type"] == "KeyError"


@pytest.mark.interop("Session, user, token usage")
@pytest.mark.interop("Trace name, folder, tags")
@pytest.mark.interop("Resource")
def test_session_and_user_are_read_and_other_facts_stay_attributes(
    otlp_reader: MlflowReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_span("root") as root:
        update_current_trace(name="run", tags={"team": "a"}, metadata={"set": "b"}, session_id="s1", user_id="u1")
    found = otlp_reader.trace(root)
    metadata, tags = found.info.trace_metadata, found.info.tags
    assert (metadata["mlflow.trace.session"], metadata["mlflow.trace.user"]) == ("s1", "u1")
    assert tags["service.name"] == "unknown_service:python"
    assert not {"set", "kayba.metadata.set"} & metadata.keys()
    assert not {"team", "kayba.tag.team", "mlflow.traceName"} & tags.keys()
    (span,) = found.data.spans
    facts = {name: value for name, value in span.attributes.items() if name.startswith("kayba.")}
    assert facts == {"kayba.trace.name": "run", "kayba.tag.team": "a", "kayba.metadata.set": "b"}


@pytest.mark.interop("Attributes")
def test_names_of_genai_that_mlflow_does_not_read_stay_attributes(otlp_reader: MlflowReader) -> None:
    with start_span("root") as root:
        with start_span("search", span_type="RETRIEVER") as search:
            search.set_inputs({"query": "x"})
            search.set_outputs([{"page_content": "y"}])
        with start_span("ask", span_type="CHAT_MODEL") as call:
            call.set_inputs({**REQUEST, "system": "Be brief.", "temperature": 0.5})
            call.set_token_usage(input_tokens=1, output_tokens=5, reasoning_tokens=3)
            call.set_cost(input_cost=0.5, output_cost=0.25)
    spans = {span.name: span for span in otlp_reader.trace(root).data.spans}
    retrieval, chat = spans["retrieval search"], spans["chat gpt-4o"]
    assert (retrieval.inputs, retrieval.outputs) == (None, None)
    assert retrieval.attributes["gen_ai.retrieval.query.text"] == "x"
    assert retrieval.attributes["gen_ai.retrieval.documents"] == [{"page_content": "y"}]
    assert chat.inputs == QUESTION
    assert chat.attributes["gen_ai.system_instructions"] == [{"type": "text", "content": "Be brief."}]
    assert chat.attributes["gen_ai.request.temperature"] == 0.5
    assert chat.attributes["mlflow.chat.tokenUsage"] == {"input_tokens": 1, "output_tokens": 5, "total_tokens": 6}
    assert chat.attributes["gen_ai.usage.reasoning.output_tokens"] == 3
    assert chat.attributes["llm.cost.total"] == 0.75


@pytest.mark.interop("Experiments")
@pytest.mark.interop("Keys and other errors")
def test_a_request_without_the_experiment_header_is_rejected(real_mlflow: MlflowServer) -> None:
    ace_tracing.configure(exporter="otlp", endpoint=real_mlflow.tracking_uri)
    try:
        with start_span("lost"):
            pass
        delivery = ace_tracing.flush()
        assert (delivery.delivered, delivery.pending, delivery.dropped) == (0, 0, 1)
    finally:
        ace_tracing.shutdown()
        ace_tracing.enable()


@pytest.mark.interop("Experiments")
def test_traces_are_in_the_experiment_of_the_header(otlp_reader: MlflowReader, real_mlflow: MlflowServer) -> None:
    with start_span("root") as root:
        pass
    found = otlp_reader.trace(root)
    experiment = MlflowClient(real_mlflow.tracking_uri).get_experiment(str(found.info.experiment_id))
    assert experiment.name == otlp_reader.experiment
