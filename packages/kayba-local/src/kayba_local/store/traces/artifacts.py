"""Traces' spans as files, for clients that send and fetch them so. The file is kept as it came."""

from __future__ import annotations

from typing import Final

from kayba_local.otlp.records import Batch
from kayba_local.store.database import Database
from kayba_local.store.errors import DoesNotExist
from kayba_local.store.traces import ingest
from kayba_local.store.traces.traces import row_of

_UPSERT: Final = """
    INSERT INTO trace_artifacts (trace, content) VALUES (?, ?)
    ON CONFLICT (trace) DO UPDATE SET content = excluded.content
"""


def put(db: Database, experiment_id: str, trace_id: str, content: bytes, spans: Batch) -> None:
    """Store a trace's file and the spans that are in it.

    Args:
        db: The store.
        experiment_id: Where the trace is.
        trace_id: The trace; its info has been given before.
        content: The file.
        spans: What was read from the file.

    Raises:
        DoesNotExist: There is no such trace in this experiment.
    """
    with db.write() as tx:
        trace = row_of(tx, trace_id)
        if trace["experiment"] != int(experiment_id):
            raise _elsewhere(trace_id, experiment_id)
        ingest.store_in(tx, experiment_id, spans)
        tx.run(_UPSERT, (trace["id"], content))


def get(db: Database, experiment_id: str, trace_id: str) -> bytes:
    """A trace's file.

    Raises:
        DoesNotExist: There is no such trace in this experiment, or it has no file.
    """
    with db.read() as tx:
        row = tx.row(
            "SELECT content FROM trace_artifacts JOIN traces ON traces.id = trace_artifacts.trace"
            " WHERE traces.trace_id = ? AND traces.experiment = ?",
            (trace_id, int(experiment_id)),
        )
    if row is None:
        raise DoesNotExist(f"Experiment {experiment_id} has no file traces.json of a trace '{trace_id}'.")
    return bytes(row["content"])


def _elsewhere(trace_id: str, experiment_id: str) -> DoesNotExist:
    return DoesNotExist(f"Experiment {experiment_id} has no trace '{trace_id}'.")
