"""What an analysis finds, and the counting behind it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Generic, TypeVar

TRACE_IDS_KEPT: Final = 100
"""How many of the traces that show a thing are named; all are counted."""
MOST_KEYS: Final = 2_000
"""How many different things of one kind are told apart, so that memory is bounded whatever the traces hold."""
EXAMPLE_CHARACTERS: Final = 200

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that traces show.

    Attributes:
        kind: What sort of thing, e.g. ``error``.
        section: The heading it belongs under.
        subject: What it is about; of one kind, the same subject is the same finding in every analysis.
        content: A sentence or two that a developer can act on.
        trace_ids: Traces that show it, in the order they were read, at most `TRACE_IDS_KEPT`.
        traces: How many traces show it in all.
        occurrences: How often it was seen in them; at least once in each.
        tokens: How many tokens went into it; None where that is not what it is about.
    """

    kind: str
    section: str
    subject: tuple[str, ...]
    content: str
    trace_ids: tuple[str, ...]
    traces: int
    occurrences: int
    tokens: int | None = None

    @property
    def fingerprint(self) -> str:
        """A text that is the same for the same finding of another analysis."""
        return sha256("\0".join((self.kind, *self.subject)).encode("utf-8", "backslashreplace")).hexdigest()[:32]


@dataclass(slots=True)
class Tally:
    """How often one thing was seen, and where; `example` is what was first said of it."""

    example: str
    occurrences: int = 0
    traces: int = 0
    tokens: int = 0
    most: int = 0
    trace_ids: list[str] = field(default_factory=list)
    _latest: str | None = None

    def add(self, trace_id: str, occurrences: int, tokens: int) -> None:
        """Count what one trace shows; what is said of a trace must come without another trace in between."""
        self.occurrences += occurrences
        self.tokens += tokens
        self.most = max(self.most, occurrences)
        if trace_id != self._latest:
            self._latest = trace_id
            self.traces += 1
            if len(self.trace_ids) < TRACE_IDS_KEPT:
                self.trace_ids.append(trace_id)


class Tallies(Generic[Key]):
    """A tally for each thing of a kind, of no more than `MOST_KEYS` things."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Tally] = {}

    def add(self, key: Key, trace_id: str, occurrences: int = 1, *, tokens: int = 0, example: str = "") -> None:
        """Count that a trace shows `key` so often; a key too many is not counted."""
        tally = self._by_key.get(key)
        if tally is None:
            if len(self._by_key) >= MOST_KEYS:
                return
            tally = self._by_key[key] = Tally(example)
        tally.add(trace_id, occurrences, tokens)

    def __iter__(self) -> Iterator[tuple[Key, Tally]]:
        return iter(self._by_key.items())


def times(count: int) -> str:
    """A count as an adverb: ``once``, ``twice``, ``7 times``."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def some(count: int, noun: str) -> str:
    """A count with its noun, e.g. ``1 trace``, ``2,000 traces``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def quoted(name: str) -> str:
    """A name as code, on one line and of bounded length."""
    plain = " ".join(name.replace("`", "'").split())
    return f"`{shortened(plain) or '(no name)'}`"


def shortened(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text[: 4 * EXAMPLE_CHARACTERS].split())
    return line if len(line) <= EXAMPLE_CHARACTERS else f"{line[: EXAMPLE_CHARACTERS - 1]}…"
