"""Messages: folds the events of a stream into the message that Anthropic returns without a stream."""

from __future__ import annotations

from typing import Any, Final

import orjson

from ace_tracing.clients.fields import fields_of, is_text, read, read_text
from ace_tracing.clients.pieces import Room, Text

_INPUT: Final = "partial_json"


class _Block:
    """One block of a message's content."""

    __slots__ = ("_base", "_citations", "_texts")

    def __init__(self, base: Any) -> None:
        self._base: dict[str, Any] = base if type(base) is dict else {}
        self._texts: dict[str, Text] = {}
        self._citations: list[Any] = []

    def add(self, delta: object, room: Room) -> None:
        for name, value in list(fields_of(delta).items()):
            if is_text(value) and name != "type":
                text = self._texts.get(name)
                if text is None:
                    if not room.take_part():
                        return
                    text = self._texts[name] = Text()
                text.add(str.__str__(value), room)
            elif name == "citation" and value is not None and room.take_part():
                self._citations.append(room.take_copy(value))

    def to_json(self) -> dict[str, Any]:
        block = dict(self._base)
        for name, text in self._texts.items():
            joined = text.join()
            if name == _INPUT:
                block["input"] = _parse(joined) if joined else block.get("input")
            else:
                begun = block.get(name)
                block[name] = begun + joined if type(begun) is str else joined
        if self._citations:
            block["citations"] = self._citations
        return block


class MessageFold:
    """Fold of events: texts, thinking and the arguments of tools are joined, by block.

    Attributes:
        usage: The usage that the events have reported together.
        model: The model that answers.
    """

    __slots__ = ("_blocks", "_head", "_room", "model", "usage")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._head: dict[str, Any] = {}
        self._blocks: dict[int, _Block] = {}
        self.usage: dict[str, Any] = {}
        self.model: str | None = None

    def add(self, item: object) -> bool:
        """Fold one event. Events that a stream's helper adds repeat others.

        Returns:
            False if the event begins another message than the one of the events before; it is not folded.
        """
        kind = read(item, "type")
        if kind == "content_block_delta":
            index = read(item, "index")
            block = self._blocks.get(index) if type(index) is int else None
            if block is not None:
                block.add(read(item, "delta"), self._room)
        elif kind == "content_block_start":
            index = read(item, "index")
            if type(index) is int and self._room.take_part():
                self._blocks[index] = _Block(self._room.take_copy(read(item, "content_block")))
        elif kind == "message_start":
            if self._head:
                return False
            self._begin(read(item, "message"))
        elif kind == "message_delta":
            for name, value in list(fields_of(read(item, "delta")).items()):
                if value is not None and type(name) is str:
                    self._head[name] = self._room.take_copy(value)
            self._add_usage(read(item, "usage"))
        return True

    def _begin(self, message: object) -> None:
        copied = self._room.take_copy(message)
        self._head = copied if type(copied) is dict else {"type": "message"}
        usage = self._head.pop("usage", None)
        self.usage = usage if type(usage) is dict else {}
        self.model = read_text(message, "model")

    def _add_usage(self, usage: object) -> None:
        """Replace the counts that an event repeats: they are totals."""
        for name, value in list(fields_of(usage).items()):
            if value is not None and type(name) is str:
                self.usage[name] = self._room.take_copy(value)

    def to_json(self) -> dict[str, Any]:
        """Return the message so far."""
        content = [self._blocks[index].to_json() for index in sorted(self._blocks)]
        return {**self._head, "content": content, "usage": self.usage or None}


def _parse(text: str) -> Any:
    """Return the arguments of a tool. They stay a text if the stream ended in the middle of them."""
    try:
        return orjson.loads(text)
    except ValueError:
        return text
