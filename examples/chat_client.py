"""A traced client of an OpenAI-compatible chat service.

Needs the `openai` package. The environment variables OPENAI_BASE_URL and OPENAI_API_KEY select the service.
"""

import os

from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from ace.tracing import configure, get_current_span, trace

MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")

configure(folder="examples/chat")
client = OpenAI()


@trace(span_type="CHAT_MODEL", attributes={"model": MODEL})
def chat(messages: list[ChatCompletionMessageParam]) -> ChatCompletion:
    """Call the model once, and record its token usage. The cost follows from the usage and the model."""
    completion = client.chat.completions.create(model=MODEL, messages=messages)
    if usage := completion.usage:
        prompt, answer = usage.prompt_tokens_details, usage.completion_tokens_details
        get_current_span().set_token_usage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            cache_read_input_tokens=prompt and prompt.cached_tokens,
            reasoning_tokens=answer and answer.reasoning_tokens,
            model=completion.model,
        )
    return completion


@trace(span_type="AGENT")
def ask(question: str) -> str:
    """Answer a question with one call of the model."""
    completion = chat([{"role": "system", "content": "Answer in one sentence."}, {"role": "user", "content": question}])
    return completion.choices[0].message.content or ""


if __name__ == "__main__":
    print(ask("What is a span?"))
