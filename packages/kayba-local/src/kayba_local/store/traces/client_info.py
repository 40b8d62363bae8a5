"""Trace infos that clients give themselves, before or after the spans."""

from __future__ import annotations

from typing import Final

from kayba_local.store.database import Database
from kayba_local.store.experiments import row_of as experiment_row_of
from kayba_local.store.traces import assessments
from kayba_local.store.traces.ingest import merge_pairs
from kayba_local.store.traces.traces import IN_PROGRESS, TraceInfo, read_infos, row_of

# An info of a trace that still runs says less than a root that has arrived, so it then only files the trace.
_DECLARE: Final = """
    INSERT INTO traces (
        trace_id, experiment, client_request_id, declared, request_ns, duration_ns, state, request_preview,
        response_preview
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (trace_id) DO UPDATE SET
        experiment = excluded.experiment, client_request_id = excluded.client_request_id
"""
_REPLACE: Final = """
    UPDATE traces SET
        declared = ?, request_ns = ?, duration_ns = ?, state = ?, request_preview = COALESCE(?, request_preview),
        response_preview = COALESCE(?, response_preview)
    WHERE trace_id = ? AND (? OR state = 'IN_PROGRESS')
"""


def declare(db: Database, info: TraceInfo) -> TraceInfo:
    """Store what a client says of a trace; what it has said before, or its spans have, gives way.

    Tags and metadata are added to those there are. While the state is ``IN_PROGRESS``, the root span's account of the
    trace stands, or will when it arrives.

    Returns:
        What is now known of the trace.

    Raises:
        DoesNotExist: There is no such experiment.
        AlreadyExists: An assessment in it has the id of one of another trace.
    """
    is_final = info.state != IN_PROGRESS
    with db.write() as tx:
        experiment = experiment_row_of(tx, info.experiment_id)["id"]
        times = (info.request_ns, info.duration_ns, info.state)
        previews = (info.request_preview, info.response_preview)
        tx.run(_DECLARE, (info.trace_id, experiment, info.client_request_id, is_final, *times, *previews))
        tx.run(_REPLACE, (is_final, *times, *previews, info.trace_id, is_final))
        row = row_of(tx, info.trace_id)
        merge_pairs(tx, "trace_tags", [(row["id"], info.tags)], replace=True)
        merge_pairs(tx, "trace_metadata", [(row["id"], info.metadata)], replace=True)
        for assessment in info.assessments:
            assessments.insert(tx, row, assessment)
        return read_infos(tx, [row])[0]
