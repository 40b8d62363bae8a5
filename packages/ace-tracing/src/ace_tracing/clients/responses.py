"""Responses: folds the events of a stream into the response that OpenAI returns without a stream."""

from __future__ import annotations

from typing import Any, Final

from ace_tracing.clients.fields import is_text, read, read_text
from ace_tracing.clients.pieces import Room, Text

_BEGINNINGS: Final = frozenset(("response.created", "response.queued", "response.in_progress"))
_ENDS: Final = frozenset(("response.completed", "response.incomplete", "response.failed"))

_DELTAS: Final = {
    "response.output_text.delta": ("content", "content_index", "text"),
    "response.refusal.delta": ("content", "content_index", "refusal"),
    "response.reasoning_text.delta": ("content", "content_index", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "text"),
    "response.function_call_arguments.delta": (None, None, "arguments"),
    "response.mcp_call_arguments.delta": (None, None, "arguments"),
    "response.custom_tool_call_input.delta": (None, None, "input"),
    "response.code_interpreter_call_code.delta": (None, None, "code"),
}
"""By event, the list in the item and the index in it, and the field of the text. No list: a field of the item."""
_PARTS: Final = {
    "response.content_part.added": ("content", "content_index"),
    "response.reasoning_summary_part.added": ("summary", "summary_index"),
}


class _Item:
    """One item of a response's output."""

    __slots__ = ("_base", "_parts", "_texts")

    def __init__(self, base: Any) -> None:
        self._base: dict[str, Any] = base if type(base) is dict else {}
        self._parts: dict[tuple[str, int], dict[str, Any]] = {}
        self._texts: dict[tuple[str | None, int, str], Text] = {}

    def add_part(self, place: str, index: int, part: Any) -> None:
        self._parts[place, index] = part if type(part) is dict else {}

    def add_text(self, place: str | None, index: int, name: str, piece: str, room: Room) -> None:
        text = self._texts.get((place, index, name))
        if text is None:
            if not room.take_part():
                return
            text = self._texts[place, index, name] = Text()
        text.add(piece, room)

    def to_json(self) -> dict[str, Any]:
        item = dict(self._base)
        parts = {key: dict(part) for key, part in self._parts.items()}
        for (place, index, name), text in self._texts.items():
            if place is None:
                item[name] = text.join()
            else:
                parts.setdefault((place, index), {})[name] = text.join()
        for place in sorted({place for place, _ in parts}):
            item[place] = [part for key, part in sorted(parts.items()) if key[0] == place]
        return item


class ResponseFold:
    """Fold of events. The last event has the whole response, and the others count when the stream ends before it.

    Attributes:
        usage: The usage of the response.
        model: The model that answers.
    """

    __slots__ = ("_first_bytes_left", "_has_ended", "_head", "_items", "_room", "model", "usage")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._first_bytes_left = room.bytes_left
        self._head: dict[str, Any] = {}
        self._items: dict[int, _Item] = {}
        self._has_ended = False
        self.usage: Any = None
        self.model: str | None = None

    def add(self, item: object) -> bool:
        """Fold one event.

        Returns:
            False if the event begins another response than the one of the events before; it is not folded.
        """
        kind = read_text(item, "type")
        if kind in _DELTAS:
            self._add_text(item, *_DELTAS[kind])
        elif kind in _ENDS:
            self._take_response(read(item, "response"), has_ended=True)
        elif kind in _BEGINNINGS:
            if self._head and kind == "response.created":
                return False
            if not self._head:
                self._take_response(read(item, "response"), has_ended=False)
        elif kind == "response.output_item.added" or kind == "response.output_item.done":
            index = read(item, "output_index")
            if type(index) is int and self._room.take_part():
                self._items[index] = _Item(self._room.take_copy(read(item, "item")))
        elif kind in _PARTS:
            self._add_part(item, *_PARTS[kind])
        return True

    def _add_part(self, event: object, place: str, index_name: str) -> None:
        output_index, index = read(event, "output_index"), read(event, index_name)
        item = self._items.get(output_index) if type(output_index) is int else None
        if item is not None and type(index) is int and self._room.take_part():
            item.add_part(place, index, self._room.take_copy(read(event, "part")))

    def _take_response(self, response: object, has_ended: bool) -> None:
        self.model = read_text(response, "model") or self.model
        self.usage = read(response, "usage")
        if has_ended:
            # The response has the texts of all events before, whose room is free again.
            self._items.clear()
            self._room.bytes_left = self._first_bytes_left
        copied = self._room.take_copy(response)
        self._has_ended = has_ended
        self._head = copied if type(copied) is dict else {}

    def _add_text(self, event: object, place: str | None, index_name: str | None, name: str) -> None:
        output_index, piece = read(event, "output_index"), read(event, "delta")
        index = 0 if index_name is None else read(event, index_name)
        if type(output_index) is not int or type(index) is not int or not is_text(piece):
            return
        item = self._items.get(output_index)
        if item is None:
            # Azure and other servers can leave out the event before.
            if not self._room.take_part():
                return
            item = self._items[output_index] = _Item({})
        item.add_text(place, index, name, str.__str__(piece), self._room)

    def to_json(self) -> dict[str, Any]:
        """Return the response so far."""
        if self._has_ended:
            return self._head
        items = [self._items[index].to_json() for index in sorted(self._items)]
        return {**self._head, "output": items}
