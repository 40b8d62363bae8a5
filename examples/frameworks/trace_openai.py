"""Trace the calls of the OpenAI client."""

from openai import OpenAI

from ace.tracing import configure, instrument, trace

configure()
instrument("openai")
client = OpenAI()


@trace(span_type="AGENT")
def answer(question: str) -> str | None:
    messages = [{"role": "user", "content": question}]
    response = client.chat.completions.create(model="gpt-4o-mini", messages=messages)
    return response.choices[0].message.content


print(answer("What is the capital of France?"))
