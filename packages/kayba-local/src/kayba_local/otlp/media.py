"""Media inside values, from clients that send no attachments: their type and size stand for them in texts to read."""

from __future__ import annotations

import re
from typing import Final

MIN_CHARACTERS: Final = 1_024
"""Base64 texts with fewer characters are shown as they are."""

_BASE64: Final = rf"[A-Za-z0-9+/_-]{{{MIN_CHARACTERS},}}={{0,2}}"
_DATA_URI: Final = re.compile(rf"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[\w.+-]+)*;base64,({_BASE64})", re.ASCII)
_PREFIXES: Final = {
    "iVBORw0KGg": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "JVBERi0": "application/pdf",
    "SUQz": "audio/mpeg",
    "UklGR": "audio or image",
}
_STRING: Final = re.compile(rf'(?<=")({"|".join(map(re.escape, _PREFIXES))})({_BASE64})(?=")')


def shorten_media(text: str) -> str:
    """Return a text, or JSON text, in which type and size stand for each data URI and each base64 of a known type."""
    if len(text) < MIN_CHARACTERS:
        return text
    if ";base64," in text:
        text = _DATA_URI.sub(lambda match: _describe(match[1] or "file", len(match[2])), text)
    if any(f'"{prefix}' in text for prefix in _PREFIXES):
        text = _STRING.sub(lambda match: _describe(_PREFIXES[match[1]], len(match[1]) + len(match[2])), text)
    return text


def format_size(size: int) -> str:
    """Return a size, given in bytes, with three digits: `850 bytes`, `12.3 KB`, `1.24 MB`."""
    for unit, factor in (("MB", 1_000_000), ("KB", 1_000)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def _describe(media_type: str, characters: int) -> str:
    return f"[{media_type}, {format_size(characters * 3 // 4)}]"
