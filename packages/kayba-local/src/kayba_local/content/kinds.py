"""The kind of a value, and the value in the form of its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import orjson

from kayba_local.content.documents import read_documents
from kayba_local.content.model_calls import read_request, read_response, read_tools
from kayba_local.content.parts import Json, media_part

MAX_BYTES: Final = 262_144
"""The most that is shown of a value, in bytes of JSON."""

Side = Literal["inputs", "outputs"]

_MODELS: Final = frozenset({"CHAT_MODEL", "LLM", "AGENT"})
_MEDIA: Final = re.compile(r"(?:data:[\w.+-]+/[\w.+-]+[;,]|mlflow-attachment://)", re.ASCII)


def read_content(value: Any, side: Side, span_type: str = "UNKNOWN", *, max_bytes: int = MAX_BYTES) -> Json:
    """Return a value of a span with its kind, as `Content` of the contract.

    Args:
        value: The JSON value.
        side: The part of the span that it is.
        span_type: The type of the span. Retrievers return documents.
        max_bytes: A value with more bytes of JSON is cut: the result has the beginning of its JSON as text.
    """
    encoded = orjson.dumps(value)
    size = len(encoded)
    if size > max_bytes:
        text = value if isinstance(value, str) else encoded.decode()
        beginning = text.encode()[:max_bytes].decode(errors="ignore")
        return {"kind": "text", "text": beginning, "bytes": size, "truncated": True}
    return {**_read_kind(value, side, span_type), "bytes": size, "truncated": False}


def _read_kind(value: Any, side: Side, span_type: str) -> Json:
    if isinstance(value, str):
        return {"kind": "media", "media": media_part(value)} if _MEDIA.match(value) else {"kind": "text", "text": value}
    if span_type == "RETRIEVER" or span_type == "RERANKER":
        documents = read_documents(value)
        if documents is not None:
            return {"kind": "documents", "documents": documents}
    messages = read_request(value) if side == "inputs" else read_response(value)
    if messages is not None:
        content: Json = {"kind": "messages", "messages": messages}
        # The messages are in one form; what stands beside them, such as the temperature, is shown as it is.
        rest = _rest_of(value)
        tools = read_tools(value)
        return {**content, **({"tools": tools} if tools else {}), **({"json": rest} if rest else {})}
    documents = read_documents(value)
    if documents is not None:
        return {"kind": "documents", "documents": documents}
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(text := next(iter(value.values())), str):
        return {"kind": "json", "json": value, "text": text}
    return {"kind": "json", "json": value}


_SHOWN: Final = frozenset(
    {
        *("messages", "contents", "input", "prompt", "input_messages", "tools", "functions", "system", "instructions"),
        *("choices", "candidates", "generations", "output", "role", "content", "parts", "tool_calls", "type", "id"),
        *("systemInstruction", "system_instruction", "name", "object", "system_prompt", "refusal", "stop_reason"),
        *("finish_reason", "message", "new_message", "kwargs"),
    }
)


def _rest_of(value: Any) -> Json:
    """Return the properties of a request or response that its messages and tools do not contain."""
    if not isinstance(value, Mapping):
        return {}
    return {key: inner for key, inner in value.items() if key not in _SHOWN and inner is not None}
