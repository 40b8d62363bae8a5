"""The token usage and the cost that one span reports in its attributes, which may hold any JSON value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ace_tracing.recording.attributes import COST, TOKEN_USAGE


def read_token_usage(attributes: Mapping[str, Any]) -> dict[str, int]:
    """Return the reported tokens. A missing total is the sum of input and output."""
    return {name: round(amount) for name, amount in _read(attributes, TOKEN_USAGE, "_tokens").items()}


def read_cost(attributes: Mapping[str, Any]) -> dict[str, float]:
    """Return the reported cost, in US dollars. A missing total is the sum of input and output."""
    return _read(attributes, COST, "_cost")


def _read(attributes: Mapping[str, Any], attribute: str, unit: str) -> dict[str, float]:
    reported = attributes.get(attribute)
    if not isinstance(reported, Mapping):
        return {}
    figures = {
        name: amount
        for name, amount in reported.items()
        if (isinstance(amount, int) and not isinstance(amount, bool))
        or (isinstance(amount, float) and math.isfinite(amount))
    }
    if not figures:
        return {}
    return {f"total{unit}": sum(figures.get(f"{part}{unit}", 0) for part in ("input", "output")), **figures}
