"""Derived attributes of stored spans: those of other conventions under our names, beside the received ones.

They carry a mark. When a span gets further events, they are derived anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from kayba_local.conventions import derive, is_read, is_read_event
from kayba_local.otlp.spans import INPUTS, OUTPUTS
from kayba_local.otlp.values import decode_attributes, decode_plain_attributes

MARK: Final = "derived"
"""The field of an attribute that was derived. OTLP has no field of that name."""


def with_derived(span: dict[str, Any]) -> dict[str, Any]:
    """Return a span with the attributes that are derived from all its attributes and events, in place of earlier ones.

    Args:
        span: The span in OTLP's JSON.
    """
    pairs = span.get("attributes", ())
    events = [event for event in span.get("events", ()) if is_read_event(event.get("name", ""))]
    if not events and not any(is_read(pair["key"]) for pair in pairs):
        return span
    received = [pair for pair in pairs if MARK not in pair]
    details = [(event["name"], decode_plain_attributes(event.get("attributes", ()))) for event in events]
    derived = derive(span["name"], decode_attributes(received), details)
    return {**span, "attributes": [*received, *_encode(derived)]} if derived else span


def _encode(derived: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for key, value in derived.items():
        is_plain = isinstance(value, str) and key not in (INPUTS, OUTPUTS)
        text = value if is_plain else _json_text(value)
        yield {MARK: True, "key": key, "value": {"stringValue": text}}


def _json_text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # An integer of more than 64 bits.
        return json.dumps(value, ensure_ascii=False, default=str)
