"""Trace a Strands agent."""

from strands import Agent, tool
from strands.models.openai import OpenAIModel

from ace.tracing import configure, instrument

configure()
instrument("strands", set_global=True)


@tool
def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"{city}: 18 degrees, light rain"


agent = Agent(model=OpenAIModel(model_id="gpt-4o-mini"), tools=[get_weather], callback_handler=None)
print(agent("What is the weather in Paris?"))
