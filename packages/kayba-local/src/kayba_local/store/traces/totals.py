"""Totals of a trace in its row: sums, errors, models, and the tags and metadata that are searched most.

`new_traces` writes the same values for a trace whose spans all come in one request, without these queries.
"""

from __future__ import annotations

from typing import Final

from kayba_local.otlp.records import FOLDER_TAG, NAME_TAG, SESSION_METADATA, USAGE_METADATA, USER_METADATA
from kayba_local.otlp.totals import Reporter, Usage, encode_usage, sum_usage
from kayba_local.store import revisions
from kayba_local.store.database import Transaction

TOTALS_SOURCE: Final = (2**63 - 1, "~")
"""The source of metadata that comes from all spans of a trace. Metadata of any root replaces it."""

_INSERT_METADATA: Final = """
    INSERT INTO trace_metadata (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (trace, key) DO NOTHING
"""
_FIND_REPORTERS: Final = """
    WITH RECURSIVE related (id, parent_id) AS (
        SELECT id, parent_id FROM spans WHERE trace = ? AND (total_tokens IS NOT NULL OR cost IS NOT NULL)
        UNION
        SELECT spans.id, spans.parent_id FROM related
        JOIN spans ON spans.trace = ? AND spans.span_id = related.parent_id
    )
    SELECT
        span_id, spans.parent_id, name, start_ns, end_ns, input_tokens, output_tokens, total_tokens, cached_tokens, cost
    FROM related JOIN spans ON spans.id = related.id
"""
_UPDATE_USAGE: Final = """
    UPDATE traces SET input_tokens = ?, output_tokens = ?, total_tokens = ?, cached_tokens = ?, cost = ? WHERE id = ?
"""
_FIND_OWN_ERROR: Final = """
    SELECT error_type, error FROM spans WHERE trace = ? AND span_id = ? AND status = 2
    AND (error_type IS NOT NULL OR error IS NOT NULL)
"""
_FIND_FIRST_ERROR: Final = """
    SELECT error_type, error FROM spans WHERE trace = ? AND status = 2
    AND (error_type IS NOT NULL OR error IS NOT NULL) ORDER BY end_ns, start_ns DESC, span_id LIMIT 1
"""
_FIRST: Final = """
    SELECT {0} AS value FROM spans WHERE trace = ? AND {0} IS NOT NULL ORDER BY start_ns, span_id LIMIT 1
"""
_UPDATE: Final = """
    UPDATE traces SET
        error_type = ?, error = ?, agent = ?, revision = ?,
        name = (SELECT value FROM trace_tags WHERE trace = traces.id AND key = ?),
        folder = (SELECT value FROM trace_tags WHERE trace = traces.id AND key = ?),
        session_id = (SELECT value FROM trace_metadata WHERE trace = traces.id AND key = ?),
        user_id = (SELECT value FROM trace_metadata WHERE trace = traces.id AND key = ?)
    WHERE id = ?
"""
_UPDATE_TAGS: Final = """
    UPDATE traces SET
        revision = ?,
        name = (SELECT value FROM trace_tags WHERE trace = traces.id AND key = ?),
        folder = (SELECT value FROM trace_tags WHERE trace = traces.id AND key = ?)
    WHERE id = ?
"""


def refresh_usage(tx: Transaction, trace: int) -> None:
    """Update the sums of tokens and cost after a change of the spans of a trace."""
    reporters = [
        Reporter(span_id, parent_id, name, start_ns, end_ns, Usage(*figures))
        for span_id, parent_id, name, start_ns, end_ns, *figures in tx.iterate(_FIND_REPORTERS, (trace, trace))
    ]
    tx.run(_UPDATE_USAGE, (*sum_usage(reporters), trace))


def refresh(tx: Transaction, trace: int, source: str | None) -> None:
    """Update the errors, the first values, and the tags and metadata of a trace in its row.

    Args:
        tx: The transaction.
        trace: The trace's row id. Its usage is up to date.
        source: The id of the span that speaks for the trace; None if none does.
    """
    own = None if source is None else tx.row(_FIND_OWN_ERROR, (trace, source))
    error = own or tx.row(_FIND_FIRST_ERROR, (trace,))
    error_type, message = (None, None) if error is None else error
    tx.run("DELETE FROM trace_metadata WHERE trace = ? AND source_span = ?", (trace, TOTALS_SOURCE[1]))
    (usage,) = tx.rows(
        "SELECT input_tokens, output_tokens, total_tokens, cached_tokens, cost FROM traces WHERE id = ?", (trace,)
    )
    metadata = (
        (SESSION_METADATA, _find_first(tx, trace, "session_id")),
        (USER_METADATA, _find_first(tx, trace, "user_id")),
        (USAGE_METADATA, encode_usage(Usage(*usage))),
    )
    rows = [(trace, key, value, *TOTALS_SOURCE) for key, value in metadata if value is not None]
    tx.run_many(_INSERT_METADATA, rows)
    keys = (NAME_TAG, FOLDER_TAG, SESSION_METADATA, USER_METADATA)
    agent, revision = _find_first(tx, trace, "agent"), revisions.advance(tx)
    tx.run(_UPDATE, (error_type, message, agent, revision, *keys, trace))


def refresh_tags(tx: Transaction, trace: int) -> None:
    """Update the name and the folder in the row of a trace after a change of its tags."""
    tx.run(_UPDATE_TAGS, (revisions.advance(tx), NAME_TAG, FOLDER_TAG, trace))


def _find_first(tx: Transaction, trace: int, column: str) -> str | None:
    """Return the value of the earliest span of a trace that has one."""
    row = tx.row(_FIRST.format(column), (trace,))
    return None if row is None else row["value"]
