"""The three headers of W3C Trace Context and W3C Baggage as values. Pure functions; what is malformed is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

MAX_TRACESTATE = 8_192
MAX_BAGGAGE = 8_192
MAX_BAGGAGE_MEMBERS = 64
"""Bounds in characters and members. What is longer is not passed on, as both recommendations allow."""

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_PRINTABLE = re.compile(r"[\x20-\x7e\t]+")
_MEMBER = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*([\x21-\x2b\x2d-\x3a\x3c-\x7e]*)\s*(?:;[\x20-\x7e\t]*)?")
_SAMPLED = 0x01


class TraceParent(NamedTuple):
    """Which span calls: 32 and 16 hex digits, and whether its trace is kept."""

    trace_id: str
    span_id: str
    sampled: bool


def parse_traceparent(text: str) -> TraceParent | None:
    """Read a traceparent of any version; None when it is not one."""
    found = _TRACEPARENT.fullmatch(text.strip(" \t"))
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more is not None) or not (int(trace_id, 16) and int(span_id, 16)):
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def format_traceparent(parent: TraceParent) -> str:
    """Write a traceparent of version 00."""
    return f"00-{parent.trace_id}-{parent.span_id}-{'01' if parent.sampled else '00'}"


def clean_tracestate(text: str) -> str:
    """Give a tracestate as it came; nothing when it cannot be sent on."""
    text = text.strip(" \t")
    return text if len(text) <= MAX_TRACESTATE and _PRINTABLE.fullmatch(text) else ""


def parse_baggage(text: str, ours: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read a baggage header.

    Args:
        text: the header's value.
        ours: the keys whose values are wanted.

    Returns:
        The values of these keys, decoded; and all other members as they stand, to be passed on.
    """
    # Here, to keep the import of the package quick.
    from urllib.parse import unquote

    wanted = frozenset(ours)
    values: dict[str, str] = {}
    foreign: list[str] = []
    for member in text.split(",")[: 4 * MAX_BAGGAGE_MEMBERS]:
        found = _MEMBER.fullmatch(member)
        if found is None:
            continue
        key, value = found.groups()
        if key in wanted:
            values[key] = unquote(value, errors="replace")
        else:
            foreign.append(member.strip())
    return values, tuple(foreign)


def format_baggage(values: Mapping[str, str], foreign: Iterable[str]) -> str:
    """Write a baggage header: these values percent-encoded, then the members of others for which there is room."""
    from urllib.parse import quote

    members: list[str] = []
    room = MAX_BAGGAGE
    for member in (*(f"{key}={quote(text, safe='', errors='replace')}" for key, text in values.items()), *foreign):
        room -= len(member) + 1
        if room < 0 or len(members) == MAX_BAGGAGE_MEMBERS:
            break
        members.append(member)
    return ",".join(members)
