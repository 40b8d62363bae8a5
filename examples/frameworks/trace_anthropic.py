"""Trace the calls of the Anthropic client."""

from anthropic import Anthropic

from ace.tracing import configure, instrument, trace

configure()
instrument("anthropic")
client = Anthropic()


@trace(span_type="AGENT")
def answer(question: str) -> str:
    messages = [{"role": "user", "content": question}]
    response = client.messages.create(model="claude-sonnet-4-6", max_tokens=100, messages=messages)
    return response.content[0].text


print(answer("What is the capital of France?"))
