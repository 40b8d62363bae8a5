"""Times, durations and values as a person reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

SHOWN_CHARACTERS: Final = 20_000
"""How much of one value is shown."""

_UNITS: Final = ((1_000, "ns", 1), (1_000_000, "µs", 1_000), (1_000_000_000, "ms", 1_000_000))


def moment(ns: int) -> str:
    """A time, given in ns since 1970, in UTC: ``2026-11-22 17:38:03.497``."""
    return datetime.fromtimestamp(ns // 1_000_000 / 1000, UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")


def duration(ns: int | None) -> str:
    """A duration, given in ns, in three digits: ``850 µs``, ``12.3 ms``, ``1.24 s``, ``2 min 3 s``."""
    if ns is None:
        return "running"
    for limit, unit, size in _UNITS:
        if ns < limit:
            return f"{ns / size:.3g} {unit}"
    seconds = ns / 1e9
    return f"{seconds:.3g} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def fields(value: Any) -> list[tuple[str, str]]:
    """A value to show as names and texts: an object by its members, anything else as one text without a name."""
    if isinstance(value, dict):
        return [(str(name), text(member)) for name, member in value.items()]
    return [] if value is None else [("", text(value))]


def text(value: Any) -> str:
    """A value as text: a string as it is, the rest as indented JSON; cut where it gets long."""
    whole = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=repr)
    if len(whole) <= SHOWN_CHARACTERS:
        return whole
    return f"{whole[:SHOWN_CHARACTERS]}\n… {len(whole) - SHOWN_CHARACTERS:,} more characters"
