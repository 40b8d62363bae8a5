"""Trace a CrewAI crew."""

from crewai import Agent, Crew, Task

from ace.tracing import configure, instrument

configure()
instrument("crewai", "openai")

guide = Agent(role="Guide", goal="Answer questions", backstory="You know every city.", llm="openai/gpt-4o-mini")
task = Task(description="What is the capital of France?", expected_output="One sentence", agent=guide)
print(Crew(agents=[guide], tasks=[task]).kickoff())
