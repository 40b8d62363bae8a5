"""Formats of times, durations and values on the pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from kayba_local.otlp.media import shorten_media
from kayba_local.pages.attachments import shorten_references

MAX_CHARACTERS: Final = 20_000
"""Maximum number of characters shown of one value."""

_UNITS: Final = ((1_000, "ns", 1), (1_000_000, "µs", 1_000), (1_000_000_000, "ms", 1_000_000))


def format_time(ns: int) -> str:
    """Return a time, given in ns since 1970, in UTC: `2026-11-22 17:38:03.497`."""
    return datetime.fromtimestamp(ns // 1_000_000 / 1000, UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")


def format_duration(ns: int | None) -> str:
    """Return a duration, given in ns, with three digits: `850 µs`, `12.3 ms`, `1.24 s`, `2 min 3 s`."""
    if ns is None:
        return "running"
    for limit, unit, size in _UNITS:
        if ns < limit:
            return f"{ns / size:.3g} {unit}"
    seconds = ns / 1e9
    return f"{seconds:.3g} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def format_fields(value: Any) -> list[tuple[str, str]]:
    """Return the members of an object as names and texts, or any other value as one text with an empty name."""
    if isinstance(value, dict):
        return [(str(name), format_text(member)) for name, member in value.items()]
    return [] if value is None else [("", format_text(value))]


def format_text(value: Any) -> str:
    """Return a string unchanged and any other value as indented JSON, cut after `MAX_CHARACTERS`.

    Type and size stand for media, whether the value refers to them or contains them.
    """
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=repr)
    text = shorten_media(shorten_references(text))
    if len(text) <= MAX_CHARACTERS:
        return text
    return f"{text[:MAX_CHARACTERS]}\n… {len(text) - MAX_CHARACTERS:,} more characters"
