"""Trace a LlamaIndex agent."""

import asyncio

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai import OpenAI

from ace.tracing import configure, instrument

configure()
instrument("llama-index")


def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"{city}: 18 degrees, light rain"


async def main() -> None:
    agent = FunctionAgent(tools=[get_weather], llm=OpenAI(model="gpt-4o-mini"))
    print(await agent.run("What is the weather in Paris?"))


asyncio.run(main())
