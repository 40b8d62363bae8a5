"""What a record says of its trace, as attributes of the root span: its name, folder, tags, metadata, session."""

from __future__ import annotations

import re

from ace_tracing.delivery.meanings import SESSION_KEYS
from ace_tracing.recording.frames import SpanRecord, TraceDetails, TraceRecord

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
