"""Records -> `Trace` without a service: with what they would leave with, read as a service would answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import orjson

from ace_tracing.delivery.otlp.attributes import METADATA_PREFIX, TAG_PREFIX, is_id, name_of, of_trace
from ace_tracing.delivery.otlp.encoder import fitting, own_attributes
from ace_tracing.reading.model import Span, SpanEvent, SpanLink, SpanStatus, TraceInfo, TraceState
from ace_tracing.reading.trace import Trace, TraceData
from ace_tracing.recording.frames import SpanRecord, TraceRecord

MAX_PREVIEW = 1_000

_DEFAULT_EXPERIMENT_ID = "0"
_OF_TRACE = (TAG_PREFIX, METADATA_PREFIX)
_SESSION = {"session.id": "mlflow.trace.session", "user.id": "mlflow.trace.user"}

_Json = dict[str, Any]


def traces_of(records: Iterable[TraceRecord]) -> list[Trace]:
    """Give the traces that a service has once it was sent these records, in the order in which they first came.

    The id of an experiment with a name of its own is empty: only a service knows it.
    """
    traces: dict[str, dict[str, tuple[TraceRecord, Span]]] = {}
    for record in records:
        for span in record.spans:
            traces.setdefault(record.trace_id, {})[span.span_id] = record, _span(record, span)
    return [_trace(list(spans.values())) for spans in traces.values()]


def _trace(sent: list[tuple[TraceRecord, Span]]) -> Trace:
    spans = [span for _, span in sent]
    # Of spans that start together the one that ends later is the outer one.
    spans.sort(key=lambda span: (span.start_time_ns, -(span.end_time_ns or 0), span.span_id))
    is_named = any(record.experiment is not None for record, _ in sent)
    said = next((_of_trace(record, span) for record, span in sent if span.parent_id is None), {})
    return Trace(_info(spans, "" if is_named else _DEFAULT_EXPERIMENT_ID, said), TraceData(spans))


def _of_trace(record: TraceRecord, root: Span) -> dict[str, str]:
    """What a root says of its trace."""
    own = next(span for span in record.spans if span.span_id == root.span_id)
    said = {key: _text(value) for key, value in root.attributes.items() if key in _SESSION or key.startswith(_OF_TRACE)}
    return said | of_trace(record, own)


def _info(spans: list[Span], experiment_id: str, said: dict[str, str]) -> TraceInfo:
    """What the root says of the trace; little, while it has none."""
    root = next((span for span in spans if span.parent_id is None), None)
    first = root or spans[0]
    info = TraceInfo(
        trace_id=first.trace_id,
        experiment_id=experiment_id,
        state=TraceState.IN_PROGRESS,
        request_time=first.start_time_ns // 1_000_000,
        execution_duration=None,
        tags={},
        trace_metadata={},
    )
    if root is None:
        return info
    metadata = {
        key.removeprefix(METADATA_PREFIX): text for key, text in said.items() if key.startswith(METADATA_PREFIX)
    }
    return TraceInfo(
        trace_id=info.trace_id,
        experiment_id=experiment_id,
        state=TraceState.ERROR if root.status.status_code == "ERROR" else TraceState.OK,
        request_time=info.request_time,
        execution_duration=round(root.duration_ms or 0),
        tags={key.removeprefix(TAG_PREFIX): text for key, text in said.items() if key.startswith(TAG_PREFIX)},
        trace_metadata=metadata | {name: said[key] for key, name in _SESSION.items() if key in said},
        request_preview=_preview(root.inputs),
        response_preview=_preview(root.outputs),
    )


def _span(record: TraceRecord, span: SpanRecord) -> Span:
    said: dict[str, Any] = {"mlflow.spanType": span.span_type, "mlflow.spanFunctionName": span.function}
    said |= {"mlflow.spanInputs": _loaded(span.inputs), "mlflow.spanOutputs": _loaded(span.outputs)}
    said |= {"gen_ai.agent.name": span.agent}
    given = {"mlflow.spanInputs": span.inputs, "mlflow.spanOutputs": span.outputs}
    said = {key: value for key, value in said.items() if value is not None or given.get(key) is not None}
    if span.parent_id is None:
        said |= {key: _unwrapped(text) for key, text in of_trace(record, span).items()}
    said |= {key: fitting(value) for key, value in own_attributes(span.attributes or {})}
    return Span(
        name=name_of(span.name),
        trace_id=f"tr-{record.trace_id}",
        span_id=span.span_id,
        parent_id=span.parent_id,
        span_type=span.span_type or "UNKNOWN",
        start_time_ns=span.start_ns,
        end_time_ns=span.end_ns,
        status=SpanStatus(span.status, span.status_message),
        inputs=said.get("mlflow.spanInputs"),
        outputs=said.get("mlflow.spanOutputs"),
        attributes=said,
        events=[
            SpanEvent(name_of(name), time_ns, _named(attributes)) for name, time_ns, attributes in span.events or ()
        ],
        links=[
            SpanLink(f"tr-{trace_id}", span_id, _named(attributes))
            for trace_id, span_id, attributes in span.links or ()
            if is_id(trace_id, 32) and is_id(span_id, 16)
        ],
    )


def _loaded(text: str | None) -> Any:
    return None if text is None else fitting(orjson.loads(text))


def _named(attributes: _Json) -> _Json:
    """Attributes of an event or a link, which stand as they are."""
    return {name_of(key): fitting(value) for key, value in attributes.items()}


def _unwrapped(text: str) -> Any:
    """What servers take a string for: JSON text of a string, list or object is that value."""
    if text[:1] not in ('"', "[", "{"):
        return text
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _dumped(value)


def _preview(value: Any) -> str | None:
    return None if value is None else _dumped(value)[:MAX_PREVIEW]


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
