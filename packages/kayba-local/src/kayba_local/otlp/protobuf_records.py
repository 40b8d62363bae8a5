"""Records of spans in protobuf: the span is stored as received, and only its columns are decoded."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from kayba_local.conventions import is_read
from kayba_local.otlp.columns import COLUMN_ATTRIBUTES, make_columns
from kayba_local.otlp.contents import PROTOBUF
from kayba_local.otlp.protobuf_spans import read_text_attribute, scan_span
from kayba_local.otlp.records import TRACE_ID_PREFIX, SpanRecord
from kayba_local.otlp.values import unwrap

MAX_REMEMBERED: Final = 4_096
MAX_REMEMBERED_BYTES: Final = 256
"""How many attributes are remembered, and the size of each. Many spans have the same type, function and agent."""

Column: TypeAlias = tuple[str, Any]
"""An attribute that a column is read from, decoded. An empty key stands for an attribute that has no column."""

_NO_COLUMN: Final[Column] = ("", None)
_NO_ATTRIBUTES: Final[dict[str, Any]] = {}

_columns: dict[bytes, Column] = {}


def read_record(encoded: bytes, resource: bytes) -> SpanRecord | None:
    """Return the record of an encoded span, or None if it needs protobuf's classes.

    Args:
        encoded: The span.
        resource: The result of `encode_resource` for the span's resource.
    """
    plain = scan_span(encoded)
    if plain is None:
        return None
    attributes: dict[str, Any] = {}
    try:
        for attribute in plain.attributes:
            column = _columns.get(attribute) or _read_column(attribute)
            if column is None:
                return None
            if column is not _NO_COLUMN:
                attributes[column[0]] = column[1]
    except (IndexError, ValueError):
        # An error is reported with protobuf's message.
        return None
    return SpanRecord(
        TRACE_ID_PREFIX + plain.trace_id.hex(),
        plain.span_id.hex(),
        plain.parent_id.hex() or None,
        plain.start_ns,
        plain.end_ns,
        make_columns(plain.name, plain.status, "", attributes, _NO_ATTRIBUTES),
        PROTOBUF,
        encoded,
        resource,
    )


def _read_column(encoded: bytes) -> Column | None:
    """Return the column of an attribute with a text; None if it has another value, or others are derived from it."""
    pair = read_text_attribute(encoded)
    if pair is None or is_read(pair[0]):
        return None
    key, text = pair
    column = (key, unwrap(text)) if key in COLUMN_ATTRIBUTES else _NO_COLUMN
    if len(encoded) <= MAX_REMEMBERED_BYTES:
        if len(_columns) >= MAX_REMEMBERED:
            _columns.clear()
        _columns[encoded] = column
    return column
