"""Streams: folds the items of a client's stream into answers, and reads the facts of the calls."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ace_tracing.clients.answers import SPAN_TYPES, ModelCall, find_provider, note_recorded, was_recorded
from ace_tracing.clients.chat import ChatFold
from ace_tracing.clients.messages import MessageFold
from ace_tracing.clients.pieces import Room
from ace_tracing.clients.recognition import Recognized, Role, Wire, recognize
from ace_tracing.clients.responses import ResponseFold
from ace_tracing.clients.usage import add_tokens, read_tokens

MAX_ANSWERS: Final = 100
"""The most answers that one stream is folded into, as a generator yields the items of several calls."""

_Fold = ChatFold | MessageFold | ResponseFold
_FOLDS: Final[dict[Wire, type[_Fold]]] = {
    Wire.CHAT: ChatFold,
    Wire.TEXT: ChatFold,
    Wire.RESPONSES: ResponseFold,
    Wire.MESSAGES: MessageFold,
}


class _Call(NamedTuple):
    """One call whose items are folded."""

    fold: _Fold
    recognized: Recognized
    provider: str | None
    is_repeated: bool


class StreamFold:
    """Fold of the items of one stream, in bounded memory.

    Attributes:
        provider: The provider that the stream names; None for the one that the items name.
        is_cut: Whether a part of the answers is left out.
    """

    __slots__ = ("_calls", "_room", "provider")

    def __init__(self) -> None:
        self._room = Room()
        self._calls: list[_Call] = []
        self.provider: str | None = None

    @property
    def is_cut(self) -> bool:
        """Whether something did not fit."""
        return self._room.is_cut

    def add(self, item: object, recognized: Recognized) -> None:
        """Fold one item, which `recognize_item` has recognized."""
        last = self._calls[-1] if self._calls else None
        if last is None or last.recognized.wire is not recognized.wire or not last.fold.add(item):
            begun = self._begin(item, recognized)
            if begun is not None:
                begun.fold.add(item)

    def _begin(self, item: object, recognized: Recognized) -> _Call | None:
        wire = recognized.wire
        if wire is None or len(self._calls) >= MAX_ANSWERS:
            self._room.is_cut = True
            return None
        provider = self.provider or find_provider(recognized, item)
        call = _Call(_FOLDS[wire](self._room), recognized, provider, was_recorded(item))
        self._calls.append(call)
        # A traced function around this one gets the same item.
        note_recorded(item)
        return call

    def to_json(self) -> list[dict[str, Any]]:
        """Return the answers so far, as the client returns them without a stream."""
        return [call.fold.to_json() for call in self._calls]

    def read_call(self) -> ModelCall | None:
        """Return the facts of the calls, together if there are several. None if other spans have recorded them."""
        calls = [call for call in self._calls if not call.is_repeated]
        if not calls:
            return None
        tokens: dict[str, int] = {}
        for call in calls:
            more = read_tokens(call.fold.usage, input_excludes_cache=call.recognized.wire is Wire.MESSAGES)
            tokens = add_tokens(tokens, more)
        last = calls[-1]
        is_one = len(self._calls) == 1 and last.recognized.wire is not None
        return ModelCall(
            SPAN_TYPES[last.recognized.wire] if is_one and last.recognized.wire is not None else None,
            last.fold.model,
            last.provider,
            tokens,
        )


def recognize_item(item: object) -> Recognized | None:
    """Return the meaning of an item of a client's stream, or None for any other item."""
    recognized = recognize(type(item))
    if recognized is None or recognized.role is Role.STREAM:
        return None
    is_item = recognized.role is Role.ITEM or recognized.wire is Wire.TEXT
    return recognized if is_item else None
