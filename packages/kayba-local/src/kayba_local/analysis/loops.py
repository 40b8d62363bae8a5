"""Loops: the same few steps, one after the other, round after round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kayba_local.analysis.findings import Finding, Tallies, quoted, some
from kayba_local.analysis.steps import Run

KIND: Final = "loop"
SECTION: Final = "loops"
FEWEST_ROUNDS: Final = 5
"""Rounds that are a finding; agents commonly go round a few times."""
MOST_STEPS: Final = 8
"""Steps of the longest round that is looked for."""


class Loops:
    """Finds a cycle of two to eight steps below one step that goes round at least five times."""

    def __init__(self) -> None:
        self._tallies: Tallies[tuple[str, ...]] = Tallies()

    def look(self, run: Run) -> None:
        """Count the rounds of one tree."""
        for below in run.children.values():
            found = longest_cycle([run.steps[position].name for position in below])
            if found is not None:
                cycle, rounds = found
                self._tallies.add(_from_the_first(cycle), run.source, rounds)

    def findings(self) -> Iterator[Finding]:
        """One for each cycle, wherever in it a trace began."""
        for cycle, tally in self._tallies:
            yield Finding(
                KIND,
                SECTION,
                cycle,
                f"{' → '.join(map(quoted, cycle))} went round up to {tally.most:,} times without a break, "
                f"{tally.occurrences:,} rounds in {some(tally.traces, 'trace')}. Limit the rounds, and stop when one "
                "brings nothing new.",
                tuple(tally.trace_ids),
                tally.traces,
                tally.occurrences,
            )


def longest_cycle(names: Sequence[str]) -> tuple[tuple[str, ...], int] | None:
    """The cycle of different names that covers the longest stretch of `names`, and how often it goes round there.

    Returns:
        None when no cycle goes round `FEWEST_ROUNDS` times.
    """
    best: tuple[tuple[str, ...], int] | None = None
    covered = 0
    for length in range(2, MOST_STEPS + 1):
        matching = 0
        for position in range(length, len(names)):
            matching = matching + 1 if names[position] == names[position - length] else 0
            rounds = (matching + length) // length
            first = position - matching - length + 1
            cycle = tuple(names[first : first + length])
            if rounds >= FEWEST_ROUNDS and rounds * length > covered and len(set(cycle)) > 1:
                best, covered = (cycle, rounds), rounds * length
    return best


def _from_the_first(cycle: tuple[str, ...]) -> tuple[str, ...]:
    return min(cycle[at:] + cycle[:at] for at in range(len(cycle)))
