"""Conversations: lists of chat messages, read as one model call with the tool calls below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard

import orjson

from kayba_local.analysis.findings import shorten
from kayba_local.analysis.steps import Step, digest
from kayba_local.analysis.transcripts import find_error

ROOT_NAME: Final = "conversation"
_ROOT_ID: Final = "0"


def is_conversation(value: Any) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Return whether a JSON value is a list of messages, each with a role."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in value)
    )


def read_conversation(messages: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Read the steps of a conversation in the format of OpenAI or Anthropic.

    A tool call failed if its result has `is_error`, or if the first line of the result reports an error.
    """
    size = sum(len(_to_text(message.get("content"))) for message in messages)
    steps = [Step(_ROOT_ID, None, ROOT_NAME, type="CHAT_MODEL", input_characters=size)]
    by_call: dict[str, Step] = {}
    for message in messages:
        for call_id, name, arguments in _tool_calls(message):
            step = Step(str(len(steps)), _ROOT_ID, name, type="TOOL")
            if arguments not in ("", "{}"):
                step.inputs, step.input_characters = digest(arguments), len(arguments)
            steps.append(step)
            by_call[call_id] = step
        for call_id, result, is_error in _tool_results(message):
            called = by_call.get(call_id)
            if called is not None:
                _record_result(called, result, is_error=is_error)
    return steps


def _record_result(step: Step, result: str, *, is_error: bool) -> None:
    first_line = result.lstrip().split("\n", 1)[0]
    error = find_error(first_line)
    if error is not None or is_error:
        step.failed = True
        step.exception = error[0] if error is not None else "an error"
        step.message = shorten(first_line)


def _tool_calls(message: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the id, name and arguments of each tool call in a message."""
    for call in _objects(message.get("tool_calls")):
        function = call.get("function")
        if isinstance(function, dict):
            yield str(call.get("id")), str(function.get("name")), _to_text(function.get("arguments"))
    for block in _objects(message.get("content")):
        if block.get("type") == "tool_use":
            yield str(block.get("id")), str(block.get("name")), _to_text(block.get("input"))


def _tool_results(message: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield the call's id, the text and `is_error` of each tool result in a message."""
    if message["role"] == "tool":
        yield str(message.get("tool_call_id")), _to_text(message.get("content")), False
    for block in _objects(message.get("content")):
        if block.get("type") == "tool_result":
            yield str(block.get("tool_use_id")), _to_text(block.get("content")), block.get("is_error") is True


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (member for member in value if isinstance(member, dict)) if isinstance(value, list) else iter(())


def _to_text(value: Any) -> str:
    """Return a message's content as text: a string, the texts of its blocks, or its JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    texts = [block["text"] for block in _objects(value) if isinstance(block.get("text"), str)]
    return "\n".join(texts) if texts else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
