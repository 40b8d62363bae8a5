"""The parts that the wires of OpenAI and Anthropic share in the loopback provider."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.helpers.ecosystem.replies import Conversation, Reply, choose_reply


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens that a response reports.

    Attributes:
        input_tokens: All input tokens, with those read from and written to the cache.
        output_tokens: All output tokens, with those for reasoning.
        cache_read: The input tokens that were read from the cache.
        reasoning: The output tokens that were used for reasoning.
        cache_written: The input tokens that were written to the cache.
    """

    input_tokens: int
    output_tokens: int
    cache_read: int = 0
    reasoning: int = 0
    cache_written: int = 0

    @property
    def total(self) -> int:
        """The sum of input and output."""
        return self.input_tokens + self.output_tokens


class Api(ABC):
    """One path of the provider."""

    first_text_event: ClassVar[int]
    """The number of the stream's event with the first piece of text; a slow stream stops after it."""

    def count(self, input_tokens: int, output_tokens: int) -> Usage:
        """Return the tokens that a response reports."""
        return Usage(input_tokens, output_tokens, cache_read=4, reasoning=2)

    @abstractmethod
    def read(self, request: dict[str, Any]) -> Conversation:
        """Return the conversation in a request."""

    def choose(self, conversation: Conversation) -> Reply:
        """Return the reply to a conversation."""
        return choose_reply(conversation)

    @abstractmethod
    def response(self, request: dict[str, Any], reply: Reply, usage: Usage) -> dict[str, Any]:
        """Return the whole response."""

    @abstractmethod
    def events(self, request: dict[str, Any], reply: Reply, usage: Usage) -> Iterator[str]:
        """Yield the events of a stream, as server-sent events."""

    @abstractmethod
    def error(self, status: int, message: str) -> dict[str, Any]:
        """Return the body of an error."""

    def reports_usage(self, request: dict[str, Any]) -> bool:
        """Return whether the stream of a request reports its tokens."""
        return True


def sse(data: object, event: str = "") -> str:
    """Return a server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {event}\ndata: {text}\n\n" if event else f"data: {text}\n\n"


def text_of(content: Any) -> str:
    """Return the text of a message's content: a text, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(text_of(part) for part in content)
    if isinstance(content, dict):
        return " ".join(text_of(content[key]) for key in ("text", "content", "output") if key in content)
    return ""


def last(texts: Iterable[str]) -> str:
    """Return the last text that is not empty."""
    return next((text for text in reversed(list(texts)) if text), "")
