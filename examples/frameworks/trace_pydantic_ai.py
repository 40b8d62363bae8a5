"""Trace a Pydantic AI agent."""

from pydantic_ai import Agent

from ace.tracing import configure, instrument

configure()
instrument("pydantic-ai")
agent = Agent("openai-chat:gpt-4o-mini", name="guide")


@agent.tool_plain
def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"{city}: 18 degrees, light rain"


print(agent.run_sync("What is the weather in Paris?").output)
