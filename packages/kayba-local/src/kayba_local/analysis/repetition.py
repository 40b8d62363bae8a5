"""Repetition detectors: identical calls, and one step many times below the same parent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kayba_local.analysis.findings import CountsByKey, Finding, format_count, quote
from kayba_local.analysis.tree import StepTree

CALLS_KIND: Final = "repeated_call"
SPANS_KIND: Final = "repeated_span"
SECTION: Final = "repetition"
MIN_CALLS: Final = 3
"""Minimum number of identical calls in one trace."""
MIN_SPANS: Final = 10
"""Minimum number of steps of one name below one parent."""


class RepeatedCalls:
    """Detector of steps that one trace repeats with identical inputs.

    Failed steps do not count, because a retry is legitimate. Steps below a repeated step are not reported again.
    """

    def __init__(self) -> None:
        self._counts: CountsByKey[str] = CountsByKey()

    def observe(self, tree: StepTree) -> None:
        """Count the identical calls in one tree."""
        groups = [group for group in group_identical_calls(tree).values() if len(group) >= MIN_CALLS]
        if not groups:
            return
        repeated = {position for group in groups for position in group}
        inside: set[int] = set()
        for position, parent in tree.walk():
            if parent in repeated or parent in inside:
                inside.add(position)
        for group in groups:
            outer = [position for position in group if position not in inside]
            if len(outer) >= MIN_CALLS:
                self._counts.add(tree.steps[outer[0]].name, tree.source, len(outer))

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each name."""
        for name, counts in self._counts:
            yield Finding(
                CALLS_KIND,
                SECTION,
                (name,),
                f"{quote(name)} was called repeatedly with identical inputs: {counts.occurrences:,} calls in "
                f"{format_count(counts.traces, 'trace')}, up to {counts.max_occurrences:,} with the same inputs. "
                "Cache the result.",
                tuple(counts.trace_ids),
                counts.traces,
                counts.occurrences,
            )


class RepeatedSpans:
    """Detector of steps that one parent runs many times with different inputs, where one call could do the work."""

    def __init__(self) -> None:
        self._counts: CountsByKey[tuple[str, str]] = CountsByKey()

    def observe(self, tree: StepTree) -> None:
        """Count the repeated steps in one tree."""
        for parent, children in tree.children.items():
            if parent is None or len(children) < MIN_SPANS:
                continue
            by_name: defaultdict[str, list[bytes]] = defaultdict(list)
            for position in children:
                by_name[tree.steps[position].name].append(tree.steps[position].inputs)
            for name, inputs in by_name.items():
                identical = inputs[0] and len(set(inputs)) == 1
                if len(inputs) >= MIN_SPANS and not identical:
                    self._counts.add((tree.steps[parent].name, name), tree.source, len(inputs))

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each pair of parent's name and step's name."""
        for (parent, name), counts in self._counts:
            yield Finding(
                SPANS_KIND,
                SECTION,
                (parent, name),
                f"{quote(parent)} ran {quote(name)} up to {counts.max_occurrences:,} times in one step, "
                f"{counts.occurrences:,} times in {format_count(counts.traces, 'trace')}. Combine the calls into one, "
                "or run them in parallel.",
                tuple(counts.trace_ids),
                counts.traces,
                counts.occurrences,
            )


def group_identical_calls(tree: StepTree) -> Mapping[tuple[str, bytes], Sequence[int]]:
    """Return the positions of the successful steps with known inputs, grouped by name and inputs."""
    groups: defaultdict[tuple[str, bytes], list[int]] = defaultdict(list)
    for position, step in enumerate(tree.steps):
        if step.inputs and not step.failed:
            groups[step.name, step.inputs].append(position)
    return groups
