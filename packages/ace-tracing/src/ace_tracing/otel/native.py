"""Libraries that record spans themselves: the setting of each that sends them to a tracer provider."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final


def _pydantic_ai(provider: Any | None) -> None:
    """Record all agents of Pydantic AI; none with None."""
    # Imported by name: the package is not a dependency.
    module: Any = importlib.import_module("pydantic_ai")
    settings = False if provider is None else module.InstrumentationSettings(tracer_provider=provider)
    module.Agent.instrument_all(settings)


SETTINGS: Final[dict[str, Callable[[Any | None], None]]] = {"pydantic_ai": _pydantic_ai}
"""The functions by their names in `libraries.json`. Each takes the provider, or None to turn the spans off."""
