"""Attributes that servers give a meaning to.

A server may refuse a whole request, other people's traces in it included, for one such attribute with a value that it
cannot take. So a value that does not fit is recorded under another name, where it means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SESSION_KEYS = ("session.id", "user.id")
"""Attributes that servers take as the trace's session and user, wherever they are."""
MAX_SESSION = 250

NOT_TAKEN = "not_taken."
"""Stands before the name of an attribute whose value does not fit its meaning."""

_SERVERS_OWN = "mlflow.traceTag.mlflow."


def with_meaning(key: str, value: Any) -> tuple[str, Any]:
    """Give the name and value under which an attribute can be sent."""
    if key in SESSION_KEYS:
        return key, str(value)[:MAX_SESSION]
    fits = _FITS.get(key)
    if key.startswith(_SERVERS_OWN) or (fits is not None and not fits(value)):
        return NOT_TAKEN + key, value
    return key, value


def _is_numbers_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(type(number) in (int, float) for number in value.values())


def _is_counts_by_name(value: Any) -> bool:
    return _is_numbers_by_name(value) and all(type(count) is int for count in value.values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_FITS: dict[str, Callable[[Any], bool]] = {
    "mlflow.chat.tokenUsage": _is_counts_by_name,
    "mlflow.llm.cost": _is_numbers_by_name,
    "gen_ai.operation.name": _is_text,
    "openinference.span.kind": _is_text,
    "traceloop.span.kind": _is_text,
}
