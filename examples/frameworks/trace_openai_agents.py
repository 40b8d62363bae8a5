"""Trace an agent of the OpenAI Agents SDK."""

from agents import Agent, Runner, function_tool

from ace.tracing import configure, instrument

configure()
instrument("openai-agents")


@function_tool
def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"{city}: 18 degrees, light rain"


agent = Agent(name="guide", model="gpt-4o-mini", tools=[get_weather])
print(Runner.run_sync(agent, "What is the weather in Paris?").final_output)
