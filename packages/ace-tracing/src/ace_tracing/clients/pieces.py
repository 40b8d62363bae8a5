"""Pieces: texts that arrive in pieces, joined within a bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ace_tracing.clients.fields import copy_json, extra_fields_of, fields_of, is_text, read
from ace_tracing.values.snapshot import DEFAULT_LIMITS

MAX_BYTES: Final = DEFAULT_LIMITS.value_bytes
"""The most characters of all texts of one stream, and bytes of its other values."""
MAX_PARTS: Final = 10_000
"""The most choices, tool calls, blocks, fields and other parts of one stream."""
MAX_PIECES: Final = 1_000
"""The number of pieces that are joined at once. Small texts take ten times the memory of a joined one."""

WHOLE: Final = frozenset(
    ("call_id", "finish_reason", "format", "id", "index", "name", "object", "role", "status", "type")
)
"""The fields whose texts arrive whole. Some servers repeat them in each item."""


class Room:
    """The room that is left for one stream.

    Attributes:
        bytes_left: The characters of texts and bytes of other values that still fit.
        is_cut: Whether something did not fit.
    """

    __slots__ = ("_parts_left", "bytes_left", "is_cut")

    def __init__(self) -> None:
        self.bytes_left = MAX_BYTES
        self._parts_left = MAX_PARTS
        self.is_cut = False

    def take(self, text: str) -> str:
        """Return the beginning of a text for which there is room."""
        size = len(text)
        if size > self.bytes_left:
            text = text[: self.bytes_left]
            self.is_cut = True
        self.bytes_left -= len(text)
        return text

    def take_copy(self, value: object) -> Any:
        """Return a copy of a value as plain JSON, or None if there is no room for it."""
        if self.bytes_left <= 0:
            self.is_cut = True
            return None
        copied, size = copy_json(value)
        if size > self.bytes_left:
            self.is_cut = True
            return None
        self.bytes_left -= size
        return copied

    def take_part(self) -> bool:
        """Return whether there is room for one more part."""
        self._parts_left -= 1
        if self._parts_left < 0:
            self.is_cut = True
        return self._parts_left >= 0


class Text:
    """A text that arrives in pieces."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str, room: Room) -> None:
        """Add a piece, or the part of it for which there is room."""
        pieces = self._pieces
        pieces.append(room.take(piece))
        if len(pieces) > MAX_PIECES:
            pieces[:] = ["".join(pieces)]

    def join(self) -> str:
        """Return the text so far."""
        return "".join(self._pieces)


class Delta:
    """An object that arrives in pieces, in the form of OpenAI: texts grow, and items of lists have an index."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def add(self, piece: object, room: Room) -> None:
        """Merge a piece of the object: a model of the client, or a dict."""
        self._merge(fields_of(piece).items(), room)
        extra = extra_fields_of(piece)
        if extra:
            self._merge(extra.items(), room)

    def _merge(self, fields: Iterable[tuple[str, Any]], room: Room) -> None:
        # In one step: another thread can change the dict at the next thread switch.
        for name, value in list(fields):
            if value is not None and type(name) is str:
                self._merge_field(name, value, room)

    def _merge_field(self, name: str, value: Any, room: Room) -> None:
        values = self._values
        kind = type(value)
        known = values.get(name)
        if known is None and not room.take_part():
            return
        if is_text(value):
            text = str.__str__(value)
            if name in WHOLE:
                if text:
                    values[name] = known or room.take(text)
            else:
                if type(known) is not Text:
                    known = values[name] = Text()
                known.add(text, room)
        elif kind is int or kind is float or kind is bool:
            values[name] = value
        elif kind is list:
            if type(known) is not Elements:
                known = values[name] = Elements()
            known.add(list.copy(value), room)
        else:
            if type(known) is not Delta:
                known = values[name] = Delta()
            known.add(value, room)

    def to_json(self) -> dict[str, Any]:
        """Return the object so far as plain JSON."""
        return {name: _to_json(value) for name, value in self._values.items()}


class Elements:
    """A list whose elements arrive in pieces with an index, or whole without one."""

    __slots__ = ("_deltas", "_others")

    def __init__(self) -> None:
        self._deltas: dict[int, Delta] = {}
        self._others: list[Any] = []

    def add(self, elements: list[Any], room: Room) -> None:
        """Merge elements into those with their index."""
        for element in elements:
            index = read(element, "index")
            if type(index) is int:
                delta = self._deltas.get(index)
                if delta is None and room.take_part():
                    delta = self._deltas[index] = Delta()
                if delta is not None:
                    delta.add(element, room)
            elif room.take_part():
                self._others.append(room.take_copy(element))

    def to_json(self) -> list[Any]:
        """Return the elements so far as plain JSON, by their index."""
        deltas = [self._deltas[index].to_json() for index in sorted(self._deltas)]
        return [{name: value for name, value in delta.items() if name != "index"} for delta in deltas] + self._others


def _to_json(value: Any) -> Any:
    kind = type(value)
    if kind is Text:
        return value.join()
    return value.to_json() if kind is Delta or kind is Elements else value
