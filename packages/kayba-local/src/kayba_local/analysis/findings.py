"""Findings of an analysis, the counters behind them, and the formats of their texts."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

MAX_TRACE_IDS: Final = 100
"""Maximum number of trace ids in a finding; all traces are counted."""
MAX_KEYS: Final = 2_000
"""Maximum number of keys that a detector counts, which bounds its memory."""
EXAMPLE_CHARACTERS: Final = 200

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Finding:
    """A pattern that traces show.

    Attributes:
        kind: The detector's name for the pattern, e.g. `error`.
        section: The heading of the insight, e.g. `errors`.
        subject: The key that identifies the finding among those of its kind, in every analysis.
        content: A sentence or two that a developer can act on.
        trace_ids: Traces with the pattern in the order they were read, at most `MAX_TRACE_IDS`.
        traces: The number of all traces with the pattern.
        occurrences: The number of occurrences in these traces, at least one in each.
        tokens: The number of tokens concerned; None for a finding that is not about tokens.
    """

    kind: str
    section: str
    subject: tuple[str, ...]
    content: str
    trace_ids: tuple[str, ...]
    traces: int
    occurrences: int
    tokens: int | None = None


@dataclass(slots=True)
class Counts:
    """The counts of one key.

    Attributes:
        example: The example of the first occurrence.
        max_occurrences: The largest number of occurrences in one call of `add`.
    """

    example: str
    occurrences: int = 0
    traces: int = 0
    tokens: int = 0
    max_occurrences: int = 0
    trace_ids: list[str] = field(default_factory=list)
    _last_trace_id: str | None = None

    def add(self, trace_id: str, occurrences: int, tokens: int) -> None:
        """Count occurrences in one trace. All calls for a trace must come before those for the next one."""
        self.occurrences += occurrences
        self.tokens += tokens
        self.max_occurrences = max(self.max_occurrences, occurrences)
        if trace_id != self._last_trace_id:
            self._last_trace_id = trace_id
            self.traces += 1
            if len(self.trace_ids) < MAX_TRACE_IDS:
                self.trace_ids.append(trace_id)


class CountsByKey(Generic[Key]):
    """The counts of each key, for the first `MAX_KEYS` keys."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Counts] = {}

    def add(self, key: Key, trace_id: str, occurrences: int = 1, *, tokens: int = 0, example: str = "") -> None:
        """Count occurrences of `key` in a trace; ignore a new key once there are `MAX_KEYS`."""
        counts = self._by_key.get(key)
        if counts is None:
            if len(self._by_key) >= MAX_KEYS:
                return
            counts = self._by_key[key] = Counts(example)
        counts.add(trace_id, occurrences, tokens)

    def __iter__(self) -> Iterator[tuple[Key, Counts]]:
        return iter(self._by_key.items())


def format_times(count: int) -> str:
    """Return a count as an adverb: `once`, `twice`, `7 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def format_count(count: int, noun: str) -> str:
    """Return a count with its noun, e.g. `1 trace`, `2,000 traces`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def quote(name: str) -> str:
    """Return a name in backquotes, on one line and of bounded length."""
    line = " ".join(name.replace("`", "'").split())
    return f"`{shorten(line) or '(no name)'}`"


def shorten(text: str) -> str:
    """Return the first `EXAMPLE_CHARACTERS` characters of a text, on one line."""
    line = " ".join(text[: 4 * EXAMPLE_CHARACTERS].split())
    return line if len(line) <= EXAMPLE_CHARACTERS else f"{line[: EXAMPLE_CHARACTERS - 1]}…"
