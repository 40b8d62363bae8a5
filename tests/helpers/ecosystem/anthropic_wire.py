"""Anthropic's wire: messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tests.helpers.ecosystem.replies import Conversation, Reply
from tests.helpers.ecosystem.wire import Api, Usage, last, sse, text_of

ERROR_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    500: "api_error",
}


class Messages(Api):
    """`POST /v1/messages`."""

    first_text_event = 2

    def count(self, input_tokens: int, output_tokens: int) -> Usage:
        """Return the tokens that a response reports: Anthropic counts no reasoning."""
        return Usage(input_tokens, output_tokens, cache_read=4, cache_written=3)

    def read(self, request: dict[str, Any]) -> Conversation:
        questions, texts = list[str](), [text_of(request.get("system"))]
        for message in request["messages"]:
            content = message["content"]
            parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
            for part in parts:
                text = text_of(part)
                texts.append(text)
                if message["role"] == "user" and part["type"] != "tool_result":
                    questions.append(text)
        tools = tuple(tool["name"] for tool in request.get("tools") or ())
        return Conversation(last(questions), "\n".join(texts), tools)

    def response(self, request: dict[str, Any], reply: Reply, usage: Usage) -> dict[str, Any]:
        return {
            **self._head(request, usage),
            "content": [self._block(reply, usage)],
            "stop_reason": self._stop_reason(reply),
            "usage": self._usage(usage),
        }

    def events(self, request: dict[str, Any], reply: Reply, usage: Usage) -> Iterator[str]:
        for name, content in self._events(request, reply, usage):
            yield sse({"type": name, **content}, name)

    def _events(self, request: dict[str, Any], reply: Reply, usage: Usage) -> Iterator[tuple[str, dict[str, Any]]]:
        start = {**self._usage(usage), "output_tokens": 1}
        message = {**self._head(request, usage), "content": [], "stop_reason": None, "usage": start}
        yield "message_start", {"message": message}
        block = self._block(reply, usage)
        empty: dict[str, Any] = {"input": {}} if reply.tool else {"text": ""}
        yield "content_block_start", {"index": 0, "content_block": {**block, **empty}}
        if reply.tool:
            delta = {"type": "input_json_delta", "partial_json": reply.arguments_json}
            yield "content_block_delta", {"index": 0, "delta": delta}
        for piece in reply.pieces:
            yield "content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": piece}}
        yield "content_block_stop", {"index": 0}
        stop = {"stop_reason": self._stop_reason(reply), "stop_sequence": None}
        yield "message_delta", {"delta": stop, "usage": {"output_tokens": usage.output_tokens}}
        yield "message_stop", {}

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"type": "error", "error": {"type": ERROR_TYPES[status], "message": message}}

    def _head(self, request: dict[str, Any], usage: Usage) -> dict[str, Any]:
        return {
            "id": f"msg_{usage.input_tokens}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "stop_sequence": None,
        }

    def _block(self, reply: Reply, usage: Usage) -> dict[str, Any]:
        if reply.tool:
            return {
                "type": "tool_use",
                "id": f"toolu_{usage.input_tokens}",
                "name": reply.tool,
                "input": reply.arguments,
            }
        return {"type": "text", "text": reply.text}

    def _stop_reason(self, reply: Reply) -> str:
        return "tool_use" if reply.tool else "end_turn"

    def _usage(self, usage: Usage) -> dict[str, Any]:
        """Return Anthropic's counts, in which the input excludes the tokens of the cache."""
        return {
            "input_tokens": usage.input_tokens - usage.cache_read - usage.cache_written,
            "cache_read_input_tokens": usage.cache_read,
            "cache_creation_input_tokens": usage.cache_written,
            "output_tokens": usage.output_tokens,
        }
