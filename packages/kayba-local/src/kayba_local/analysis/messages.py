"""Conversations: lists of chat messages, read as a step that asks a model and the tools that it called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard

import orjson

from kayba_local.analysis.findings import shortened
from kayba_local.analysis.steps import Step, digest
from kayba_local.analysis.texts import error_in

NAME: Final = "conversation"
_ROOT: Final = "0"


def is_conversation(value: Any) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Whether a JSON value is a list of messages, each with a role."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in value)
    )


def read_conversation(messages: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a conversation, in OpenAI's form or Anthropic's.

    A tool failed if its result says so (``is_error``), or if the first line of the result reports an error.
    """
    size = sum(len(_plain(message.get("content"))) for message in messages)
    steps = [Step(_ROOT, None, NAME, type="CHAT_MODEL", input_characters=size)]
    by_call: dict[str, Step] = {}
    for message in messages:
        for call_id, name, arguments in _calls(message):
            step = Step(str(len(steps)), _ROOT, name, type="TOOL")
            if arguments not in ("", "{}"):
                step.inputs, step.input_characters = digest(arguments), len(arguments)
            steps.append(step)
            by_call[call_id] = step
        for call_id, result, told_failed in _results(message):
            called = by_call.get(call_id)
            if called is not None:
                _judge(called, result, told_failed=told_failed)
    return steps


def _judge(step: Step, result: str, *, told_failed: bool) -> None:
    first = result.lstrip().split("\n", 1)[0]
    reported = error_in(first)
    if reported is not None or told_failed:
        step.failed = True
        step.exception = reported[0] if reported is not None else "an error"
        step.message = shortened(first)


def _calls(message: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The calls of tools in a message: their ids, names and arguments."""
    for call in _dicts(message.get("tool_calls")):
        function = call.get("function")
        if isinstance(function, dict):
            yield str(call.get("id")), str(function.get("name")), _plain(function.get("arguments"))
    for block in _dicts(message.get("content")):
        if block.get("type") == "tool_use":
            yield str(block.get("id")), str(block.get("name")), _plain(block.get("input"))


def _results(message: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """What tools answered in a message: the id of the call, the text, and whether it is called an error."""
    if message["role"] == "tool":
        yield str(message.get("tool_call_id")), _plain(message.get("content")), False
    for block in _dicts(message.get("content")):
        if block.get("type") == "tool_result":
            yield str(block.get("tool_use_id")), _plain(block.get("content")), block.get("is_error") is True


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (member for member in value if isinstance(member, dict)) if isinstance(value, list) else iter(())


def _plain(value: Any) -> str:
    """A content as text: a string, the texts of a list of blocks, or JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    texts = [block["text"] for block in _dicts(value) if isinstance(block.get("text"), str)]
    return "\n".join(texts) if texts else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
