"""Limits on the recorded part of one value. They count the value and the work, never time.

A limit in seconds would also count the time in which the thread waits for a busy machine, and would cut a value that is
whole on an idle one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from ace_tracing.values.media import MAX_MEDIA_CHARS

MAX_KEY_CHARS: Final = 1_000
_FLAT_ITEM_LIMIT: Final = 16
_MAX_CHAR_BYTES: Final = 6
"""The longest JSON text of one character, such as `\\u0000`."""
_HAS_GIL: Final = bool(getattr(sys, "_is_gil_enabled", lambda: True)())
_MAX_NARROW_BYTES: Final = 8_192 if _HAS_GIL else sys.maxsize
"""The size up to which walking from value to value is faster than reading level by level.

An interpreter without a GIL stops all threads to read a level.
"""


class Limits:
    """Limits on the kept part of one value. The rest is cut, and a note in its place reports the amount.

    Args:
        value_bytes: The longest JSON text of a value. The notes about cuts can add a few KB.
        string_chars: The longest string, in characters.
        items: The maximum number of elements of one list, or entries of one object.
        depth: The deepest nesting of lists and objects. Some servers accept a value nested deeper than about 30 and
            then fail to return it.
        values: The maximum number of elements and entries of all lists and objects together.
        work: The maximum number of objects that are not JSON. A table counts as many; see `conversion`.
        media_chars: The most base64 characters of images, audio and files, which are kept beside the other limits.
        inspect: A function that takes a value that is not plain JSON, before the copy. Its exceptions are raised.
    """

    __slots__ = (
        "depth",
        "flat_bytes",
        "flat_chars",
        "flat_items",
        "inspect",
        "items",
        "media_chars",
        "narrow_bytes",
        "string_chars",
        "value_bytes",
        "values",
        "work",
    )

    def __init__(
        self,
        value_bytes: int = 1_048_576,
        string_chars: int = 262_144,
        items: int = 10_000,
        depth: int = 24,
        values: int = 250_000,
        work: int = 25_000,
        media_chars: int = 0,
        inspect: Callable[[object], None] | None = None,
    ) -> None:
        self.value_bytes = value_bytes
        self.string_chars = string_chars
        self.items = items
        self.depth = depth
        self.values = values
        self.work = work
        self.media_chars = media_chars
        self.inspect = inspect
        # Below both bounds, a flat container is within every limit and needs no further check.
        self.flat_items = min(_FLAT_ITEM_LIMIT, items, values) if depth > 1 else -1
        self.flat_bytes = min(MAX_KEY_CHARS, value_bytes)
        # A string up to this length is within both limits, however its characters are escaped.
        self.flat_chars = min(string_chars, value_bytes // _MAX_CHAR_BYTES - 1)
        self.narrow_bytes = min(_MAX_NARROW_BYTES, value_bytes)


DEFAULT_LIMITS: Final = Limits(media_chars=MAX_MEDIA_CHARS)
"""The limits of inputs and outputs."""
ATTRIBUTE_LIMITS: Final = Limits()
"""The limits of attributes."""
