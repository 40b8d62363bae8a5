"""Traces' spans as files."""

from __future__ import annotations

from typing import Any

import orjson

from kayba_local.calls import Call, Reply
from kayba_local.handlers.refusals import refusing
from kayba_local.mlflow_json.artifact import read_artifact
from kayba_local.store import artifacts


@refusing
def upload_trace_artifact(call: Call) -> dict[str, Any]:
    """Store a trace's file as it is, and the spans in it."""
    content = call.body if isinstance(call.body, bytes) else orjson.dumps(call.body)
    trace_id = call.path["trace_id"]
    artifacts.put(call.db, call.path["experiment_id"], trace_id, content, read_artifact(content, trace_id))
    return {}


@refusing
def download_trace_artifact(call: Call) -> Reply:
    """A trace's file, to be saved and not shown."""
    content = artifacts.get(call.db, call.path["experiment_id"], call.path["trace_id"])
    return Reply(
        content,
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="traces.json"', "X-Content-Type-Options": "nosniff"},
    )


HANDLERS = {
    "uploadTraceArtifact": upload_trace_artifact,
    "downloadTraceArtifact": download_trace_artifact,
}
