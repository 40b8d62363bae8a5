"""Handlers of the tracing mount: ingest spans, and read, search, tag, assess and delete traces.

JSON clients may send the integer 3 as 3.0, which a schema accepts as an integer. Handlers convert such values by `int`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

import orjson

from kayba_local.handlers.errors import convert_store_errors
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.mlflow_json.artifact import read_artifact
from kayba_local.mlflow_json.infos import read_info, write_info
from kayba_local.mlflow_json.spans import render_span
from kayba_local.otlp import json_requests, protobuf_requests
from kayba_local.otlp.records import InvalidSpans
from kayba_local.store.database import Database
from kayba_local.store.errors import DoesNotExist
from kayba_local.store.traces import artifacts, assessments, client_info, ingest, search, tags, traces
from kayba_local.store.traces.traces import StoredTrace
from kayba_local.upkeep import deletion

logger: Final = logging.getLogger("kayba_local")

PROTOCOL_VERSION: Final = "3.17.2"
"""The MLflow version whose tracing API this server implements. Clients select their requests by it."""

PROTOBUF: Final = "application/x-protobuf"
DEFAULT_PAGE_SIZE: Final = 100
MAX_DELETED_TRACES: Final = 2**31 - 1
"""Limit of a deletion by age that names none."""

_SIZE_STATS: Final = "mlflow.trace.sizeStats"


def get_version(_: Call) -> Reply:
    """Return the protocol's version."""
    return Reply(PROTOCOL_VERSION, media_type="text/plain; charset=utf-8")


@convert_store_errors
def export_traces(call: Call) -> Reply:
    """Store the spans of an OTLP request. The response, in the request's encoding, reports rejected spans."""
    is_protobuf = call.media_type == PROTOBUF
    batch = protobuf_requests.read(call.body) if is_protobuf else json_requests.read(json_requests.parse(call.body))
    if batch.rejected:
        if not batch.spans:
            raise InvalidSpans(batch.describe_rejections())
        logger.warning("OTLP request: %s", batch.describe_rejections())
    ingest.store_spans(call.db, call.headers["x-mlflow-experiment-id"], batch)
    call.metrics.count_spans(len(batch.spans), batch.rejected)
    if is_protobuf:
        return Reply(protobuf_requests.write_response(batch), media_type=PROTOBUF)
    return Reply(json_requests.write_response(batch))


@convert_store_errors
def create_trace_info(call: Call) -> dict[str, Any]:
    """Store a client's trace info."""
    info = client_info.save_info(call.db, read_info(call.body["trace"]["trace_info"]))
    return {"trace": {"trace_info": write_info(info)}}


@convert_store_errors
def upload_trace_artifact(call: Call) -> dict[str, Any]:
    """Store a trace's file unchanged, and the spans that it contains."""
    content = call.body if isinstance(call.body, bytes) else orjson.dumps(call.body)
    trace_id = call.path["trace_id"]
    artifacts.put(call.db, call.path["experiment_id"], trace_id, content, read_artifact(content, trace_id))
    return {}


@convert_store_errors
def download_trace_artifact(call: Call) -> Reply:
    """Return a trace's file. The headers make a browser save it instead of displaying it."""
    size, content = artifacts.get(call.db, call.path["experiment_id"], call.path["trace_id"])
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": 'attachment; filename="traces.json"',
        "X-Content-Type-Options": "nosniff",
    }
    return Reply(content, media_type="text/plain; charset=utf-8", headers=headers)


@convert_store_errors
def get_trace_info(call: Call) -> dict[str, Any]:
    """Return a trace without its spans."""
    return {"trace": {"trace_info": write_info(traces.get_info(call.db, call.path["trace_id"]))}}


@convert_store_errors
def get_trace(call: Call) -> Reply:
    """Return a trace with its spans. An incomplete trace is returned only with `allow_partial`."""
    trace = traces.find(call.db, call.query["trace_id"])
    if not call.query.get("allow_partial", False) and not _is_complete(trace):
        raise DoesNotExist(f"Trace with ID '{trace.info.trace_id}' has not arrived in full yet, try again later.")
    return Reply(chain([b'{"trace":'], _write_trace(call.db, trace), [b"}"]))


@convert_store_errors
def batch_get_traces(call: Call) -> Reply | dict[str, Any]:
    """Return several traces with their spans. Unknown and incomplete traces are omitted."""
    complete = [trace for trace in traces.find_many(call.db, call.query["trace_ids"]) if _is_complete(trace)]
    return Reply(_write_traces(call.db, complete)) if complete else {}


@convert_store_errors
def search_traces(call: Call) -> dict[str, Any]:
    """Return a page of traces without their spans."""
    body = call.body
    page = search.search(
        call.db,
        [location["mlflow_experiment"]["experiment_id"] for location in body["locations"]],
        body.get("filter", ""),
        body.get("order_by", ()),
        int(body.get("max_results", DEFAULT_PAGE_SIZE)),
        body.get("page_token"),
    )
    written: dict[str, Any] = {"traces": [write_info(info) for info in page.infos]} if page.infos else {}
    return {**written, "next_page_token": page.next_token} if page.next_token else written


@convert_store_errors
def set_trace_tag(call: Call) -> dict[str, Any]:
    """Add or replace a tag."""
    tags.set_tag(call.db, call.path["trace_id"], call.body["key"], call.body["value"])
    return {}


@convert_store_errors
def delete_trace_tag(call: Call) -> dict[str, Any]:
    """Delete the tag that the body or the query names."""
    key = (call.body or call.query).get("key")
    if key is None:
        raise Problem(400, None, "Name the tag: 'key' in the query or in a JSON body.")
    tags.delete_tag(call.db, call.path["trace_id"], key)
    return {}


@convert_store_errors
def create_assessment(call: Call) -> dict[str, Any]:
    """Add an assessment to a trace."""
    return {"assessment": assessments.create(call.db, call.path["trace_id"], call.body["assessment"])}


@convert_store_errors
def delete_traces(call: Call) -> dict[str, Any]:
    """Delete traces by id or by age."""
    body = call.body
    if "request_ids" in body:
        return {"traces_deleted": deletion.delete(call.db, body["experiment_id"], body["request_ids"])}
    until_ms, limit = int(body["max_timestamp_millis"]), int(body.get("max_traces", MAX_DELETED_TRACES))
    return {"traces_deleted": deletion.delete_until(call.db, body["experiment_id"], until_ms, limit)}


def _write_traces(db: Database, found: Iterable[StoredTrace]) -> Iterator[bytes]:
    separator = b'{"traces":['
    for trace in found:
        yield separator
        yield from _write_trace(db, trace)
        separator = b","
    yield b"]}"


def _write_trace(db: Database, trace: StoredTrace) -> Iterator[bytes]:
    """Yield the JSON of a trace in pieces, each of one page of spans, with every span on a line of its own.

    JSON has no other raw line break, so a client can find the spans without parsing the whole response.
    """
    yield b'{"trace_info":' + orjson.dumps(write_info(trace.info))
    separator = ',"spans":[\n'
    for contents in traces.read_contents(db, trace):
        if contents:
            yield (separator + ",\n".join(map(render_span, contents))).encode()
            separator = ",\n"
    yield b"\n]}" if separator == ",\n" else b"}"


def _is_complete(trace: StoredTrace) -> bool:
    """Return whether the trace has at least one span and as many as its client's size statistics announce."""
    try:
        announced = json.loads(trace.info.metadata.get(_SIZE_STATS, "{}"))["num_spans"]
    except (ValueError, KeyError, TypeError):
        announced = 1
    return len(trace.ids) >= (announced if isinstance(announced, int) else 1)


HANDLERS: Final[Mapping[str, Handler]] = {
    "getVersion": get_version,
    "exportTraces": export_traces,
    "createTraceInfo": create_trace_info,
    "uploadTraceArtifact": upload_trace_artifact,
    "downloadTraceArtifact": download_trace_artifact,
    "getTraceInfo": get_trace_info,
    "getTrace": get_trace,
    "batchGetTraces": batch_get_traces,
    "searchTraces": search_traces,
    "setTraceTag": set_trace_tag,
    "deleteTraceTag": delete_trace_tag,
    "createAssessment": create_assessment,
    "deleteTraces": delete_traces,
}
