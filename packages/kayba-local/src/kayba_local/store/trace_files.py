"""Uploaded trace files: whole transcripts, kept as they came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.ids import new_id, now


@dataclass(frozen=True, slots=True)
class TraceFile:
    """One uploaded file. ``size`` is in bytes of UTF-8; ``content`` is None where only the rest was asked for."""

    id: str
    filename: str
    file_type: str
    size: int
    uploaded_at: str
    content: str | None = None


def add(db: Database, files: Iterable[tuple[str, str, str]]) -> list[TraceFile]:
    """Store files given as (filename, file type, content), all or none; returns them without content."""
    uploaded_at = now()
    stored = [
        TraceFile(new_id(), filename, file_type, len(content.encode()), uploaded_at, content)
        for filename, file_type, content in files
    ]
    with db.write() as tx:
        tx.run_many(
            "INSERT INTO trace_files (id, filename, file_type, size, uploaded_at, content) VALUES (?, ?, ?, ?, ?, ?)",
            [(f.id, f.filename, f.file_type, f.size, f.uploaded_at, f.content) for f in stored],
        )
    return stored


def list_all(db: Database) -> list[TraceFile]:
    """Every file without its content, newest first."""
    with db.read() as tx:
        rows = tx.rows(
            "SELECT id, filename, file_type, size, uploaded_at, NULL AS content FROM trace_files ORDER BY position DESC"
        )
    return [_read(row) for row in rows]


def get(db: Database, ids: Sequence[str]) -> list[TraceFile]:
    """The files of these ids with their content, in that order; unknown ids are left out."""
    with db.read() as tx:
        return [file for id_ in ids if (file := _find(tx, id_)) is not None]


def delete(db: Database, id_: str) -> bool:
    """Delete one file; False when there is none of this id."""
    with db.write() as tx:
        return tx.run("DELETE FROM trace_files WHERE id = ?", (id_,)) > 0


def _find(tx: Transaction, id_: str) -> TraceFile | None:
    row = tx.row("SELECT id, filename, file_type, size, uploaded_at, content FROM trace_files WHERE id = ?", (id_,))
    return None if row is None else _read(row)


def _read(row: Row) -> TraceFile:
    return TraceFile(*row)
