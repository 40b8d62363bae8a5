"""Uploaded trace files, stored unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.ids import new_id, now


@dataclass(frozen=True, slots=True)
class TraceFile:
    """An uploaded file; `size` is in bytes of UTF-8, `content` is None in a list of metadata."""

    id: str
    filename: str
    file_type: str
    size: int
    uploaded_at: str
    content: str | None = None


def add(db: Database, files: Iterable[tuple[str, str, str]]) -> list[TraceFile]:
    """Store files in one transaction.

    Args:
        db: The store.
        files: The filename, file type and content of each file.
    """
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
    """Return all files without their content, newest first."""
    with db.read() as tx:
        rows = tx.rows(
            "SELECT id, filename, file_type, size, uploaded_at, NULL AS content FROM trace_files ORDER BY position DESC"
        )
    return [_read(row) for row in rows]


def get(db: Database, ids: Sequence[str]) -> list[TraceFile]:
    """Return files with their content, in the requested order without unknown ids."""
    with db.read() as tx:
        return [file for id_ in ids if (file := _get(tx, id_)) is not None]


def delete(db: Database, id_: str) -> bool:
    """Delete a file. Return False if no file has the id."""
    with db.write() as tx:
        return tx.run("DELETE FROM trace_files WHERE id = ?", (id_,)) > 0


def _get(tx: Transaction, id_: str) -> TraceFile | None:
    row = tx.row("SELECT id, filename, file_type, size, uploaded_at, content FROM trace_files WHERE id = ?", (id_,))
    return None if row is None else _read(row)


def _read(row: Row) -> TraceFile:
    return TraceFile(*row)
