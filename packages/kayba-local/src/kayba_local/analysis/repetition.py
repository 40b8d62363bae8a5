"""Work done again: identical calls, and one step many times below another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kayba_local.analysis.findings import Finding, Tallies, quoted, some
from kayba_local.analysis.steps import Run

CALLS_KIND: Final = "repeated_call"
SPANS_KIND: Final = "repeated_span"
SECTION: Final = "repetition"
FEWEST_CALLS: Final = 3
"""Identical calls in one trace that are a finding."""
FEWEST_SPANS: Final = 10
"""Steps of one name below one step that are a finding."""


class RepeatedCalls:
    """Finds steps that one trace took several times with the same inputs.

    What failed is not counted: to try that again is right. Of a repeated step the steps below it are not told again.
    """

    def __init__(self) -> None:
        self._tallies: Tallies[str] = Tallies()

    def look(self, run: Run) -> None:
        """Count the identical calls of one tree."""
        groups = [group for group in same_calls(run).values() if len(group) >= FEWEST_CALLS]
        if not groups:
            return
        repeated = {position for group in groups for position in group}
        inside: set[int] = set()
        for position, parent in run.downwards():
            if parent in repeated or parent in inside:
                inside.add(position)
        for group in groups:
            outer = [position for position in group if position not in inside]
            if len(outer) >= FEWEST_CALLS:
                self._tallies.add(run.steps[outer[0]].name, run.source, len(outer))

    def findings(self) -> Iterator[Finding]:
        """One for each name."""
        for name, tally in self._tallies:
            yield Finding(
                CALLS_KIND,
                SECTION,
                (name,),
                f"{quoted(name)} was called with the very same inputs again and again: {tally.occurrences:,} calls in "
                f"{some(tally.traces, 'trace')}, up to {tally.most:,} alike. Keep its answer and use that again.",
                tuple(tally.trace_ids),
                tally.traces,
                tally.occurrences,
            )


class RepeatedSpans:
    """Finds steps that one step took many times, with different inputs: work that one call could do at once."""

    def __init__(self) -> None:
        self._tallies: Tallies[tuple[str, str]] = Tallies()

    def look(self, run: Run) -> None:
        """Count the repeated steps of one tree."""
        for parent, below in run.children.items():
            if parent is None or len(below) < FEWEST_SPANS:
                continue
            by_name: defaultdict[str, list[bytes]] = defaultdict(list)
            for position in below:
                by_name[run.steps[position].name].append(run.steps[position].inputs)
            for name, inputs in by_name.items():
                identical = inputs[0] and len(set(inputs)) == 1
                if len(inputs) >= FEWEST_SPANS and not identical:
                    self._tallies.add((run.steps[parent].name, name), run.source, len(inputs))

    def findings(self) -> Iterator[Finding]:
        """One for each pair of names."""
        for (parent, name), tally in self._tallies:
            yield Finding(
                SPANS_KIND,
                SECTION,
                (parent, name),
                f"{quoted(parent)} ran {quoted(name)} up to {tally.most:,} times below one step, {tally.occurrences:,} "
                f"times in {some(tally.traces, 'trace')}. Ask for all of it in one call, or run the calls side by "
                "side.",
                tuple(tally.trace_ids),
                tally.traces,
                tally.occurrences,
            )


def same_calls(run: Run) -> Mapping[tuple[str, bytes], Sequence[int]]:
    """The positions of the steps that succeeded, by name and inputs, of those whose inputs are known."""
    groups: defaultdict[tuple[str, bytes], list[int]] = defaultdict(list)
    for position, step in enumerate(run.steps):
        if step.inputs and not step.failed:
            groups[step.name, step.inputs].append(position)
    return groups
