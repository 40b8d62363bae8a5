"""Fields of traces in filters and orders: their names, aliases and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kayba_local.otlp.records import SESSION_METADATA
from kayba_local.store.query.columns import AnyColumn, Column, NumberColumn, RowColumn, SpanColumn, TextColumn
from kayba_local.store.query.errors import InvalidFilter, unknown_field
from kayba_local.store.query.nodes import Field
from kayba_local.store.span_text import ATTRIBUTE, CONTENT_TEXT

RUN_METADATA: Final = "mlflow.sourceRun"
PROMPTS_TAG: Final = "mlflow.linkedPrompts"


def _pair(table: str, key: str) -> RowColumn:
    return RowColumn(
        rows=f"FROM {table} WHERE {table}.trace = traces.id AND {table}.key = ?",
        parameters=(key,),
        value=TextColumn("value"),
        traces=f"SELECT trace FROM {table} WHERE {table}.key = ?",  # noqa: S608 - this module's names
    )


_PAIRS: Final[Mapping[str, str]] = {
    "tag": "trace_tags",
    "tags": "trace_tags",
    "metadata": "trace_metadata",
    "request_metadata": "trace_metadata",
    "trace_metadata": "trace_metadata",
}
_ATTRIBUTE_GROUPS: Final = ("", "attribute", "attributes", "trace")
_SPAN_GROUPS: Final = ("span", "spans")
_SPAN_ATTRIBUTES: Final = "attributes."

_START_MS: Final = "traces.request_ns / 1000000"
_DURATION_MS: Final = "traces.duration_ns / 1000000.0"

# Filters compare milliseconds. Rows are sorted by the nanosecond: many traces can start in one millisecond.
_START: Final = NumberColumn(_START_MS, order="traces.request_ns", kind="time", nanoseconds="traces.request_ns")
_DURATION: Final = NumberColumn(
    _DURATION_MS, nullable=True, order="traces.duration_ns", kind="duration", nanoseconds="traces.duration_ns"
)
_END: Final = NumberColumn(
    f"({_START_MS} + COALESCE({_DURATION_MS}, 0))",
    order="(traces.request_ns + COALESCE(traces.duration_ns, 0))",
    kind="time",
)
_STATE: Final = TextColumn("traces.state")
_ID: Final = TextColumn("traces.trace_id")
_SESSION: Final = TextColumn("traces.session_id")
_USER: Final = TextColumn("traces.user_id")
_TOKENS: Final = NumberColumn("traces.total_tokens", nullable=True)
_SPANS: Final = NumberColumn("traces.span_count")
_ERRORS: Final = NumberColumn("traces.error_count")
_MODEL: Final = RowColumn(
    rows="FROM trace_models WHERE trace_models.trace = traces.id",
    parameters=(),
    value=TextColumn("trace_models.model"),
    traces="SELECT trace FROM trace_models WHERE 1",
)
# The tag is a JSON list of {"name": …, "version": …}.
_PROMPT: Final = RowColumn(
    rows=(
        "FROM trace_tags, json_each(CASE WHEN json_valid(trace_tags.value) THEN trace_tags.value ELSE '[]' END)"
        " AS prompts WHERE trace_tags.trace = traces.id AND trace_tags.key = ?"
    ),
    parameters=(PROMPTS_TAG,),
    value=TextColumn("(prompts.value ->> '$.name') || '/' || (prompts.value ->> '$.version')"),
)
_CONTENT: Final = SpanColumn(
    TextColumn(
        f"(SELECT {CONTENT_TEXT}(format, content) FROM span_contents WHERE span = spans.id)",  # noqa: S608 - constants
        patterns_only=True,
    )
)

_ATTRIBUTES: Final[Mapping[str, Column]] = {
    "name": TextColumn("traces.name"),
    "status": _STATE,
    "state": _STATE,
    "timestamp": _START,
    "timestamp_ms": _START,
    "request_time": _START,
    "duration": _DURATION,
    "duration_ms": _DURATION,
    "execution_time": _DURATION,
    "execution_time_ms": _DURATION,
    "execution_duration": _DURATION,
    "end_time": _END,
    "end_time_ms": _END,
    "folder": TextColumn("traces.folder"),
    "session": _SESSION,
    "session_id": _SESSION,
    "user": _USER,
    "user_id": _USER,
    "model": _MODEL,
    "agent": TextColumn("traces.agent"),
    "error": TextColumn("traces.error"),
    "error_type": TextColumn("traces.error_type"),
    "tokens": _TOKENS,
    "total_tokens": _TOKENS,
    "input_tokens": NumberColumn("traces.input_tokens", nullable=True),
    "output_tokens": NumberColumn("traces.output_tokens", nullable=True),
    "cached_tokens": NumberColumn("traces.cached_tokens", nullable=True),
    "cost": NumberColumn("traces.cost", nullable=True),
    "spans": _SPANS,
    "span_count": _SPANS,
    "errors": _ERRORS,
    "error_count": _ERRORS,
    "text": _CONTENT,
    "prompt": _PROMPT,
    "trace_id": _ID,
    "request_id": _ID,
    "client_request_id": TextColumn("traces.client_request_id"),
    "run_id": _pair("trace_metadata", RUN_METADATA),
    "experiment_id": NumberColumn("traces.experiment"),
}
_SPAN_STATUS: Final = "CASE spans.status WHEN 2 THEN 'ERROR' WHEN 1 THEN 'OK' ELSE 'UNSET' END"
_SPAN_DURATION: Final = SpanColumn(
    NumberColumn(
        "CASE WHEN spans.end_ns > 0 THEN (spans.end_ns - spans.start_ns) / 1000000.0 END",
        nullable=True,
        kind="duration",
    )
)
_SPAN_TOKENS: Final = SpanColumn(NumberColumn("spans.total_tokens", nullable=True))
_SPAN_FIELDS: Final[Mapping[str, SpanColumn]] = {
    "name": SpanColumn(TextColumn("spans.name")),
    "type": SpanColumn(TextColumn("spans.type")),
    "status": SpanColumn(TextColumn(_SPAN_STATUS)),
    "content": _CONTENT,
    "duration": _SPAN_DURATION,
    "duration_ms": _SPAN_DURATION,
    "model": SpanColumn(TextColumn("spans.model")),
    "provider": SpanColumn(TextColumn("spans.provider")),
    "agent": SpanColumn(TextColumn("spans.agent")),
    "error": SpanColumn(TextColumn("spans.error")),
    "error_type": SpanColumn(TextColumn("spans.error_type")),
    "tokens": _SPAN_TOKENS,
    "total_tokens": _SPAN_TOKENS,
    "input_tokens": SpanColumn(NumberColumn("spans.input_tokens", nullable=True)),
    "output_tokens": SpanColumn(NumberColumn("spans.output_tokens", nullable=True)),
    "cost": SpanColumn(NumberColumn("spans.cost", nullable=True)),
    "id": SpanColumn(TextColumn("spans.span_id")),
}
_ASSESSMENTS: Final = {"feedback": "$.feedback.value", "expectation": "$.expectation.value"}
FIELD_NAMES: Final = (
    *_ATTRIBUTES,
    *("tags.KEY", "metadata.KEY", "feedback.NAME", "expectation.NAME"),
    *(f"span.{key}" for key in _SPAN_FIELDS),
    "span.attributes.KEY",
)
"""The names of all fields, with aliases, for completion and for error messages."""


def is_field(field: Field) -> bool:
    """Return whether a field exists; its key may be missing."""
    group = field.group.lower()
    if group in _SPAN_GROUPS:
        return field.key.lower() in _SPAN_FIELDS or field.key.startswith(_SPAN_ATTRIBUTES)
    return group in _PAIRS or group in _ASSESSMENTS or (
        group in _ATTRIBUTE_GROUPS and field.key.lower() in _ATTRIBUTES
    )  # fmt: skip


def resolve(field: Field) -> Column:
    """Return the column of a field.

    Raises:
        InvalidFilter: There is no such field.
    """
    group = field.group.lower()
    if (group in (*_PAIRS, *_ASSESSMENTS) and not field.key) or (
        group in _SPAN_GROUPS and field.key == _SPAN_ATTRIBUTES
    ):
        raise InvalidFilter(f"expected a key after {field} at position {field.position}", field.position)
    if group in _PAIRS:
        return _pair(_PAIRS[group], field.key)
    if group in _ASSESSMENTS:
        return _assessment(_ASSESSMENTS[group], field.key)
    column: Column | None = None
    if group in _SPAN_GROUPS:
        if field.key.startswith(_SPAN_ATTRIBUTES):
            return _span_attribute(field.key.removeprefix(_SPAN_ATTRIBUTES))
        column = _SPAN_FIELDS.get(field.key.lower())
    elif group in _ATTRIBUTE_GROUPS:
        column = _ATTRIBUTES.get(field.key.lower())
    if column is None:
        raise unknown_field(field, FIELD_NAMES)
    return column


def _span_attribute(key: str) -> SpanColumn:
    value = f"(SELECT {ATTRIBUTE}(format, content, ?) AS value FROM span_contents WHERE span = spans.id)"  # noqa: S608 - constants
    return SpanColumn(
        AnyColumn(
            text=f"CAST({value} AS TEXT)",
            number=f"(SELECT value FROM {value} WHERE typeof(value) IN ('integer', 'real'))",  # noqa: S608 - constants
            parameters=(key,),
        )
    )


def _assessment(path: str, name: str) -> RowColumn:
    """Return the column of the values of the assessments of a name that have not been replaced.

    An assessment with a session in its metadata is one of the session, and counts for all of its traces.
    """
    kind, value = f"json_type(content, '{path}')", f"(content ->> '{path}')"
    session = f"(content -> '$.metadata.\"{SESSION_METADATA}\"') IS NOT NULL"
    return RowColumn(
        rows=(
            "FROM assessments WHERE assessments.trace IN (SELECT traces.id UNION ALL SELECT judged.id FROM traces AS"  # noqa: S608 - constants
            " judged WHERE judged.experiment = traces.experiment AND judged.session_id = traces.session_id"
            " AND judged.id <> traces.id)"
            f" AND {kind} IS NOT NULL AND (content ->> '$.assessment_name') = ?"
            " AND (content ->> '$.valid') IS NOT 0"
            f" AND (assessments.trace = traces.id OR {session})"
        ),
        parameters=(name,),
        value=AnyColumn(
            text=f"CASE {kind} WHEN 'text' THEN {value} ELSE content -> '{path}' END",
            number=f"CASE WHEN {kind} IN ('integer', 'real') THEN {value} END",
        ),
    )
