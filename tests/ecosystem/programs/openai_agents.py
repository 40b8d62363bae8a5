"""Runs of an agent of the OpenAI Agents SDK with a tool, over responses and over chat completions."""

from __future__ import annotations

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool
from cases import KEY, MODEL, OPENAI_URL, cancel_during_call, get_weather
from openai import AsyncOpenAI
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION

CHAT = OpenAIChatCompletionsModel
RESPONSES = OpenAIResponsesModel


def _agent(model: type[CHAT] | type[RESPONSES]) -> Agent:
    client = AsyncOpenAI(api_key=KEY, base_url=OPENAI_URL, max_retries=0)
    return Agent(
        name="guide",
        instructions="You are a guide.",
        tools=[function_tool(get_weather)],
        model=model(MODEL, client),
        model_settings=ModelSettings(include_usage=True),
    )


def chat() -> str:
    return str(Runner.run_sync(_agent(RESPONSES), QUESTION).final_output)


async def chat_async() -> str:
    return str((await Runner.run(_agent(RESPONSES), QUESTION)).final_output)


async def chat_completions() -> str:
    return str((await Runner.run(_agent(CHAT), QUESTION)).final_output)


async def tools() -> str:
    return str((await Runner.run(_agent(RESPONSES), WEATHER_QUESTION)).final_output)


async def chat_completions_tools() -> str:
    return str((await Runner.run(_agent(CHAT), WEATHER_QUESTION)).final_output)


async def stream() -> str:
    result = Runner.run_streamed(_agent(RESPONSES), QUESTION)
    async for _ in result.stream_events():
        pass
    return str(result.final_output)


async def error() -> None:
    await Runner.run(_agent(RESPONSES), FAILING_QUESTION)


async def cancelled() -> str:
    return await cancel_during_call(Runner.run(_agent(RESPONSES), SLOW_QUESTION))


async def abandoned() -> str:
    result = Runner.run_streamed(_agent(RESPONSES), SLOW_QUESTION)
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            result.cancel()
            return event.data.delta
    return "nothing"
