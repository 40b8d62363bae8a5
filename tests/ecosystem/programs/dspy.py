"""Runs of DSPy programs: a prediction, and an agent with a tool."""

from __future__ import annotations

from typing import Any

import dspy
from cases import KEY, MODEL, OPENAI_URL, cancel_during_call, get_weather
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION

# DSPy asks for no usage of a stream, and LiteLLM estimates it.
USAGE = {"include_usage": True}
lm = dspy.LM(f"openai/{MODEL}", api_base=OPENAI_URL, api_key=KEY, cache=False, num_retries=0, stream_options=USAGE)
dspy.configure(lm=lm)


def chat() -> str:
    return str(dspy.Predict("question -> answer")(question=QUESTION).answer)


async def chat_async() -> str:
    return str((await dspy.Predict("question -> answer").acall(question=QUESTION)).answer)


def tools() -> str:
    return str(dspy.ReAct("question -> answer", tools=[get_weather])(question=WEATHER_QUESTION).answer)


def error() -> None:
    dspy.Predict("question -> answer")(question=FAILING_QUESTION)


async def cancelled() -> str:
    return await cancel_during_call(dspy.Predict("question -> answer").acall(question=SLOW_QUESTION))


async def stream() -> str:
    program: Any = dspy.streamify(
        dspy.Predict("question -> answer"),
        stream_listeners=[dspy.streaming.StreamListener(signature_field_name="answer")],
    )
    answer = ""
    async for item in program(question=QUESTION):
        if isinstance(item, dspy.Prediction):
            answer = str(item.answer)
    return answer
