"""Handlers of OpenTelemetry's own paths. They need no header of this server: spans go to the default experiment."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kayba_local.cost.protobuf_fields import LOG_REQUEST, TRACE_REQUEST, Children
from kayba_local.handlers.errors import convert_store_errors
from kayba_local.handlers.tracing import export_traces
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.http.otlp_endpoint import accept_all
from kayba_local.http.otlp_status import PROTOBUF
from kayba_local.otlp import json_logs, json_requests, protobuf_logs
from kayba_local.store.experiments import DEFAULT_EXPERIMENT
from kayba_local.store.traces import ingest

logger: Final = logging.getLogger("kayba_local")

EXPERIMENT_HEADER: Final = "x-mlflow-experiment-id"

_EXPERIMENT_ID: Final = re.compile(r"[0-9]{1,18}")


def receive_traces(call: Call) -> Reply | dict[str, Any]:
    """Store the spans of a request, in the default experiment unless the header names another one."""
    experiment = call.headers.get(EXPERIMENT_HEADER, DEFAULT_EXPERIMENT)
    if not _EXPERIMENT_ID.fullmatch(experiment):
        raise Problem(400, None, f"The header {EXPERIMENT_HEADER} is not the id of an experiment, which is a number.")
    return export_traces(replace(call, headers={**call.headers, EXPERIMENT_HEADER: experiment}))


def receive_logs(call: Call) -> Reply:
    """Store the events of GenAI spans that are sent as log records, and discard all other records.

    Some instrumentations send the messages of a model call only in such events.
    """
    is_protobuf = call.media_type == PROTOBUF
    batch = protobuf_logs.read(call.body) if is_protobuf else json_logs.read(json_requests.parse(call.body))
    ingest.store_log_events(call.db, batch)
    if batch.rejected:
        logger.warning("OTLP request: %s", batch.describe_rejections())
    if is_protobuf:
        return Reply(protobuf_logs.write_response(batch), media_type=PROTOBUF)
    return Reply(json_logs.write_response(batch))


def receive_metrics(call: Call) -> Reply:
    """Discard metrics, which have no place in the store, and accept them, since clients log every error."""
    return accept_all(call)


OTLP_HANDLERS: Final[Mapping[str, Handler]] = {
    "/v1/traces": receive_traces,
    "/v1/logs": convert_store_errors(receive_logs),
    "/v1/metrics": receive_metrics,
}
"""The handlers by path."""
OTLP_MESSAGES: Final[Mapping[str, Children | None]] = {
    "/v1/traces": TRACE_REQUEST,
    "/v1/logs": LOG_REQUEST,
    "/v1/metrics": None,
}
"""The kind of message of each path's bodies in protobuf; None if they are not parsed."""
