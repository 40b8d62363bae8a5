"""Token detectors: oversized prompts and wasted tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kayba_local.analysis.findings import CountsByKey, Finding, format_count, quote
from kayba_local.analysis.repetition import group_identical_calls
from kayba_local.analysis.steps import MODEL_CALLS
from kayba_local.analysis.tree import StepTree

PROMPT_KIND: Final = "oversized_prompt"
WASTE_KIND: Final = "wasted_tokens"
PROMPT_SECTION: Final = "prompts"
WASTE_SECTION: Final = "tokens"
MAX_PROMPT_TOKENS: Final = 32_000
"""Maximum number of tokens of a prompt that is not oversized."""
MAX_PROMPT_CHARACTERS: Final = 128_000
"""The same limit in characters, for calls without a token count."""
MIN_WASTED_TOKENS: Final = 1_000
"""Minimum number of wasted tokens that is reported."""

_REASONS: Final = {
    "failed": "were spent in failed calls or below failed steps. Check for likely failures before calling the model",
    "repeated": "were spent on repeated calls with identical inputs. Cache the result",
}


class OversizedPrompts:
    """Detector of model calls with a prompt of over 32,000 tokens, or 128,000 characters without a token count."""

    def __init__(self) -> None:
        self._counts: CountsByKey[tuple[str, str]] = CountsByKey()

    def observe(self, tree: StepTree) -> None:
        """Count the oversized prompts of one tree."""
        token_counters = set(tree.token_counters)
        for position, step in enumerate(tree.steps):
            if position in token_counters and step.input_tokens is not None:
                size, limit, unit = step.input_tokens, MAX_PROMPT_TOKENS, "tokens"
            elif step.type in MODEL_CALLS and step.input_tokens is None:
                size, limit, unit = step.input_characters, MAX_PROMPT_CHARACTERS, "characters"
            else:
                continue
            if size > limit:
                example = f"{size:,} {unit}"
                self._counts.add((step.name, unit), tree.source, tokens=step.input_tokens or 0, example=example)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each pair of name and unit."""
        for (name, unit), counts in self._counts:
            limit = MAX_PROMPT_TOKENS if unit == "tokens" else MAX_PROMPT_CHARACTERS
            yield Finding(
                PROMPT_KIND,
                PROMPT_SECTION,
                (name, unit),
                f"{quote(name)} received a prompt of over {limit:,} {unit} in "
                f"{format_count(counts.occurrences, 'call')} of {format_count(counts.traces, 'trace')}, "
                f"{counts.example} the first time. Send only the content that the step needs: truncate, summarize or "
                "retrieve.",
                tuple(counts.trace_ids),
                counts.traces,
                counts.occurrences,
                counts.tokens if unit == "tokens" else None,
            )


class WastedTokens:
    """Counter of the tokens of failed calls, of calls below a failed step, and of repeated identical calls."""

    def __init__(self) -> None:
        self._counts: CountsByKey[tuple[str, str]] = CountsByKey()

    def observe(self, tree: StepTree) -> None:
        """Count the wasted tokens of one tree."""
        token_counters = set(tree.token_counters)
        if not token_counters:
            return
        repeated = {position for group in group_identical_calls(tree).values() for position in group[1:]}
        for position in sorted(token_counters):
            step = tree.steps[position]
            reason = "failed" if position in tree.failed_subtrees else "repeated" if position in repeated else None
            if reason is not None:
                self._counts.add((step.name, reason), tree.source, tokens=step.tokens)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each pair of name and reason."""
        for (name, reason), counts in self._counts:
            if counts.tokens >= MIN_WASTED_TOKENS:
                yield Finding(
                    WASTE_KIND,
                    WASTE_SECTION,
                    (name, reason),
                    f"{counts.tokens:,} tokens of {quote(name)} in {format_count(counts.occurrences, 'call')} of "
                    f"{format_count(counts.traces, 'trace')} {_REASONS[reason]}.",
                    tuple(counts.trace_ids),
                    counts.traces,
                    counts.occurrences,
                    counts.tokens,
                )
