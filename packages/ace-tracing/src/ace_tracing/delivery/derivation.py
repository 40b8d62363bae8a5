"""Derivation: type, inputs, outputs, tokens and the like of a span that an instrumentation made for OpenTelemetry.

The worker does it, for those spans alone. What the span's own fields say already stays.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from ace_tracing.conventions import derive_texts
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
    attributes = dict(span.attributes or ())
    for key, value in attributes.items():
        # Compared before the prefix is: most names sort before this one.
        if key >= SERVER_PREFIX and key.startswith(SERVER_PREFIX):
            attributes[key] = _read(value)
    events = [(name, given) for name, _, given in span.events] if span.events else ()
    try:
        derived = derive_texts(span.name, attributes, events, _json_text)
    except Exception:  # noqa: BLE001 - the span must not be lost
        internal_error("reading the attributes of an instrumentation")
        return span
    span_type = _take(TYPE, derived, attributes)
    inputs, outputs = _take(INPUTS, derived, attributes), _take(OUTPUTS, derived, attributes)
    attributes.update(derived)
    return span._replace(
        span_type=span_type if span.span_type == UNKNOWN and isinstance(span_type, str) else span.span_type,
        inputs=inputs if span.inputs is None else span.inputs,
        outputs=outputs if span.outputs is None else span.outputs,
        attributes=attributes,
    )


def _take(key: str, derived: dict[str, Any], attributes: dict[str, Any]) -> Any:
    """Remove a field from the derived attributes and from those of the span, and return its type or its JSON text."""
    own = attributes.pop(key, None)
    if key in derived:
        return derived.pop(key)
    return own if own is None or key == TYPE else _json_text(own)


def _read(value: Any) -> Any:
    """Return the value of an attribute that has JSON text, as servers read it."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def _json_text(value: Any) -> str:
    return dump_json(value).decode()
