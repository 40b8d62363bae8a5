"""Uploaded trace files: recognize the format, and read span trees, conversations or plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from kayba_local.analysis.messages import is_conversation, read_conversation
from kayba_local.analysis.steps import Step, make_step, read_otlp_step
from kayba_local.analysis.transcripts import Transcript
from kayba_local.analysis.tree import StepTree
from kayba_local.otlp.values import decode_value

MAX_LEVELS: Final = 6
"""Maximum number of nested lists and wrapper objects that are searched for traces."""
_MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)

Steps = list[list[Step]]
"""The steps of each trace."""


def read_file(source: str, file_type: str, content: str) -> tuple[Sequence[StepTree], Transcript | None]:
    """Read a trace file.

    JSON is searched for span trees (OTLP, a trace exported by a Kayba or MLflow client, a response of the API) and for
    lists of chat messages. JSON of any other form is read as its strings. A file that is not JSON is read as plain
    text, as Markdown is.

    Returns:
        The file's trees and None, or no trees and the file's transcript.
    """
    if file_type != "json":
        return (), Transcript(source, content)
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return (), Transcript(source, content)
    try:
        traces = _read_traces(value, MAX_LEVELS)
    except _MALFORMED:
        traces = None
    if traces is None:
        return (), Transcript(source, "\n\n".join(_strings(value)))
    return [StepTree(source, steps) for steps in traces], None


def _read_traces(value: Any, levels: int) -> Steps | None:
    """Return the traces in a JSON value, or None if the value or one of its members has no known form."""
    if is_conversation(value):
        return [read_conversation(value)]
    if levels == 0:
        return None
    if isinstance(value, list):
        found = [_read_traces(member, levels - 1) for member in value]
        if not found or None in found:
            return None
        return [steps for traces in found if traces is not None for steps in traces]
    if isinstance(value, dict):
        if "resourceSpans" in value:
            return _group_by_trace(
                (span["traceId"], int(span["startTimeUnixNano"]), read_otlp_step(span)) for span in _otlp_spans(value)
            )
        if isinstance(value.get("spans"), list):
            return _group_by_trace(
                (str(span.get("trace_id")), int(span["start_time_unix_nano"]), _read_exported_step(span))
                for span in value["spans"]
            )
        for wrapper in ("data", "trace", "traces", "messages"):
            if wrapper in value:
                return _read_traces(value[wrapper], levels - 1)
    return None


def _group_by_trace(spans: Iterator[tuple[str, int, Step]]) -> Steps:
    """Return the steps of each trace in the order of their start, from trace ids, start times and steps."""
    by_trace: dict[str, list[tuple[int, Step]]] = {}
    for trace_id, start_ns, step in spans:
        by_trace.setdefault(trace_id, []).append((start_ns, step))
    return [[step for _, step in sorted(steps, key=lambda timed: timed[0])] for steps in by_trace.values()]


def _otlp_spans(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for resource_spans in request["resourceSpans"]:
        for scope_spans in resource_spans.get("scopeSpans", ()):
            yield from scope_spans.get("spans", ())


def _read_exported_step(span: Mapping[str, Any]) -> Step:
    """Read the step of a span in the form of `traces.json` or of an API response."""
    status = span.get("status") or {}
    code, message = (status.get("code"), status.get("message")) if isinstance(status, dict) else (status, "")
    exceptions = [event for event in span.get("events") or () if event.get("name") == "exception"]
    parent = span.get("parent_span_id") or span.get("parent_id")
    return make_step(
        (str(span["span_id"]), str(parent) if parent else None, str(span["name"])),
        (int(span["start_time_unix_nano"]), int(span.get("end_time_unix_nano") or 0)),
        failed=str(code).endswith("ERROR"),
        status_message=str(message or ""),
        exception=_read_attributes(exceptions[-1].get("attributes") if exceptions else None),
        attributes=_read_attributes(span.get("attributes")),
    )


def _read_attributes(attributes: Any) -> Mapping[str, Any]:
    """Read attributes given as an object, or as the API's list of keys and values with the .proto's field names."""
    if isinstance(attributes, dict):
        return attributes
    return {pair["key"]: decode_value(_to_otlp_json(pair.get("value"))) for pair in attributes or ()}


def _to_otlp_json(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an AnyValue with the .proto's field names in OTLP's JSON form."""
    if not value:
        return {}
    kind, content = next(iter(value.items()))
    if kind == "array_value":
        return {"arrayValue": {"values": [_to_otlp_json(member) for member in content.get("values", ())]}}
    if kind == "kvlist_value":
        members = [{"key": m["key"], "value": _to_otlp_json(m.get("value"))} for m in content.get("values", ())]
        return {"kvlistValue": {"values": members}}
    first, _, rest = kind.partition("_")
    return {first + rest.capitalize(): content}


def _strings(value: Any) -> Iterator[str]:
    """Yield the strings in a JSON value, in their order."""
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            pending.extend(reversed(part))
        elif isinstance(part, dict):
            pending.extend(reversed(part.values()))
