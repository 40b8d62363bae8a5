"""What is sent together, and how it is divided when the service does not take it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from ace_tracing.delivery.assembler import Assembled
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.recording.frames import PackedSpan, SpanRecord, TraceRecord
from ace_tracing.recording.span import CUT

SHORTENED_CHARS = 1_000
"""What is kept of the inputs and of the outputs of a span that is too large by itself for the service."""


class Batch:
    """Traces of one experiment on their way, and how they have fared.

    Args:
        assembled: the traces.
        successes_before: how many parts of any kind had been taken when it was made.
        failures: how often an error inside the service was the answer to it, or to what it is a part of.

    Attributes:
        finishes: as how many traces it counts.
        batch: its encoded form, once it was sent.
        other: the other half of what was refused for its content.
        is_refused: whether it is known without asking that the service does not take it as a whole.
    """

    __slots__ = ("assembled", "batch", "failures", "finishes", "is_refused", "other", "shortened", "successes_before")

    def __init__(self, assembled: list[Assembled], successes_before: int, failures: int = 0) -> None:
        self.assembled = assembled
        self.finishes = sum(one.finishes for one in assembled)
        self.batch: ExportRequest | None = None
        self.failures = failures
        self.successes_before = successes_before
        self.other: Batch | None = None
        self.is_refused = False
        self.shortened = False

    @property
    def is_many(self) -> bool:
        """Whether it is more than one trace."""
        return len(self.assembled) > 1

    def halves(self, successes: int, failures: int = 0, *, for_content: bool = False) -> list[Batch]:
        """Divide it between traces.

        Args:
            successes: how many parts of any kind have been taken so far.
            failures: what the halves have behind them.
            for_content: whether something in one of them is at fault, so that, if the one is taken, the other is not.
        """
        middle = len(self.assembled) // 2
        first, second = (
            Batch(half, successes, failures) for half in (self.assembled[:middle], self.assembled[middle:])
        )
        if for_content:
            first.other, second.other = second, first
        return [first, second]

    def smaller(self, successes: int) -> list[Batch]:
        """Divide it between traces, or one trace between spans, or cut the values of one span; empty at the end."""
        if self.is_many:
            return self.halves(successes)
        (one,) = self.assembled
        entries = one.trace.entries
        if len(entries) > 1:
            middle = len(entries) // 2
            # The root is the last one, and what is said of the trace goes with it.
            first = Assembled(_with(one.trace, entries[:middle]), finishes=False)
            second = Assembled(_with(one.trace, entries[middle:]), one.finishes)
            return [Batch([first], successes), Batch([second], successes)]
        if self.shortened:
            return []
        short = Batch([Assembled(_with(one.trace, [_shortened(one.trace.spans[0])]), one.finishes)], successes)
        short.shortened = True
        return [short]


def _with(trace: TraceRecord, entries: Sequence[SpanRecord | PackedSpan]) -> TraceRecord:
    return TraceRecord(trace.trace_id, trace.experiment, trace.folder, trace.details, entries)


def _shortened(span: SpanRecord) -> SpanRecord:
    """A span with the beginning of its values, and a note that says so."""
    note = f"all values but {SHORTENED_CHARS} characters of each: the service takes no request of their size"
    return span._replace(
        inputs=_beginning(span.inputs), outputs=_beginning(span.outputs), attributes={CUT: note}, events=None
    )


def _beginning(text: str | None) -> str | None:
    if text is None or len(text) <= SHORTENED_CHARS:
        return text
    more = f"<cut: {len(text) - SHORTENED_CHARS} more of {len(text)} characters>"
    return orjson.dumps(text[:SHORTENED_CHARS] + more).decode()
