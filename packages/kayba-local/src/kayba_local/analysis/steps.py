"""Steps: the reduced form of spans that detectors count, small for a trace of any size."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from kayba_local.analysis.findings import shorten
from kayba_local.conventions import derive, is_read
from kayba_local.otlp.spans import INPUTS, SPAN_TYPE, parent_id_of
from kayba_local.otlp.values import decode_value, unwrap

MODEL_CALLS: Final = frozenset({"LLM", "CHAT_MODEL"})
"""The types of spans that call a model."""

_USAGE: Final = "mlflow.chat.tokenUsage"
_ERROR_TYPE: Final = "error.type"
_OWN_ATTRIBUTES: Final = frozenset({INPUTS, SPAN_TYPE, _USAGE, _ERROR_TYPE})
_STATUS_ERROR: Final = 2
_EMPTY_INPUTS: Final = frozenset({"", "{}", "[]", "null", '""', "()"})
_EXCEPTION_PREFIX: Final = re.compile(r"([A-Za-z_][\w.]*): ")


@dataclass(slots=True)
class Step:
    """One span of a trace.

    Attributes:
        start_ns: The start in ns since 1970.
        duration_ns: The duration; None while the span runs, or if it is unknown.
        exception: The type of the exception as far as it is known; empty if the step did not fail.
        message: The first characters of the error message.
        inputs: A hash of the inputs; empty if they are empty or were not recorded.
        input_characters: The length of the inputs as text.
        input_tokens: The number of input tokens that the provider counted; None if it is unknown.
        tokens: The number of all tokens reported; 0 if none are.
    """

    id: str
    parent: str | None
    name: str
    type: str = "UNKNOWN"
    start_ns: int = 0
    duration_ns: int | None = None
    failed: bool = False
    exception: str = ""
    message: str = ""
    inputs: bytes = b""
    input_characters: int = 0
    input_tokens: int | None = None
    tokens: int = 0


def read_otlp_step(span: Mapping[str, Any]) -> Step:
    """Read the step of a span in OTLP's JSON."""
    attributes = {
        pair["key"]: decode_value(pair.get("value"))
        for pair in span.get("attributes", ())
        if pair["key"] in _OWN_ATTRIBUTES or is_read(pair["key"])
    }
    status = span.get("status") or {}
    event = next((e for e in reversed(span.get("events") or ()) if e.get("name") == "exception"), None)
    exception = {pair["key"]: decode_value(pair.get("value")) for pair in (event or {}).get("attributes") or ()}
    return make_step(
        (span["spanId"].lower(), parent_id_of(span), span["name"]),
        (int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano") or 0)),
        failed=int(status.get("code") or 0) == _STATUS_ERROR,
        status_message=status.get("message") or "",
        exception=exception,
        attributes=attributes,
    )


def make_step(
    identity: tuple[str, str | None, str],
    times_ns: tuple[int, int],
    *,
    failed: bool,
    status_message: str,
    exception: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> Step:
    """Make a step from the fields of a span.

    Args:
        identity: The span's id, its parent's id and its name.
        times_ns: The start and the end in ns since 1970; an end of 0 means that the span runs.
        failed: Whether the status is an error.
        status_message: The status message.
        exception: The attributes of the exception event; empty without one.
        attributes: The span's attributes; a value that was written as JSON may be its text or the decoded value.
    """
    span_id, parent, name = identity
    start_ns, end_ns = times_ns
    # A stored span has these already. A file from elsewhere, or a span of an earlier version, has not.
    attributes = {**attributes, **derive(name, attributes)}
    inputs = attributes.get(INPUTS)
    text = "" if inputs is None else _to_text(inputs)
    input_tokens, output_tokens, total_tokens = _read_tokens(attributes)
    step = Step(
        span_id,
        parent,
        name,
        type=str(unwrap(attributes.get(SPAN_TYPE)) or "UNKNOWN").upper(),
        start_ns=start_ns,
        duration_ns=max(0, end_ns - start_ns) if end_ns else None,
        failed=failed,
        inputs=b"" if text.strip() in _EMPTY_INPUTS else digest(text),
        input_characters=len(text),
        input_tokens=input_tokens,
        tokens=total_tokens or (input_tokens or 0) + (output_tokens or 0),
    )
    if failed:
        prefix = _EXCEPTION_PREFIX.match(status_message)
        named = exception.get("exception.type") or (prefix[1] if prefix else attributes.get(_ERROR_TYPE))
        step.exception = str(named or "an error")
        message = exception.get("exception.message") or (status_message[prefix.end() :] if prefix else status_message)
        step.message = shorten(str(message))
    return step


def digest(text: str) -> bytes:
    """Return a hash of a text, 16 bytes long."""
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).digest()


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str, sort_keys=True)


def _read_tokens(attributes: Mapping[str, Any]) -> tuple[int | None, int | None, int]:
    """Return the numbers of input and output tokens, None if unknown, and the reported total, 0 if unknown."""
    usage = unwrap(attributes.get(_USAGE))
    if not isinstance(usage, Mapping):
        return None, None, 0
    total = _read_count(usage.get("total_tokens"))
    return _read_count(usage.get("input_tokens")), _read_count(usage.get("output_tokens")), total or 0


def _read_count(value: Any) -> int | None:
    """Return a number of tokens from any attribute value; None if the value is not a plausible number."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e15 else None
