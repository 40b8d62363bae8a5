"""Recognition of a client's object by the names of its classes. No client is imported, and no code of the object runs.

Only the library and the name of a class count, because clients move their modules. Some write the name of the package
into `__module__`.
"""

from __future__ import annotations

import enum
import weakref
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Final, NamedTuple

from ace_tracing.values.introspection import bases_of, module_of, name_of, namespace_of


class Wire(enum.Enum):
    """The form of an answer and of its stream."""

    CHAT = enum.auto()
    """OpenAI's chat completions, also those of LiteLLM."""
    TEXT = enum.auto()
    """OpenAI's older text completions. Whole answers and the items of a stream are of one class."""
    RESPONSES = enum.auto()
    """OpenAI's responses."""
    MESSAGES = enum.auto()
    """Anthropic's messages."""
    EMBEDDINGS = enum.auto()
    """Embeddings. They are not streamed."""


class Role(enum.Enum):
    """The part of an object in a call of a model."""

    ANSWER = enum.auto()
    ITEM = enum.auto()
    """An item of a stream."""
    STREAM = enum.auto()
    """A stream, or a context manager around one."""
    PROXY = enum.auto()
    """A proxy of wrapt, in which instrumentors wrap streams."""


class Recognized(NamedTuple):
    """An object of a client.

    Attributes:
        library: The client's package.
        role: Its part in a call of a model.
        wire: Its form. None for a stream, whose items have it.
    """

    library: str
    role: Role
    wire: Wire | None = None


MAX_CLASSES: Final = 1_000
MAX_PROXIES: Final = 5
"""The most proxies around one stream."""

_PROXY: Final = Recognized("wrapt", Role.PROXY)
_PROXY_MODULES: Final = ("_wrappers", "wrapt.wrappers", "wrapt._wrappers", "wrapt.proxies")
_ANSWERS: Final = {
    ("openai", "ChatCompletion"): Wire.CHAT,
    ("openai", "Completion"): Wire.TEXT,
    ("openai", "Response"): Wire.RESPONSES,
    ("openai", "CreateEmbeddingResponse"): Wire.EMBEDDINGS,
    ("anthropic", "Message"): Wire.MESSAGES,
    ("anthropic", "BetaMessage"): Wire.MESSAGES,
    ("litellm", "ModelResponse"): Wire.CHAT,
    ("litellm", "TextCompletionResponse"): Wire.TEXT,
    ("litellm", "ResponsesAPIResponse"): Wire.RESPONSES,
    ("litellm", "EmbeddingResponse"): Wire.EMBEDDINGS,
}
_ITEMS: Final = {
    ("openai", "ChatCompletionChunk"): Wire.CHAT,
    ("litellm", "ModelResponseStream"): Wire.CHAT,
}
_EVENT_MODULES: Final = {
    "openai.lib.streaming.chat": Wire.CHAT,
    "openai.lib.streaming.responses": Wire.RESPONSES,
    "openai.types.responses": Wire.RESPONSES,
    "litellm.types.llms.openai": Wire.RESPONSES,
    "anthropic.lib.streaming": Wire.MESSAGES,
    "anthropic.types": Wire.MESSAGES,
}
"""The modules whose classes with a name that ends in `Event` are items of a stream."""
_STREAMS: Final = {
    "openai": {
        *("Stream", "AsyncStream"),
        *("ChatCompletionStreamManager", "AsyncChatCompletionStreamManager"),
        *("ChatCompletionStream", "AsyncChatCompletionStream"),
        *("ResponseStreamManager", "AsyncResponseStreamManager", "ResponseStream", "AsyncResponseStream"),
    },
    "anthropic": {
        *("Stream", "AsyncStream"),
        *("MessageStreamManager", "AsyncMessageStreamManager", "MessageStream", "AsyncMessageStream"),
        *("BetaMessageStreamManager", "BetaAsyncMessageStreamManager", "BetaMessageStream", "BetaAsyncMessageStream"),
    },
    "litellm": {"CustomStreamWrapper", "BaseResponsesAPIStreamingIterator"},
}

# Keyed by id, with a weak reference, as in `values.conversion`: hashing a class would run its metaclass's code.
_known: Final[dict[int, tuple[weakref.ref[type], Recognized | None]]] = {}


def recognize(kind: type) -> Recognized | None:
    """Return the meaning of a class, or None if it is no well-known client's."""
    known = _known.get(id(kind))
    if known is None or known[0]() is not kind:
        if len(_known) >= MAX_CLASSES:
            _known.clear()
        known = _known[id(kind)] = (weakref.ref(kind), _recognize(kind))
    return known[1]


def recognize_stream(value: object) -> Recognized | None:
    """Return the meaning of a client's stream, also of one in proxies of wrapt, or None for any other value."""
    for _ in range(MAX_PROXIES):
        recognized = recognize(type(value))
        if recognized is None or recognized.role is not Role.PROXY:
            return recognized if recognized is not None and recognized.role is Role.STREAM else None
        value = _unwrap(value)
    return None


def _unwrap(proxy: object) -> object:
    """Return the object in a proxy, read from its slot."""
    for base in bases_of(type(proxy)):
        descriptor = namespace_of(base).get("__wrapped__")
        if type(descriptor) is GetSetDescriptorType or type(descriptor) is MemberDescriptorType:
            try:
                return descriptor.__get__(proxy)
            except (AttributeError, ValueError):
                # A proxy that was never initialized.
                return None
    return None


def _recognize(kind: type) -> Recognized | None:
    return next((found for base in bases_of(kind) if (found := _recognize_base(base))), None)


def _recognize_base(kind: type) -> Recognized | None:
    module = module_of(kind)
    library = module.partition(".")[0]
    name = name_of(kind)[len(module) + 1 :]
    if module in _PROXY_MODULES and name == "ObjectProxy":
        return _PROXY
    if library not in _STREAMS:
        return None
    if name in _STREAMS[library]:
        return Recognized(library, Role.STREAM)
    if (wire := _ANSWERS.get((library, name))) is not None:
        return Recognized(library, Role.ANSWER, wire)
    if (wire := _ITEMS.get((library, name))) is not None:
        return Recognized(library, Role.ITEM, wire)
    if name.endswith("Event"):
        for place, wire in _EVENT_MODULES.items():
            if f"{module}.".startswith(f"{place}."):
                return Recognized(library, Role.ITEM, wire)
    return None
