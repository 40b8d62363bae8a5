"""Requests to the tracing mount of kayba-local."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from kayba_local.otlp.values import encode_value as any_value

MOUNT = "/api/mlflow"
SPANS = f"{MOUNT}/v1/traces"
TRACES = f"{MOUNT}/api/3.0/mlflow/traces"
OLD_TRACES = f"{MOUNT}/api/2.0/mlflow/traces"
EXPERIMENTS = f"{MOUNT}/api/2.0/mlflow/experiments"
START_NS = 1_795_369_083_497_015_170

Json = dict[str, Any]


def trace_id(number: int) -> str:
    return f"tr-{number:032x}"


def span(
    trace: int = 1,
    number: int = 1,
    parent: int | None = None,
    *,
    name: str = "step",
    start_ns: int = START_NS,
    end_ns: int = START_NS + 1_000_000,
    attributes: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Json:
    """Return a span as OTLP's JSON; ids are numbers."""
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        **({} if parent is None else {"parentSpanId": f"{parent:016x}"}),
        "name": name,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(end_ns),
        "attributes": [{"key": key, "value": any_value(value)} for key, value in (attributes or {}).items()],
        **fields,
    }


def otlp(spans: Iterable[Json], resource: Mapping[str, Any] | None = None) -> Json:
    attributes = [{"key": key, "value": any_value(value)} for key, value in (resource or {}).items()]
    return {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": list(spans)}]}]}


def protobuf(spans: Sequence[Json], resource: Mapping[str, Any] | None = None) -> bytes:
    """Return the request of `otlp` in protobuf."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    _fill(resource_spans.resource.attributes, otlp((), resource)["resourceSpans"][0]["resource"]["attributes"])
    scope_spans = resource_spans.scope_spans.add()
    for sent in spans:
        encoded = scope_spans.spans.add(
            trace_id=bytes.fromhex(sent["traceId"]),
            span_id=bytes.fromhex(sent["spanId"]),
            parent_span_id=bytes.fromhex(sent.get("parentSpanId", "")),
            name=sent["name"],
            start_time_unix_nano=int(sent["startTimeUnixNano"]),
            end_time_unix_nano=int(sent["endTimeUnixNano"]),
        )
        encoded.status.code = sent.get("status", {}).get("code", 0)
        encoded.status.message = sent.get("status", {}).get("message", "")
        _fill(encoded.attributes, sent["attributes"])
        for event in sent.get("events", ()):
            added = encoded.events.add(name=event["name"], time_unix_nano=int(event["timeUnixNano"]))
            _fill(added.attributes, event["attributes"])
        for link in sent.get("links", ()):
            linked = encoded.links.add(trace_id=bytes.fromhex(link["traceId"]), span_id=bytes.fromhex(link["spanId"]))
            _fill(linked.attributes, link["attributes"])
    return request.SerializeToString()


def log_record(
    trace: int | None = 1,
    number: int | None = 1,
    *,
    name: str | None = "gen_ai.user.message",
    time_ns: int = START_NS,
    attributes: Mapping[str, Any] | None = None,
    body: Any = None,
    **fields: Any,
) -> Json:
    """Return a log record as OTLP's JSON; ids are numbers."""
    return {
        **({} if trace is None else {"traceId": f"{trace:032x}"}),
        **({} if number is None else {"spanId": f"{number:016x}"}),
        **({} if name is None else {"eventName": name}),
        "timeUnixNano": str(time_ns),
        "attributes": [{"key": key, "value": any_value(value)} for key, value in (attributes or {}).items()],
        **({} if body is None else {"body": any_value(body)}),
        **fields,
    }


def otlp_logs(records: Iterable[Json]) -> Json:
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": list(records)}]}]}


def protobuf_logs(records: Sequence[Json]) -> bytes:
    """Return the request of `otlp_logs` in protobuf."""
    request = ExportLogsServiceRequest()
    scope_logs = request.resource_logs.add().scope_logs.add()
    for sent in records:
        encoded = scope_logs.log_records.add(
            trace_id=bytes.fromhex(sent.get("traceId", "")),
            span_id=bytes.fromhex(sent.get("spanId", "")),
            event_name=sent.get("eventName", ""),
            time_unix_nano=int(sent["timeUnixNano"]),
            observed_time_unix_nano=int(sent.get("observedTimeUnixNano", 0)),
        )
        _fill(encoded.attributes, sent["attributes"])
        if "body" in sent:
            encoded.body.CopyFrom(_any_value(sent["body"]))
    return request.SerializeToString()


def send(http: httpx.Client, *spans: Json, experiment: str = "0", resource: Mapping[str, Any] | None = None) -> None:
    headers = {"x-mlflow-experiment-id": experiment}
    http.post(SPANS, json=otlp(spans, resource), headers=headers).raise_for_status()


def send_protobuf(http: httpx.Client, *spans: Json, resource: Mapping[str, Any] | None = None) -> None:
    headers = {"x-mlflow-experiment-id": "0", "Content-Type": "application/x-protobuf"}
    http.post(SPANS, content=protobuf(spans, resource), headers=headers).raise_for_status()


def get_trace(http: httpx.Client, id_: str, **parameters: Any) -> Json:
    response = http.get(f"{TRACES}/get", params={"trace_id": id_, **parameters}).raise_for_status()
    trace: Json = response.json()["trace"]
    return trace


def search(http: httpx.Client, *experiments: str, **body: Any) -> Json:
    locations = [location(experiment) for experiment in experiments or ("0",)]
    response: Json = http.post(f"{TRACES}/search", json={"locations": locations, **body}).raise_for_status().json()
    return response


def search_ids(http: httpx.Client, *experiments: str, **body: Any) -> list[str]:
    """Return the trace ids that a search finds, in its order."""
    return [info["trace_id"] for info in search(http, *experiments, **body).get("traces", [])]


def location(experiment: str) -> Json:
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}


def trace_info(trace: int = 1, *, experiment: str = "0", **fields: Any) -> Json:
    return {
        "trace_id": trace_id(trace),
        "trace_location": location(experiment),
        "request_time": "2026-11-22T17:37:25.867Z",
        "execution_duration": "0.071s",
        "state": "OK",
        **fields,
    }


def send_info(http: httpx.Client, info: Json) -> Json:
    response = http.post(TRACES, json={"trace": {"trace_info": info}}).raise_for_status()
    stored: Json = response.json()["trace"]["trace_info"]
    return stored


def plain(value: Json) -> Any:
    """Return the Python value of a value in a response."""
    if not value:
        return None
    kind, content = next(iter(value.items()))
    if kind == "array_value":
        return [plain(member) for member in content["values"]]
    if kind == "kvlist_value":
        return {member["key"]: plain(member["value"]) for member in content["values"]}
    return base64.b64decode(content) if kind == "bytes_value" else content


def attributes(item: Json) -> dict[str, Any]:
    """Return the attributes of a span, event or link in a response."""
    return {pair["key"]: plain(pair["value"]) for pair in item["attributes"]}


def _fill(target: Any, pairs: Iterable[Json]) -> None:
    for pair in pairs:
        target.append(KeyValue(key=pair["key"], value=_any_value(pair["value"])))


def _any_value(value: Json) -> AnyValue:
    encoded = AnyValue()
    if not value:
        return encoded
    kind, content = next(iter(value.items()))
    if kind == "arrayValue":
        encoded.array_value.values.extend(_any_value(member) for member in content["values"])
        encoded.array_value.SetInParent()
    elif kind == "kvlistValue":
        _fill(encoded.kvlist_value.values, content["values"])
        encoded.kvlist_value.SetInParent()
    elif kind == "bytesValue":
        encoded.bytes_value = base64.b64decode(content)
    elif kind == "doubleValue":
        encoded.double_value = float(content)
    else:
        names = {"stringValue": "string_value", "intValue": "int_value", "boolValue": "bool_value"}
        setattr(encoded, names[kind], content)
    return encoded
