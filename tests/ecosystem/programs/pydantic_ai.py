"""Runs of a Pydantic AI agent with a tool."""

from __future__ import annotations

from cases import KEY, MODEL, OPENAI_URL, cancel_during_call, get_weather
from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION


def _agent(model: type[OpenAIChatModel] | type[OpenAIResponsesModel] = OpenAIChatModel) -> Agent:
    # A client belongs to the event loop of its first call, and each case has a loop of its own.
    client = AsyncOpenAI(api_key=KEY, base_url=OPENAI_URL, max_retries=0)
    return Agent(
        model(MODEL, provider=OpenAIProvider(openai_client=client)),
        name="guide",
        system_prompt="You are a guide.",
        tools=[get_weather],
        retries=0,
    )


def chat() -> str:
    return _agent().run_sync(QUESTION).output


async def chat_async() -> str:
    return (await _agent().run(QUESTION)).output


async def responses() -> str:
    return (await _agent(OpenAIResponsesModel).run(QUESTION)).output


def tools() -> str:
    return _agent().run_sync(WEATHER_QUESTION).output


async def stream() -> str:
    async with _agent().run_stream(QUESTION) as result:
        return "".join([text async for text in result.stream_text(delta=True)])


async def error() -> None:
    await _agent().run(FAILING_QUESTION)


async def cancelled() -> str:
    return await cancel_during_call(_agent().run(SLOW_QUESTION))


async def abandoned() -> str:
    async with _agent().run_stream(SLOW_QUESTION) as result:
        async for text in result.stream_text(delta=True, debounce_by=None):
            return text
    return "nothing"
