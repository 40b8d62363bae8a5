"""Parsing and formatting of W3C Trace Context and W3C Baggage headers. Pure functions that ignore malformed values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

MAX_TRACESTATE: Final = 8_192
MAX_BAGGAGE: Final = 8_192
MAX_BAGGAGE_MEMBERS: Final = 64
"""Limits in characters and members. A value above its limit is not forwarded, as both recommendations allow."""

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e\t]+")
_MEMBER: Final = re.compile(
    r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*([\x21-\x2b\x2d-\x3a\x3c-\x7e]*)[ \t]*(?:;[\x20-\x7e\t]*)?"
)
_SAMPLED: Final = 0x01


class TraceParent(NamedTuple):
    """The caller's trace id (32 hex digits) and span id (16), and whether the trace is kept."""

    trace_id: str
    span_id: str
    sampled: bool


def parse_traceparent(text: str) -> TraceParent | None:
    """Parse a traceparent of any version; None when it is malformed."""
    found = _TRACEPARENT.fullmatch(text.strip(" \t"))
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest is not None) or not (int(trace_id, 16) and int(span_id, 16)):
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def format_traceparent(parent: TraceParent) -> str:
    """Return a traceparent of version 00."""
    return f"00-{parent.trace_id}-{parent.span_id}-{'01' if parent.sampled else '00'}"


def clean_tracestate(text: str) -> str:
    """Return a tracestate unchanged; empty when it is too long or has unprintable characters."""
    text = text.strip(" \t")
    return text if len(text) <= MAX_TRACESTATE and _PRINTABLE.fullmatch(text) else ""


def parse_baggage(text: str, keys: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Parse a baggage header.

    Args:
        text: The header's value.
        keys: The keys to decode.

    Returns:
        The decoded values of these keys, and all other members unchanged, for forwarding.
    """
    # Imported on first use, to keep `import ace_tracing` fast.
    from urllib.parse import unquote

    wanted = frozenset(keys)
    values: dict[str, str] = {}
    others: list[str] = []
    for member in text.split(",")[: 4 * MAX_BAGGAGE_MEMBERS]:
        found = _MEMBER.fullmatch(member)
        if found is None:
            continue
        key, value = found.groups()
        if key in wanted:
            values[key] = unquote(value, errors="replace")
        else:
            others.append(member.strip())
    return values, tuple(others)


def is_key(key: str) -> bool:
    """Return whether a text can be the key of a member of a baggage header."""
    return _MEMBER.fullmatch(f"{key}=") is not None


def key_of(member: str) -> str:
    """Return the key of a member of a baggage header."""
    return member.partition("=")[0].strip(" \t")


def format_baggage(values: Mapping[str, str], others: Iterable[str]) -> str:
    """Return a baggage header: the percent-encoded values, then other members up to the limits."""
    from urllib.parse import quote

    members: list[str] = []
    remaining = MAX_BAGGAGE
    for member in (*(f"{key}={quote(text, safe='', errors='replace')}" for key, text in values.items()), *others):
        remaining -= len(member) + 1
        if remaining < 0 or len(members) == MAX_BAGGAGE_MEMBERS:
            break
        members.append(member)
    return ",".join(members)
