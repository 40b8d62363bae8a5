"""The analysis: every trace goes past every detector once, and what they counted becomes findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kayba_local.analysis.errors import Errors
from kayba_local.analysis.findings import Finding
from kayba_local.analysis.latency import SlowSpans
from kayba_local.analysis.loops import Loops
from kayba_local.analysis.repetition import RepeatedCalls, RepeatedSpans
from kayba_local.analysis.steps import Run
from kayba_local.analysis.texts import ErrorLines, LargeTexts, RepeatedBlocks, Text
from kayba_local.analysis.tokens import OversizedPrompts, WastedTokens

MOST_FINDINGS: Final = 200
"""Findings that are told; more than this nobody triages."""


class Analysis:
    """One pass over traces. Memory depends on how many different things they show, which is bounded."""

    def __init__(self) -> None:
        self._of_runs = (
            Errors(),
            Loops(),
            RepeatedCalls(),
            RepeatedSpans(),
            SlowSpans(),
            OversizedPrompts(),
            WastedTokens(),
        )
        self._of_texts = (ErrorLines(), RepeatedBlocks(), LargeTexts())

    def look(self, runs: Sequence[Run], text: Text | None = None) -> None:
        """Take in one trace: its trees, or its text. The same trace must not come twice."""
        for run in runs:
            for detector in self._of_runs:
                detector.look(run)
        if text is not None:
            for reader in self._of_texts:
                reader.look(text)

    def findings(self) -> tuple[list[Finding], int]:
        """What was found, what most traces show first, and how much was left out beyond `MOST_FINDINGS`."""
        found = [finding for detector in (*self._of_runs, *self._of_texts) for finding in detector.findings()]
        found.sort(key=lambda finding: (-finding.traces, -finding.occurrences, finding.kind, finding.subject))
        return found[:MOST_FINDINGS], max(0, len(found) - MOST_FINDINGS)
