"""Derivation: type, inputs, outputs, tokens and the like of a span that an instrumentation made for OpenTelemetry.

The worker does it, for those spans alone. What the span's own fields say already stays.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from ace_tracing.conventions import derive
from ace_tracing.diagnostics import internal_error
from ace_tracing.recording.frames import dump_json
from ace_tracing.recording.records import SpanRecord

TYPE: Final = "mlflow.spanType"
INPUTS: Final = "mlflow.spanInputs"
OUTPUTS: Final = "mlflow.spanOutputs"
SERVER_PREFIX: Final = "mlflow."
"""Prefix of the attributes whose values are JSON text, also when an instrumentation sets them."""
UNKNOWN: Final = "UNKNOWN"


def derive_fields(span: SpanRecord) -> SpanRecord:
    """Return a span with the fields that its attributes and events have under the names of other conventions."""
    attributes = {
        key: _read(value) if key.startswith(SERVER_PREFIX) else value for key, value in (span.attributes or {}).items()
    }
    try:
        derived = derive(span.name, attributes, [(name, given) for name, _, given in span.events or ()])
    except Exception:  # noqa: BLE001 - the span must not be lost
        internal_error("reading the attributes of an instrumentation")
        return span
    span_type = _take(derived, attributes, TYPE)
    inputs, outputs = _take(derived, attributes, INPUTS), _take(derived, attributes, OUTPUTS)
    return span._replace(
        span_type=span_type if span.span_type == UNKNOWN and isinstance(span_type, str) else span.span_type,
        inputs=_json_text(inputs) if span.inputs is None else span.inputs,
        outputs=_json_text(outputs) if span.outputs is None else span.outputs,
        attributes=attributes | derived,
    )


def _take(derived: dict[str, Any], attributes: dict[str, Any], key: str) -> Any:
    """Remove a field from the derived attributes and from those of the span, and return its value."""
    value = derived.pop(key, None)
    return attributes.pop(key, value)


def _read(value: Any) -> Any:
    """Return the value of an attribute that has JSON text, as servers read it."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def _json_text(value: Any) -> str | None:
    return None if value is None else dump_json(value).decode()
