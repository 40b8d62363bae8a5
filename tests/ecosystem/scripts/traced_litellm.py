"""Traced functions that return the answers and streams of LiteLLM, without an instrumentor."""

from __future__ import annotations

import asyncio
from typing import Any

import litellm
from cases import ANTHROPIC_MODEL, EMBEDDING_MODEL, KEY, MODEL, OPENAI_URL, PROVIDER
from questions import QUESTION

import ace_tracing
from ace_tracing import trace

litellm.telemetry = False
OPENAI: dict[str, Any] = {"model": f"openai/{MODEL}", "api_key": KEY, "api_base": OPENAI_URL}
ANTHROPIC: dict[str, Any] = {"model": f"anthropic/{ANTHROPIC_MODEL}", "api_key": KEY, "api_base": PROVIDER}
MESSAGES: dict[str, Any] = {"messages": [{"role": "user", "content": QUESTION}]}
STREAM: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}


@trace
def answer() -> Any:
    return litellm.completion(**OPENAI, **MESSAGES)


@trace
def anthropic_answer() -> Any:
    return litellm.completion(**ANTHROPIC, **MESSAGES)


@trace
def stream() -> Any:
    return litellm.completion(**OPENAI, **MESSAGES, **STREAM)


@trace
def anthropic_stream() -> Any:
    return litellm.completion(**ANTHROPIC, **MESSAGES, **STREAM)


@trace
async def async_stream() -> Any:
    return await litellm.acompletion(**OPENAI, **MESSAGES, **STREAM)


@trace
def response() -> Any:
    return litellm.responses(**OPENAI, input=QUESTION)


@trace
def response_stream() -> Any:
    return litellm.responses(**OPENAI, input=QUESTION, stream=True)


@trace
def embedding() -> Any:
    return litellm.embedding(**{**OPENAI, "model": f"openai/{EMBEDDING_MODEL}"}, input=[QUESTION])


async def read_async_stream() -> None:
    async for _chunk in await async_stream():
        pass


ace_tracing.configure()
answer()
anthropic_answer()
list(stream())
list(anthropic_stream())
asyncio.run(read_async_stream())
response()
list(response_stream())
embedding()
assert ace_tracing.flush()
