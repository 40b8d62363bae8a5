"""Trace infos that clients send, before or after the spans."""

from __future__ import annotations

from typing import Final

from kayba_local.store.database import Database
from kayba_local.store.experiments import get_row as get_experiment_row
from kayba_local.store.traces import assessments
from kayba_local.store.traces.ingest import merge_pairs
from kayba_local.store.traces.traces import IN_PROGRESS, TraceInfo, get_row, read_infos

# `_UPDATE` sets the other columns of an existing trace, unless the info is in progress and the trace is not.
_INSERT: Final = """
    INSERT INTO traces (
        trace_id, experiment, client_request_id, declared, request_ns, duration_ns, state, request_preview,
        response_preview
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (trace_id) DO UPDATE SET
        experiment = excluded.experiment, client_request_id = excluded.client_request_id
"""
_UPDATE: Final = """
    UPDATE traces SET
        declared = ?, request_ns = ?, duration_ns = ?, state = ?, request_preview = COALESCE(?, request_preview),
        response_preview = COALESCE(?, response_preview)
    WHERE trace_id = ? AND (? OR state = 'IN_PROGRESS')
"""


def save_info(db: Database, info: TraceInfo) -> TraceInfo:
    """Store a client's trace info, which overrides its earlier infos and the values of the root span.

    Tags and metadata are merged into the existing ones. An info in state `IN_PROGRESS` does not change an ended trace,
    and a root span that arrives later overrides it.

    Returns:
        The stored info.

    Raises:
        DoesNotExist: The experiment does not exist.
        AlreadyExists: An assessment of another trace has the id of one in the info.
    """
    is_final = info.state != IN_PROGRESS
    with db.write() as tx:
        experiment = get_experiment_row(tx, info.experiment_id)["id"]
        times = (info.request_ns, info.duration_ns, info.state)
        previews = (info.request_preview, info.response_preview)
        tx.run(_INSERT, (info.trace_id, experiment, info.client_request_id, is_final, *times, *previews))
        tx.run(_UPDATE, (is_final, *times, *previews, info.trace_id, is_final))
        row = get_row(tx, info.trace_id)
        merge_pairs(tx, "trace_tags", [(row["id"], info.tags)], replace=True)
        merge_pairs(tx, "trace_metadata", [(row["id"], info.metadata)], replace=True)
        for assessment in info.assessments:
            assessments.upsert(tx, row, assessment)
        return read_infos(tx, [row])[0]
