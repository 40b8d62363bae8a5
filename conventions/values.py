"""Values of attributes: texts that hold JSON or a Python literal, numbers, and flattened lists of messages."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

MAX_LITERAL_CHARS: Final = 65_536
"""The longest text that is read as a Python literal."""
MAX_JSON_VALUES: Final = 500_000
"""The most values of a text that is read as JSON. An empty list is three bytes, and takes a hundred of memory."""
MAX_DEPTH: Final = 16
"""The most names in a flattened key below its prefix."""
MAX_NUMBER: Final = 2**63 - 1
"""The largest number that is read, as OTLP's integers. The sum of two can be sent as JSON."""

_STARTS: Final = frozenset({"{", "[", '"', "("})
_WRAPPERS: Final = frozenset({"message", "tool_call", "message_content", "document", "embedding", "tool"})
"""Names that OpenInference puts between the items of a list and their fields."""


def parse(value: Any) -> Any:
    """Return the value that a text holds as JSON or as a Python literal; any other value unchanged."""
    if not isinstance(value, str) or value.lstrip()[:1] not in _STARTS or _is_costly(value):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return _parse_literal(value)


def parse_text(value: Any, dump: Callable[[Any], str]) -> str:
    """Return the value that a text holds, as JSON text. A text that is JSON is returned as it is.

    Args:
        value: The text, or any other value.
        dump: Returns a value as JSON text.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in _STARTS or _is_costly(value):
        return dump(value)
    try:
        orjson.loads(value)
    except ValueError:
        return dump(_parse_literal(value))
    return value


def _is_costly(text: str) -> bool:
    return len(text) > MAX_JSON_VALUES and sum(map(text.count, "[{,")) > MAX_JSON_VALUES


def _parse_literal(text: str) -> Any:
    """Return the value of a Python literal; any other text unchanged."""
    literal = text.lstrip()
    if len(text) > MAX_LITERAL_CHARS or literal[:1] == '"':
        return text
    try:
        # By way of JSON: tuples become lists, and sets or bytes stay a text.
        return orjson.loads(orjson.dumps(ast.literal_eval(literal), option=orjson.OPT_NON_STR_KEYS))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def read_count(value: Any) -> int | None:
    """Return a number of tokens, also from a text; None for any other value."""
    if type(value) is int:
        return value if 0 <= value <= MAX_NUMBER else None
    number = read_number(value)
    return int(number) if number is not None and number >= 0 and number == int(number) else None


def read_number(value: Any) -> float | int | None:
    """Return a number up to `MAX_NUMBER`, also from a text; None for any other value."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # False for NaN, too.
    return value if -MAX_NUMBER <= value <= MAX_NUMBER else None


class _Leaf:
    """A value that is a dict, and no place of the tree."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def unflatten(flat: Mapping[str, Any]) -> Any:
    """Return the nested value of flattened keys such as `0.message.content`.

    Args:
        flat: The values by key, without the common prefix.
    """
    tree: dict[str, Any] = {}
    place, place_path = tree, ""
    for key, value in flat.items():
        path, _, last = key.rpartition(".")
        # Neighbours mostly belong to one place.
        if path != place_path:
            place, place_path = _find_place(tree, path), path
        if type(place.get(last)) is not dict:
            place[last] = _Leaf(value) if type(value) is dict else value
    return _collapse(tree)


def _find_place(tree: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the place of a path, which is created if it is new. It takes the place of a value."""
    place = tree
    for name in path.split(".", MAX_DEPTH) if path else ():
        below = place.get(name)
        if type(below) is not dict:
            below = place[name] = {}
        place = below
    return place


def _collapse(place: dict[str, Any]) -> Any:
    """Return a place of the tree with lists in place of numbered names, and without the names in `_WRAPPERS`."""
    names = "".join(place)
    if names.isdecimal() and names.isascii():
        # Sorted by length, too: the numbers may be longer than `int` accepts.
        return [_read_below(_unwrap(place[number])) for number in sorted(sorted(place), key=len)]
    for name, below in place.items():
        if type(below) is dict or type(below) is _Leaf:
            place[name] = _read_below(below)
    if "contents" in place:
        # OpenInference's name for a content of several parts.
        place["content"] = place.pop("contents")
    return place


def _read_below(below: Any) -> Any:
    if type(below) is dict:
        return _collapse(below)
    return below.value if type(below) is _Leaf else below


def _unwrap(item: Any) -> Any:
    """Return the place below the name that OpenInference puts around an item of a list."""
    if type(item) is dict and len(item) == 1:
        (name,) = item
        if name in _WRAPPERS and type(item[name]) in (dict, _Leaf):
            return item[name]
    return item
