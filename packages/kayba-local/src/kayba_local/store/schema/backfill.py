"""Columns of spans and traces that earlier versions stored, read from the spans' contents during a migration."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import orjson

from kayba_local.otlp.columns import read_columns
from kayba_local.otlp.contents import JSON
from kayba_local.otlp.derived import with_derived
from kayba_local.otlp.records import (
    FOLDER_TAG,
    NAME_TAG,
    SESSION_METADATA,
    USAGE_METADATA,
    USER_METADATA,
    SpanRecord,
)
from kayba_local.otlp.totals import Totals, add_up, encode_usage

_SELECT: Final = """
    SELECT id, trace, span_id, parent_id, start_ns, end_ns, rank, resource, content FROM earlier_spans
    ORDER BY trace, start_ns, span_id
"""
_INSERT_SPAN: Final = """
    INSERT INTO spans (
        id, trace, span_id, parent_id, start_ns, end_ns, rank, resource, name, type, status, error_type, error, model,
        provider, agent, session_id, user_id, input_tokens, output_tokens, total_tokens, cached_tokens, cost
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_TRACE: Final = """
    UPDATE traces SET
        span_count = ?, error_count = ?, error_type = ?, error = ?, agent = ?, input_tokens = ?, output_tokens = ?,
        total_tokens = ?, cached_tokens = ?, cost = ?
    WHERE id = ?
"""
_INSERT_METADATA: Final = """
    INSERT INTO trace_metadata (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, 9223372036854775807, '~')
    ON CONFLICT (trace, key) DO NOTHING
"""
_COPY_TAG: Final = "UPDATE traces SET {0} = (SELECT value FROM trace_tags WHERE trace = traces.id AND key = ?)"
_COPY_METADATA: Final = "UPDATE traces SET {0} = (SELECT value FROM trace_metadata WHERE trace = traces.id AND key = ?)"


def fill_columns(connection: sqlite3.Connection) -> None:
    """Copy the spans of the table `earlier_spans`, with their columns, and set the columns of their traces."""
    for trace, rows in groupby(connection.execute(_SELECT), key=itemgetter(1)):
        spans = list(_copy_spans(connection, rows))
        ((source_id,),) = connection.execute("SELECT root_span_id FROM traces WHERE id = ?", (trace,)).fetchall()
        source = next((span for span in spans if span.span_id == source_id), spans[0])
        _set_totals(connection, trace, add_up(spans, source))
    for column, key in (("name", NAME_TAG), ("folder", FOLDER_TAG)):
        connection.execute(_COPY_TAG.format(column), (key,))
    for column, key in (("session_id", SESSION_METADATA), ("user_id", USER_METADATA)):
        connection.execute(_COPY_METADATA.format(column), (key,))


def _copy_spans(connection: sqlite3.Connection, rows: Iterator[tuple[Any, ...]]) -> Iterator[SpanRecord]:
    """Copy the spans of a trace, and yield them without their contents."""
    for id_, trace, span_id, parent_id, start_ns, end_ns, rank, resource, content in rows:
        columns = read_columns(with_derived(orjson.loads(content)))
        connection.execute(
            _INSERT_SPAN, (id_, trace, span_id, parent_id, start_ns, end_ns, rank, resource, *columns)
        )  # fmt: skip
        connection.execute("INSERT INTO span_contents (span, format, content) VALUES (?, ?, ?)", (id_, JSON, content))
        yield SpanRecord("", span_id, parent_id, start_ns, end_ns, columns, JSON, b"", b"")


def _set_totals(connection: sqlite3.Connection, trace: int, totals: Totals) -> None:
    values = (totals.span_count, totals.error_count, totals.error_type, totals.error, totals.agent, *totals.usage)
    connection.execute(_UPDATE_TRACE, (*values, trace))
    connection.executemany("INSERT INTO trace_models (trace, model) VALUES (?, ?)", [(trace, m) for m in totals.models])
    metadata = (
        (SESSION_METADATA, totals.session_id),
        (USER_METADATA, totals.user_id),
        (USAGE_METADATA, encode_usage(totals.usage)),
    )
    rows = [(trace, key, value) for key, value in metadata if value is not None]
    connection.executemany(_INSERT_METADATA, rows)
