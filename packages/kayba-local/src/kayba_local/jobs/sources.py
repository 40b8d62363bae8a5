"""What a job reads: trace files and span trees one after the other, so that memory does not grow with the store.

Each is read in a transaction of its own. What is deleted meanwhile is simply no longer there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.analysis.files import read_file
from kayba_local.analysis.steps import Run, read_step
from kayba_local.analysis.texts import Text
from kayba_local.otlp.records import TRACE_ID_PREFIX
from kayba_local.store.database import Database

MOST_SPANS: Final = 50_000
"""Spans of one trace that are read, the first to start."""
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Source:
    """One trace to learn from: its trees, or its text. `cut` if it has more spans than are read."""

    runs: Sequence[Run]
    text: Text | None = None
    cut: bool = False


def unknown_ids(db: Database, ids: Sequence[str]) -> list[str]:
    """Those of the ids that neither a trace file nor a trace has, in their order."""
    with db.read() as tx:
        return [
            id_
            for id_ in dict.fromkeys(ids)
            if tx.row("SELECT 1 FROM trace_files WHERE id = ?", (id_,)) is None
            and tx.row("SELECT 1 FROM traces WHERE trace_id = ?", (id_,)) is None
        ]


def read_named(db: Database, ids: Sequence[str]) -> Iterator[Source | None]:
    """The trace files and traces of these ids, once each, in their order; None for one that is not there any more."""
    for id_ in dict.fromkeys(ids):
        yield _read_trace(db, id_) if id_.startswith(TRACE_ID_PREFIX) else _read_file(db, id_)


def read_all(db: Database) -> Iterator[Source | None]:
    """All trace files and traces that there are when it begins, oldest first; None for one that has gone since."""
    for id_ in _ids(db, "trace_files", "position", "id"):
        yield _read_file(db, id_)
    for id_ in _ids(db, "traces", "id", "trace_id"):
        yield _read_trace(db, id_)


def _ids(db: Database, table: str, order: str, column: str) -> Iterator[str]:
    with db.read() as tx:
        newest = tx.row(f"SELECT coalesce(max({order}), 0) AS newest FROM {table}")  # noqa: S608 - this module's names
    last, after = (0 if newest is None else newest["newest"]), 0
    while True:
        with db.read() as tx:
            rows = tx.rows(
                f"SELECT {order} AS place, {column} AS name FROM {table} WHERE {order} > ? AND {order} <= ?"  # noqa: S608
                f" ORDER BY {order} LIMIT {_PAGE}",
                (after, last),
            )
        if not rows:
            return
        for row in rows:
            yield row["name"]
        after = rows[-1]["place"]


def _read_file(db: Database, id_: str) -> Source | None:
    with db.read() as tx:
        row = tx.row("SELECT file_type, content FROM trace_files WHERE id = ?", (id_,))
    return None if row is None else Source(*read_file(id_, row["file_type"], row["content"]))


def _read_trace(db: Database, id_: str) -> Source | None:
    with db.read() as tx:
        if (trace := tx.row("SELECT id FROM traces WHERE trace_id = ?", (id_,))) is None:
            return None
        rows = tx.rows(
            "SELECT content FROM spans WHERE trace = ? ORDER BY start_ns, end_ns DESC, span_id LIMIT ?",
            (trace["id"], MOST_SPANS + 1),
        )
    return Source([Run(id_, [read_step(row["content"]) for row in rows[:MOST_SPANS]])], cut=len(rows) > MOST_SPANS)
