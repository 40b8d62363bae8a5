"""Calls of the OpenAI client: chat completions, responses and embeddings, synchronous and asynchronous."""

from __future__ import annotations

import json
from typing import Any

from cases import EMBEDDING_MODEL, KEY, MODEL, OPENAI_URL, WEATHER_SCHEMA, cancel_during_call, get_weather
from openai import APIStatusError, AsyncOpenAI, OpenAI
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION

client = OpenAI(api_key=KEY, base_url=OPENAI_URL, max_retries=0)
async_client = AsyncOpenAI(api_key=KEY, base_url=OPENAI_URL, max_retries=0)
CHAT_TOOLS: list[Any] = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER_SCHEMA}}]
TOOLS: list[Any] = [{"type": "function", "name": "get_weather", "parameters": WEATHER_SCHEMA, "strict": False}]


def _ask(question: str) -> Any:
    return [{"role": "user", "content": question}]


def chat() -> str | None:
    return client.chat.completions.create(model=MODEL, messages=_ask(QUESTION)).choices[0].message.content


async def chat_async() -> str | None:
    response = await async_client.chat.completions.create(model=MODEL, messages=_ask(QUESTION))
    return response.choices[0].message.content


def tools() -> str | None:
    messages = _ask(WEATHER_QUESTION)
    response = client.chat.completions.create(model=MODEL, messages=messages, tools=CHAT_TOOLS)
    message = response.choices[0].message
    messages.append(message.model_dump(exclude_none=True))
    for call in message.tool_calls or ():
        result = get_weather(**json.loads(call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    response = client.chat.completions.create(model=MODEL, messages=messages, tools=CHAT_TOOLS)
    return response.choices[0].message.content


def stream() -> str:
    chunks = client.chat.completions.create(
        model=MODEL, messages=_ask(QUESTION), stream=True, stream_options={"include_usage": True}
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def stream_without_usage() -> str:
    chunks = client.chat.completions.create(model=MODEL, messages=_ask(QUESTION), stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def stream_async() -> str:
    chunks = await async_client.chat.completions.create(
        model=MODEL, messages=_ask(QUESTION), stream=True, stream_options={"include_usage": True}
    )
    return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices])


def responses() -> str:
    return client.responses.create(model=MODEL, input=QUESTION).output_text


def responses_tools() -> str:
    items = _ask(WEATHER_QUESTION)
    response = client.responses.create(model=MODEL, input=items, tools=TOOLS)
    for item in response.output:
        items.append(item.model_dump(exclude_none=True))
        if item.type == "function_call":
            output = get_weather(**json.loads(item.arguments))
            items.append({"type": "function_call_output", "call_id": item.call_id, "output": output})
    return client.responses.create(model=MODEL, input=items, tools=TOOLS).output_text


def responses_stream() -> str:
    events = client.responses.create(model=MODEL, input=QUESTION, stream=True)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def embeddings() -> int:
    return len(client.embeddings.create(model=EMBEDDING_MODEL, input=QUESTION).data[0].embedding)


def error() -> None:
    client.chat.completions.create(model=MODEL, messages=_ask(FAILING_QUESTION))


def errors_of_each_status() -> list[int]:
    statuses = []
    for status in (400, 401, 429, 500):
        try:
            client.chat.completions.create(model=MODEL, messages=_ask(f"Fail with status {status}, please."))
        except APIStatusError as error:
            statuses.append(error.status_code)
    return statuses


async def cancelled() -> str:
    return await cancel_during_call(async_client.chat.completions.create(model=MODEL, messages=_ask(SLOW_QUESTION)))


def abandoned() -> str:
    with client.chat.completions.create(model=MODEL, messages=_ask(SLOW_QUESTION), stream=True) as chunks:
        for chunk in chunks:
            if chunk.choices[0].delta.content:
                return chunk.choices[0].delta.content
    return "nothing"
