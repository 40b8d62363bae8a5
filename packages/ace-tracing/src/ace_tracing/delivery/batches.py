"""Batches: traces that are sent in one request, and how a batch is split when the service rejects it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import groupby
from typing import Final

import orjson

from ace_tracing.delivery.open_traces import Assembled, count_traces
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.recording.frames import CUT
from ace_tracing.recording.records import SpanRecord

SHORTENED_CHARACTERS: Final = 1_000
"""The length to which the inputs and the outputs of a span are cut when the span alone is too large for the service."""


class Batch:
    """Traces of one experiment that are in flight, with the results of their attempts.

    Args:
        assembled: The traces.
        successes_before: How many batches the service had accepted when this one was made.
        failures: How many errors inside the service this batch, or the batch it was split from, has met.

    Attributes:
        trace_count: How many traces the batch counts for in `Delivery`.
        request: The encoded request; None before the first attempt.
        sibling: The other half of a batch that was rejected for its content.
        is_rejected: Whether the service is known to reject the whole batch, without a further attempt.
        is_shortened: Whether the values of its span are cut.
    """

    __slots__ = (
        "assembled",
        "failures",
        "is_rejected",
        "is_shortened",
        "request",
        "sibling",
        "successes_before",
        "trace_count",
    )

    def __init__(self, assembled: list[Assembled], successes_before: int, failures: int = 0) -> None:
        self.assembled = assembled
        self.trace_count = count_traces(assembled)
        self.request: ExportRequest | None = None
        self.failures = failures
        self.successes_before = successes_before
        self.sibling: Batch | None = None
        self.is_rejected = False
        self.is_shortened = False

    @property
    def has_many_traces(self) -> bool:
        """Whether it has more than one trace."""
        return len(self.assembled) > 1

    def move_to_default_experiment(self, successes: int) -> Batch:
        """Return a batch of the same traces for the service's default experiment.

        Args:
            successes: How many batches the service has accepted so far.
        """
        for one in self.assembled:
            one.trace.experiment = None
        return Batch(self.assembled, successes)

    def split_between_traces(self, successes: int, failures: int = 0, *, invalid_content: bool = False) -> list[Batch]:
        """Return two halves.

        Args:
            successes: How many batches the service has accepted so far.
            failures: How many errors inside the service the halves start with.
            invalid_content: Whether the content of one half is at fault. If one half is accepted, the other is then
                known to be rejected.
        """
        middle = len(self.assembled) // 2
        first, second = (
            Batch(half, successes, failures) for half in (self.assembled[:middle], self.assembled[middle:])
        )
        if invalid_content:
            first.sibling, second.sibling = second, first
        return [first, second]

    def split(self, successes: int) -> list[Batch]:
        """Return smaller batches: halves of the traces, halves of one trace's spans, or one span with cut values.

        Args:
            successes: How many batches the service has accepted so far.

        Returns:
            An empty list when the values of the only span are cut already.
        """
        if self.has_many_traces:
            return self.split_between_traces(successes)
        (one,) = self.assembled
        entries = one.trace.entries
        if len(entries) > 1:
            middle = len(entries) // 2
            # The root is the last span, so the second half counts as the trace.
            first = Assembled(one.trace.with_entries(entries[:middle], is_last=False), is_counted=False)
            second = Assembled(one.trace.with_entries(entries[middle:]), one.is_counted)
            return [Batch([first], successes), Batch([second], successes)]
        if self.is_shortened or not entries:
            return []
        trace = one.trace.with_entries([_shorten(one.trace.spans[0])])
        short = Batch([Assembled(trace, one.is_counted)], successes)
        short.is_shortened = True
        return [short]


def group_by_experiment(assembled: Iterable[Assembled], successes: int) -> deque[Batch]:
    """Return a batch for each experiment.

    Args:
        assembled: The traces.
        successes: How many batches the service has accepted so far.
    """
    ordered = list(assembled)
    if len({one.trace.experiment for one in ordered}) == 1:
        return deque([Batch(ordered, successes)])
    ordered.sort(key=_experiment_of)
    return deque(Batch(list(group), successes) for _, group in groupby(ordered, _experiment_of))


def _experiment_of(assembled: Assembled) -> str:
    return assembled.trace.experiment or ""


def _shorten(span: SpanRecord) -> SpanRecord:
    """Return a span with the beginning of its inputs and outputs, and an attribute that records the cut."""
    note = f"all values but {SHORTENED_CHARACTERS} characters of each: the service takes no request of their size"
    return span._replace(inputs=_cut(span.inputs), outputs=_cut(span.outputs), attributes={CUT: note}, events=None)


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= SHORTENED_CHARACTERS:
        return text
    note = f"<cut: {len(text) - SHORTENED_CHARACTERS} more of {len(text)} characters>"
    return orjson.dumps(text[:SHORTENED_CHARACTERS] + note).decode()
