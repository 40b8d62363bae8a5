"""Trace a LangChain agent."""

from langchain.agents import create_agent
from langchain.tools import tool

from ace.tracing import configure, instrument

configure()
instrument("langchain")


@tool
def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"{city}: 18 degrees, light rain"


agent = create_agent("openai:gpt-4o-mini", [get_weather])
result = agent.invoke({"messages": [{"role": "user", "content": "What is the weather in Paris?"}]})
print(result["messages"][-1].content)
