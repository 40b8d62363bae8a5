"""Rows of spans: the statements that write a span and its content."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, TypeAlias

from kayba_local.otlp.columns import SpanColumns
from kayba_local.otlp.records import SpanRecord
from kayba_local.store import revisions
from kayba_local.store.database import Transaction
from kayba_local.store.traces.rows import Row, insert_rows

ROOT: Final = 2
DETACHED: Final = 1
NESTED: Final = 0
"""The ranks of spans: without a parent, with a parent that is not stored, with a stored parent."""

_COLUMNS: Final = ("parent_id", "start_ns", "end_ns", "rank", "resource", "revision", *SpanColumns._fields)
_NAMES: Final = ("id", "trace", "span_id", *_COLUMNS)
_FIRST_OPTIONAL: Final = SpanColumns._fields.index("error_type")
_NONE: Final = (None,) * (len(SpanColumns._fields) - _FIRST_OPTIONAL)
_UPDATE: Final = f"UPDATE spans SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE id = ?"  # noqa: S608 - this package's names
_INSERT_CONTENT: Final = "INSERT INTO span_contents (span, format, content) VALUES (?, ?, ?)"
_UPDATE_CONTENT: Final = "UPDATE span_contents SET format = ?, content = ? WHERE span = ?"

Placed: TypeAlias = tuple[int, SpanRecord, int]
"""The row id of a trace, a span of it, and the span's rank."""


def rank_of(span: SpanRecord, present: Collection[str]) -> int:
    """Return the rank of a span of a trace in which the spans with the ids in `present` are or will be stored."""
    return ROOT if span.parent_id is None else NESTED if span.parent_id in present else DETACHED


def insert(tx: Transaction, spans: Sequence[Placed]) -> None:
    """Insert spans that are not stored yet."""
    (last,) = tx.rows("SELECT coalesce(max(id), 0) FROM spans")[0]
    revision = revisions.advance(tx)
    insert_rows(tx, "spans", _NAMES, [_row(id_, revision, *placed) for id_, placed in enumerate(spans, last + 1)])
    tx.run_many(
        _INSERT_CONTENT,
        [(id_, span.content_format, span.content) for id_, (_, span, _) in enumerate(spans, last + 1)],
    )


def _row(id_: int, revision: int, trace: int, span: SpanRecord, rank: int) -> Row:
    resource = span.resource if rank else None
    fixed = (id_, trace, span.span_id, span.parent_id, span.start_ns, span.end_ns, rank, resource, revision)
    # Most spans have only a name, a type and a status, and a shorter row is compared and bound faster.
    return (*fixed, *(span.columns if span.columns[_FIRST_OPTIONAL:] != _NONE else span.columns[:_FIRST_OPTIONAL]))


def update(tx: Transaction, id_: int, span: SpanRecord, rank: int) -> None:
    """Replace a stored span by another version of it."""
    resource = span.resource if rank else None
    revision = revisions.advance(tx)
    tx.run(_UPDATE, (span.parent_id, span.start_ns, span.end_ns, rank, resource, revision, *span.columns, id_))
    tx.run(_UPDATE_CONTENT, (span.content_format, span.content, id_))
