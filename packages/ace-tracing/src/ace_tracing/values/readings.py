"""What one step towards JSON gives: text, a number, or something that holds other values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ace_tracing.values.reflect import name_of

MAX_SHORT_CHARS = 500


class Elements(NamedTuple):
    """What reads as a JSON array: the elements, and how many there are."""

    items: Iterable[object]
    size: int


class Entries(NamedTuple):
    """What reads as a JSON object: the keys with their values, and how many there are."""

    items: Iterable[tuple[object, object]]
    size: int


class Instead(NamedTuple):
    """What reads as another value does."""

    value: object


Simpler = str | int | float | Elements | Entries | Instead
Reader = Callable[[Any], Simpler]


def named(value: object, more: str = "") -> str:
    """An object by the name of its type."""
    name = name_of(type(value))
    return f"<{name}: {more}>" if more else f"<{name} object>"


def is_scalar(value: object) -> bool:
    """Whether it is one of JSON's own values, other than a list or an object."""
    kind = type(value)
    return kind is str or kind is int or kind is float or kind is bool or value is None


def is_short(value: object) -> bool:
    """Whether it is such a value and fits in a line."""
    return is_scalar(value) and (type(value) is not str or len(value) <= MAX_SHORT_CHARS)


def entries(read: Callable[[Any], list[tuple[str, Any]]]) -> Reader:
    """A reader that gives the names and values that `read` gives."""

    def read_entries(value: object) -> Simpler:
        fields = read(value)
        return Entries(fields, len(fields))

    return read_entries
