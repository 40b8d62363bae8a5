"""Failures, by what was raised and by the step that raised it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kayba_local.analysis.findings import Finding, Tallies, quoted, some, times
from kayba_local.analysis.steps import Run

KIND: Final = "error"
SECTION: Final = "errors"


class Errors:
    """Counts each exception where it was raised, and not again in the steps that it passed through."""

    def __init__(self) -> None:
        self._tallies: Tallies[tuple[str, str]] = Tallies()

    def look(self, run: Run) -> None:
        """Count the failures of one tree."""
        for position, step in enumerate(run.steps):
            if step.failed and not _came_from_below(run, position):
                self._tallies.add((step.exception, step.name), run.source, example=step.message)

    def findings(self) -> Iterator[Finding]:
        """One for each exception and step."""
        for (exception, name), tally in self._tallies:
            said = f", first with “{tally.example}”" if tally.example else ""
            yield Finding(
                KIND,
                SECTION,
                (exception, name),
                f"{quoted(name)} failed with {quoted(exception)} {times(tally.occurrences)} in "
                f"{some(tally.traces, 'trace')}{said}. Fix what causes it, or handle it where the step is called.",
                tuple(tally.trace_ids),
                tally.traces,
                tally.occurrences,
            )


def _came_from_below(run: Run, position: int) -> bool:
    step = run.steps[position]
    below = (run.steps[child] for child in run.children.get(position, ()))
    return any(child.failed and (child.exception, child.message) == (step.exception, step.message) for child in below)
