"""Attribute values by OpenTelemetry's rules: scalars, lists and mappings keep their types, other values are described.

Values are copied at once, so later changes of an object do not change the span. They are encoded once, at its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

import orjson

from ace_tracing.diagnostics import warn
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.values.masking import Mask, apply_mask
from ace_tracing.values.snapshot import Limits, snapshot

MAX_ATTRIBUTES: Final = 100_000
"""Number of attributes that a span may have. The size of a span is limited as well, see `recording.details`."""

_LIMITS: Final = Limits(string_chars=1_000_000)
"""A text may be as long as any other value: many instrumentations record messages as one text."""
_FLAT_CHARS: Final = _LIMITS.flat_chars
_FLAT_ITEMS: Final = 64


def clean_value(value: Any) -> Any:
    """Return an immutable copy of an attribute's value that JSON can carry."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= _FLAT_CHARS else _describe(value)
    if kind is bool or value is None:
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**63 else _describe(value)
    if kind is float:
        # JSON has no text for the others.
        return value if isfinite(value) else str(value)
    if (kind is tuple or kind is list) and len(value) <= _FLAT_ITEMS:
        for item in value:
            if type(item) is not str or len(item) > 1_000:
                break
        else:
            return tuple(value)
    return _describe(value)


def clean_attributes(attributes: object, mask: Mask | None = None) -> dict[str, Any]:
    """Return copies of attributes, masked. Keys that are no text are left out, as OpenTelemetry's SDK does."""
    cleaned: dict[str, Any] = {}
    if not attributes:
        return cleaned
    if not isinstance(attributes, Mapping):
        warn("otel attributes", "Attributes are ignored: give a mapping, not <%s>", type(attributes).__name__)
        return cleaned
    try:
        for key, value in attributes.items():
            if type(key) is str and key:
                cleaned[key] = clean_value(value) if mask is None else mask_value(clean_value(value), mask)
            elif (text := clean_key(key)) is not None:
                cleaned[text] = clean_value(value) if mask is None else mask_value(clean_value(value), mask)
    except Exception as error:  # noqa: BLE001 - a user's mapping may raise anything
        raise_interrupt(error, type(attributes))
    return cleaned


def clean_key(key: object) -> str | None:
    """Return an attribute's key, or None for a key that is no text, or empty, which is logged."""
    if isinstance(key, str) and (text := str.__str__(key)):
        return text
    warn("otel key", "An attribute is left out: its key is <%s>, give a text that is not empty", type(key).__name__)
    return None


def mask_value(value: Any, mask: Mask) -> Any:
    """Return a cleaned value after the mask."""
    return _freeze(orjson.loads(apply_mask(_dump(value), mask)))


def _describe(value: object) -> Any:
    """Return any value as JSON within limits. No code of the value runs."""
    return _freeze(orjson.loads(snapshot(value, _LIMITS)))


def _freeze(value: Any) -> Any:
    """Return a JSON value with tuples in place of lists, as OpenTelemetry's SDK has them."""
    if type(value) is list:
        return tuple(map(_freeze, value))
    if type(value) is dict:
        return {key: _freeze(item) for key, item in value.items()}
    return value


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # A lone surrogate.
        return snapshot(value, _LIMITS)
