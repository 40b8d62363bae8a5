"""Fields of traces in filters and orders: their names, aliases and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kayba_local.otlp.records import FOLDER_TAG, NAME_TAG
from kayba_local.store.query.columns import AnyColumn, Column, NumberColumn, RowColumn, TextColumn
from kayba_local.store.query.errors import InvalidFilter, unknown_field
from kayba_local.store.query.nodes import Field

SESSION_METADATA: Final = "mlflow.trace.session"
USER_METADATA: Final = "mlflow.trace.user"
RUN_METADATA: Final = "mlflow.sourceRun"
PROMPTS_TAG: Final = "mlflow.linkedPrompts"

_VALUE: Final = TextColumn("value")


def _pair(table: str, key: str) -> RowColumn:
    return RowColumn(
        rows=f"FROM {table} WHERE {table}.trace = traces.id AND {table}.key = ?",
        parameters=(key,),
        value=_VALUE,
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
_FOLDER: Final = _pair("trace_tags", FOLDER_TAG)
_SESSION: Final = _pair("trace_metadata", SESSION_METADATA)
_USER: Final = _pair("trace_metadata", USER_METADATA)
# The tag is a JSON list of {"name": …, "version": …}.
_PROMPT: Final = RowColumn(
    rows=(
        "FROM trace_tags, json_each(CASE WHEN json_valid(trace_tags.value) THEN trace_tags.value ELSE '[]' END)"
        " AS prompts WHERE trace_tags.trace = traces.id AND trace_tags.key = ?"
    ),
    parameters=(PROMPTS_TAG,),
    value=TextColumn("(prompts.value ->> '$.name') || '/' || (prompts.value ->> '$.version')"),
)

_ATTRIBUTES: Final[Mapping[str, Column]] = {
    "name": _pair("trace_tags", NAME_TAG),
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
    "folder": _FOLDER,
    "session": _SESSION,
    "session_id": _SESSION,
    "user": _USER,
    "user_id": _USER,
    "prompt": _PROMPT,
    "trace_id": _ID,
    "request_id": _ID,
    "client_request_id": TextColumn("traces.client_request_id"),
    "run_id": _pair("trace_metadata", RUN_METADATA),
    "experiment_id": NumberColumn("traces.experiment"),
}
_ASSESSMENTS: Final = {"feedback": "$.feedback.value", "expectation": "$.expectation.value"}
FIELD_NAMES: Final = (*_ATTRIBUTES, "tags.KEY", "metadata.KEY", "feedback.NAME", "expectation.NAME")


def is_field(field: Field) -> bool:
    """Return whether a field exists; its key may be missing."""
    group = field.group.lower()
    return group in _PAIRS or group in _ASSESSMENTS or (
        group in _ATTRIBUTE_GROUPS and field.key.lower() in _ATTRIBUTES
    )  # fmt: skip


def resolve(field: Field) -> Column:
    """Return the column of a field.

    Raises:
        InvalidFilter: There is no such field.
    """
    group = field.group.lower()
    if group in (*_PAIRS, *_ASSESSMENTS) and not field.key:
        raise InvalidFilter(f"expected a key after {field} at position {field.position}", field.position)
    if group in _PAIRS:
        return _pair(_PAIRS[group], field.key)
    if group in _ASSESSMENTS:
        return _assessment(_ASSESSMENTS[group], field.key)
    column = _ATTRIBUTES.get(field.key.lower()) if group in _ATTRIBUTE_GROUPS else None
    if column is None:
        raise unknown_field(field, FIELD_NAMES)
    return column


def _assessment(path: str, name: str) -> RowColumn:
    """Return the column of the values of the assessments of a name that have not been replaced."""
    kind, value = f"json_type(content, '{path}')", f"(content ->> '{path}')"
    return RowColumn(
        rows=(
            f"FROM assessments WHERE assessments.trace = traces.id AND {kind} IS NOT NULL"
            " AND (content ->> '$.assessment_name') = ? AND (content ->> '$.valid') IS NOT 0"
        ),
        parameters=(name,),
        value=AnyColumn(
            text=f"CASE {kind} WHEN 'text' THEN {value} ELSE content -> '{path}' END",
            number=f"CASE WHEN {kind} IN ('integer', 'real') THEN {value} END",
        ),
    )
