"""Values of attributes: texts that hold JSON or a Python literal, numbers, and flattened lists of messages."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

MAX_LITERAL_CHARS: Final = 65_536
"""The longest text that is read as a Python literal."""
MAX_DEPTH: Final = 16
"""The most names in a flattened key below its prefix."""
MAX_NUMBER: Final = 2**63 - 1
"""The largest number that is read, as OTLP's integers. The sum of two can be sent as JSON."""

MAX_REMEMBERED_KEYS: Final = 4_096
"""How many flattened keys are remembered with their names."""
MAX_REMEMBERED_CHARS: Final = 256
"""The longest name of an attribute that is remembered. Servers accept names of 65,536 characters."""

_RENAMED: Final = {"contents": "content"}
_WRAPPERS: Final = frozenset({"message", "tool_call", "message_content", "document", "embedding", "tool"})
"""Names that OpenInference puts between the items of a list and their fields."""


def parse(value: Any) -> Any:
    """Return the value that a text holds as JSON or as a Python literal; any other value unchanged."""
    if not isinstance(value, str):
        return value
    text = value.lstrip()
    if text[:1] not in ("{", "[", '"', "("):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        pass
    if len(value) > MAX_LITERAL_CHARS or text[:1] == '"':
        return value
    try:
        # By way of JSON: tuples become lists, and sets or bytes stay a text.
        return orjson.loads(orjson.dumps(ast.literal_eval(text), option=orjson.OPT_NON_STR_KEYS))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return value


def read_count(value: Any) -> int | None:
    """Return a number of tokens, also from a text; None for any other value."""
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


def unflatten(flat: Mapping[str, Any]) -> Any:
    """Return the nested value of flattened keys such as `0.message.content`.

    Args:
        flat: The values by key, without the common prefix.
    """
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        path, last = _split(key) if len(key) <= MAX_REMEMBERED_CHARS else _split.__wrapped__(key)
        place = tree
        for name in path:
            below = place.get(name)
            if type(below) is not dict:
                below = place[name] = {}
            place = below
        if type(place.get(last)) is not dict:
            place[last] = _Leaf(value)
    return _collapse(tree)


@lru_cache(MAX_REMEMBERED_KEYS)
def _split(key: str) -> tuple[list[str], str]:
    """Return the names of a flattened key above its last one, and that one."""
    *path, last = key.split(".", MAX_DEPTH)
    return path, last


class _Leaf:
    """A value of a flattened key, which is not nested further."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _collapse(place: Any) -> Any:
    """Return a place of the tree with lists in place of numbered names, and without the names in `_WRAPPERS`."""
    if type(place) is _Leaf:
        return place.value
    if all(map(_is_position, place)):
        # Sorted by length first: the numbers may be longer than `int` accepts.
        numbers = sorted(place, key=lambda name: (len(name.lstrip("0")), name))
        return [_unwrap(_collapse(place[number])) for number in numbers]
    return {_RENAMED.get(name, name): _collapse(below) for name, below in place.items()}


def _is_position(name: str) -> bool:
    return name.isdecimal() and name.isascii()


def _unwrap(item: Any) -> Any:
    if isinstance(item, dict) and len(item) == 1:
        (name,) = item
        if name in _WRAPPERS and isinstance(item[name], dict):
            return item[name]
    return item
