"""A trace as lines of text, for any medium: a headline, and one line per span with its place in the tree."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from ace_tracing.reading.model import Span
from ace_tracing.reading.tree import SpanTree
from ace_tracing.reading.usage import sum_cost, sum_token_usage

MAX_LEVELS: Final = 30
"""Levels drawn as indentation. Deeper levels are written as a number."""
MAX_NAME: Final = 80
MAX_ERROR: Final = 160
MAX_DECIMALS: Final = 12
TOKEN_KINDS: Final = {
    "cache_read_input_tokens": "cached",
    "cache_creation_input_tokens": "written to the cache",
    "reasoning_tokens": "reasoning",
}
"""Parts of the tokens that a headline names, with their labels."""

# Characters that move a terminal's cursor or change the direction of writing, and surrogates, which cannot be encoded.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Line(NamedTuple):
    """One span, with its branches in the tree and its fields as printable text."""

    branches: str
    name: str
    span_type: str
    duration: str
    error: str
    depth: int
    span: Span


def iter_lines(trace: SpanTree) -> Iterator[Line]:
    """Yield a line for every span, parents before children."""
    stack = [(node, "", "", 0) for node in reversed(trace.tree)]
    while stack:
        node, branch, below, depth = stack.pop()
        span = node.span
        yield Line(
            branches=f"{branch}(level {depth}) " if depth > MAX_LEVELS else branch,
            name=clean(span.name, MAX_NAME),
            span_type=clean(span.span_type, MAX_NAME),
            duration=format_duration(span.duration_ms),
            error=_format_error(span),
            depth=depth,
            span=span,
        )
        last = len(node.children) - 1
        for index, child in reversed(list(enumerate(node.children))):
            if depth >= MAX_LEVELS:
                stack.append((child, below, below, depth + 1))
            elif index == last:
                stack.append((child, f"{below}└─ ", f"{below}   ", depth + 1))
            else:
                stack.append((child, f"{below}├─ ", f"{below}│  ", depth + 1))


def format_headline(trace: SpanTree) -> str:
    """Return the whole trace as one line: id, state, duration, number of spans, tokens, cost, folder."""
    spans = len(trace.data.spans)
    parts = [
        trace.trace_id,
        trace.info.state.value,
        format_duration(trace.duration_ms),
        f"{spans:,} span{'' if spans == 1 else 's'}",
    ]
    if tokens := format_tokens(sum_token_usage(trace)):
        parts.append(tokens)
    if dollars := sum_cost(trace).get("total_cost"):
        parts.append(format_dollars(dollars))
    if trace.info.folder:
        parts.append(f"in {clean(trace.info.folder, MAX_NAME)}")
    return "  ".join(parts)


def format_tokens(usage: Mapping[str, int]) -> str:
    """Return the total number of tokens, with the kinds that `TOKEN_KINDS` names; empty without tokens."""
    total = usage.get("total_tokens")
    if not total:
        return ""
    kinds = ", ".join(f"{count:,} {label}" for name, label in TOKEN_KINDS.items() if (count := usage.get(name)))
    return f"{total:,} tokens ({kinds})" if kinds else f"{total:,} tokens"


def format_dollars(amount: float) -> str:
    """Return a cost with four decimals, or with two significant digits when it is below a cent."""
    sign, size = "-" if amount < 0 else "", abs(amount)
    if not 0 < size < 0.01:
        return f"{sign}${size:,.4f}"
    decimals = 1 - math.floor(math.log10(size))
    return f"{sign}${size:.{decimals}f}" if decimals <= MAX_DECIMALS else f"{sign}${size:.1e}"


def format_duration(milliseconds: float | None) -> str:
    """Return a duration in a readable unit; `not ended` for None."""
    match milliseconds:
        case None:
            return "not ended"
        case _ if milliseconds < 1:
            return f"{milliseconds:.2f} ms"
        case _ if milliseconds < 1_000:
            return f"{milliseconds:.1f} ms"
        case _ if milliseconds < 60_000:
            return f"{milliseconds / 1_000:.2f} s"
        case _:
            minutes, seconds = divmod(round(milliseconds / 1_000), 60)
            return f"{minutes} min {seconds:02} s"


def clean(text: str, length: int) -> str:
    """Cut text to `length` characters, then escape control characters, so that it stays on its line."""
    short = text if len(text) <= length else f"{text[: length - 1]}…"
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], short)


def _format_error(span: Span) -> str:
    if not span.failed:
        return ""
    # Some instrumentations send only the type of an error.
    error = span.status.description or span.attributes.get("error.type", "")
    return clean(f"ERROR {error}".strip(), MAX_ERROR)
