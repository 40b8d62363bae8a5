"""OpenAI's wire: chat completions, responses and embeddings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.helpers.ecosystem.replies import Conversation, Reply
from tests.helpers.ecosystem.wire import Api, Usage, last, sse, text_of

CREATED: Final = 1_700_000_000
ERROR_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    500: "server_error",
}


class _OpenAI(Api):
    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"error": {"message": message, "type": ERROR_TYPES[status], "param": None, "code": None}}


class ChatCompletions(_OpenAI):
    """`POST /v1/chat/completions`."""

    first_text_event = 1

    def read(self, request: dict[str, Any]) -> Conversation:
        messages = request["messages"]
        texts = [text_of(message.get("content")) for message in messages]
        users = [text for message, text in zip(messages, texts, strict=True) if message["role"] == "user"]
        return Conversation(
            last(users),
            "\n".join(texts),
            tuple(tool["function"]["name"] for tool in request.get("tools") or ()),
        )

    def response(self, request: dict[str, Any], reply: Reply, usage: Usage) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
        if reply.tool:
            message["tool_calls"] = [self._tool_call(reply, usage)]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish_reason(reply)}
        return {**self._head(request, usage, "chat.completion"), "choices": [choice], "usage": self._usage(usage)}

    def events(self, request: dict[str, Any], reply: Reply, usage: Usage) -> Iterator[str]:
        head = self._head(request, usage, "chat.completion.chunk")

        def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> str:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
            return sse({**head, "choices": [choice]})

        yield chunk({"role": "assistant", "content": None if reply.tool else ""})
        if reply.tool:
            call = self._tool_call(reply, usage)
            first, rest = call["function"]["arguments"][:5], call["function"]["arguments"][5:]
            yield chunk({"tool_calls": [{"index": 0, **call, "function": {"name": reply.tool, "arguments": first}}]})
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": rest}}]})
        for piece in reply.pieces:
            yield chunk({"content": piece})
        yield chunk({}, self._finish_reason(reply))
        if self.reports_usage(request):
            yield sse({**head, "choices": [], "usage": self._usage(usage)})
        yield sse("[DONE]")

    def reports_usage(self, request: dict[str, Any]) -> bool:
        return bool((request.get("stream_options") or {}).get("include_usage"))

    def _head(self, request: dict[str, Any], usage: Usage, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{usage.input_tokens}",
            "object": kind,
            "created": CREATED,
            "model": request["model"],
            "system_fingerprint": "fp_loopback",
            "service_tier": "default",
        }

    def _finish_reason(self, reply: Reply) -> str:
        return "tool_calls" if reply.tool else "stop"

    def _tool_call(self, reply: Reply, usage: Usage) -> dict[str, Any]:
        function = {"name": reply.tool, "arguments": reply.arguments_json}
        return {"id": f"call_{usage.input_tokens}", "type": "function", "function": function}

    def _usage(self, usage: Usage) -> dict[str, Any]:
        return {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.total,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
        }


class Responses(_OpenAI):
    """`POST /v1/responses`."""

    first_text_event = 4

    def read(self, request: dict[str, Any]) -> Conversation:
        items = request["input"]
        if isinstance(items, str):
            items = [{"role": "user", "content": items}]
        texts = [text_of(item) for item in items]
        pairs = list(zip(items, texts, strict=True))
        return Conversation(
            last(text for item, text in pairs if item.get("role") == "user"),
            "\n".join([request.get("instructions") or "", *texts]),
            tuple(tool["name"] for tool in request.get("tools") or () if "name" in tool),
        )

    def response(self, request: dict[str, Any], reply: Reply, usage: Usage) -> dict[str, Any]:
        return {
            "id": f"resp_{usage.input_tokens}",
            "object": "response",
            "created_at": CREATED,
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "instructions": request.get("instructions"),
            "metadata": {},
            "model": request["model"],
            "output": [self._item(reply, usage, "completed")],
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": request.get("tools") or [],
            "top_p": 1.0,
            "usage": {
                "input_tokens": usage.input_tokens,
                "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": 0},
                "output_tokens": usage.output_tokens,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning},
                "total_tokens": usage.total,
            },
        }

    def events(self, request: dict[str, Any], reply: Reply, usage: Usage) -> Iterator[str]:
        whole = self.response(request, reply, usage)
        item = self._item(reply, usage, "completed")
        place = {"output_index": 0, "item_id": item["id"]}
        for number, (name, content) in enumerate(self._events(whole, item, place, reply)):
            yield sse({"type": name, "sequence_number": number, **content}, name)

    def _events(
        self, whole: dict[str, Any], item: dict[str, Any], place: dict[str, Any], reply: Reply
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        running = {**whole, "status": "in_progress", "output": [], "usage": None}
        yield "response.created", {"response": running}
        yield "response.in_progress", {"response": running}
        empty: dict[str, Any] = {"arguments": ""} if reply.tool else {"content": []}
        yield "response.output_item.added", {"output_index": 0, "item": {**item, "status": "in_progress", **empty}}
        if reply.tool:
            yield "response.function_call_arguments.delta", {**place, "delta": reply.arguments_json}
            yield "response.function_call_arguments.done", {**place, "arguments": reply.arguments_json}
        else:
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            yield "response.content_part.added", {**place, "content_index": 0, "part": part}
            for piece in reply.pieces:
                yield "response.output_text.delta", {**place, "content_index": 0, "delta": piece, "logprobs": []}
            yield "response.output_text.done", {**place, "content_index": 0, "text": reply.text, "logprobs": []}
            part = {**part, "text": reply.text}
            yield "response.content_part.done", {**place, "content_index": 0, "part": part}
        yield "response.output_item.done", {"output_index": 0, "item": item}
        yield "response.completed", {"response": whole}

    def _item(self, reply: Reply, usage: Usage, status: str) -> dict[str, Any]:
        number = usage.input_tokens
        if reply.tool:
            call = {"call_id": f"call_{number}", "name": reply.tool, "arguments": reply.arguments_json}
            return {"type": "function_call", "id": f"fc_{number}", "status": status, **call}
        part = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
        return {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": status, "content": [part]}


class Embeddings(_OpenAI):
    """`POST /v1/embeddings`."""

    first_text_event = 0

    def count(self, input_tokens: int, output_tokens: int) -> Usage:
        """Return the tokens of the input."""
        return Usage(input_tokens, 0)

    def read(self, request: dict[str, Any]) -> Conversation:
        return Conversation(text_of(request["input"]), text_of(request["input"]))

    def response(self, request: dict[str, Any], reply: Reply, usage: Usage) -> dict[str, Any]:
        count = len(request["input"]) if isinstance(request["input"], list) else 1
        data = [{"object": "embedding", "index": index, "embedding": [0.25, -0.5, 0.125]} for index in range(count)]
        tokens = {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens}
        return {"object": "list", "data": data, "model": request["model"], "usage": tokens}

    def events(self, request: dict[str, Any], reply: Reply, usage: Usage) -> Iterator[str]:
        raise ValueError(f"embeddings are not streamed: {json.dumps(request)}")
