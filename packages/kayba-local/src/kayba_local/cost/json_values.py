"""The number of values in a JSON body, counted on its bytes."""

from __future__ import annotations

from typing import Final

from kayba_local.cost.meter import Meter

MAX_JSON_VALUES: Final = 400_000
"""Limit of the values in a JSON body: members of lists and objects. Each takes up to a hundred bytes of memory. A span
with ten attributes has 50."""

_MIN_VALUE_BYTES: Final = 2
_QUOTE: Final = b'"'
_BACKSLASH: Final = b"\\"


class JsonValueMeter(Meter):
    """A counter of the values in JSON, including those in JSON that is not valid."""

    def __init__(self, limit: int = MAX_JSON_VALUES) -> None:
        super().__init__(limit, "values", _MIN_VALUE_BYTES)
        self._values = 0
        self._is_in_text = False
        self._held = b""

    def _count(self, piece: bytes) -> int:
        piece = self._held + piece
        # A backslash belongs to the next character, which may be in the next piece.
        trailing = len(piece) - len(piece.rstrip(_BACKSLASH))
        self._held = _BACKSLASH if trailing % 2 else b""
        piece = piece[: len(piece) - len(self._held)]
        if _BACKSLASH in piece:
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = piece.split(_QUOTE)
        outside = b"".join(parts[1 if self._is_in_text else 0 :: 2])
        self._is_in_text ^= len(parts) % 2 == 0
        self._values += count_separators(outside)
        return self._values


def count_separators(content: bytes) -> int:
    """Return the number of opening brackets and commas: no fewer than the values below the outermost list or object."""
    return content.count(b"[") + content.count(b"{") + content.count(b",")


def has_few_values(text: str, limit: int = MAX_JSON_VALUES) -> bool:
    """Return whether a JSON text within another value is small enough to be parsed.

    Separators in its texts count as well.
    """
    if len(text) <= limit:
        return True
    return text.count("[") + text.count("{") + text.count(",") <= limit
