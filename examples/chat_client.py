"""A traced client of an OpenAI-compatible chat service.

Needs the `openai` package. The environment variables OPENAI_BASE_URL and OPENAI_API_KEY select the service.
"""

import os

from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from ace.tracing import configure, start_span, trace

MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")

configure(folder="examples/chat")
client = OpenAI()


@trace(span_type="CHAT_MODEL", attributes={"model": MODEL})
def chat(messages: list[ChatCompletionMessageParam]) -> ChatCompletion:
    """Call the model once."""
    return client.chat.completions.create(model=MODEL, messages=messages)


@trace(span_type="AGENT")
def ask(question: str) -> str:
    """Ask the model, and record the token usage of the answer."""
    completion = chat([{"role": "system", "content": "Answer in one sentence."}, {"role": "user", "content": question}])
    with start_span("read the answer") as span:
        if completion.usage:
            span.set_attribute("usage", completion.usage)
        text = completion.choices[0].message.content or ""
        span.set_outputs(text)
    return text


if __name__ == "__main__":
    print(ask("What is a span?"))
