"""Runs of a Strands agent with a tool. Strands streams every response."""

from __future__ import annotations

from typing import Any

from cases import KEY, MODEL, OPENAI_URL, cancel_during_call, get_weather
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION
from strands import Agent, tool
from strands.models.openai import OpenAIModel


def _agent() -> Any:
    model = OpenAIModel(client_args={"api_key": KEY, "base_url": OPENAI_URL, "max_retries": 0}, model_id=MODEL)
    return Agent(model=model, tools=[tool(get_weather)], callback_handler=None, system_prompt="You are a guide.")


def chat() -> str:
    return str(_agent()(QUESTION)).strip()


async def chat_async() -> str:
    return str(await _agent().invoke_async(QUESTION)).strip()


def tools() -> str:
    return str(_agent()(WEATHER_QUESTION)).strip()


async def stream() -> str:
    return "".join([event["data"] async for event in _agent().stream_async(QUESTION) if "data" in event])


def error() -> None:
    _agent()(FAILING_QUESTION)


async def cancelled() -> str:
    return await cancel_during_call(_agent().invoke_async(SLOW_QUESTION))


async def abandoned() -> str:
    events = _agent().stream_async(SLOW_QUESTION)
    async for event in events:
        if "data" in event:
            await events.aclose()
            return str(event["data"])
    return "nothing"
