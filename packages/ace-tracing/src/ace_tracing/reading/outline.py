"""A trace as lines of text: one for the whole, one for each span with its place in the tree. Not yet any medium's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ace_tracing.reading.model import Span
    from ace_tracing.reading.trace import Trace

MAX_LEVELS = 30
"""Levels drawn as indentation; deeper ones are told as a number."""
MAX_NAME = 80
MAX_ERROR = 160

# What would move a terminal's cursor, or turn the direction of writing, or cannot be encoded.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Line(NamedTuple):
    """One span: the branches that lead to it, and what is said of it."""

    branches: str
    name: str
    span_type: str
    duration: str
    error: str
    depth: int
    span: Span


def lines(trace: Trace) -> Iterator[Line]:
    """Give a line for every span, parents before children."""
    stack = [(node, "", "", 0) for node in reversed(trace.tree)]
    while stack:
        node, branch, below, depth = stack.pop()
        span = node.span
        yield Line(
            branches=f"{branch}(level {depth}) " if depth > MAX_LEVELS else branch,
            name=clean(span.name, MAX_NAME),
            span_type=clean(span.span_type, MAX_NAME),
            duration=milliseconds(span.duration_ms),
            error=_error(span),
            depth=depth,
            span=span,
        )
        last = len(node.children) - 1
        for place, child in reversed(list(enumerate(node.children))):
            if depth >= MAX_LEVELS:
                stack.append((child, below, below, depth + 1))
            elif place == last:
                stack.append((child, f"{below}└─ ", f"{below}   ", depth + 1))
            else:
                stack.append((child, f"{below}├─ ", f"{below}│  ", depth + 1))


def headline(trace: Trace) -> str:
    """The whole trace in one line: id, state, time, size, tokens, cost, folder."""
    spans = len(trace.data.spans)
    said = [
        trace.trace_id,
        trace.info.state.value,
        milliseconds(trace.duration_ms),
        f"{spans:,} span{'' if spans == 1 else 's'}",
    ]
    if tokens := trace.token_usage.get("total_tokens"):
        said.append(f"{tokens:,} tokens")
    if dollars := trace.cost.get("total_cost"):
        said.append(f"${dollars:,.4f}")
    if trace.info.folder:
        said.append(f"in {clean(trace.info.folder, MAX_NAME)}")
    return "  ".join(said)


def milliseconds(duration: float | None) -> str:
    """A duration to be read at a glance."""
    match duration:
        case None:
            return "not ended"
        case _ if duration < 1:
            return f"{duration:.2f} ms"
        case _ if duration < 1_000:
            return f"{duration:.1f} ms"
        case _ if duration < 60_000:
            return f"{duration / 1_000:.2f} s"
        case _:
            minutes, seconds = divmod(round(duration / 1_000), 60)
            return f"{minutes} min {seconds:02} s"


def clean(text: str, length: int) -> str:
    """Text that stays in its line and does nothing to it, no longer than `length` characters."""
    short = text if len(text) <= length else f"{text[: length - 1]}…"
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], short)


def _error(span: Span) -> str:
    if span.status.status_code != "ERROR":
        return ""
    return clean(f"ERROR {span.status.description}".strip(), MAX_ERROR)
