"""Runs of a CrewAI crew of one agent with a tool."""

from __future__ import annotations

from typing import Any

from cases import KEY, MODEL, OPENAI_URL, cancel_during_call, get_weather
from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION


def _crew(question: str, *, stream: bool = False) -> Any:
    llm = LLM(model=f"openai/{MODEL}", base_url=OPENAI_URL, api_key=KEY, stream=stream, max_retries=0)
    agent = Agent(
        role="Guide",
        goal="Answer questions",
        backstory="You know every city.",
        llm=llm,
        tools=[tool("get_weather")(get_weather)],
        max_retry_limit=0,
        max_iter=3,
    )
    task = Task(description=question, expected_output="One sentence", agent=agent)
    return Crew(agents=[agent], tasks=[task], verbose=False, tracing=False)


def chat() -> str:
    return str(_crew(QUESTION).kickoff())


async def chat_async() -> str:
    return str(await _crew(QUESTION).kickoff_async())


def tools() -> str:
    return str(_crew(WEATHER_QUESTION).kickoff())


def stream() -> str:
    return str(_crew(QUESTION, stream=True).kickoff())


def error() -> None:
    _crew(FAILING_QUESTION).kickoff()


async def cancelled() -> str:
    return await cancel_during_call(_crew(SLOW_QUESTION).akickoff())
