"""Folds of streams, compared with the answers that the real clients return without a stream."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk
from tests.ecosystem.runner.questions import QUESTION, WEATHER_QUESTION

from ace_tracing.clients.pieces import MAX_BYTES
from ace_tracing.clients.streams import StreamFold, recognize_item

MODEL = "gpt-4o-mini"
CLAUDE = "claude-opus-4-8"
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
CHAT_TOOLS: Any = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]
RESPONSE_TOOLS: Any = [{"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": False}]
MESSAGE_TOOLS: Any = [{"name": "get_weather", "input_schema": PARAMETERS}]

QUESTIONS = pytest.mark.parametrize("question", [QUESTION, WEATHER_QUESTION], ids=["text", "tool call"])


def fold(items: Any) -> StreamFold:
    folded = StreamFold()
    for item in items:
        recognized = recognize_item(item)
        assert recognized is not None, item
        folded.add(item, recognized)
    return folded


def comparable(answer: Any) -> Any:
    """Return an answer without the parts that differ from call to call, and without empty fields."""
    if isinstance(answer, dict):
        varying = (
            "id",
            "call_id",
            "input_tokens",
            "output_tokens",
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
        )
        return {name: comparable(value) for name, value in answer.items() if value is not None and name not in varying}
    return [comparable(value) for value in answer] if isinstance(answer, list) else answer


@QUESTIONS
def test_chat_chunks_fold_into_the_answer(openai_client: openai.OpenAI, question: str) -> None:
    request: Any = {"model": MODEL, "messages": [{"role": "user", "content": question}], "tools": CHAT_TOOLS}
    whole = openai_client.chat.completions.create(**request)
    stream = openai_client.chat.completions.create(**request, stream=True, stream_options={"include_usage": True})
    folded = fold(stream)
    (answer,) = folded.to_json()
    assert comparable(answer) == comparable(whole.model_dump(mode="json", exclude_none=True))
    call = folded.read_call()
    assert call is not None
    assert (call.span_type, call.model, call.provider) == ("CHAT_MODEL", MODEL, "openai")
    assert call.tokens == {
        "input_tokens": 102,
        "output_tokens": 12,
        "total_tokens": 114,
        "cache_read_input_tokens": 4,
        "reasoning_tokens": 2,
    }


@QUESTIONS
def test_response_events_fold_into_the_response(openai_client: openai.OpenAI, question: str) -> None:
    request: Any = {"model": MODEL, "input": question, "tools": RESPONSE_TOOLS}
    whole = openai_client.responses.create(**request)
    folded = fold(openai_client.responses.create(**request, stream=True))
    (answer,) = folded.to_json()
    assert comparable(answer) == comparable(whole.model_dump(mode="json", exclude_none=True))
    call = folded.read_call()
    assert call is not None
    assert call.tokens["input_tokens"] == 102


@QUESTIONS
def test_unfinished_response_has_the_output_so_far(openai_client: openai.OpenAI, question: str) -> None:
    request: Any = {"model": MODEL, "input": question, "tools": RESPONSE_TOOLS}
    whole = openai_client.responses.create(**request).model_dump(mode="json", exclude_none=True)
    events = list(openai_client.responses.create(**request, stream=True))
    # Without the events that repeat the output as a whole.
    (answer,) = fold(event for event in events if not event.type.endswith((".done", ".completed"))).to_json()
    whole["output"][0]["status"] = "in_progress"
    assert comparable(answer) == comparable({**whole, "status": "in_progress", "usage": None})


@QUESTIONS
def test_message_events_fold_into_the_message(anthropic_client: anthropic.Anthropic, question: str) -> None:
    messages: Any = [{"role": "user", "content": question}]
    request: Any = {"model": CLAUDE, "max_tokens": 100, "messages": messages, "tools": MESSAGE_TOOLS}
    whole = anthropic_client.messages.create(**request)
    folded = fold(anthropic_client.messages.create(**request, stream=True))
    (answer,) = folded.to_json()
    assert comparable(answer) == comparable(whole.model_dump(mode="json", exclude_none=True))
    call = folded.read_call()
    assert call is not None
    assert (call.span_type, call.model, call.provider) == ("CHAT_MODEL", CLAUDE, "anthropic")
    # Anthropic's input tokens exclude the 4 that were read from the cache and the 3 that were written to it.
    assert call.tokens == {
        "input_tokens": 102,
        "output_tokens": 12,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 3,
    }


def make_chunk(delta: dict[str, Any], **fields: Any) -> ChatCompletionChunk:
    choice = {"index": 0, "delta": delta, "finish_reason": None, **fields}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]}
    return ChatCompletionChunk.construct(**chunk)  # type: ignore[arg-type]


@given(st.lists(st.text()), st.lists(st.text()))
def test_texts_and_arguments_are_joined_wherever_they_are_split(texts: list[str], arguments: list[str]) -> None:
    chunks = [make_chunk({"content": text}) for text in texts]
    chunks += [
        make_chunk({"tool_calls": [{"index": index, "id": f"call_{index}", "function": {"arguments": piece}}]})
        for piece in arguments
        for index in (0, 1)
    ]
    if not chunks:
        return
    (answer,) = fold(chunks).to_json()
    message = answer["choices"][0]["message"]
    assert message["content"] == ("".join(texts) if texts else None)
    calls = message.get("tool_calls", [])
    assert [call["function"]["arguments"] for call in calls] == ["".join(arguments)] * (2 if arguments else 0)


def test_calls_of_one_stream_are_separate_answers() -> None:
    first = [make_chunk({"role": "assistant", "content": "one"}), make_chunk({}, finish_reason="stop")]
    second = [make_chunk({"role": "assistant", "content": "two"})]
    second[0].id = "chatcmpl-2"
    folded = fold([*first, *second])
    assert [answer["choices"][0]["message"]["content"] for answer in folded.to_json()] == ["one", "two"]
    call = folded.read_call()
    assert call is not None
    assert call.span_type is None


def test_chunks_with_ids_of_their_own_are_one_answer() -> None:
    chunks = [make_chunk({"content": piece}) for piece in "abc"]
    for number, chunk in enumerate(chunks):
        chunk.id = f"chatcmpl-{number}"
    (answer,) = fold(chunks).to_json()
    assert answer["choices"][0]["message"]["content"] == "abc"


def test_long_stream_is_cut_and_stays_valid() -> None:
    folded = fold(make_chunk({"content": "x" * 100_000}) for _ in range(20))
    (answer,) = folded.to_json()
    assert len(answer["choices"][0]["message"]["content"]) <= MAX_BYTES
    assert folded.is_cut
    assert json.dumps(answer)


class Hostile:
    """An object whose attributes cannot be read."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


VALUES: dict[str, Any] = {
    "object": Hostile,
    "large number": lambda: 10**30,
    "bytes": lambda: b"\xff",
    "lone surrogate": lambda: "\ud800",
    "list": lambda: [Hostile()],
    "index": lambda: {"index": Hostile(), "delta": [Hostile()]},
    "key": lambda: {1: 2},
}


@pytest.mark.parametrize("name", VALUES)
def test_hostile_fields_raise_nothing(name: str) -> None:
    value = VALUES[name]()
    chunks = []
    # The client checks values, so they are put into place afterwards, where a server's mistakes are found, too.
    for field in ("content", "role", "tool_calls", "audio"):
        chunks.append(make_chunk({"content": "a"}))
        vars(chunks[-1].choices[0].delta)[field] = value
    for field in ("delta", "index", "finish_reason", "logprobs"):
        chunks.append(make_chunk({"content": "b"}))
        vars(chunks[-1].choices[0])[field] = value
    for field in ("id", "model", "usage", "choices"):
        chunks.append(make_chunk({"content": "c"}))
        vars(chunks[-1])[field] = value
    folded = fold(chunks)
    folded.to_json()
    folded.read_call()
    assert "c" in json.dumps(folded.to_json())
