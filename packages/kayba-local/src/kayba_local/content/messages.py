"""Chat messages: a role, the parts of the message, and where they are known a name and the reason of its end.

Reads single messages and lists of OpenAI, Anthropic, Gemini, Bedrock, LangChain and GenAI, and the items of OpenAI's
Responses API. `model_calls.py` finds them in the bodies of model calls.
"""

from __future__ import annotations

from typing import Any, Final

from kayba_local.content.parts import Json, read_parts, read_tool_calls, reasoning_part, result_part, text_part

_ROLES: Final = {
    "human": "user",
    "humanmessage": "user",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "systemmessage": "system",
    "developer": "system",
    "toolmessage": "tool",
    "function": "tool",
    "functionmessage": "tool",
    "chat": "user",
}
_KNOWN_ROLES: Final = frozenset({"user", "assistant", "system", "tool", *_ROLES})
_CONTENTS: Final = ("content", "parts", "tool_calls", "contents")
_ITEMS: Final = frozenset({"function_call", "function_call_output", "reasoning"})
"""Items of the Responses API that stand beside messages."""


def read_messages(value: Any) -> list[Json] | None:
    """Return a message, or a list of messages, in one form; None for any other value."""
    values = value if isinstance(value, list) else [value]
    if len(values) == 1 and isinstance(values[0], list):
        # LangChain's batches: one list of messages for each prompt.
        values = values[0]
    messages: list[Json] = []
    for item in values:
        message = read_message(item)
        if message is None:
            return None
        messages.append(message)
    return messages or None


def read_message(value: Any) -> Json | None:
    """Return one message in one form; None for any other value."""
    if not isinstance(value, dict):
        return None
    if isinstance(kind := value.get("type"), str) and kind in _ITEMS and "role" not in value:
        author = "tool" if kind == "function_call_output" else "assistant"
        return {"role": author, "parts": read_parts(value)}
    if isinstance(inner := value.get("message"), dict) and "role" not in value:
        # OpenInference's messages are below a key of this name.
        return read_message(inner)
    if isinstance(inner := value.get("kwargs"), dict) and isinstance(value.get("id"), list):
        # LangChain's serialized form: the class is the last part of the id.
        return read_message({"type": str(value["id"][-1]) if value["id"] else "", **inner})
    role = _role_of(value)
    if role is None or not any(key in value for key in _CONTENTS):
        return None
    message: Json = {"role": role, "parts": _parts_of(role, value)}
    if role != "tool" and isinstance(name := value.get("name"), str) and name:
        message["name"] = name
    if isinstance(reason := value.get("finish_reason", value.get("stop_reason")), str):
        message["finishReason"] = reason
    return message


def text_message(role: str, text: str) -> Json:
    """Return a message of plain text."""
    return {"role": role, "parts": [text_part(text)]}


def _role_of(value: Json) -> str | None:
    for key in ("role", "type"):
        if isinstance(role := value.get(key), str) and (role.lower() in _KNOWN_ROLES or key == "role"):
            return _ROLES.get(role.lower(), role)
    return None


def _parts_of(role: str, value: Json) -> list[Json]:
    content = next((value[key] for key in ("parts", "content", "contents") if value.get(key) is not None), None)
    if role == "tool" and ("tool_call_id" in value or "name" in value) and "parts" not in value:
        failed = value.get("status") == "error"
        return [result_part(value.get("tool_call_id"), content, failed=failed, name=value.get("name"))]
    parts: list[Json] = []
    for key in ("reasoning_content", "reasoning"):
        if isinstance(text := value.get(key), str) and text:
            parts.append(reasoning_part(text))
            break
    parts += read_parts([_unwrap(block) for block in content] if isinstance(content, list) else content)
    known = {part["id"] for part in parts if part["type"] == "toolCall" and "id" in part}
    # LangChain's messages repeat the calls of their content blocks.
    calls = read_tool_calls([_unwrap(call) for call in value.get("tool_calls") or ()])
    parts += [call for call in calls if call.get("id") not in known or "id" not in call]
    if isinstance(text := value.get("refusal"), str) and text:
        parts.append({"type": "refusal", "text": text})
    return parts


def _unwrap(block: Any) -> Any:
    """Return the inner object of OpenInference's blocks and calls."""
    if isinstance(block, dict) and len(block) == 1:
        for key in ("message_content", "tool_call"):
            if isinstance(inner := block.get(key), dict):
                return inner
    return block
