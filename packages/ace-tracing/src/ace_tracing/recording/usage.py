"""Token usage and cost of a model call, as attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from ace_tracing.diagnostics import warn
from ace_tracing.recording.attributes import COST
from ace_tracing.recording.checks import read_cost, read_count
from ace_tracing.recording.prices import compute_cost, price_table

MODEL: Final = "mlflow.llm.model"

MODELS: Final = (MODEL, "gen_ai.response.model", "gen_ai.request.model", "model")
"""The attributes that may contain the model of a call, the most exact one first."""


def read_tokens(given: Mapping[str, Any]) -> dict[str, int]:
    """Return the correct ones of the numbers of tokens. The others are logged, unless they are None."""
    counts = {name: read_count(f"set_token_usage({name}=...)", value) for name, value in given.items()}
    return {name: count for name, count in counts.items() if count is not None}


def complete_tokens(tokens: Mapping[str, int]) -> dict[str, int]:
    """Return token usage with its total, by default the sum of input and output."""
    parts = tokens.get("input_tokens", 0) + tokens.get("output_tokens", 0)
    cached = tokens.get("cache_read_input_tokens", 0) + tokens.get("cache_creation_input_tokens", 0)
    if "input_tokens" in tokens and cached > tokens["input_tokens"]:
        warn(
            "argument:set_token_usage cached",
            "set_token_usage: %s cached tokens are more than the %s input tokens, of which they are a part: no cost is "
            "computed. Give the sum of all input tokens as input_tokens",
            cached,
            tokens["input_tokens"],
        )
    return {"total_tokens": parts, **tokens}


def complete_cost(given: Mapping[str, Any]) -> dict[str, float]:
    """Return the correct ones of the amounts, with the total, by default the sum of input and output."""
    costs = {name: read_cost(f"set_cost({name}=...)", value) for name, value in given.items()}
    known = {name: cost for name, cost in costs.items() if cost is not None}
    if known and "total_cost" not in known:
        known["total_cost"] = sum(known.values())
    return known


def price_tokens(tokens: Mapping[str, int], attributes: Mapping[str, orjson.Fragment]) -> dict[str, float] | None:
    """Return the cost of a call, or None if it is set already, or if the model or its price is not known.

    Args:
        tokens: The token usage.
        attributes: The attributes of the span.
    """
    if COST in attributes:
        return None
    for name in MODELS:
        if name in attributes:
            model = orjson.loads(orjson.dumps(attributes[name]))
            price = price_table.find(model) if isinstance(model, str) else None
            if price is not None:
                return compute_cost(price, tokens)
    return None
