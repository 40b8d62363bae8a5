"""Trace artifacts: files of a trace's spans, stored unchanged, for clients that send and fetch spans as files."""

from __future__ import annotations

from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, Final, Self

from kayba_local.otlp.records import Batch
from kayba_local.store.database import Database
from kayba_local.store.errors import DoesNotExist
from kayba_local.store.traces import ingest
from kayba_local.store.traces.traces import get_row

PIECE_BYTES: Final = 256 * 1024
"""Bytes of a file that are in memory at once."""

_UPSERT: Final = """
    INSERT INTO trace_artifacts (trace, content) VALUES (?, ?)
    ON CONFLICT (trace) DO UPDATE SET content = excluded.content
"""


def put(db: Database, experiment_id: str, trace_id: str, content: bytes, spans: Batch) -> None:
    """Store a trace's file and its spans.

    Args:
        db: The store.
        experiment_id: The trace's experiment.
        trace_id: The trace; it must exist.
        content: The file.
        spans: The spans in the file.

    Raises:
        DoesNotExist: The experiment does not contain the trace.
    """
    with db.write() as tx:
        trace = get_row(tx, trace_id)
        if trace["experiment"] != int(experiment_id):
            raise DoesNotExist(f"Experiment {experiment_id} has no trace '{trace_id}'.")
        ingest.upsert_spans(tx, experiment_id, spans)
        tx.run(_UPSERT, (trace["id"], content))


def get(db: Database, experiment_id: str, trace_id: str) -> tuple[int, Pieces]:
    """Return the size of a trace's file, and its content in pieces, which must be closed.

    The content is copied to a temporary file first, so a slow reader of the pieces holds no transaction.

    Raises:
        DoesNotExist: The experiment does not contain the trace, or the trace has no file.
    """
    with ExitStack() as opened:
        copy = opened.enter_context(TemporaryFile())
        with db.read() as tx:
            row = tx.row(
                "SELECT traces.id FROM trace_artifacts JOIN traces ON traces.id = trace_artifacts.trace"
                " WHERE traces.trace_id = ? AND traces.experiment = ?",
                (trace_id, int(experiment_id)),
            )
            if row is None:
                raise DoesNotExist(f"Experiment {experiment_id} has no file traces.json of trace '{trace_id}'.")
            for piece in tx.read_blob("trace_artifacts", "content", row["id"], PIECE_BYTES):
                copy.write(piece)
        size = copy.tell()
        copy.seek(0)
        opened.pop_all()
    return size, Pieces(copy)


class Pieces:
    """The content of an open file in pieces. `close` closes the file; so does the end of the content."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if not self._file.closed and (piece := self._file.read(PIECE_BYTES)):
            return piece
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Close the file, which also deletes a temporary one."""
        self._file.close()
