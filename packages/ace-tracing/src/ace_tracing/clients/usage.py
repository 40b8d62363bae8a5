"""Tokens of an answer, from the usage that the client's object reports."""

from __future__ import annotations

from typing import Any, Final

from ace_tracing.clients.fields import read

MAX_TOKENS: Final = 2**53
"""A larger number is no count."""


def read_tokens(usage: object, *, input_excludes_cache: bool) -> dict[str, int]:
    """Return the numbers of tokens that a usage reports, under the names of `set_token_usage`.

    Args:
        usage: The usage: a model of the client, or a dict.
        input_excludes_cache: Whether the input tokens are only those that no cache was asked for, as Anthropic counts.
    """
    inputs = read(usage, "input_tokens_details", "prompt_tokens_details")
    outputs = read(usage, "output_tokens_details", "completion_tokens_details")
    cached = _first_count(read(inputs, "cached_tokens"), read(usage, "cache_read_input_tokens"))
    written = _first_count(
        read(inputs, "cache_write_tokens", "cache_creation_tokens"), read(usage, "cache_creation_input_tokens")
    )
    given = _first_count(read(usage, "input_tokens", "prompt_tokens"))
    if input_excludes_cache and given is not None:
        given += (cached or 0) + (written or 0)
    counts = {
        "input_tokens": given,
        "output_tokens": _first_count(read(usage, "output_tokens", "completion_tokens")),
        "total_tokens": _first_count(read(usage, "total_tokens")),
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "reasoning_tokens": _first_count(read(outputs, "reasoning_tokens", "thinking_tokens")),
    }
    return {name: count for name, count in counts.items() if count is not None}


def add_tokens(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """Return the sums of two usages."""
    return {name: counts.get(name, 0) + more.get(name, 0) for name in {**counts, **more}}


def _first_count(*values: Any) -> int | None:
    return next((value for value in values if type(value) is int and 0 <= value <= MAX_TOKENS), None)
