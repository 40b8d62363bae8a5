"""Spans as the pages read them: contents with their kind, the exception, and the attributes that nothing else shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.content.exceptions import EVENT, read_exception
from kayba_local.content.kinds import read_content
from kayba_local.content.model_calls import read_tools
from kayba_local.content.parts import Json
from kayba_local.conventions import is_read
from kayba_local.otlp.spans import INPUTS, OUTPUTS, SPAN_TYPE, Span

TOOLS: Final = "mlflow.chat.tools"
MODEL: Final = "mlflow.llm.model"
PROVIDER: Final = "mlflow.llm.provider"
AGENT: Final = "gen_ai.agent.name"
USAGE: Final = "mlflow.chat.tokenUsage"
COST: Final = "mlflow.llm.cost"

_SHOWN: Final = frozenset({INPUTS, OUTPUTS, SPAN_TYPE, TOOLS, MODEL, PROVIDER, AGENT, USAGE, COST})
_TEXTS: Final = {"model": MODEL, "provider": PROVIDER, "agent": AGENT}
_TOKENS: Final = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "totalTokens": "total_tokens",
    "cachedTokens": "cache_read_input_tokens",
}


def read_span(span: Span, trace_start_ns: int) -> Json:
    """Return a span in the form of `Span` of the contract, without its feedback and the revision.

    Args:
        span: The stored span.
        trace_start_ns: The start of its trace, in ns since 1970. Times of the result count from it.
    """
    read: Json = {
        "spanId": span.span_id,
        "name": span.name,
        "type": span.type,
        "status": "IN_PROGRESS" if span.end_ns is None else "ERROR" if span.status == "ERROR" else "OK",
        "startNs": span.start_ns - trace_start_ns,
        "attributes": _other_attributes(span.attributes),
        "events": [
            {"name": event.name, "atNs": event.time_ns - trace_start_ns, "attributes": event.attributes}
            for event in sorted(span.events, key=lambda event: event.time_ns)
            if event.name != EVENT
        ],
        "links": [
            {"traceId": f"tr-{link.trace_id}", "spanId": link.span_id, "attributes": link.attributes}
            for link in span.links
        ],
    }
    if span.parent_id is not None:
        read["parentId"] = span.parent_id
    if span.duration_ns is not None:
        read["durationNs"] = max(0, span.duration_ns)
    if span.status_message:
        read["statusMessage"] = span.status_message
    if (exception := read_exception(span)) is not None:
        read["exception"] = exception
    return {**read, **_read_call(span.attributes), **_read_contents(span)}


def read_value(span: Span, name: str) -> Any:
    """Return a whole value of a span: `inputs`, `outputs` or `attributes`."""
    return {"inputs": span.inputs, "outputs": span.outputs}.get(name, span.attributes)


def _read_contents(span: Span) -> Json:
    contents: Json = {}
    if INPUTS in span.attributes:
        contents["inputs"] = read_content(span.inputs, "inputs", span.type)
        offered = read_tools(span.attributes.get(TOOLS))
        if offered:
            contents["inputs"]["tools"] = offered
    if OUTPUTS in span.attributes:
        contents["outputs"] = read_content(span.outputs, "outputs", span.type)
    return contents


def _read_call(attributes: Mapping[str, Any]) -> Json:
    """Return the facts of a model call."""
    read: Json = {name: str(attributes[key]) for name, key in _TEXTS.items() if attributes.get(key)}
    usage, cost = attributes.get(USAGE), attributes.get(COST)
    if isinstance(usage, dict):
        read |= {name: usage[key] for name, key in _TOKENS.items() if _is_count(usage.get(key))}
    if isinstance(cost, dict) and isinstance(total := cost.get("total_cost"), int | float) and total >= 0:
        read["cost"] = total
    return read


def _other_attributes(attributes: Mapping[str, Any]) -> Json:
    return {key: value for key, value in attributes.items() if key not in _SHOWN and not is_read(key)}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
