"""Trace a DSPy agent."""

import dspy

from ace.tracing import configure, instrument

configure()
instrument("dspy")
dspy.configure(lm=dspy.LM("openai/gpt-4o-mini"))


def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"{city}: 18 degrees, light rain"


agent = dspy.ReAct("question -> answer", tools=[get_weather])
print(agent(question="What is the weather in Paris?").answer)
