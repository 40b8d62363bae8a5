"""Attributes that servers give a meaning to.

A server may refuse a whole request, other people's traces in it included, for one such attribute with a value that it
cannot take. So a value that does not fit is recorded under another name, where it means nothing.

What a record says of its trace, as attributes of the root span: its name, folder, tags, metadata, session.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ace_tracing.recording.frames import SpanRecord, TraceDetails, TraceRecord

SESSION_KEYS = ("session.id", "user.id")
"""Attributes that servers take as the trace's session and user, wherever they are."""
MAX_SESSION = 250

NOT_TAKEN = "not_taken."
"""Stands before the name of an attribute whose value does not fit its meaning."""

_SERVERS_OWN = "mlflow.traceTag.mlflow."


def with_meaning(key: str, value: Any) -> tuple[str, Any]:
    """Give the name and value under which an attribute can be sent."""
    if key in SESSION_KEYS:
        return key, str(value)[:MAX_SESSION]
    fits = _FITS.get(key)
    if key.startswith(_SERVERS_OWN) or (fits is not None and not fits(value)):
        return NOT_TAKEN + key, value
    return key, value


def _is_numbers_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(type(number) in (int, float) for number in value.values())


def _is_counts_by_name(value: Any) -> bool:
    return _is_numbers_by_name(value) and all(type(count) is int for count in value.values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_FITS: dict[str, Callable[[Any], bool]] = {
    "mlflow.chat.tokenUsage": _is_counts_by_name,
    "mlflow.llm.cost": _is_numbers_by_name,
    "gen_ai.operation.name": _is_text,
    "openinference.span.kind": _is_text,
    "traceloop.span.kind": _is_text,
}


FOLDER_TAG = "kayba.folder"
NAME_TAG = "mlflow.traceName"
TAG_PREFIX = "mlflow.traceTag."
METADATA_PREFIX = "mlflow.traceMetadata."
MAX_NAME = 1_000
"""Longest name of a span, an event or an attribute: a server may refuse a whole request for one that is longer than
4,096 characters."""

_NO_DETAILS = TraceDetails(None, {}, {})
_HEX = re.compile(r"(?!0+$)[0-9a-fA-F]+")


def of_trace(trace: TraceRecord, root: SpanRecord) -> dict[str, str]:
    """The attributes by which a root span tells of its trace."""
    details = trace.details or _NO_DETAILS
    tags = {NAME_TAG: name_of(details.name or root.name)}
    if trace.folder is not None:
        tags[FOLDER_TAG] = trace.folder
    tags |= {key: text for key, text in details.tags.items() if not key.startswith("mlflow.")}
    metadata = {key: text for key, text in details.metadata.items() if key in SESSION_KEYS}
    other = {METADATA_PREFIX + key: text for key, text in details.metadata.items() if key not in SESSION_KEYS}
    return {TAG_PREFIX + key: text for key, text in tags.items()} | metadata | other


def name_of(name: object) -> str:
    """A name that every server takes."""
    return str(name)[:MAX_NAME]


def is_id(text: str, digits: int) -> bool:
    """Whether it is the id of a trace or a span: one that leads nowhere may cost a whole request."""
    return len(text) == digits and bool(_HEX.fullmatch(text))
