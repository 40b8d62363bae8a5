"""Bodies of model calls: the messages and the offered tools of a request, and the messages of a response.

Reads the bodies of OpenAI's chat completions, completions and Responses API, of Anthropic, Gemini, Bedrock and
LangChain, and arguments of functions that take messages.
"""

from __future__ import annotations

from typing import Any, Final

from kayba_local.content.messages import read_message, read_messages, text_message
from kayba_local.content.parts import Json, read_parts

_LISTS: Final = ("messages", "contents", "input", "prompt", "input_messages", "new_message", "message")
_SYSTEMS: Final = ("system", "instructions", "systemInstruction", "system_instruction", "system_prompt")


def read_request(value: Any) -> list[Json] | None:
    """Return the messages of a model call's inputs, the system's first; None if the value is no such request."""
    if not isinstance(value, dict):
        return read_messages(value)
    if (message := read_message(value)) is not None:
        return [message]
    for key in _LISTS:
        given = value.get(key)
        messages = read_messages(given) if isinstance(given, list | dict) else None
        if messages is None and isinstance(given, str) and any(name in value for name in ("model", *_SYSTEMS)):
            messages = [text_message("user", given)]
        if messages is not None:
            return [*_read_system(value), *messages]
    return None


def read_response(value: Any) -> list[Json] | None:
    """Return the messages of a model call's outputs; None if the value is no such response."""
    if not isinstance(value, dict):
        return read_messages(value)
    if isinstance(choices := value.get("choices"), list) and choices:
        return _read_choices(choices)
    if isinstance(candidates := value.get("candidates"), list) and candidates:
        return _read_candidates(candidates)
    if isinstance(generations := value.get("generations"), list) and generations:
        return _read_generations(generations)
    output = value.get("output")
    if isinstance(output, list) and (value.get("object") == "response" or "usage" in value):
        return _read_items(output)
    if isinstance(output, dict) and (message := read_message(output.get("message"))) is not None:
        return [_with_reason(message, value.get("stopReason"))]
    if (message := read_message(value)) is not None:
        return [message]
    return read_messages(value["messages"]) if isinstance(value.get("messages"), list) else None


def read_tools(value: Any) -> list[Json]:
    """Return the tools that a request offers, or a list of tools: name, description and the schema of the arguments."""
    given = value.get("tools", value.get("functions")) if isinstance(value, dict) else value
    tools: list[Json] = []
    for entry in given if isinstance(given, list) else ():
        # Gemini's and Bedrock's requests have the tools one level deeper.
        declared = entry.get("functionDeclarations", entry.get("function_declarations")) if _is_object(entry) else None
        for tool in declared if isinstance(declared, list) else [entry]:
            if (read := _read_tool(tool)) is not None:
                tools.append(read)
    return tools


def _read_tool(tool: Any) -> Json | None:
    if not isinstance(tool, dict):
        return None
    inner = next((tool[key] for key in ("function", "toolSpec") if _is_object(tool.get(key))), tool)
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        return None
    read: Json = {"name": name}
    if isinstance(description := inner.get("description"), str):
        read["description"] = description
    for key in ("parameters", "input_schema", "inputSchema"):
        if inner.get(key) is not None:
            return {**read, "parameters": inner[key]}
    return read


def _read_system(value: Json) -> list[Json]:
    for key in _SYSTEMS:
        system = value.get(key)
        parts = read_parts(system.get("parts") if isinstance(system, dict) else system)
        if parts and all(part["type"] == "text" for part in parts):
            return [{"role": "system", "parts": parts}]
    return []


def _read_choices(choices: list[Any]) -> list[Json] | None:
    messages: list[Json] = []
    for choice in choices:
        if not isinstance(choice, dict):
            return None
        message = read_message(choice.get("message"))
        if message is None and isinstance(choice.get("text"), str):
            # The older completions have a text in place of a message.
            message = text_message("assistant", choice["text"])
        if message is None:
            return None
        messages.append(_with_reason(message, choice.get("finish_reason")))
    return messages


def _read_candidates(candidates: list[Any]) -> list[Json] | None:
    messages: list[Json] = []
    for candidate in candidates:
        content = candidate.get("content") if isinstance(candidate, dict) else None
        if not isinstance(content, dict):
            return None
        message = {"role": "assistant", "parts": read_parts(content.get("parts"))}
        messages.append(_with_reason(message, candidate.get("finishReason", candidate.get("finish_reason"))))
    return messages


def _read_generations(generations: list[Any]) -> list[Json] | None:
    """Return the messages of LangChain's result of a model call: one list of generations for each prompt."""
    messages: list[Json] = []
    for entry in generations:
        for generation in entry if isinstance(entry, list) else [entry]:
            if not isinstance(generation, dict):
                return None
            message = read_message(generation.get("message"))
            if message is None and isinstance(generation.get("text"), str):
                message = text_message("assistant", generation["text"])
            if message is None:
                return None
            messages.append(message)
    return messages or None


def _read_items(items: list[Any]) -> list[Json] | None:
    """Return the items of OpenAI's Responses API as one message of the assistant."""
    parts: list[Json] = []
    for item in items:
        if not isinstance(item, dict):
            return None
        parts += read_parts(item.get("content") if item.get("type") == "message" else item)
    return [{"role": "assistant", "parts": parts}] if parts else None


def _with_reason(message: Json, reason: Any) -> Json:
    return {**message, "finishReason": reason} if isinstance(reason, str) and reason else message


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)
