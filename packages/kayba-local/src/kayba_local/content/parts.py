"""Parts of a chat message: text, reasoning, tool calls, tool results, media and refusals.

Read from the content blocks of OpenAI, Anthropic, Gemini, Bedrock, LangChain and OpenTelemetry's GenAI conventions. A
block of an unknown type becomes a part of the type `other`, with the block as its value.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import orjson

Json = dict[str, Any]

_TEXTS: Final = frozenset({"text", "input_text", "output_text"})
_IMAGES: Final = frozenset({"image_url", "input_image"})


def read_parts(content: Any) -> list[Json]:
    """Return the parts of a message's content: a text, a block, or a list of both."""
    if content is None or content == "":
        return []
    blocks = content if isinstance(content, list) else [content]
    return [part for block in blocks for part in _read_block(block)]


def read_tool_calls(calls: Any) -> list[Json]:
    """Return the calls beside a message's content, in the form of OpenAI or LangChain."""
    return [_read_call(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def text_part(text: str) -> Json:
    """Return a part of plain text."""
    return {"type": "text", "text": text}


def reasoning_part(text: str) -> Json:
    """Return a part of the model's reasoning."""
    return {"type": "reasoning", "text": text}


def result_part(call_id: Any, result: Any, *, failed: bool = False, name: Any = None) -> Json:
    """Return the result of a tool call: a text if it is one or consists of texts, else a JSON value."""
    part: Json = {"type": "toolResult", "result": _join_texts(result)}
    if isinstance(call_id, str):
        part["id"] = call_id
    if isinstance(name, str):
        part["name"] = name
    return {**part, "failed": True} if failed else part


def call_part(call_id: Any, name: Any, arguments: Any) -> Json:
    """Return a tool call. Arguments that are JSON text are parsed; a text that a stream cut stays a text."""
    if isinstance(arguments, str):
        with suppress(ValueError):
            arguments = orjson.loads(arguments)
    part: Json = {"type": "toolCall", "name": str(name or ""), "arguments": arguments}
    return {**part, "id": call_id} if isinstance(call_id, str) else part


def media_part(uri: str, media_type: Any = None, name: Any = None) -> Json:
    """Return an image, audio or a file, given by its URI."""
    part: Json = {"type": "media", "uri": uri}
    if not isinstance(media_type, str) and uri.startswith("data:"):
        media_type = uri[5:].partition(",")[0].partition(";")[0]
    if isinstance(media_type, str) and media_type:
        part["mediaType"] = media_type
    return {**part, "name": name} if isinstance(name, str) else part


def _read_block(block: Any) -> Iterable[Json]:
    if isinstance(block, str):
        return [text_part(block)]
    if not isinstance(block, dict):
        return [{"type": "other", "value": block}]
    kind = block.get("type")
    part = _read_typed(kind, block) if isinstance(kind, str) else None
    part = part or _read_untyped(block)
    return [{"type": "other", "value": block} if part is None else part]


def _read_typed(kind: str, block: Json) -> Json | None:
    if kind in _TEXTS:
        text = block.get("text", block.get("content"))
        return text_part(text) if isinstance(text, str) else None
    if kind in ("thinking", "reasoning", "reasoning_content"):
        return _read_reasoning(block)
    if kind in ("tool_use", "server_tool_use", "tool_call", "function_call", "function"):
        return _read_call(block)
    if kind in ("tool_result", "tool_call_response", "function_call_output"):
        return _read_result(block)
    if kind == "refusal" and isinstance(block.get("refusal"), str):
        return {"type": "refusal", "text": block["refusal"]}
    return _read_media(kind, block)


def _read_reasoning(block: Json) -> Json | None:
    """Return reasoning in the form of Anthropic, of GenAI, of LangChain, or of OpenAI's Responses API."""
    for key in ("thinking", "content", "text", "reasoning"):
        if isinstance(text := block.get(key), str):
            return reasoning_part(text)
    texts = [item["text"] for item in _objects(block.get("summary")) if isinstance(item.get("text"), str)]
    return reasoning_part("\n\n".join(texts))


def _read_call(block: Json) -> Json:
    function = block.get("function")
    inner = function if isinstance(function, dict) else block
    name = inner.get("name")
    arguments = next((inner[key] for key in ("arguments", "input", "args", "parameters") if key in inner), None)
    return call_part(block.get("call_id") or block.get("id"), name, arguments)


def _read_result(block: Json) -> Json:
    call_id = next((block[key] for key in ("tool_use_id", "call_id", "id") if key in block), None)
    result = next((block[key] for key in ("content", "response", "result", "output") if key in block), None)
    return result_part(call_id, result, failed=block.get("is_error") is True)


def _read_media(kind: str, block: Json) -> Json | None:
    if kind in _IMAGES:
        image = block.get("image_url")
        uri = image.get("url") if isinstance(image, dict) else image
        return media_part(uri) if isinstance(uri, str) else None
    if kind == "input_audio" and isinstance(audio := block.get("input_audio"), dict):
        media_type = f"audio/{audio.get('format', 'wav')}"
        return media_part(f"data:{media_type};base64,{audio.get('data', '')}", media_type)
    if kind in ("image", "document") and isinstance(source := block.get("source"), dict):
        return _read_source(source, block.get("title"))
    if kind in ("uri", "file") and isinstance(uri := block.get("uri", block.get("url")), str):
        return media_part(uri, block.get("mime_type"))
    if kind == "blob" and isinstance(content := block.get("content"), str):
        media_type = str(block.get("mime_type", "application/octet-stream"))
        return media_part(f"data:{media_type};base64,{content}", media_type)
    return None


def _read_source(source: Json, name: Any) -> Json | None:
    """Return the media of a source of Anthropic's: base64 or a URL."""
    if isinstance(data := source.get("data"), str):
        media_type = str(source.get("media_type", "application/octet-stream"))
        # An attachment's reference may have taken the place of the base64.
        uri = data if "://" in data[:40] else f"data:{media_type};base64,{data}"
        return media_part(uri, media_type, name)
    return media_part(source["url"], name=name) if isinstance(source.get("url"), str) else None


def _read_untyped(block: Json) -> Json | None:
    """Return a block of Gemini or Bedrock, whose key says its type."""
    if isinstance(text := block.get("text"), str):
        return reasoning_part(text) if block.get("thought") is True else text_part(text)
    for key in ("functionCall", "function_call", "toolUse"):
        if isinstance(call := block.get(key), dict):
            arguments = call.get("args", call.get("input"))
            return call_part(call.get("toolUseId", call.get("id")), call.get("name"), arguments)
    for key in ("functionResponse", "function_response"):
        if isinstance(result := block.get(key), dict):
            return result_part(result.get("id"), result.get("response"), name=result.get("name"))
    if isinstance(result := block.get("toolResult"), dict):
        failed = result.get("status") == "error"
        return result_part(result.get("toolUseId"), result.get("content"), failed=failed)
    if isinstance(reasoning := block.get("reasoningContent"), dict):
        inner = reasoning.get("reasoningText", reasoning)
        text = inner.get("text") if isinstance(inner, dict) else None
        return reasoning_part(text) if isinstance(text, str) else None
    return _read_inline_data(block)


def _read_inline_data(block: Json) -> Json | None:
    data = block.get("inlineData", block.get("inline_data"))
    if isinstance(data, dict) and isinstance(content := data.get("data"), str):
        media_type = str(data.get("mimeType", data.get("mime_type", "application/octet-stream")))
        return media_part(f"data:{media_type};base64,{content}", media_type)
    file = block.get("fileData", block.get("file_data"))
    if isinstance(file, dict) and isinstance(uri := file.get("fileUri", file.get("file_uri")), str):
        return media_part(uri, file.get("mimeType", file.get("mime_type")))
    return None


def _join_texts(result: Any) -> Any:
    """Return a list of text blocks as one text, and any other value as it is."""
    if not isinstance(result, list) or not result:
        return result
    texts = [block.get("text") if isinstance(block, dict) else block for block in result]
    words = [text for text in texts if isinstance(text, str)]
    return "\n".join(words) if len(words) == len(texts) else result


def _objects(value: Any) -> Iterable[Json]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
