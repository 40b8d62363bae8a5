"""Values as plain words, for rows of lists: the last message of the user, the answer, or the text of a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from kayba_local.content.kinds import Side
from kayba_local.content.model_calls import read_request, read_response
from kayba_local.content.parts import Json
from kayba_local.otlp.media import shorten_media

MAX_CHARACTERS: Final = 1_000
"""The most characters of a preview."""
_ROLES: Final[Mapping[Side, str]] = {"inputs": "user", "outputs": "assistant"}
_TEXT_KEYS: Final = ("output", "answer", "text", "content", "result", "response", "question", "query", "input")


def to_plain(value: Any, side: Side, max_characters: int = MAX_CHARACTERS) -> str:
    """Return a value of a span in plain words, in one paragraph.

    Args:
        value: The JSON value; None gives an empty text.
        side: The part of the span that it is.
        max_characters: The most characters. A longer text ends with an ellipsis.

    Example:
        >>> to_plain({"messages": [{"role": "user", "content": "Where is it?"}]}, "inputs")
        'Where is it?'
    """
    text = " ".join(_text_of(value, side).split())
    return text if len(text) <= max_characters else text[: max_characters - 1] + "…"


def _text_of(value: Any, side: Side) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return shorten_media(value)
    messages = read_request(value) if side == "inputs" else read_response(value)
    if messages is not None:
        return _last_text(messages, _ROLES[side])
    if isinstance(value, dict):
        texts = [value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str) and value[key]]
        if texts:
            return shorten_media(texts[0])
        return ", ".join(f"{key}: {_short(inner)}" for key, inner in value.items())
    return _short(value)


def _last_text(messages: list[Json], role: str) -> str:
    """Return the words of the last message of a role; without one, of the last message with words."""
    for wanted in (role, None):
        for message in reversed(messages):
            if wanted in (None, message["role"]) and (words := " ".join(_words(message))):
                return words
    return ""


def _words(message: Json) -> Iterator[str]:
    for part in message["parts"]:
        match part["type"]:
            case "text" | "refusal":
                yield part["text"]
            case "toolCall":
                yield f"{part['name']}({_short(part['arguments'])})"
            case "toolResult":
                yield _short(part["result"])
            case "media":
                yield f"[{part.get('mediaType', 'media')}]"


def _short(value: Any) -> str:
    if isinstance(value, str):
        return shorten_media(value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={_short(inner)}" for key, inner in value.items())
    return shorten_media(orjson.dumps(value).decode())
