"""The tracing mount: spans in, traces out.

JSON writes the integer 3 as 3.0, too, and a schema takes it for one; so integers from a body are made integers here.

Traces' spans as files.
"""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

from kayba_local.handlers.errors import refusing
from kayba_local.http.operation import Call, Problem, Reply
from kayba_local.mlflow_json.artifact import read_artifact
from kayba_local.mlflow_json.infos import read_info, write_info
from kayba_local.mlflow_json.spans import write_span
from kayba_local.otlp import from_json, from_protobuf
from kayba_local.store.errors import DoesNotExist
from kayba_local.store.traces import artifacts, assessments, client_info, ingest, search, tags, traces
from kayba_local.store.traces.traces import Trace

PROTOCOL_VERSION: Final = "3.17.2"
"""The MLflow whose tracing API this server speaks; clients decide by it what they may send."""

PROTOBUF: Final = "application/x-protobuf"
DEFAULT_PAGE: Final = 100
ALL: Final = 2**31 - 1

_SIZE_STATS: Final = "mlflow.trace.sizeStats"


def get_version(_: Call) -> Reply:
    """The protocol's version."""
    return Reply(PROTOCOL_VERSION, media_type="text/plain; charset=utf-8")


@refusing
def export_traces(call: Call) -> Reply:
    """Store the spans of an OTLP request; the answer, in the request's encoding, is empty."""
    is_protobuf = call.media_type == PROTOBUF
    batch = from_protobuf.read(call.body) if is_protobuf else from_json.read(call.body)
    ingest.store(call.db, call.headers["x-mlflow-experiment-id"], batch)
    return Reply(b"", media_type=PROTOBUF) if is_protobuf else Reply({})


@refusing
def create_trace_info(call: Call) -> dict[str, Any]:
    """Store what a client says of a trace."""
    info = client_info.declare(call.db, read_info(call.body["trace"]["trace_info"]))
    return {"trace": {"trace_info": write_info(info)}}


@refusing
def get_trace_info(call: Call) -> dict[str, Any]:
    """A trace without its spans."""
    return {"trace": {"trace_info": write_info(traces.get_info(call.db, call.path["trace_id"]))}}


@refusing
def get_trace(call: Call) -> dict[str, Any]:
    """A trace with its spans; all of them, unless the caller takes what there is."""
    trace = traces.get(call.db, call.query["trace_id"])
    if not call.query.get("allow_partial", False) and not _is_whole(trace):
        raise DoesNotExist(f"Trace with ID '{trace.info.trace_id}' has not arrived in full yet, try again later.")
    return {"trace": _write_trace(trace)}


@refusing
def batch_get_traces(call: Call) -> dict[str, Any]:
    """Several traces with their spans; those that have not arrived in full are left out like unknown ones."""
    found = traces.get_many(call.db, call.query["trace_ids"])
    whole = [_write_trace(trace) for trace in found if _is_whole(trace)]
    return {"traces": whole} if whole else {}


@refusing
def search_traces(call: Call) -> dict[str, Any]:
    """A page of traces without their spans."""
    body = call.body
    page = search.search(
        call.db,
        [location["mlflow_experiment"]["experiment_id"] for location in body["locations"]],
        body.get("filter", ""),
        body.get("order_by", ()),
        int(body.get("max_results", DEFAULT_PAGE)),
        body.get("page_token"),
    )
    answer: dict[str, Any] = {"traces": [write_info(info) for info in page.infos]} if page.infos else {}
    return {**answer, "next_page_token": page.next_token} if page.next_token else answer


@refusing
def set_trace_tag(call: Call) -> dict[str, Any]:
    """Add or replace a tag."""
    tags.set_tag(call.db, call.path["trace_id"], call.body["key"], call.body["value"])
    return {}


@refusing
def delete_trace_tag(call: Call) -> dict[str, Any]:
    """Remove a tag, named in the body or in the query."""
    key = (call.body or call.query).get("key")
    if key is None:
        raise Problem(400, None, "Name the tag: 'key' in the query or in a JSON body.")
    tags.delete_tag(call.db, call.path["trace_id"], key)
    return {}


@refusing
def delete_traces(call: Call) -> dict[str, Any]:
    """Remove traces, by their ids or by their age."""
    body = call.body
    if "request_ids" in body:
        return {"traces_deleted": traces.delete(call.db, body["experiment_id"], body["request_ids"])}
    until_ms, limit = int(body["max_timestamp_millis"]), int(body.get("max_traces", ALL))
    return {"traces_deleted": traces.delete_until(call.db, body["experiment_id"], until_ms, limit)}


@refusing
def create_assessment(call: Call) -> dict[str, Any]:
    """Add an assessment to a trace."""
    return {"assessment": assessments.create(call.db, call.path["trace_id"], call.body["assessment"])}


def _write_trace(trace: Trace) -> dict[str, Any]:
    info = {"trace_info": write_info(trace.info)}
    return {**info, "spans": [write_span(span) for span in trace.spans]} if trace.spans else info


def _is_whole(trace: Trace) -> bool:
    """Whether the trace has spans, and as many as its client said it would have, if it did."""
    try:
        announced = json.loads(trace.info.metadata.get(_SIZE_STATS, "{}"))["num_spans"]
    except (ValueError, KeyError, TypeError):
        announced = 1
    return len(trace.spans) >= (announced if isinstance(announced, int) else 1)


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
    "getVersion": get_version,
    "exportTraces": export_traces,
    "createTraceInfo": create_trace_info,
    "getTraceInfo": get_trace_info,
    "getTrace": get_trace,
    "batchGetTraces": batch_get_traces,
    "searchTraces": search_traces,
    "setTraceTag": set_trace_tag,
    "deleteTraceTag": delete_trace_tag,
    "deleteTraces": delete_traces,
    "createAssessment": create_assessment,
    "uploadTraceArtifact": upload_trace_artifact,
    "downloadTraceArtifact": download_trace_artifact,
}
