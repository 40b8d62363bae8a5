"""Trace the calls of LiteLLM."""

import litellm

from ace.tracing import configure, instrument, trace

configure()
instrument("litellm")


@trace(span_type="AGENT")
def answer(question: str) -> str:
    response = litellm.completion(model="openai/gpt-4o-mini", messages=[{"role": "user", "content": question}])
    return response.choices[0].message.content


print(answer("What is the capital of France?"))
