"""Columns of a span: the values that are searched and summed, read from its own and its derived attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kayba_local.conventions.values import read_count, read_number
from kayba_local.otlp.spans import SPAN_TYPE
from kayba_local.otlp.values import decode_plain_attributes, decode_value, unwrap

MAX_COLUMN_CHARACTERS: Final = 1_000
"""Characters of a text that are kept in a column. The span itself has the whole text."""
MAX_FIGURE: Final = 10**15
"""The largest number of tokens and the largest cost that count. The sum of 9,000 of them is an integer of 64 bits."""

STATUS_ERROR: Final = 2
UNKNOWN_TYPE: Final = "UNKNOWN"
MODEL: Final = "mlflow.llm.model"
PROVIDER: Final = "mlflow.llm.provider"
AGENT: Final = "gen_ai.agent.name"
SESSION: Final = "session.id"
USER: Final = "user.id"
TOKENS: Final = "mlflow.chat.tokenUsage"
COST: Final = "mlflow.llm.cost"
ERROR_TYPE: Final = "error.type"

COLUMN_ATTRIBUTES: Final = frozenset(
    {SPAN_TYPE, MODEL, PROVIDER, AGENT, SESSION, USER, TOKENS, COST, ERROR_TYPE}
)  # fmt: skip
"""The attributes that columns are read from."""

_EXCEPTION_PREFIX: Final = re.compile(r"([A-Za-z_][\w.]*): ")


class SpanColumns(NamedTuple):
    """The values of a span in columns of their own.

    Attributes:
        name: The span's name, as a whole.
        type: The span type; `UNKNOWN` if it was not recorded.
        status: 0 unset, 1 ok, 2 error.
        error_type: The type of the error of a failed span, such as the class of an exception.
        error: Its message.
        cached_tokens: The part of the input tokens that was read from a cache.
        cost: The total cost in US dollars.
    """

    name: str
    type: str = UNKNOWN_TYPE
    status: int = 0
    error_type: str | None = None
    error: str | None = None
    model: str | None = None
    provider: str | None = None
    agent: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None


def read_columns(span: Mapping[str, Any]) -> SpanColumns:
    """Return the columns of a span in OTLP's JSON that has its derived attributes."""
    attributes = {
        pair["key"]: unwrap(decode_value(pair.get("value")))
        for pair in span.get("attributes", ())
        if pair["key"] in COLUMN_ATTRIBUTES
    }
    status = span.get("status", {})
    code = int(status.get("code", 0))
    exception: dict[str, Any] = {}
    if code == STATUS_ERROR:
        event = next((event for event in reversed(span.get("events", ())) if event.get("name") == "exception"), None)
        exception = decode_plain_attributes(event.get("attributes", ())) if event else {}
    return make_columns(span["name"], code, status.get("message", ""), attributes, exception)


def make_columns(
    name: str, status: int, message: str, attributes: Mapping[str, Any], exception: Mapping[str, Any]
) -> SpanColumns:
    """Return the columns of a span.

    Args:
        name: The name of the span.
        status: The code of its status.
        message: The message of its status.
        attributes: The decoded attributes in `COLUMN_ATTRIBUTES`. JSON texts are decoded.
        exception: The attributes of the last exception event. Not read unless the span failed.
    """
    if not attributes and status != STATUS_ERROR:
        return SpanColumns(name, status=status)
    error_type = error = None
    if status == STATUS_ERROR:
        error_type, error = _read_error(message, exception, attributes.get(ERROR_TYPE))
    return SpanColumns(
        name,
        _text(attributes.get(SPAN_TYPE)) or UNKNOWN_TYPE,
        status,
        error_type,
        error,
        _text(attributes.get(MODEL)),
        _text(attributes.get(PROVIDER)),
        _text(attributes.get(AGENT)),
        _text(attributes.get(SESSION)),
        _text(attributes.get(USER)),
        *_read_tokens(attributes.get(TOKENS)),
        _read_cost(attributes.get(COST)),
    )


def _read_error(message: str, exception: Mapping[str, Any], error_type: Any) -> tuple[str | None, str | None]:
    """Return the type and the message of a failed span. The message does not repeat the type."""
    prefix = _EXCEPTION_PREFIX.match(message)
    named = exception.get("exception.type") or error_type or (prefix[1] if prefix else None)
    text = exception.get("exception.message") or (message[prefix.end() :] if prefix else message)
    return _text(named), _text(text)


def _read_tokens(usage: Any) -> tuple[int | None, int | None, int | None, int | None]:
    """Return input, output, total and cached tokens. A total that is not given is the sum of input and output."""
    if not isinstance(usage, Mapping):
        return None, None, None, None
    given, sent = _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))
    total, cached = _count(usage.get("total_tokens")), _count(usage.get("cache_read_input_tokens"))
    if total is None and (given is not None or sent is not None):
        total = (given or 0) + (sent or 0)
    return given, sent, total, cached


def _read_cost(cost: Any) -> float | None:
    """Return the total cost; a total that is not given is the sum of input and output."""
    if not isinstance(cost, Mapping):
        return None
    total = _amount(cost.get("total_cost"))
    if total is not None:
        return total
    parts = [amount for part in ("input_cost", "output_cost") if (amount := _amount(cost.get(part))) is not None]
    return sum(parts) if parts else None


def _count(value: Any) -> int | None:
    number = read_count(value)
    return number if number is not None and number <= MAX_FIGURE else None


def _amount(value: Any) -> float | None:
    number = read_number(value)
    return float(number) if number is not None and 0 <= number <= MAX_FIGURE else None


def _text(value: Any) -> str | None:
    """Return a value as the text of a column; None for a missing and an empty one."""
    if value is None or value == "":
        return None
    return (value if isinstance(value, str) else str(value))[:MAX_COLUMN_CHARACTERS]
