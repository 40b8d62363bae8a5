"""`derive`: one span of each family, precedence, flattened messages, events, and any attributes at all."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copy_conventions import read_copies
from kayba_local.conventions import derive

QUESTION = [{"role": "user", "content": "How many?"}]
PARTS = [{"role": "user", "parts": [{"type": "text", "content": "How many?"}]}]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "Two."}], "finish_reason": "stop"}]
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": SCHEMA}}

SPANS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "OpenInference, model": (
        "ChatCompletion",
        {
            "openinference.span.kind": "LLM",
            "llm.system": "openai",
            "llm.provider": "azure",
            "llm.model_name": "gpt-4o-2024-08-06",
            "input.value": json.dumps({"messages": QUESTION}),
            "input.mime_type": "application/json",
            "output.value": "Two.",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "How many?",
            "llm.tools.0.tool.json_schema": json.dumps(TOOL),
            "llm.token_count.prompt": 20,
            "llm.token_count.completion": 5,
            "llm.token_count.total": 25,
            "llm.token_count.prompt_details.cache_read": 8,
            "llm.token_count.prompt_details.cache_write": 3,
            "llm.token_count.completion_details.reasoning": 2,
            "llm.cost.total": 0.25,
            "session.id": "s1",
            "user.id": "u1",
        },
        {
            "mlflow.spanType": "LLM",
            "mlflow.spanInputs": {"messages": QUESTION},
            "mlflow.spanOutputs": "Two.",
            "mlflow.chat.tools": [TOOL],
            "mlflow.llm.model": "gpt-4o-2024-08-06",
            "mlflow.llm.provider": "azure",
            "mlflow.chat.tokenUsage": {
                "input_tokens": 20,
                "output_tokens": 5,
                "total_tokens": 25,
                "cache_read_input_tokens": 8,
                "cache_creation_input_tokens": 3,
                "reasoning_tokens": 2,
            },
            "mlflow.llm.cost": {"total_cost": 0.25},
        },
    ),
    "OpenInference, without the whole value": (
        "ChatCompletion",
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.contents.0.message_content.type": "text",
            "llm.input_messages.0.message.contents.0.message_content.text": "How many?",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "read",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"path": "a"}',
        },
        {
            "mlflow.spanType": "LLM",
            "mlflow.spanInputs": [{"role": "user", "content": [{"type": "text", "text": "How many?"}]}],
            "mlflow.spanOutputs": [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c1", "function": {"name": "read", "arguments": '{"path": "a"}'}}],
                }
            ],
        },
    ),
    "OpenInference, retriever": (
        "retrieve",
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "[1] is no JSON here",
            "retrieval.documents.0.document.id": "a",
            "retrieval.documents.0.document.content": "first",
            "retrieval.documents.0.document.score": 0.5,
            "retrieval.documents.1.document.content": "second",
            "agent.name": "librarian",
        },
        {
            "mlflow.spanType": "RETRIEVER",
            "mlflow.spanInputs": "[1] is no JSON here",
            "mlflow.spanOutputs": [{"id": "a", "content": "first", "score": 0.5}, {"content": "second"}],
            "gen_ai.agent.name": "librarian",
        },
    ),
    "GenAI, model": (
        "chat claude",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude",
            "gen_ai.response.model": "claude-2026",
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
            "gen_ai.input.messages": json.dumps(PARTS),
            "gen_ai.output.messages": json.dumps(ANSWER),
            "gen_ai.tool.definitions": json.dumps([{"type": "function", **TOOL["function"]}]),  # type: ignore[dict-item]
            "gen_ai.usage.input_tokens": 31,
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.usage.cache_read.input_tokens": 7,
            "gen_ai.usage.cache_write.input_tokens": 4,
            "gen_ai.usage.reasoning.output_tokens": 1,
            "gen_ai.conversation.id": "s1",
        },
        {
            "mlflow.spanType": "CHAT_MODEL",
            "mlflow.spanInputs": [{"role": "system", "parts": [{"type": "text", "content": "Be brief."}]}, *PARTS],
            "mlflow.spanOutputs": ANSWER,
            "mlflow.chat.tools": [TOOL],
            "mlflow.llm.model": "claude-2026",
            "mlflow.llm.provider": "anthropic",
            "mlflow.chat.tokenUsage": {
                "input_tokens": 31,
                "output_tokens": 5,
                "total_tokens": 36,
                "cache_read_input_tokens": 7,
                "cache_creation_input_tokens": 4,
                "reasoning_tokens": 1,
            },
            "session.id": "s1",
        },
    ),
    "GenAI, tool": (
        "execute_tool read",
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.call.arguments": '{"path": "a"}',
            "gen_ai.tool.call.result": "42",
        },
        {"mlflow.spanType": "TOOL", "mlflow.spanInputs": {"path": "a"}, "mlflow.spanOutputs": "42"},
    ),
    "Pydantic AI, agent": (
        "invoke_agent helper",
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "helper",
            "gen_ai.aggregated_usage.input_tokens": 60,
            "gen_ai.aggregated_usage.output_tokens": 9,
            "pydantic_ai.all_messages": json.dumps(PARTS),
            "final_result": "Two.",
        },
        {"mlflow.spanType": "AGENT", "mlflow.spanInputs": PARTS, "mlflow.spanOutputs": "Two."},
    ),
    "OpenLLMetry, model": (
        "openai.chat",
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "How many?",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Two.",
            "gen_ai.completion.0.finish_reason": "stop",
            "llm.request.functions.0.name": "read",
            "llm.request.functions.0.description": "Reads.",
            "llm.request.functions.0.parameters": json.dumps(SCHEMA),
            "gen_ai.usage.prompt_tokens": 20,
            "gen_ai.usage.completion_tokens": 5,
            "llm.usage.total_tokens": 25,
            "gen_ai.usage.cache_read_input_tokens": 8,
            "traceloop.association.properties.session_id": "s1",
        },
        {
            "mlflow.spanType": "CHAT_MODEL",
            "mlflow.spanInputs": QUESTION,
            "mlflow.spanOutputs": [{"role": "assistant", "content": "Two.", "finish_reason": "stop"}],
            "mlflow.chat.tools": [TOOL],
            "mlflow.llm.model": "gpt-4o",
            "mlflow.llm.provider": "OpenAI",
            "mlflow.chat.tokenUsage": {
                "input_tokens": 20,
                "output_tokens": 5,
                "total_tokens": 25,
                "cache_read_input_tokens": 8,
            },
            "session.id": "s1",
        },
    ),
    "OpenLLMetry, task with a Python literal": (
        "search.task",
        {
            "traceloop.span.kind": "task",
            "traceloop.entity.input": "{'query': ('a', 1)}",
            "traceloop.entity.output": "x",
        },
        {"mlflow.spanType": "TASK", "mlflow.spanInputs": {"query": ["a", 1]}, "mlflow.spanOutputs": "x"},
    ),
    "LangSmith": (
        "ChatOpenAI",
        {
            "langsmith.span.kind": "llm",
            "langsmith.trace.session_id": "s1",
            "gen_ai.prompt": json.dumps({"messages": [QUESTION]}),
            "gen_ai.completion": json.dumps({"text": "Two."}),
        },
        {
            "mlflow.spanType": "LLM",
            "mlflow.spanInputs": {"messages": [QUESTION]},
            "mlflow.spanOutputs": {"text": "Two."},
            "session.id": "s1",
        },
    ),
    "LiteLLM, cost": (
        "litellm_request",
        {"gen_ai.operation.name": "chat", "gen_ai.cost.input_cost": 0.25, "gen_ai.cost.output_cost": "0.5"},
        {
            "mlflow.spanType": "CHAT_MODEL",
            "mlflow.llm.cost": {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75},
        },
    ),
    "Claude Code": (
        "claude_code.llm_request",
        {
            "span.type": "llm_request",
            "model": "claude",
            "input_tokens": 3,
            "output_tokens": 4,
            "cache_read_tokens": 5,
            "cache_creation_tokens": 0,
            "response": "Two.",
        },
        {
            "mlflow.spanType": "LLM",
            "mlflow.spanOutputs": "Two.",
            "mlflow.llm.model": "claude",
            "mlflow.chat.tokenUsage": {
                "input_tokens": 3,
                "output_tokens": 4,
                "total_tokens": 7,
                "cache_read_input_tokens": 5,
                "cache_creation_input_tokens": 0,
            },
        },
    ),
    "Gemini CLI": (
        "llm_call",
        {"gen_ai.operation.name": "llm_call", "gen_ai.request.model": "gemini", "gen_ai.input.messages": "hello"},
        {"mlflow.spanType": "LLM", "mlflow.spanInputs": "hello", "mlflow.llm.model": "gemini"},
    ),
    "none": ("work", {"input_tokens": 3, "model": "m", "response": "r", "http.method": "GET", "gen_aix": 1}, {}),
}


@pytest.mark.parametrize(("name", "attributes", "expected"), SPANS.values(), ids=SPANS)
def test_spans_of_each_family_get_our_attributes(
    name: str, attributes: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = json.dumps(attributes)
    assert derive(name, attributes) == expected
    assert json.dumps(attributes) == before


def test_openinference_goes_before_genai_and_genai_before_the_others() -> None:
    spellings = {
        "openinference.span.kind": "TOOL",
        "gen_ai.operation.name": "chat",
        "traceloop.span.kind": "agent",
        "llm.token_count.prompt": 1,
        "gen_ai.usage.input_tokens": 2,
        "gen_ai.usage.prompt_tokens": 3,
    }
    kinds, tokens = [], []
    for count in (6, 5, 2, 1):
        given = dict(list(reversed(spellings.items()))[:count])
        derived = derive("span", given)
        kinds.append(derived.get("mlflow.spanType"))
        tokens.append(derived.get("mlflow.chat.tokenUsage", {}).get("input_tokens"))
    assert kinds == ["TOOL", "CHAT_MODEL", None, None]
    assert tokens == [1, 1, 2, 3]


def test_attributes_of_our_own_are_never_replaced() -> None:
    own = {"mlflow.spanType": "TOOL", "mlflow.spanInputs": {"a": 1}, "mlflow.chat.tokenUsage": {"input_tokens": 1}}
    foreign = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": "[]", "gen_ai.usage.input_tokens": 9}
    assert derive("span", own | foreign) == {}
    assert derive("span", {"mlflow.spanType": "UNKNOWN"} | foreign)["mlflow.spanType"] == "CHAT_MODEL"


def test_messages_in_events_become_inputs_and_outputs() -> None:
    events = [
        ("gen_ai.system.message", {"content": "Be brief."}),
        ("gen_ai.user.message", {"content": json.dumps([{"text": "How many?"}])}),
        ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"content": "Two."}}),
        ("exception", {"exception.type": "E"}),
    ]
    assert derive("chat", {"gen_ai.operation.name": "chat"}, events) == {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.spanInputs": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"text": "How many?"}]},
        ],
        "mlflow.spanOutputs": [{"role": "assistant", "index": 0, "finish_reason": "stop", "content": "Two."}],
    }
    details = ("gen_ai.client.inference.operation.details", {"gen_ai.input.messages": PARTS})
    assert derive("chat", {}, [details]) == {"mlflow.spanInputs": PARTS}


def test_prompts_of_codex_are_inputs_without_the_other_attributes() -> None:
    prompt = ("codex.user_prompt", {"event.name": "codex.user_prompt", "prompt": "[1]", "conversation.id": "c"})
    assert derive("run_turn", {}, [prompt, ("codex.sse_event", {"event.kind": "x"})]) == {
        "mlflow.spanInputs": [{"role": "user", "content": "[1]"}]
    }


def test_unusable_spellings_leave_their_place_to_the_next() -> None:
    attributes = {
        "openinference.span.kind": "UNKNOWN",
        "gen_ai.operation.name": "chat",
        "llm.token_count.prompt": "many",
        "gen_ai.usage.input_tokens": "12",
        "gen_ai.usage.output_tokens": True,
        "llm.cost.total": float("nan"),
        "llm.model_name": "",
        "gen_ai.request.model": "m",
    }
    assert derive("span", attributes) == {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.chat.tokenUsage": {"input_tokens": 12, "total_tokens": 12},
        "mlflow.llm.model": "m",
    }


def test_a_hundred_flattened_messages_keep_their_order() -> None:
    attributes = {f"llm.input_messages.{number}.message.content": str(number) for number in reversed(range(100))}
    assert derive("span", attributes)["mlflow.spanInputs"] == [{"content": str(number)} for number in range(100)]


@pytest.mark.parametrize(
    "number",
    [10**400, -(10**400), 10**5_000, 2**63, 1e308, "9" * 500],
    ids=["long", "negative", "too long for a text", "65 bits", "float", "text"],
)
def test_numbers_beyond_64_bits_are_not_read(number: float | str) -> None:
    names = ["gen_ai.usage.input_tokens", "llm.cost.prompt", "llm.cost.completion"]
    assert derive("span", dict.fromkeys(names, number)) == {}
    if not isinstance(number, str):
        assert derive("span", {"llm.model_name": number, "gen_ai.request.model": "m"}) == {"mlflow.llm.model": "m"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = [name for _, attributes, _ in SPANS.values() for name in attributes]
FLATTENED_KEYS = st.builds("llm.input_messages.{}".format, st.text("0123.a", max_size=40))
KEYS = st.sampled_from(NAMES) | st.text(max_size=30) | FLATTENED_KEYS
VALUES = JSON | st.builds(repr, JSON) | st.builds(lambda value: json.dumps(value)[:200], JSON)
EVENT_NAMES = st.sampled_from(["gen_ai.user.message", "gen_ai.choice", "gen_ai.client.inference.operation.details"])


@given(
    st.sampled_from(["span", "claude_code.tool"]),
    st.dictionaries(KEYS, VALUES, max_size=20),
    st.lists(st.tuples(EVENT_NAMES, st.dictionaries(KEYS | st.just("message"), VALUES, max_size=3)), max_size=3),
)
def test_any_attributes_give_values_that_can_be_sent(
    name: str, attributes: dict[str, Any], events: list[tuple[str, dict[str, Any]]]
) -> None:
    derived = derive(name, attributes, events)
    assert not {key for key in derived if attributes.get(key) not in (None, "", "UNKNOWN")}
    orjson.dumps(derived, option=orjson.OPT_NON_STR_KEYS) if not _has_long_int(derived) else None
    usage = derived.get("mlflow.chat.tokenUsage", {})
    assert all(type(count) is int and count >= 0 for count in usage.values())
    assert all(type(amount) in (int, float) for amount in derived.get("mlflow.llm.cost", {}).values())


def _has_long_int(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_long_int, value.values()))
    if isinstance(value, list):
        return any(map(_has_long_int, value))
    return isinstance(value, int) and not -(2**63) <= value < 2**64


def test_hostile_texts_take_bounded_work() -> None:
    deep = "[" * 100_000
    wide = {f"llm.input_messages.{'9' * 5_000}.{number}" + ".a" * 500: 1 for number in range(1_000)}
    derived = derive("span", {"traceloop.entity.input": deep, **wide, "gen_ai.task.output": "(" * 60_000})
    assert derived["mlflow.spanOutputs"] == "(" * 60_000


def test_long_names_are_not_remembered() -> None:
    names = [f"llm.input_messages.{number}.{'x' * 65_000}" for number in range(100)]
    tracemalloc.start()
    try:
        for name in names:
            assert derive("span", {name: "v"})["mlflow.spanInputs"]
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


def test_copies_in_the_packages_equal_the_source() -> None:
    stale = [path.name for path, text in read_copies().items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run `hatch run conventions`"
