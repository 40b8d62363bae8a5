"""Trace infos that clients send, before or after the spans."""

from __future__ import annotations

from typing import Final

from kayba_local.store.database import Database
from kayba_local.store.experiments import get_row as get_experiment_row
from kayba_local.store.traces import assessments, facts
from kayba_local.store.traces.facts import STATE_UNSPECIFIED
from kayba_local.store.traces.traces import IN_PROGRESS, TraceInfo, get_row, read_infos

_INSERT: Final = """
    INSERT INTO traces (trace_id, experiment, client_request_id, request_ns, state, declared) VALUES (?, ?, ?, ?, ?, 0)
    ON CONFLICT (trace_id) DO UPDATE SET
        experiment = excluded.experiment, client_request_id = COALESCE(excluded.client_request_id, client_request_id)
"""
_UPDATE_STATE: Final = """
    UPDATE traces SET
        info_state = ?, info_request_ns = ?, info_duration_ns = COALESCE(?, info_duration_ns),
        info_request_preview = COALESCE(?, info_request_preview),
        info_response_preview = COALESCE(?, info_response_preview)
    WHERE id = ?
"""
_ADD_PREVIEWS: Final = """
    UPDATE traces SET
        info_request_preview = COALESCE(info_request_preview, ?),
        info_response_preview = COALESCE(info_response_preview, ?)
    WHERE id = ?
"""


def save_info(db: Database, info: TraceInfo) -> TraceInfo:
    """Store a client's trace info, which overrides its earlier infos and the values of the spans.

    Tags and metadata are merged into the existing ones; values that the info does not give are kept. An info in state
    `IN_PROGRESS` does not change an ended trace, and a root span overrides its state and times.

    Returns:
        The stored info.

    Raises:
        DoesNotExist: The experiment does not exist.
        AlreadyExists: An assessment of another trace has the id of one in the info.
    """
    with db.write() as tx:
        experiment = get_experiment_row(tx, info.experiment_id)["id"]
        tx.run(_INSERT, (info.trace_id, experiment, info.client_request_id, info.request_ns, info.state))
        row = get_row(tx, info.trace_id)
        trace, previews = row["id"], (info.request_preview, info.response_preview)
        has_ended = row["info_state"] not in (None, IN_PROGRESS, STATE_UNSPECIFIED)
        if has_ended and info.state in (IN_PROGRESS, STATE_UNSPECIFIED):
            tx.run(_ADD_PREVIEWS, (*previews, trace))
        else:
            tx.run(_UPDATE_STATE, (info.state, info.request_ns, info.duration_ns, *previews, trace))
        facts.set_pairs(tx, "trace_tags", trace, info.tags)
        facts.set_pairs(tx, "trace_metadata", trace, info.metadata)
        facts.refresh(tx, trace)
        for assessment in info.assessments:
            assessments.upsert(tx, row, assessment)
        return read_infos(tx, [get_row(tx, info.trace_id)])[0]
