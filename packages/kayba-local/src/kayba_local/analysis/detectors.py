"""The list of detectors, run together over all traces in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kayba_local.analysis.errors import Errors
from kayba_local.analysis.findings import Finding
from kayba_local.analysis.latency import SlowSpans
from kayba_local.analysis.loops import Loops
from kayba_local.analysis.repetition import RepeatedCalls, RepeatedSpans
from kayba_local.analysis.tokens import OversizedPrompts, WastedTokens
from kayba_local.analysis.transcripts import ErrorLines, OversizedTranscripts, RepeatedBlocks, Transcript
from kayba_local.analysis.tree import StepTree

MAX_FINDINGS: Final = 200
"""Maximum number of findings of one analysis; nobody triages more."""


class Detectors:
    """All detectors, for one pass over traces. Their memory is bounded by `MAX_KEYS`, not by the number of traces."""

    def __init__(self) -> None:
        self._for_trees = (
            Errors(),
            Loops(),
            RepeatedCalls(),
            RepeatedSpans(),
            SlowSpans(),
            OversizedPrompts(),
            WastedTokens(),
        )
        self._for_transcripts = (ErrorLines(), RepeatedBlocks(), OversizedTranscripts())

    def observe(self, trees: Sequence[StepTree], transcript: Transcript | None = None) -> None:
        """Count one trace, given as its trees or its transcript. Each trace must be observed only once."""
        for tree in trees:
            for detector in self._for_trees:
                detector.observe(tree)
        if transcript is not None:
            for transcript_detector in self._for_transcripts:
                transcript_detector.observe(transcript)

    def findings(self) -> tuple[list[Finding], int]:
        """Return up to `MAX_FINDINGS` findings, most traces first, and the number of findings left out."""
        detectors = (*self._for_trees, *self._for_transcripts)
        found = [finding for detector in detectors for finding in detector.findings()]
        found.sort(key=lambda finding: (-finding.traces, -finding.occurrences, finding.kind, finding.subject))
        return found[:MAX_FINDINGS], max(0, len(found) - MAX_FINDINGS)
