"""Traced functions that return answers and streams of a client whose calls an instrumentor records, too."""

from __future__ import annotations

import sys
from typing import Any

from cases import ANTHROPIC_MODEL, MODEL
from questions import QUESTION

import ace_tracing
from ace_tracing import trace

MESSAGES: Any = [{"role": "user", "content": QUESTION}]


@trace
def answer(**more: Any) -> Any:
    if sys.argv[1] == "openai":
        from openai import OpenAI

        if more:
            more["stream_options"] = {"include_usage": True}
        return OpenAI().chat.completions.create(model=MODEL, messages=MESSAGES, **more)
    from anthropic import Anthropic

    return Anthropic().messages.create(model=ANTHROPIC_MODEL, max_tokens=100, messages=MESSAGES, **more)


ace_tracing.configure()
ace_tracing.instrument(sys.argv[1])
answer()
list(answer(stream=True))
assert ace_tracing.flush()
