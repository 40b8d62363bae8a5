"""Tokens: prompts that are too long, and tokens that brought nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kayba_local.analysis.findings import Finding, Tallies, quoted, some
from kayba_local.analysis.repetition import same_calls
from kayba_local.analysis.steps import MODEL_CALLS, Run

PROMPT_KIND: Final = "oversized_prompt"
WASTE_KIND: Final = "wasted_tokens"
PROMPT_SECTION: Final = "prompts"
WASTE_SECTION: Final = "tokens"
LARGEST_TOKENS: Final = 32_000
"""Tokens of a prompt that are not too many."""
LARGEST_CHARACTERS: Final = 128_000
"""The same in characters, where nobody counted the tokens."""
FEWEST_WASTED: Final = 1_000
"""Wasted tokens that are worth telling."""

_REASONS: Final = {
    "failed": "were spent in calls that failed, or in steps that did. Check what can fail before asking the model",
    "repeated": "were spent on asking again what had been asked with the same inputs. Keep the answer",
}


class OversizedPrompts:
    """Finds calls of a model with a prompt of over 32,000 tokens, or 128,000 characters where those are not known."""

    def __init__(self) -> None:
        self._tallies: Tallies[tuple[str, str]] = Tallies()

    def look(self, run: Run) -> None:
        """Count the oversized prompts of one tree."""
        counted = set(run.with_own_tokens)
        for position, step in enumerate(run.steps):
            if position in counted and step.input_tokens is not None:
                size, largest, unit = step.input_tokens, LARGEST_TOKENS, "tokens"
            elif step.type in MODEL_CALLS and step.input_tokens is None:
                size, largest, unit = step.input_characters, LARGEST_CHARACTERS, "characters"
            else:
                continue
            if size > largest:
                example = f"{size:,} {unit}"
                self._tallies.add((step.name, unit), run.source, tokens=step.input_tokens or 0, example=example)

    def findings(self) -> Iterator[Finding]:
        """One for each name, and unit of size."""
        for (name, unit), tally in self._tallies:
            largest = LARGEST_TOKENS if unit == "tokens" else LARGEST_CHARACTERS
            yield Finding(
                PROMPT_KIND,
                PROMPT_SECTION,
                (name, unit),
                f"{quoted(name)} got a prompt of over {largest:,} {unit} in {some(tally.occurrences, 'call')} of "
                f"{some(tally.traces, 'trace')}, {tally.example} the first time. Send only what the step needs: cut, "
                "summarize or retrieve.",
                tuple(tally.trace_ids),
                tally.traces,
                tally.occurrences,
                tally.tokens if unit == "tokens" else None,
            )


class WastedTokens:
    """Adds up tokens of calls that failed, or were below a step that did, and of calls made again unchanged."""

    def __init__(self) -> None:
        self._tallies: Tallies[tuple[str, str]] = Tallies()

    def look(self, run: Run) -> None:
        """Add up the waste of one tree."""
        counted = set(run.with_own_tokens)
        if not counted:
            return
        again = {position for group in same_calls(run).values() for position in group[1:]}
        for position in sorted(counted):
            step = run.steps[position]
            reason = "failed" if position in run.below_failures else "repeated" if position in again else None
            if reason is not None:
                self._tallies.add((step.name, reason), run.source, tokens=step.tokens)

    def findings(self) -> Iterator[Finding]:
        """One for each name and reason."""
        for (name, reason), tally in self._tallies:
            if tally.tokens >= FEWEST_WASTED:
                yield Finding(
                    WASTE_KIND,
                    WASTE_SECTION,
                    (name, reason),
                    f"{tally.tokens:,} tokens of {quoted(name)} in {some(tally.occurrences, 'call')} of "
                    f"{some(tally.traces, 'trace')} {_REASONS[reason]}.",
                    tuple(tally.trace_ids),
                    tally.traces,
                    tally.occurrences,
                    tally.tokens,
                )
