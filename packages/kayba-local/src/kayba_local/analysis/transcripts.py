"""Transcript detectors: error lines, repeated paragraphs and size, for plain text or Markdown of any form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kayba_local.analysis.findings import CountsByKey, Finding, format_count, format_times, quote, shorten

ERROR_KIND: Final = "error_line"
BLOCK_KIND: Final = "repeated_block"
SIZE_KIND: Final = "oversized_transcript"
MIN_BLOCK_CHARACTERS: Final = 80
"""Minimum length of a repeated paragraph; shorter ones repeat naturally."""
MIN_BLOCKS: Final = 3
"""Minimum number of repetitions of a paragraph."""
MAX_CHARACTERS: Final = 350_000
"""Maximum length of a transcript that is not oversized."""

_TRACEBACK_END: Final = re.compile(
    r"^\W*((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout|Interrupt))(?::\s|$)(.*)"
)
_LOG_LEVEL: Final = re.compile(r"^[\d\W_TZ]{0,60}?\b(ERROR|FATAL|CRITICAL)\b\W*(.*)")
_ERROR_PREFIX: Final = re.compile(r"^\W*(Error):\s*(.*)")
_SCANNED_CHARACTERS: Final = 1_000
_PARAGRAPH_BREAK: Final = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Transcript:
    """A text of a conversation or a log; `source` is the trace file's id, used in findings."""

    source: str
    content: str


class ErrorLines:
    """Counter of lines that report an error, by the name of the error."""

    def __init__(self) -> None:
        self._counts: CountsByKey[str] = CountsByKey()

    def observe(self, transcript: Transcript) -> None:
        """Count the error lines of one transcript."""
        for line in transcript.content.splitlines():
            if (error := find_error(line)) is not None:
                self._counts.add(error[0], transcript.source, example=shorten(error[1]))

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each name of an error."""
        for name, counts in self._counts:
            example = f", first with “{counts.example}”" if counts.example else ""
            yield Finding(
                ERROR_KIND,
                "errors",
                (name,),
                f"{quote(name)} is reported {format_times(counts.occurrences)} in "
                f"{format_count(counts.traces, 'transcript')}{example}. "
                "Fix the cause, or add instructions for handling the error.",
                tuple(counts.trace_ids),
                counts.traces,
                counts.occurrences,
            )


class RepeatedBlocks:
    """Detector of paragraphs of 80 characters or more that a transcript contains at least three times."""

    def __init__(self) -> None:
        self._counts: CountsByKey[str] = CountsByKey()

    def observe(self, transcript: Transcript) -> None:
        """Count the paragraphs of one transcript."""
        paragraphs = (" ".join(block.split()) for block in _PARAGRAPH_BREAK.split(transcript.content))
        for block, count in Counter(block for block in paragraphs if len(block) >= MIN_BLOCK_CHARACTERS).items():
            if count >= MIN_BLOCKS:
                self._counts.add(shorten(block), transcript.source, count)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each beginning of a paragraph."""
        for beginning, counts in self._counts:
            yield Finding(
                BLOCK_KIND,
                "repetition",
                (beginning,),
                f"A paragraph occurs up to {counts.max_occurrences:,} times in one transcript, "
                f"{counts.occurrences:,} times in {format_count(counts.traces, 'transcript')}: “{beginning}”. "
                "Include it once, or store the information in it.",
                tuple(counts.trace_ids),
                counts.traces,
                counts.occurrences,
            )


class OversizedTranscripts:
    """Counter of transcripts of over 350,000 characters."""

    def __init__(self) -> None:
        self._counts: CountsByKey[str] = CountsByKey()

    def observe(self, transcript: Transcript) -> None:
        """Count one transcript if it is oversized."""
        if len(transcript.content) > MAX_CHARACTERS:
            self._counts.add("", transcript.source, example=f"{len(transcript.content):,}")

    def findings(self) -> Iterator[Finding]:
        """Yield one finding for all oversized transcripts."""
        for _, counts in self._counts:
            yield Finding(
                SIZE_KIND,
                "prompts",
                (),
                f"{format_count(counts.traces, 'transcript')} of over {MAX_CHARACTERS:,} characters, the first of "
                f"{counts.example}: too long for one prompt. Split the task, or remove the content that later steps "
                "do not need.",
                tuple(counts.trace_ids),
                counts.traces,
                counts.occurrences,
            )


def find_error(line: str) -> tuple[str, str] | None:
    """Find the error that a line reports: the end of a traceback, a log record, or text after `Error:`.

    Returns:
        The error's name and message; None if the line reports none.
    """
    for pattern in (_TRACEBACK_END, _LOG_LEVEL, _ERROR_PREFIX):
        if (found := pattern.match(line[:_SCANNED_CHARACTERS])) is not None:
            return found[1], found[2]
    return None
