"""Views: the result of one step from a value to JSON, which is text, a number or a container of other values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from ace_tracing.values.introspection import name_of

MAX_SHORT_CHARS: Final = 500


class Elements(NamedTuple):
    """A view that becomes a JSON array.

    Attributes:
        items: The elements.
        size: The number of elements.
    """

    items: Iterable[object]
    size: int


class Entries(NamedTuple):
    """A view that becomes a JSON object.

    Attributes:
        items: The keys with their values.
        size: The number of keys.
    """

    items: Iterable[tuple[object, object]]
    size: int


class Replacement(NamedTuple):
    """A view of another value in place of the first."""

    value: object


Fields = tuple[Sequence[str], Sequence[Any]]
"""A view that becomes a JSON object: names, each once and at most `MAX_KEY_CHARS` long, and their values."""

View = str | int | float | Elements | Entries | Fields | Replacement
Converter = Callable[[Any], View]
"""Returns the view of a value of one type."""


def placeholder(value: object, detail: str = "") -> str:
    """Return the text for a value that is not opened: its type in angle brackets, with a detail if there is one."""
    return placeholder_of(type(value), detail)


def placeholder_of(kind: type, detail: str = "") -> str:
    """Return the text for an instance of a class that is not opened."""
    name = name_of(kind)
    return f"<{name}: {detail}>" if detail else f"<{name} object>"


def is_scalar(value: object) -> bool:
    """Return whether a value is null, a boolean, a number or a string in JSON."""
    kind = type(value)
    return kind is str or kind is int or kind is float or kind is bool or value is None


def is_short(value: object) -> bool:
    """Return whether a value is a scalar and, if it is a string, has at most `MAX_SHORT_CHARS` characters."""
    return is_scalar(value) and (type(value) is not str or len(value) <= MAX_SHORT_CHARS)
