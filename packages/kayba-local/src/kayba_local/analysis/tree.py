"""Step tree: one tree of steps with its parents, children and token counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from kayba_local.analysis.steps import Step
from kayba_local.conventions import Report, find_counted
from kayba_local.otlp.totals import locate_parents


class StepTree:
    """One tree of steps, in the order of their start.

    Attributes:
        source: The id of the trace or trace file, used in findings.
        steps: The steps; the other members refer to them by position.
    """

    def __init__(self, source: str, steps: Sequence[Step]) -> None:
        self.source = source
        self.steps = steps

    @cached_property
    def parents(self) -> list[int | None]:
        """The position of each step's parent; None for a root, for a missing parent, and to break a cycle."""
        return locate_parents([step.id for step in self.steps], [step.parent for step in self.steps])

    @cached_property
    def children(self) -> Mapping[int | None, Sequence[int]]:
        """The positions of each step's children; the roots are the children of None."""
        children: defaultdict[int | None, list[int]] = defaultdict(list)
        for position, parent in enumerate(self.parents):
            children[parent].append(position)
        return children

    def walk(self) -> Iterator[tuple[int, int | None]]:
        """Yield the position of each step with that of its parent, parents before their children."""
        pending: list[int | None] = [None]
        while pending:
            parent = pending.pop()
            for position in self.children.get(parent, ()):
                yield position, parent
                pending.append(position)

    @cached_property
    def token_counters(self) -> Sequence[int]:
        """The positions of the steps whose tokens count: frameworks repeat those of a call above and beside it."""
        return find_counted(
            self.parents,
            {position: _read_report(step) for position, step in enumerate(self.steps) if step.tokens},
        )

    @cached_property
    def failed_subtrees(self) -> frozenset[int]:
        """The positions of the steps that failed or have a failed ancestor."""
        failed: set[int] = set()
        for position, parent in self.walk():
            if self.steps[position].failed or parent in failed:
                failed.add(position)
        return frozenset(failed)


def _read_report(step: Step) -> Report:
    end_ns = None if step.duration_ns is None else step.start_ns + step.duration_ns
    return Report(step.name, step.start_ns, end_ns, (step.input_tokens, step.tokens))
