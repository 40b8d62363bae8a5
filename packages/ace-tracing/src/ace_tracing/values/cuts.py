"""Cuts: plain JSON in a limited number of bytes, with a note of the amount in the place of each cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from orjson import JSONDecodeError, dumps, loads

_NOTE_BYTES: Final = 64
"""The approximate size of a note. What is left below this size is not worth a part of an element."""
_MAX_ESCAPE_BYTES: Final = 6
"""The longest form of one character: `\\\\u001b`."""

Cuts = dict[int, tuple[object, int, int]]
"""Strings, lists and dicts that are already cut, by id: the object, its size without the note, its size before."""


def note_text(kept: str, size: int) -> str:
    """Return the kept part of a text of `size` characters, with a note of the cut."""
    return f"{kept}<cut: {size - len(kept)} more of {size} characters>"


def note_elements(kept: int, size: int) -> str:
    """Return the note that follows the kept elements of a list."""
    return f"<cut: {size - kept} more of {size} items>"


def note_entries(keys: Iterable[str], kept: int, size: int) -> tuple[str, str]:
    """Return the key and the value of the note that follows the kept entries of an object with these keys."""
    *_, key = number_duplicates([*keys, "<cut>"])
    return key, f"{size - kept} more of {size} items"


def number_duplicates(keys: Iterable[str]) -> Iterator[str]:
    """Yield the keys, with a number behind each one that equals an earlier one."""
    seen: set[str] = set()
    for key in keys:
        unique = key
        while unique in seen:
            unique = f"{key} #{len(seen) + 1}"
        seen.add(unique)
        yield unique


def encode_within(value: Any, max_bytes: int, cuts: Cuts) -> bytes:
    """Encode plain JSON in at most `max_bytes` bytes and the notes about cuts.

    Args:
        value: A value that orjson encodes.
        max_bytes: The longest JSON text.
        cuts: The parts of the value that are already cut. Their notes are renewed when they are cut again.

    Returns:
        The JSON text.

    Raises:
        TypeError: orjson does not encode the value.
    """
    encoded = dumps(value)
    return encoded if len(encoded) <= max_bytes else _cut(value, max_bytes, cuts)


def _cut(value: Any, max_bytes: int, cuts: Cuts) -> bytes:
    kind = type(value)
    if kind is not str and kind is not dict and kind is not list and kind is not tuple:
        return dumps(value)
    known = cuts.get(id(value))
    count, size = known[1:] if known is not None and known[0] is value else (len(value), len(value))
    if kind is str:
        return _cut_text(value[:count], max_bytes, size)
    is_object = kind is dict
    items = list(value.items() if is_object else value)[:count]
    pieces, kept, left = _encode_prefix(items, dict if is_object else list, max_bytes)
    if kept < count:
        # A part of the first element that does not fit.
        start, item = (dumps(items[kept][0]) + b":", items[kept][1]) if is_object else (b"", items[kept])
        if left - len(start) >= _NOTE_BYTES:
            pieces.append(start + _cut(item, left - len(start), cuts))
            kept += 1
    if kept < size:
        if is_object:
            key, note = note_entries((name for name, _ in items[:kept]), kept, size)
            pieces.append(dumps({key: note})[1:-1])
        else:
            pieces.append(dumps(note_elements(kept, size)))
    return (b"{%b}" if is_object else b"[%b]") % b",".join(pieces)


def _encode_prefix(items: list[Any], container: type, max_bytes: int) -> tuple[list[bytes], int, int]:
    """Encode the first items, as many as fit.

    Returns:
        Their JSON texts, their number, and the bytes left.
    """
    pieces: list[bytes] = []
    kept, left = 0, max_bytes - 2
    step, is_growing = 1, True
    while kept < len(items):
        # In growing steps, so that little is encoded in vain and orjson does the work.
        piece = dumps(container(items[kept : kept + step]))[1:-1]
        if len(piece) < left:
            pieces.append(piece)
            left -= len(piece) + 1
            kept = min(kept + step, len(items))
        elif step == 1:
            break
        else:
            is_growing = False
        step = step * 2 if is_growing else max(1, step // 2)
    return pieces, kept, left


def _cut_text(text: str, max_bytes: int, size: int) -> bytes:
    # Each character takes at least one byte. The first byte is the quote.
    encoded = dumps(text[: max(0, max_bytes)])[1 : max(1, max_bytes - 1)]
    # The end can be in the middle of a character or of an escape.
    for end in range(len(encoded), max(0, len(encoded) - _MAX_ESCAPE_BYTES) - 1, -1):
        with suppress(JSONDecodeError):
            return dumps(note_text(loads(b'"%b"' % encoded[:end]), size))
    return dumps(note_text("", size))
