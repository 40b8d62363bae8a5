"""Handlers of OpenTelemetry's own paths. They need no header of this server: spans go to the default experiment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kayba_local.handlers.tracing import export_traces
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.http.otlp_endpoint import accept_all
from kayba_local.store.experiments import DEFAULT_EXPERIMENT

EXPERIMENT_HEADER: Final = "x-mlflow-experiment-id"

_EXPERIMENT_ID: Final = re.compile(r"[0-9]{1,18}")


def receive_traces(call: Call) -> Reply | dict[str, Any]:
    """Store the spans of a request, in the default experiment unless the header names another one."""
    experiment = call.headers.get(EXPERIMENT_HEADER, DEFAULT_EXPERIMENT)
    if not _EXPERIMENT_ID.fullmatch(experiment):
        raise Problem(400, None, f"The header {EXPERIMENT_HEADER} is not the id of an experiment, which is a number.")
    return export_traces(replace(call, headers={**call.headers, EXPERIMENT_HEADER: experiment}))


def receive_metrics(call: Call) -> Reply:
    """Discard metrics, which have no place in the store, and accept them, since clients log every error."""
    return accept_all(call)


OTLP_HANDLERS: Final[Mapping[str, Handler]] = {
    "/v1/traces": receive_traces,
    "/v1/metrics": receive_metrics,
}
"""The handlers by path."""
