"""Sources of a job: trace files and span trees, read from the store one at a time to bound memory.

Each source is read in a separate transaction. A source that is deleted meanwhile is reported as None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.analysis.files import read_file
from kayba_local.analysis.steps import read_otlp_step
from kayba_local.analysis.transcripts import Transcript
from kayba_local.analysis.tree import StepTree
from kayba_local.otlp.records import TRACE_ID_PREFIX
from kayba_local.store.database import Database
from kayba_local.store.traces import contents

MAX_SPANS: Final = 50_000
"""Maximum number of spans read of one trace, in the order of their start."""
_PAGE_SIZE: Final = 500


@dataclass(frozen=True, slots=True)
class Source:
    """One trace to analyse: its trees or its transcript. `truncated` if it has more than `MAX_SPANS` spans."""

    trees: Sequence[StepTree]
    transcript: Transcript | None = None
    truncated: bool = False


def find_unknown_ids(db: Database, ids: Sequence[str]) -> list[str]:
    """Return the ids that belong to neither a trace file nor a trace, in their order."""
    with db.read() as tx:
        return [
            id_
            for id_ in dict.fromkeys(ids)
            if tx.row("SELECT 1 FROM trace_files WHERE id = ?", (id_,)) is None
            and tx.row("SELECT 1 FROM traces WHERE trace_id = ?", (id_,)) is None
        ]


def read_named(db: Database, ids: Sequence[str]) -> Iterator[Source | None]:
    """Yield the trace files and traces with these ids, each once, in their order; None for a deleted one."""
    for id_ in dict.fromkeys(ids):
        yield _read_trace(db, id_) if id_.startswith(TRACE_ID_PREFIX) else _read_file(db, id_)


def read_all(db: Database) -> Iterator[Source | None]:
    """Yield all trace files, then all traces, oldest first; None for one that is deleted meanwhile."""
    for id_ in _ids(db, "trace_files", "position", "id"):
        yield _read_file(db, id_)
    for id_ in _ids(db, "traces", "id", "trace_id"):
        yield _read_trace(db, id_)


def _ids(db: Database, table: str, order: str, column: str) -> Iterator[str]:
    """Yield a table's ids page by page, without the rows added after the first read."""
    with db.read() as tx:
        newest = tx.row(f"SELECT coalesce(max({order}), 0) AS newest FROM {table}")  # noqa: S608 - this module's names
    last, after = (0 if newest is None else newest["newest"]), 0
    while True:
        with db.read() as tx:
            rows = tx.rows(
                f"SELECT {order} AS place, {column} AS name FROM {table} WHERE {order} > ? AND {order} <= ?"  # noqa: S608
                f" ORDER BY {order} LIMIT {_PAGE_SIZE}",
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
        steps = [read_otlp_step(span) for span in contents.iterate(tx, trace["id"], MAX_SPANS + 1)]
    return Source([StepTree(id_, steps[:MAX_SPANS])], truncated=len(steps) > MAX_SPANS)
