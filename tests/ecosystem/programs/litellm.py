"""Calls of LiteLLM: completions, responses and embeddings."""

from __future__ import annotations

import json
from typing import Any

import litellm
from cases import (
    ANTHROPIC_MODEL,
    EMBEDDING_MODEL,
    KEY,
    MODEL,
    OPENAI_URL,
    PROVIDER,
    WEATHER_SCHEMA,
    cancel_during_call,
    get_weather,
)
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION

litellm.telemetry = False
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER_SCHEMA}}]


def _ask(question: str) -> dict[str, Any]:
    return {
        "model": f"openai/{MODEL}",
        "api_key": KEY,
        "api_base": OPENAI_URL,
        "max_retries": 0,
        "messages": [{"role": "user", "content": question}],
    }


def chat() -> str:
    return str(litellm.completion(**_ask(QUESTION)).choices[0].message.content)


def chat_anthropic() -> str:
    request = {**_ask(QUESTION), "model": f"anthropic/{ANTHROPIC_MODEL}", "api_base": PROVIDER}
    return str(litellm.completion(**request).choices[0].message.content)


async def chat_async() -> str:
    return str((await litellm.acompletion(**_ask(QUESTION))).choices[0].message.content)


def tools() -> str:
    request = _ask(WEATHER_QUESTION)
    message = litellm.completion(**request, tools=TOOLS).choices[0].message
    request["messages"].append(message.model_dump(exclude_none=True))
    for call in message.tool_calls:
        result = get_weather(**json.loads(call.function.arguments))
        request["messages"].append({"role": "tool", "tool_call_id": call.id, "content": result})
    return str(litellm.completion(**request, tools=TOOLS).choices[0].message.content)


def stream() -> str:
    chunks = litellm.completion(**_ask(QUESTION), stream=True, stream_options={"include_usage": True})
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def stream_async() -> str:
    chunks = await litellm.acompletion(**_ask(QUESTION), stream=True, stream_options={"include_usage": True})
    return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices])


def responses() -> str:
    request = {key: value for key, value in _ask(QUESTION).items() if key not in ("messages", "max_retries")}
    return str(litellm.responses(**request, input=QUESTION).output[0].content[0].text)


def embeddings() -> int:
    request = {key: value for key, value in _ask(QUESTION).items() if key not in ("messages", "model")}
    return len(litellm.embedding(**request, model=f"openai/{EMBEDDING_MODEL}", input=[QUESTION]).data[0]["embedding"])


def error() -> None:
    litellm.completion(**_ask(FAILING_QUESTION))


async def cancelled() -> str:
    return await cancel_during_call(litellm.acompletion(**_ask(SLOW_QUESTION)))


def abandoned() -> str:
    chunks = litellm.completion(**_ask(SLOW_QUESTION), stream=True)
    text = next(chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content)
    chunks.completion_stream.response.close()
    return str(text)
