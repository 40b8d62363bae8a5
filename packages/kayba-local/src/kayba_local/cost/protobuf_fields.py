"""The number of fields in an OTLP body in protobuf, counted on its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from kayba_local.cost.meter import Meter, TooManyValues

MAX_FIELDS: Final = 1_500_000
"""Limit of the fields in a body: a span with ten attributes has 50. A body of 3 MB cannot have more, so it is not
counted."""
MAX_SPAN_FIELDS: Final = 120_000
"""Limit of the fields in one span or log record, which are objects at the same time. It has room for 30,000
attributes."""

_MIN_TAG: Final = 8
_MIN_FIELD_BYTES: Final = 2
_MAX_VARINT_BYTES: Final = 10
_MAX_HEAD_BYTES: Final = 2 * _MAX_VARINT_BYTES
_MAX_DEPTH: Final = 100
"""Levels of nested messages that protobuf reads. Deeper ones are invalid, and are not counted."""
_VARINT: Final = 0
_FIXED64: Final = 1
_LENGTH_DELIMITED: Final = 2
_FIXED32: Final = 5
_FIXED_BYTES: Final = {_FIXED64: 8, _FIXED32: 4}
_WITH_VARINT: Final = (_VARINT, _LENGTH_DELIMITED)
_MESSAGE_END: Final = 2**62

Children: TypeAlias = "Mapping[int, Children]"
"""A message's fields that are messages, by their tag, each with its own."""


def _tag(number: int) -> int:
    return number << 3 | _LENGTH_DELIMITED


_ANY_VALUE: Final[dict[int, Children]] = {}
_KEY_VALUE: Final[Children] = {_tag(2): _ANY_VALUE}
_ANY_VALUE[_tag(5)] = {_tag(1): _ANY_VALUE}
_ANY_VALUE[_tag(6)] = {_tag(1): _KEY_VALUE}
RESOURCE: Final[Children] = {_tag(1): _KEY_VALUE}
_EVENT: Final[Children] = {_tag(3): _KEY_VALUE}
_LINK: Final[Children] = {_tag(4): _KEY_VALUE}
SPAN: Final[Children] = {_tag(9): _KEY_VALUE, _tag(11): _EVENT, _tag(13): _LINK, _tag(15): {}}
LOG_RECORD: Final[Children] = {_tag(5): _ANY_VALUE, _tag(6): _KEY_VALUE}
TRACE_REQUEST: Final[Children] = {_tag(1): {_tag(1): RESOURCE, _tag(2): {_tag(1): RESOURCE, _tag(2): SPAN}}}
LOG_REQUEST: Final[Children] = {_tag(1): {_tag(1): RESOURCE, _tag(2): {_tag(1): RESOURCE, _tag(2): LOG_RECORD}}}


class ProtobufFieldMeter(Meter):
    """A counter of the fields in a message and in the messages below it.

    Behind invalid bytes it continues at the end of their message, because the parser rejects only that message.

    Args:
        message: The kind of message.
        limit: The number of fields that it may have.
    """

    def __init__(self, message: Children, limit: int = MAX_FIELDS) -> None:
        super().__init__(limit, "fields", _MIN_FIELD_BYTES)
        self._fields = 0
        self._at = 0
        """The position of the next field in the whole body."""
        self._open: list[tuple[Children, int]] = [(message, _MESSAGE_END)]
        """The messages around it, each with its end."""
        self._held = b""
        self._size_counted = 0

    def _count(self, piece: bytes) -> int:
        data = self._held + piece if self._held else piece
        base = self._size_counted - len(self._held)
        stop = base + len(data)
        at, fields, opened, limit = self._at, self._fields, self._open, self._limit
        while at < stop and fields <= limit:
            children, end = opened[-1]
            if at >= end:
                opened.pop()
                continue
            # Nearly all tags and lengths have one byte.
            tag, behind = data[at - base], at - base + 1
            if tag > 127:
                tag, behind = _read_varint(data, behind - 1)
            kind = tag & 7
            number = 0
            if behind and kind in _WITH_VARINT:
                if behind < len(data) and data[behind] < 128:
                    number, behind = data[behind], behind + 1
                else:
                    number, behind = _read_varint(data, behind)
            if not behind and stop - at < _MAX_HEAD_BYTES:
                # It may continue in the next piece.
                break
            fields += 1
            if not behind or kind > _FIXED32 or tag < _MIN_TAG:
                at = end
                continue
            at = base + behind
            if kind == _LENGTH_DELIMITED:
                behind_content = min(at + number, end)
                child = children.get(tag)
                if child is not None and len(opened) <= _MAX_DEPTH:
                    opened.append((child, behind_content))
                else:
                    at = behind_content
            else:
                at += _FIXED_BYTES.get(kind, 0)
        self._size_counted += len(piece)
        self._held = data[at - base :] if at < stop else b""
        self._at, self._fields = at, fields
        return fields


def has_few_fields(encoded: bytes, message: Children, limit: int = MAX_SPAN_FIELDS) -> bool:
    """Return whether an encoded message has at most `limit` fields, with those of the messages below it."""
    meter = ProtobufFieldMeter(message, limit)
    try:
        meter.feed(encoded)
    except TooManyValues:
        return False
    return True


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number and the position behind it; 0 as the position if the number does not end."""
    number = shift = 0
    for behind, byte in enumerate(data[at : at + _MAX_VARINT_BYTES], at + 1):
        if byte < 128:
            return number | byte << shift, behind
        number |= (byte & 127) << shift
        shift += 7
    return 0, 0
