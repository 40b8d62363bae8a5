"""Errors of filters. Each names the position, counted in characters from 1."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from kayba_local.store.errors import InvalidValue
from kayba_local.store.query.nodes import Field

MAX_QUOTED_CHARACTERS: Final = 40
"""Characters of the filter that a message repeats."""


class InvalidFilter(InvalidValue):
    """A malformed filter or order, or one that names an unknown field.

    Attributes:
        position: The position of the error in the text, from 1.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def shorten(text: str) -> str:
    """Return a part of a filter as it appears in a message: in quotes, and cut if it is long."""
    cut = text if len(text) <= MAX_QUOTED_CHARACTERS else f"{text[:MAX_QUOTED_CHARACTERS]}…"
    return repr(cut)


def unknown_field(field: Field, known: Iterable[str]) -> InvalidFilter:
    """Return the error for an unknown field, with the nearest known one, or all of them if none is near."""
    names = list(known)
    near = difflib.get_close_matches(str(field).lower(), names, n=1, cutoff=0.6)
    advice = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(names)}"
    return InvalidFilter(f"unknown field {shorten(str(field))} at position {field.position}; {advice}", field.position)
