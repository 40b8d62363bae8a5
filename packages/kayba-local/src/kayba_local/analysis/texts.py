"""Transcripts in plain text or Markdown: what can be seen in them without knowing how they are written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kayba_local.analysis.findings import Finding, Tallies, quoted, shortened, some, times

ERROR_KIND: Final = "error_line"
BLOCK_KIND: Final = "repeated_block"
SIZE_KIND: Final = "oversized_transcript"
SHORTEST_BLOCK: Final = 80
"""Characters of a paragraph, below which it may well be said twice."""
FEWEST_BLOCKS: Final = 3
LARGEST: Final = 350_000
"""Characters of a transcript that are not too many."""

# The last line of a Python traceback, a line that a log calls an error, or one that only says so.
_RAISED: Final = re.compile(r"^\W*((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout|Interrupt))(?::\s|$)(.*)")
_LOGGED: Final = re.compile(r"^[\d\W_TZ]{0,60}?\b(ERROR|FATAL|CRITICAL)\b\W*(.*)")
_SAID: Final = re.compile(r"^\W*(Error):\s*(.*)")
_SCANNED: Final = 1_000
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Text:
    """A transcript; `source` is the id that a finding names for it."""

    source: str
    content: str


class ErrorLines:
    """Counts lines that say what failed, by the name of the error."""

    def __init__(self) -> None:
        self._tallies: Tallies[str] = Tallies()

    def look(self, text: Text) -> None:
        """Count the lines of one transcript."""
        for line in text.content.splitlines():
            if (found := error_in(line)) is not None:
                self._tallies.add(found[0], text.source, example=shortened(found[1]))

    def findings(self) -> Iterator[Finding]:
        """One for each name of an error."""
        for name, tally in self._tallies:
            said = f", first with “{tally.example}”" if tally.example else ""
            yield Finding(
                ERROR_KIND,
                "errors",
                (name,),
                f"{quoted(name)} is reported {times(tally.occurrences)} in {some(tally.traces, 'transcript')}{said}. "
                "Fix what causes it, or say what to do when it happens.",
                tuple(tally.trace_ids),
                tally.traces,
                tally.occurrences,
            )


class RepeatedBlocks:
    """Finds paragraphs of 80 characters or more that a transcript holds three times or more."""

    def __init__(self) -> None:
        self._tallies: Tallies[str] = Tallies()

    def look(self, text: Text) -> None:
        """Count the paragraphs of one transcript."""
        paragraphs = (" ".join(block.split()) for block in _PARAGRAPHS.split(text.content))
        for block, count in Counter(block for block in paragraphs if len(block) >= SHORTEST_BLOCK).items():
            if count >= FEWEST_BLOCKS:
                self._tallies.add(shortened(block), text.source, count)

    def findings(self) -> Iterator[Finding]:
        """One for each beginning of a paragraph."""
        for beginning, tally in self._tallies:
            yield Finding(
                BLOCK_KIND,
                "repetition",
                (beginning,),
                f"A paragraph is there up to {tally.most:,} times in one transcript, {tally.occurrences:,} times in "
                f"{some(tally.traces, 'transcript')}: “{beginning}”. Say it once, or keep what was learned from it.",
                tuple(tally.trace_ids),
                tally.traces,
                tally.occurrences,
            )


class LargeTexts:
    """Counts transcripts of over 350,000 characters."""

    def __init__(self) -> None:
        self._tallies: Tallies[str] = Tallies()

    def look(self, text: Text) -> None:
        """Look at the size of one transcript."""
        if len(text.content) > LARGEST:
            self._tallies.add("", text.source, example=f"{len(text.content):,}")

    def findings(self) -> Iterator[Finding]:
        """One for all of them."""
        for _, tally in self._tallies:
            yield Finding(
                SIZE_KIND,
                "prompts",
                (),
                f"{some(tally.traces, 'transcript')} of over {LARGEST:,} characters, the first of {tally.example}: too "
                "much for one prompt. Split the work, or drop what later steps do not need.",
                tuple(tally.trace_ids),
                tally.traces,
                tally.occurrences,
            )


def error_in(line: str) -> tuple[str, str] | None:
    """The name of the error that a line reports and what it says of it; None if it reports none."""
    for pattern in (_RAISED, _LOGGED, _SAID):
        if (found := pattern.match(line[:_SCANNED])) is not None:
            return found[1], found[2]
    return None
