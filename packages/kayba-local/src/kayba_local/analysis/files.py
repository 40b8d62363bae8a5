"""Uploaded trace files: which of the shapes that are known a file has, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from kayba_local.analysis.messages import is_conversation, read_conversation
from kayba_local.analysis.steps import Run, Step, from_otlp, make
from kayba_local.analysis.texts import Text
from kayba_local.otlp.values import python_value

MOST_LEVELS: Final = 6
"""Levels of lists and wrappers in which traces are looked for."""
_MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)

Trees = list[list[Step]]


def read_file(source: str, file_type: str, content: str) -> tuple[Sequence[Run], Text | None]:
    """What a trace file holds.

    JSON is looked through for span trees (OTLP, a trace that a client of Kayba or MLflow has exported, answers of the
    API) and for lists of chat messages. JSON of another shape is read as the texts in it, and what is no JSON at all
    like Markdown: as plain text.

    Returns:
        Its trees, and no text; or none, and its text.
    """
    if file_type != "json":
        return (), Text(source, content)
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return (), Text(source, content)
    try:
        trees = _trees(value, MOST_LEVELS)
    except _MALFORMED:
        trees = None
    if trees is None:
        return (), Text(source, "\n\n".join(_texts(value)))
    return [Run(source, steps) for steps in trees], None


def _trees(value: Any, levels: int) -> Trees | None:
    """The trees in a JSON value; None when it, or a member of it that should be one, has no shape that is known."""
    if is_conversation(value):
        return [read_conversation(value)]
    if levels == 0:
        return None
    if isinstance(value, list):
        found = [_trees(member, levels - 1) for member in value]
        return [tree for trees in found if trees is not None for tree in trees] if found and None not in found else None
    if isinstance(value, dict):
        if "resourceSpans" in value:
            return _by_trace(
                (span["traceId"], int(span["startTimeUnixNano"]), from_otlp(span)) for span in _otlp(value)
            )
        if isinstance(value.get("spans"), list):
            return _by_trace(
                (str(s.get("trace_id")), int(s["start_time_unix_nano"]), _exported(s)) for s in value["spans"]
            )
        for wrapper in ("data", "trace", "traces", "messages"):
            if wrapper in value:
                return _trees(value[wrapper], levels - 1)
    return None


def _by_trace(spans: Iterator[tuple[str, int, Step]]) -> Trees:
    by_trace: dict[str, list[tuple[int, Step]]] = {}
    for trace_id, start_ns, step in spans:
        by_trace.setdefault(trace_id, []).append((start_ns, step))
    return [[step for _, step in sorted(steps, key=lambda timed: timed[0])] for steps in by_trace.values()]


def _otlp(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for resource_spans in request["resourceSpans"]:
        for scope_spans in resource_spans.get("scopeSpans", ()):
            yield from scope_spans.get("spans", ())


def _exported(span: Mapping[str, Any]) -> Step:
    """The step of a span as traces.json or an answer of the API writes it."""
    status = span.get("status") or {}
    code, said = (status.get("code"), status.get("message")) if isinstance(status, dict) else (status, "")
    exceptions = [event for event in span.get("events") or () if event.get("name") == "exception"]
    parent = span.get("parent_span_id") or span.get("parent_id")
    return make(
        (str(span["span_id"]), str(parent) if parent else None, str(span["name"])),
        (int(span["start_time_unix_nano"]), int(span.get("end_time_unix_nano") or 0)),
        failed=str(code).endswith("ERROR"),
        said=str(said or ""),
        raised=_values(exceptions[-1].get("attributes") if exceptions else None),
        attributes=_values(span.get("attributes")),
    )


def _values(attributes: Any) -> Mapping[str, Any]:
    """Attributes as an object, or as the API's list of keys and values, in which fields have the .proto's names."""
    if isinstance(attributes, dict):
        return attributes
    return {pair["key"]: python_value(_otlp_value(pair.get("value"))) for pair in attributes or ()}


def _otlp_value(value: Mapping[str, Any] | None) -> dict[str, Any]:
    if not value:
        return {}
    kind, content = next(iter(value.items()))
    if kind == "array_value":
        return {"arrayValue": {"values": [_otlp_value(member) for member in content.get("values", ())]}}
    if kind == "kvlist_value":
        members = [{"key": m["key"], "value": _otlp_value(m.get("value"))} for m in content.get("values", ())]
        return {"kvlistValue": {"values": members}}
    first, _, rest = kind.partition("_")
    return {first + rest.capitalize(): content}


def _texts(value: Any) -> Iterator[str]:
    """The strings in a JSON value, in their order."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            waiting.extend(reversed(part))
        elif isinstance(part, dict):
            waiting.extend(reversed(part.values()))
