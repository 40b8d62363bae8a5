"""Facts: the trace infos that are sent after the spans, since OTLP has no place for them.

A server reads a trace's name, tags, session and user from attributes of the root. Other metadata, the facts of a trace
that still runs, and of a trace whose root is elsewhere need an info.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson

from ace_tracing.delivery.content import encoding
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.responses import classify
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected
from ace_tracing.delivery.mlflow.file import Json
from ace_tracing.delivery.mlflow.info import IN_PROGRESS, encode_facts
from ace_tracing.delivery.mlflow.requests import read_info, send_info, set_slash_tags, set_tags
from ace_tracing.delivery.otlp.attributes import SESSION_KEYS
from ace_tracing.recording.records import Role, TraceRecord
from kayba_api.api.tracing import get_trace

NO_INFOS: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""Statuses of a server that accepts OTLP and no infos."""

_ROOT_CODES: Final = {"STATUS_CODE_ERROR": "ERROR", "ERROR": "ERROR"}


def needs_info(record: TraceRecord) -> bool:
    """Return whether a server that has the record's spans lacks a fact about the trace."""
    if record.role is not Role.ROOT:
        return record.role is not Role.PART
    return record.was_shown or (record.details is not None and not record.details.metadata.keys() <= {*SESSION_KEYS})


def send_facts(service: ServiceClient, record: TraceRecord, experiment_id: str) -> ExportResult:
    """Send the facts of one record whose spans the server has.

    Args:
        service: The client of the server.
        record: A record that `needs_info`.
        experiment_id: The id of the trace's experiment, unless the server has the trace in another one.

    Returns:
        The result. `Delivered` with one rejected span and a reason if the server refuses the info.

    Raises:
        httpx.HTTPError: No complete response arrived.
    """
    with encoding:
        info = encode_facts(record, experiment_id)
    if record.role in (Role.ROOT, Role.RUNNING):
        # Below a foreign caller, a server may have computed another state from the spans so far.
        result = _send(service, info)
        is_optional = record.role is Role.RUNNING
    else:
        result = _add(service, record.role, info)
        is_optional = record.role is not Role.LATE
    if isinstance(result, Rejected) or (isinstance(result, Blocked) and result.cause == "address"):
        lost = 0 if is_optional else 1
        return Delivered(lost, f"the facts of trace {info['trace_id']}: {result.reason}" if lost else "")
    return result


def _send(service: ServiceClient, info: Json) -> ExportResult:
    result = classify(send_info(service, info))
    return set_slash_tags(service, info) if isinstance(result, Delivered) else result


def _add(service: ServiceClient, role: Role, info: Json) -> ExportResult:
    """Add facts to a trace whose root may have arrived from elsewhere, or may arrive later."""
    stored = read_info(service, info["trace_id"])
    if stored is None:
        return _send(service, info)
    if not isinstance(stored, dict):
        return stored
    is_running = stored["state"] == IN_PROGRESS
    if is_running and role is not Role.LATE:
        return _send(service, info | {"trace_location": stored["trace_location"]})
    present, facts = stored.get("tags", {}), info["tags"]
    tags = {key: text for key, text in facts.items() if key not in present or role is Role.LATE}
    metadata = info["trace_metadata"].items() - stored.get("trace_metadata", {}).items()
    if not metadata:
        return set_tags(service, info["trace_id"], tags)
    kept = {key: value for key, value in stored.items() if key != "assessments"}
    merged = kept | {"tags": tags, "trace_metadata": dict(metadata)}
    result = _send(service, merged)
    return _restore_state(service, merged) if is_running and isinstance(result, Delivered) else result


def _restore_state(service: ServiceClient, info: Json) -> ExportResult:
    """Send the state and the times of the root again, if it arrived while an info without them was on its way.

    MLflow replaces the state of a trace with that of an info, even a final one.
    """
    response = service.request_large(get_trace, trace_id=info["trace_id"], allow_partial=True)
    root = _find_root(response.content) if response.status_code == HTTPStatus.OK else None
    if root is None:
        return Delivered()
    start_ns, end_ns = int(root["start_time_unix_nano"]), int(root["end_time_unix_nano"])
    state = _ROOT_CODES.get(str(root.get("status", {}).get("code")), "OK")
    duration = f"{max(0, end_ns - start_ns) / 1e9:.9f}s"
    return classify(send_info(service, info | {"state": state, "execution_duration": duration}))


def _find_root(content: bytes) -> Json | None:
    try:
        spans: Sequence[Any] = orjson.loads(content)["trace"]["spans"]
        return next((span for span in spans if not span.get("parent_span_id") and span.get("end_time_unix_nano")), None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
