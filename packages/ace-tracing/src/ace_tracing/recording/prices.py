"""Prices of models: the cost of a call from its model and its tokens.

`prices.json` has the prices of each provider's own service, with its date and its sources. `configure(prices=...)` adds
to it. The table is read on first use, without `open`, which tests replace.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from ace_tracing.diagnostics import guard

TOKENS_PER_PRICE: Final = 1_000_000
"""The number of tokens that a price is for."""
PARTS: Final = ("input", "output", "cache_read", "cache_creation")
LONG_CONTEXT: Final = "long_context"
THRESHOLD: Final = "above_input_tokens"

Price = Mapping[str, Any]
"""Dollars per million tokens by part, and optionally `long_context`: the same for calls above a number of tokens."""

Prices = Mapping[str, Price | None] | bool | None
"""The user's own prices by model. False for no costs; True or None for the table of the package."""

_DATE: Final = re.compile(r"-20\d\d(-?)[01]\d\1[0-3]\d\Z", re.ASCII)
_DECIMALS: Final = 12


class PriceTable:
    """The table of the package, and the user's own prices."""

    def __init__(self) -> None:
        self._published: Mapping[str, Price | None] | None = None
        self._own: Mapping[str, Price | None] = {}
        self._is_enabled = True

    def configure(self, prices: Prices) -> None:
        """Set the user's own prices, which replace those of the table."""
        self._is_enabled = prices is not False
        self._own = prices if isinstance(prices, Mapping) else {}

    def find(self, model: str) -> Price | None:
        """Return the price of a model, by its name or by its name without the date of a snapshot."""
        if not self._is_enabled:
            return None
        if self._published is None:
            # None after an error, too, which the guard has logged: the file is not read again for each call.
            self._published = _read_table() or {}
        for name in (model, without_date(model)):
            for table in (self._own, self._published):
                if name in table:
                    return table[name]
        return None


def read_prices(value: Any) -> Prices:
    """Return the user's own prices in plain types.

    Raises:
        TypeError: A part of them has a wrong type.
        ValueError: A price is negative or infinite, or has an unknown or missing part.
    """
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, Mapping) or not all(isinstance(model, str) for model in value):
        raise TypeError
    return {str.__str__(model): None if price is None else _read_price(price) for model, price in value.items()}


def _read_price(price: Mapping[str, Any]) -> Price:
    parts = {part: amount for part, amount in price.items() if part not in ("provider", LONG_CONTEXT)}
    read: dict[str, Any] = _read_parts(parts, PARTS, required="input")
    if LONG_CONTEXT in price:
        read[LONG_CONTEXT] = _read_parts(price[LONG_CONTEXT], (*PARTS, THRESHOLD), required=THRESHOLD)
    return read


def _read_parts(parts: Mapping[str, Any], names: tuple[str, ...], required: str) -> dict[str, float]:
    if required not in parts or not set(parts) <= set(names):
        raise ValueError
    if any(isinstance(amount, (bool, str, bytes)) for amount in parts.values()):
        raise TypeError
    read = {part: float(amount) for part, amount in parts.items()}
    if not all(0.0 <= amount < math.inf for amount in read.values()):
        raise ValueError
    return read


def without_date(model: str) -> str:
    """Return a model's name without the date of a snapshot at its end, `-2024-08-06` or `-20250929`."""
    match = _DATE.search(model)
    return model if match is None else model[: match.start()]


def compute_cost(price: Price, tokens: Mapping[str, int]) -> dict[str, float] | None:
    """Return the cost of a call in US dollars, or None if a price or a number that it needs is missing.

    Args:
        price: The price of the model.
        tokens: The token usage. The tokens that were read from and written to a cache are parts of the input.
    """
    if "input_tokens" not in tokens or ("output_tokens" not in tokens and "output" in price):
        return None
    long_context = price.get(LONG_CONTEXT)
    if long_context is not None and tokens["input_tokens"] > long_context[THRESHOLD]:
        price = long_context
    read = tokens.get("cache_read_input_tokens", 0)
    created = tokens.get("cache_creation_input_tokens", 0)
    amounts = {
        "input": tokens["input_tokens"] - read - created,
        "output": tokens.get("output_tokens", 0),
        "cache_read": read,
        "cache_creation": created,
    }
    if amounts["input"] < 0 or any(amount and part not in price for part, amount in amounts.items()):
        return None
    costs = {part: amount * price[part] / TOKENS_PER_PRICE for part, amount in amounts.items() if amount}
    output = costs.pop("output", 0.0)
    parts = {"input_cost": sum(costs.values()), "output_cost": output, "total_cost": sum(costs.values()) + output}
    return {name: round(float(cost), _DECIMALS) for name, cost in parts.items()}


@guard("reading the table of prices")
def _read_table() -> Mapping[str, Price | None]:
    path = os.path.join(os.path.dirname(__file__), "prices.json")
    # The loader also reads from a zip file.
    loader: Any = __spec__.loader
    table: Mapping[str, Price | None] = orjson.loads(loader.get_data(path))["models"]
    return table


price_table: Final = PriceTable()
