"""Span attributes: those with a meaning to servers, and a trace's tags and metadata as attributes of its root span.

A server may refuse a whole request, with all its traces, for one attribute that has a meaning to the server and an
invalid value. `normalize_attribute` therefore renames such an attribute, so that it loses its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ace_tracing.recording.records import SpanRecord, TraceDetails, TraceRecord

SESSION_KEYS: Final = ("session.id", "user.id")
"""Attributes that servers store as the trace's session and user, on whichever span they are."""
MAX_SESSION_CHARS: Final = 250

INVALID_PREFIX: Final = "not_taken."
"""Prefix of an attribute whose value is invalid for its name."""

FOLDER_TAG: Final = "kayba.folder"
NAME_TAG: Final = "mlflow.traceName"
TAG_PREFIX: Final = "mlflow.traceTag."
METADATA_PREFIX: Final = "mlflow.traceMetadata."
MAX_NAME_CHARS: Final = 1_000
"""Limit for the name of a span, an event or an attribute. A server may refuse a whole request for a name of more than
4,096 characters."""

_SERVER_TAG_PREFIX: Final = "mlflow.traceTag.mlflow."
_NO_DETAILS: Final = TraceDetails(None, {}, {})
_NONZERO_HEX: Final = re.compile(r"(?!0+$)[0-9a-fA-F]+")


def normalize_attribute(key: str, value: Any) -> tuple[str, Any]:
    """Return the name and the value under which an attribute is safe to send."""
    if key in SESSION_KEYS:
        return key, str(value)[:MAX_SESSION_CHARS]
    is_valid = _VALIDATORS.get(key)
    if key.startswith(_SERVER_TAG_PREFIX) or (is_valid is not None and not is_valid(value)):
        return INVALID_PREFIX + key, value
    return key, value


def sendable_attributes(attributes: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return a span's recorded attributes with names and values that are safe to send."""
    return [
        (truncate_name(key), value)
        if key not in CHECKED_NAMES and not key.startswith(_SERVER_TAG_PREFIX)
        else normalize_attribute(key[:MAX_NAME_CHARS], value)
        for key, value in attributes.items()
    ]


def root_attributes(trace: TraceRecord, root: SpanRecord) -> dict[str, str]:
    """Return the trace's name, folder, tags, metadata and session as attributes of its root span."""
    details = trace.details or _NO_DETAILS
    tags = {NAME_TAG: truncate_name(details.name or root.name)}
    if trace.folder is not None:
        tags[FOLDER_TAG] = trace.folder
    tags |= {key: text for key, text in details.tags.items() if not key.startswith("mlflow.")}
    metadata = {key: text for key, text in details.metadata.items() if key in SESSION_KEYS}
    other = {METADATA_PREFIX + key: text for key, text in details.metadata.items() if key not in SESSION_KEYS}
    return {TAG_PREFIX + key: text for key, text in tags.items()} | metadata | other


def truncate_name(name: object) -> str:
    """Return a name within `MAX_NAME_CHARS`."""
    return str(name)[:MAX_NAME_CHARS]


def is_valid_id(text: str, digits: int) -> bool:
    """Return whether a text is a trace or span id: an invalid one may cost the whole request."""
    return len(text) == digits and bool(_NONZERO_HEX.fullmatch(text))


def _is_dict_of_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(type(number) in (int, float) for number in value.values())


def _is_dict_of_ints(value: Any) -> bool:
    return isinstance(value, dict) and all(type(number) is int for number in value.values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_VALIDATORS: Final[dict[str, Callable[[Any], bool]]] = {
    "mlflow.chat.tokenUsage": _is_dict_of_ints,
    "mlflow.llm.cost": _is_dict_of_numbers,
    "gen_ai.operation.name": _is_text,
    "openinference.span.kind": _is_text,
    "traceloop.span.kind": _is_text,
}
"""Attributes with a meaning to servers, and the check that their values must pass."""

CHECKED_NAMES: Final = frozenset({*SESSION_KEYS, *_VALIDATORS})
"""Attributes that `normalize_attribute` may change, beside those with `mlflow.traceTag.mlflow.` before their name."""
