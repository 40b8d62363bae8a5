"""Error detector: failed steps, by exception and by the step that raised it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kayba_local.analysis.findings import CountsByKey, Finding, format_count, format_times, quote
from kayba_local.analysis.tree import StepTree

KIND: Final = "error"
SECTION: Final = "errors"


class Errors:
    """Counter of exceptions, each only at the step that raised it and not at the steps it propagated through."""

    def __init__(self) -> None:
        self._counts: CountsByKey[tuple[str, str]] = CountsByKey()

    def observe(self, tree: StepTree) -> None:
        """Count the failed steps of one tree."""
        for position, step in enumerate(tree.steps):
            if step.failed and not _is_propagated(tree, position):
                self._counts.add((step.exception, step.name), tree.source, example=step.message)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each pair of exception and step name."""
        for (exception, name), counts in self._counts:
            example = f", first with “{counts.example}”" if counts.example else ""
            yield Finding(
                KIND,
                SECTION,
                (exception, name),
                f"{quote(name)} failed with {quote(exception)} {format_times(counts.occurrences)} in "
                f"{format_count(counts.traces, 'trace')}{example}. "
                "Fix the cause, or handle the error where the step is called.",
                tuple(counts.trace_ids),
                counts.traces,
                counts.occurrences,
            )


def _is_propagated(tree: StepTree, position: int) -> bool:
    """Return whether a failed step has a child that failed with the same exception and message."""
    step = tree.steps[position]
    children = (tree.steps[child] for child in tree.children.get(position, ()))
    return any(
        child.failed and (child.exception, child.message) == (step.exception, step.message) for child in children
    )
