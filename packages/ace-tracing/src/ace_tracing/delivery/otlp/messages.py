"""Messages: chat messages of OpenAI, Anthropic and LangChain as OpenTelemetry's GenAI conventions write them.

A message is `{"role": ..., "parts": [...]}`, with parts of the types `text`, `reasoning`, `tool_call`,
`tool_call_response`, `uri` and `blob`. A part of another type is kept as it is. Pure functions of JSON values.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import orjson

from ace_tracing.delivery.otlp.values import dump_text

Json = dict[str, Any]

_LANGCHAIN_ROLES: Final = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}


def convert_messages(value: Any) -> list[Json] | None:
    """Return a message or a list of messages in GenAI's form; None for any other value."""
    values = [value] if isinstance(value, dict) else value
    if not isinstance(values, list) or not values:
        return None
    messages = [message for item in values if (message := _convert(item)) is not None]
    return messages if len(messages) == len(values) else None


def text_message(role: str, text: str) -> Json:
    """Return a message of one text."""
    return {"role": role, "parts": [_text(text)]}


def convert_response(value: Any) -> list[Json] | None:
    """Return the messages of a model's response in GenAI's form, with their finish reasons; None for any other value.

    A response is the body of OpenAI's chat completions or responses, of Anthropic's messages, a message, or messages.
    """
    if isinstance(value, dict):
        if isinstance(choices := value.get("choices"), list):
            return _convert_choices(choices)
        if value.get("object") == "response" and isinstance(output := value.get("output"), list):
            return _convert_items(output)
    messages = convert_messages(value)
    if messages and isinstance(value, dict) and isinstance(reason := value.get("stop_reason"), str):
        messages[0]["finish_reason"] = reason
    return messages


def instructions_of(value: Any) -> list[Json] | None:
    """Return system instructions, a text or a list of content blocks, as parts; None for any other value."""
    if isinstance(value, str):
        return [_text(value)]
    return _convert_blocks(value) if isinstance(value, list) else None


def _convert_choices(choices: list[Any]) -> list[Json] | None:
    messages = []
    for choice in choices:
        message = _convert(choice.get("message")) if isinstance(choice, dict) else None
        if message is None and isinstance(choice, dict) and isinstance(choice.get("text"), str):
            # The older completions have a text in place of a message.
            message = text_message("assistant", choice["text"])
        if message is None:
            return None
        if isinstance(reason := choice.get("finish_reason"), str):
            message["finish_reason"] = reason
        messages.append(message)
    return messages or None


def _convert_items(items: list[Any]) -> list[Json] | None:
    """Return the items of a response of OpenAI's Responses API as one message of the assistant."""
    parts: list[Json] = []
    for item in items:
        if not isinstance(item, dict):
            return None
        if item.get("type") == "message" and isinstance(content := item.get("content"), list):
            parts += _convert_blocks(content)
        else:
            parts.append(_convert_block(item))
    return [{"role": "assistant", "parts": parts}] if parts else None


def _convert(value: Any) -> Json | None:
    """Return one message in GenAI's form; None for any other value."""
    if not isinstance(value, dict):
        return None
    role = value.get("role") or _LANGCHAIN_ROLES.get(str(value.get("type")))
    if not isinstance(role, str):
        return None
    parts = value.get("parts")
    if isinstance(parts, list) and all(isinstance(part, dict) for part in parts):
        # Google's parts have no type.
        return {**value, "role": role, "parts": [_google_part(part) for part in parts]}
    if "content" not in value and "tool_calls" not in value and "parts" not in value:
        return None
    content = value.get("content")
    if role == "tool" and "tool_call_id" in value:
        return {"role": role, "parts": [_response(value["tool_call_id"], content)]}
    parts = _convert_blocks(content)
    if isinstance(calls := value.get("tool_calls"), list):
        parts += [_convert_call(call) for call in calls if isinstance(call, dict)]
    message = {"role": role, "parts": parts}
    for name in ("name", "finish_reason"):
        if isinstance(text := value.get(name), str):
            message[name] = text
    return message


def _convert_blocks(content: Any) -> list[Json]:
    if isinstance(content, str):
        return [_text(content)] if content else []
    if isinstance(content, list):
        return [_convert_block(block) for block in content]
    return [] if content is None else [_convert_block(content)]


def _convert_block(block: Any) -> Json:
    if not isinstance(block, dict):
        return _text(block if isinstance(block, str) else dump_text(block))
    kind = block.get("type")
    if not isinstance(kind, str):
        return {"type": "unknown", **block}
    convert = _BLOCKS.get(kind)
    return block if convert is None else convert(block)


def _convert_text(block: Json) -> Json:
    return _text(block["text"]) if isinstance(block.get("text"), str) else block


def _convert_thinking(block: Json) -> Json:
    thinking = block.get("thinking")
    return {"type": "reasoning", "content": thinking} if isinstance(thinking, str) else block


def _convert_image(block: Json) -> Json:
    image = block.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    return _image(url) if isinstance(url, str) else block


def _google_part(part: Json) -> Json:
    if "type" not in part and isinstance(part.get("text"), str):
        return _text(part["text"])
    return part if isinstance(part.get("type"), str) else {"type": "unknown", **part}


def _convert_call(call: Json) -> Json:
    function = call.get("function")
    if isinstance(function, dict):
        return _call(call.get("id"), function.get("name"), function.get("arguments"))
    # LangChain's calls have their arguments as `args`.
    return _call(call.get("id"), call.get("name"), call.get("args", call.get("arguments")))


def _text(text: str) -> Json:
    return {"type": "text", "content": text}


def _call(call_id: Any, name: Any, arguments: Any) -> Json:
    if isinstance(arguments, str):
        # A stream that was cut leaves half of a JSON text, which is kept as text.
        with suppress(ValueError):
            arguments = orjson.loads(arguments)
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}


def _response(call_id: Any, response: Any) -> Json:
    return {"type": "tool_call_response", "id": call_id, "response": response}


def _image(url: str) -> Json:
    if not url.startswith("data:"):
        return {"type": "uri", "modality": "image", "uri": url}
    head, _, content = url.partition(",")
    return {"type": "blob", "modality": "image", "mime_type": head[5:].partition(";")[0], "content": content}


_BLOCKS: Final[dict[str, Callable[[Json], Json]]] = {
    "text": _convert_text,
    "input_text": _convert_text,
    "output_text": _convert_text,
    "thinking": _convert_thinking,
    "tool_use": lambda block: _call(block.get("id"), block.get("name"), block.get("input")),
    "function_call": lambda block: _call(block.get("call_id"), block.get("name"), block.get("arguments")),
    "tool_result": lambda block: _response(block.get("tool_use_id"), block.get("content")),
    "function_call_output": lambda block: _response(block.get("call_id"), block.get("output")),
    "image_url": _convert_image,
    "input_image": _convert_image,
}
"""The conversion of a content block by its type. A block of another type is kept as it is."""
