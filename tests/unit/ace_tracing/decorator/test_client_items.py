"""Generators that yield the items of a client's stream: the span has the answer, and the facts of the call."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from tests.ecosystem.runner.questions import ANSWER, QUESTION

from ace_tracing import Trace, get_current_span, trace

MODEL = "gpt-4o-mini"
TOKENS = {
    "input_tokens": 101,
    "output_tokens": 11,
    "total_tokens": 112,
    "cache_read_input_tokens": 4,
    "reasoning_tokens": 2,
}

LastTrace = Callable[[], Trace]


def ask(client: openai.OpenAI) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of an answer."""
    yield from client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        stream_options={"include_usage": True},
    )


def content(outputs: Any) -> Any:
    return outputs["choices"][0]["message"]["content"]


def test_yielded_chunks_are_recorded_as_the_answer(last_trace: LastTrace, openai_client: openai.OpenAI) -> None:
    chunks = list(trace(ask)(openai_client))
    root = last_trace().root
    assert all(type(chunk) is ChatCompletionChunk for chunk in chunks)
    assert content(root.outputs) == ANSWER
    assert root.outputs["choices"][0]["finish_reason"] == "stop"
    assert root.token_usage == TOKENS
    assert (root.span_type, root.attributes["mlflow.llm.model"]) == ("CHAT_MODEL", MODEL)
    assert root.attributes["mlflow.llm.provider"] == "openai"
    # 97 new input tokens at 0.15 dollars a million, 4 cached ones at 0.075, and 11 output tokens at 0.60.
    assert root.cost["total_cost"] == pytest.approx((97 * 0.15 + 4 * 0.075 + 11 * 0.6) / 1e6)


def test_outer_generator_repeats_no_tokens(last_trace: LastTrace, openai_client: openai.OpenAI) -> None:
    inner = trace(ask)

    @trace
    def outer() -> Iterator[ChatCompletionChunk]:
        yield from inner(openai_client)

    list(outer())
    found = last_trace()
    (child,) = [span for span in found.data.spans if span.name == "ask"]
    assert content(found.root.outputs) == content(child.outputs) == ANSWER
    assert (found.root.span_type, child.span_type) == ("UNKNOWN", "CHAT_MODEL")
    assert (found.root.token_usage, child.token_usage) == ({}, TOKENS)


def test_abandoned_generator_has_the_answer_so_far(last_trace: LastTrace, openai_client: openai.OpenAI) -> None:
    for chunk in trace(ask)(openai_client):
        if chunk.choices[0].delta.content:
            break
    del chunk
    gc.collect()
    root = last_trace().root
    assert ANSWER.startswith(content(root.outputs))
    assert 0 < len(content(root.outputs)) < len(ANSWER)
    assert (root.span_type, root.attributes["mlflow.llm.model"]) == ("CHAT_MODEL", MODEL)


def test_failing_generator_has_the_answer_so_far(last_trace: LastTrace, openai_client: openai.OpenAI) -> None:
    @trace
    def fail() -> Iterator[ChatCompletionChunk]:
        yield from ask(openai_client)
        raise ValueError("after the answer")

    with pytest.raises(ValueError, match="after the answer"):
        list(fail())
    root = last_trace().root
    assert (content(root.outputs), root.status.status_code) == (ANSWER, "ERROR")
    assert root.token_usage == TOKENS


def test_other_items_stay_beside_the_answer(last_trace: LastTrace, openai_client: openai.OpenAI) -> None:
    @trace
    def mixed() -> Iterator[Any]:
        yield "begin"
        yield from ask(openai_client)
        yield {"done": True}

    list(mixed())
    begin, done, answer = last_trace().root.outputs
    assert (begin, done, content(answer)) == ("begin", {"done": True}, ANSWER)


def test_facts_of_the_user_stay(last_trace: LastTrace, openai_client: openai.OpenAI) -> None:
    @trace(span_type="AGENT", attributes={"model": "my-model"})
    def own() -> Iterator[ChatCompletionChunk]:
        get_current_span().set_token_usage(input_tokens=1, output_tokens=2)
        yield from ask(openai_client)

    list(own())
    root = last_trace().root
    assert root.span_type == "AGENT"
    assert root.token_usage == {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    assert "mlflow.llm.model" not in root.attributes


def test_usage_under_other_names_stays(last_trace: LastTrace, openai_client: openai.OpenAI) -> None:
    @trace(attributes={"gen_ai.usage.input_tokens": 7, "gen_ai.request.model": "asked-for"})
    def own() -> Iterator[ChatCompletionChunk]:
        yield from ask(openai_client)

    list(own())
    root = last_trace().root
    assert root.token_usage["input_tokens"] == 7
    assert root.attributes["mlflow.llm.model"] == "asked-for"


@pytest.mark.parametrize("settings", [{"reducer": len}, {"capture_outputs": len}, {"capture_outputs": False}])
def test_outputs_of_the_user_stay(last_trace: LastTrace, openai_client: openai.OpenAI, settings: Any) -> None:
    count = len(list(trace(**settings)(ask)(openai_client)))
    root = last_trace().root
    assert root.outputs == (None if settings == {"capture_outputs": False} else count)
    assert root.token_usage == TOKENS
