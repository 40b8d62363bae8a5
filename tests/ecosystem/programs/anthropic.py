"""Calls of the Anthropic client: messages, synchronous and asynchronous."""

from __future__ import annotations

from typing import Any

from anthropic import Anthropic, APIStatusError, AsyncAnthropic
from cases import ANTHROPIC_MODEL, KEY, PROVIDER, WEATHER_SCHEMA, cancel_during_call, get_weather
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION

client = Anthropic(api_key=KEY, base_url=PROVIDER, max_retries=0)
async_client = AsyncAnthropic(api_key=KEY, base_url=PROVIDER, max_retries=0)
TOOLS: list[Any] = [{"name": "get_weather", "description": "The weather in a city", "input_schema": WEATHER_SCHEMA}]


def _ask(question: str) -> dict[str, Any]:
    return {"model": ANTHROPIC_MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": question}]}


def chat() -> str:
    return client.messages.create(**_ask(QUESTION), system="You are a guide.").content[0].text


async def chat_async() -> str:
    return (await async_client.messages.create(**_ask(QUESTION))).content[0].text


def tools() -> str:
    request = _ask(WEATHER_QUESTION)
    response = client.messages.create(**request, tools=TOOLS)
    request["messages"].append({"role": "assistant", "content": [block.model_dump() for block in response.content]})
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": get_weather(**block.input)}
        for block in response.content
        if block.type == "tool_use"
    ]
    request["messages"].append({"role": "user", "content": results})
    return client.messages.create(**request, tools=TOOLS).content[0].text


def stream() -> str:
    with client.messages.stream(**_ask(QUESTION)) as events:
        return "".join(events.text_stream)


def stream_of_events() -> str:
    events = client.messages.create(**_ask(QUESTION), stream=True)
    return "".join(event.delta.text for event in events if event.type == "content_block_delta")


async def stream_async() -> str:
    async with async_client.messages.stream(**_ask(QUESTION)) as events:
        return "".join([text async for text in events.text_stream])


def error() -> None:
    client.messages.create(**_ask(FAILING_QUESTION))


def errors_of_each_status() -> list[int]:
    statuses = []
    for status in (400, 401, 429, 500):
        try:
            client.messages.create(**_ask(f"Fail with status {status}, please."))
        except APIStatusError as error:
            statuses.append(error.status_code)
    return statuses


async def cancelled() -> str:
    return await cancel_during_call(async_client.messages.create(**_ask(SLOW_QUESTION)))


def abandoned() -> str:
    with client.messages.create(**_ask(SLOW_QUESTION), stream=True) as events:
        for event in events:
            if event.type == "content_block_delta":
                return event.delta.text
    return "nothing"
