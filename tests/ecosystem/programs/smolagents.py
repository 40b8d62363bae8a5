"""Runs of a smolagents agent with a tool."""

from __future__ import annotations

from typing import Any

from cases import KEY, MODEL, OPENAI_URL, get_weather
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION
from smolagents import OpenAIModel, ToolCallingAgent, tool


def _model() -> Any:
    return OpenAIModel(model_id=MODEL, api_base=OPENAI_URL, api_key=KEY, client_kwargs={"max_retries": 0}, retry=False)


def _agent() -> Any:
    return ToolCallingAgent(tools=[tool(get_weather)], model=_model(), verbosity_level=0)


def chat() -> str:
    return str(_agent().run(QUESTION))


def tools() -> str:
    return str(_agent().run(WEATHER_QUESTION))


def stream() -> str:
    chunks = _model().generate_stream([{"role": "user", "content": QUESTION}])
    return "".join(chunk.content or "" for chunk in chunks)


def error() -> None:
    _agent().run(FAILING_QUESTION)


def abandoned() -> str:
    chunks = _model().generate_stream([{"role": "user", "content": SLOW_QUESTION}])
    text = next(chunk.content for chunk in chunks if chunk.content)
    chunks.close()
    return str(text)
