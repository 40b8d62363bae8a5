"""Loop detector: the same few steps repeated in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kayba_local.analysis.findings import CountsByKey, Finding, format_count, quote
from kayba_local.analysis.tree import StepTree

KIND: Final = "loop"
SECTION: Final = "loops"
MIN_ROUNDS: Final = 5
"""Minimum number of rounds of a loop; agents often repeat their steps a few times."""
MAX_STEPS: Final = 8
"""Maximum number of steps in one round."""


class Loops:
    """Detector of cycles of two to eight steps, below one parent, that repeat at least five times."""

    def __init__(self) -> None:
        self._counts: CountsByKey[tuple[str, ...]] = CountsByKey()

    def observe(self, tree: StepTree) -> None:
        """Count the rounds in one tree."""
        for children in tree.children.values():
            found = find_longest_cycle([tree.steps[position].name for position in children])
            if found is not None:
                cycle, rounds = found
                self._counts.add(_rotate_to_smallest(cycle), tree.source, rounds)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each cycle, independent of the step at which a trace entered it."""
        for cycle, counts in self._counts:
            yield Finding(
                KIND,
                SECTION,
                cycle,
                f"{' → '.join(map(quote, cycle))} repeated up to {counts.max_occurrences:,} times in a row, "
                f"{counts.occurrences:,} rounds in {format_count(counts.traces, 'trace')}. Limit the number of rounds, "
                "and stop after a round without a new result.",
                tuple(counts.trace_ids),
                counts.traces,
                counts.occurrences,
            )


def find_longest_cycle(names: Sequence[str]) -> tuple[tuple[str, ...], int] | None:
    """Find the cycle that covers the longest part of `names`, with at least two different names in it.

    Returns:
        The cycle and its number of rounds; None if no cycle repeats `MIN_ROUNDS` times.
    """
    best: tuple[tuple[str, ...], int] | None = None
    covered = 0
    for length in range(2, MAX_STEPS + 1):
        matching = 0
        for position in range(length, len(names)):
            matching = matching + 1 if names[position] == names[position - length] else 0
            rounds = (matching + length) // length
            first = position - matching - length + 1
            cycle = tuple(names[first : first + length])
            if rounds >= MIN_ROUNDS and rounds * length > covered and len(set(cycle)) > 1:
                best, covered = (cycle, rounds), rounds * length
    return best


def _rotate_to_smallest(cycle: tuple[str, ...]) -> tuple[str, ...]:
    return min(cycle[at:] + cycle[:at] for at in range(len(cycle)))
