"""Calls of LlamaIndex: a chat model and an agent with a tool."""

from __future__ import annotations

from typing import Any

from cases import KEY, MODEL, OPENAI_URL, cancel_during_call, get_weather
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION


def _model() -> Any:
    usage = {"stream_options": {"include_usage": True}}
    return OpenAI(model=MODEL, api_key=KEY, api_base=OPENAI_URL, max_retries=0, additional_kwargs={}), usage


def _ask(question: str) -> list[ChatMessage]:
    return [ChatMessage(role="user", content=question)]


def chat() -> str:
    model, _ = _model()
    return str(model.chat(_ask(QUESTION)).message.content)


async def chat_async() -> str:
    model, _ = _model()
    return str((await model.achat(_ask(QUESTION))).message.content)


async def tools() -> str:
    model, usage = _model()
    model.additional_kwargs = usage
    agent = FunctionAgent(tools=[FunctionTool.from_defaults(get_weather)], llm=model)
    return str(await agent.run(WEATHER_QUESTION))


def stream() -> str:
    model, usage = _model()
    return "".join(chunk.delta or "" for chunk in model.stream_chat(_ask(QUESTION), **usage))


def error() -> None:
    model, _ = _model()
    model.chat(_ask(FAILING_QUESTION))


async def cancelled() -> str:
    model, _ = _model()
    return await cancel_during_call(model.achat(_ask(SLOW_QUESTION)))


def abandoned() -> str:
    model, _ = _model()
    chunks = model.stream_chat(_ask(SLOW_QUESTION))
    text = next(chunk.delta for chunk in chunks if chunk.delta)
    chunks.close()
    return str(text)
