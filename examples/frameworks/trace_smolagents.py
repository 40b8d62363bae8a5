"""Trace a smolagents agent."""

from smolagents import OpenAIModel, ToolCallingAgent, tool

from ace.tracing import configure, instrument

configure()
instrument("smolagents")


@tool
def get_weather(city: str) -> str:
    """Return the weather in a city.

    Args:
        city: The name of the city.
    """
    return f"{city}: 18 degrees, light rain"


agent = ToolCallingAgent(tools=[get_weather], model=OpenAIModel("gpt-4o-mini"), verbosity_level=0)
print(agent.run("What is the weather in Paris?"))
