"""Answers: model, provider, tokens and type of a call, from the answer that a client returned."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import Any, Final, NamedTuple

from ace_tracing.clients.fields import is_text, private_fields_of, read, read_text
from ace_tracing.clients.recognition import Recognized, Role, Wire, recognize
from ace_tracing.clients.usage import read_tokens

MAX_RECORDED: Final = 1_000
"""The number of recorded answers that are remembered while they exist."""

SPAN_TYPES: Final = {
    Wire.CHAT: "CHAT_MODEL",
    Wire.TEXT: "LLM",
    Wire.RESPONSES: "CHAT_MODEL",
    Wire.MESSAGES: "CHAT_MODEL",
    Wire.EMBEDDINGS: "EMBEDDING",
}
"""The type of the span of a call."""


class ModelCall(NamedTuple):
    """The facts of one call of a model.

    Attributes:
        span_type: The type of a span that records the call; None for several calls in one span.
        model: The model that answered.
        provider: The provider of the model. None if the answer does not name it.
        tokens: The numbers of tokens, under the names of `set_token_usage`.
    """

    span_type: str | None
    model: str | None
    provider: str | None
    tokens: dict[str, int]


_recorded: Final[dict[int, weakref.ref[Any]]] = {}


def read_answer(value: object) -> ModelCall | None:
    """Return the facts of an answer of a well-known client, or None for any other value."""
    recognized = recognize(type(value))
    if recognized is None or recognized.role is not Role.ANSWER or recognized.wire is None:
        return None
    wire = recognized.wire
    tokens = read_tokens(read(value, "usage"), input_excludes_cache=wire is Wire.MESSAGES)
    if wire is Wire.EMBEDDINGS:
        # LiteLLM reports 0.
        tokens.pop("output_tokens", None)
    return ModelCall(
        SPAN_TYPES[wire],
        read_text(value, "model"),
        find_provider(recognized, value),
        tokens,
    )


def find_provider(recognized: Recognized, value: object) -> str | None:
    """Return the provider of a client's object. LiteLLM has many, and names them in the object's private part."""
    if recognized.library != "litellm":
        return recognized.library
    hidden = private_fields_of(value).get("_hidden_params") or read(value, "_hidden_params")
    named = read(hidden, "custom_llm_provider") or read(value, "custom_llm_provider")
    if not is_text(named):
        model = read(hidden, "litellm_model_name")
        named = str.partition(model, "/")[0] if is_text(model) and "/" in model else None
    return str.__str__(named) if is_text(named) else None


def was_recorded(value: object) -> bool:
    """Return whether a span has recorded this very answer, or an answer that begins with this very item."""
    known = _recorded.get(id(value))
    return known is not None and known() is value


def note_recorded(value: object) -> None:
    """Remember that a span has recorded an answer: the functions around it return the same one, and repeat no call."""
    if len(_recorded) >= MAX_RECORDED:
        for key in list(_recorded)[: MAX_RECORDED // 2]:
            _recorded.pop(key, None)
    with suppress(TypeError):
        # Some objects cannot have a weak reference.
        _recorded[id(value)] = weakref.ref(value)
