"""Trace artifacts: files of a trace's spans, stored unchanged, for clients that send and fetch spans as files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, Final

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


def get(db: Database, experiment_id: str, trace_id: str) -> tuple[int, Iterator[bytes]]:
    """Return the size of a trace's file, and its content in pieces.

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
    return size, _read_pieces(copy)


def _read_pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece
