"""Latency detector: steps that are slow compared with the other steps of the same name."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from typing import Final

from kayba_local.analysis.findings import MAX_KEYS, MAX_TRACE_IDS, Finding, format_count, quote
from kayba_local.analysis.tree import StepTree

KIND: Final = "slow_span"
SECTION: Final = "latency"
MIN_STEPS: Final = 10
"""Minimum number of steps of a name; fewer have no meaningful median."""
SLOW_FACTOR: Final = 5
"""A slow step takes more than this many times the median of its name…"""
MIN_EXCESS_NS: Final = 100_000_000
"""…and this much longer than the median, in ns; users do not notice less."""

_BUCKETS_PER_DOUBLING: Final = 8


@dataclass(slots=True)
class _Durations:
    """Durations of the steps of one name, as a histogram with buckets 9 % wide.

    Attributes:
        all: The number of steps by bucket.
        per_trace: The number of traces by the bucket of their longest step, to count the traces beyond a limit.
        slowest: A heap of the longest steps, one of each trace: duration, negative order of arrival, trace id.
    """

    all: Counter[int] = field(default_factory=Counter)
    per_trace: Counter[int] = field(default_factory=Counter)
    slowest: list[tuple[int, int, str]] = field(default_factory=list)

    def add_longest(self, order: int, source: str, duration_ns: int) -> None:
        """Count the longest step of one trace."""
        self.per_trace[_bucket_of(duration_ns)] += 1
        entry = (duration_ns, -order, source)
        if len(self.slowest) < MAX_TRACE_IDS:
            heappush(self.slowest, entry)
        else:
            heappushpop(self.slowest, entry)


class SlowSpans:
    """Detector of names with a few steps that take far longer than the median."""

    def __init__(self) -> None:
        self._by_name: dict[str, _Durations] = {}
        self._traces = 0
        self._source: str | None = None
        self._longest: dict[str, int] = {}

    def observe(self, tree: StepTree) -> None:
        """Count the durations of one tree. The trees of one trace must follow each other."""
        if tree.source != self._source:
            self._end_trace()
            self._source = tree.source
        for step in tree.steps:
            if step.duration_ns is not None and (durations := self._durations(step.name)) is not None:
                durations.all[_bucket_of(step.duration_ns)] += 1
                self._longest[step.name] = max(step.duration_ns, self._longest.get(step.name, 0))

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each name with slow steps."""
        self._end_trace()
        for name, durations in self._by_name.items():
            count = durations.all.total()
            if count < MIN_STEPS:
                continue
            median_ns = _upper_bound_ns(_median_bucket(durations.all))
            first = _bucket_of(max(median_ns * SLOW_FACTOR, median_ns + MIN_EXCESS_NS)) + 1
            slow = sum(number for bucket, number in durations.all.items() if bucket >= first)
            if not slow:
                continue
            ordered = sorted(durations.slowest, reverse=True)
            ids = [source for duration_ns, _, source in ordered if _bucket_of(duration_ns) >= first]
            yield Finding(
                KIND,
                SECTION,
                (name,),
                f"{quote(name)} took over {_format_duration(_upper_bound_ns(first - 1))} in {slow:,} of "
                f"{format_count(count, 'call')}, {_format_duration(ordered[0][0])} at worst, while the median is "
                f"{_format_duration(median_ns)} or less. Check the inputs of the slow calls, and set a timeout.",
                tuple(ids),
                sum(number for bucket, number in durations.per_trace.items() if bucket >= first),
                slow,
            )

    def _end_trace(self) -> None:
        if self._source is not None:
            self._traces += 1
            for name, duration_ns in self._longest.items():
                self._by_name[name].add_longest(self._traces, self._source, duration_ns)
        self._source, self._longest = None, {}

    def _durations(self, name: str) -> _Durations | None:
        """Return the durations of a name; None for a new name once there are `MAX_KEYS`."""
        durations = self._by_name.get(name)
        if durations is None and len(self._by_name) < MAX_KEYS:
            durations = self._by_name[name] = _Durations()
        return durations


def _bucket_of(duration_ns: int) -> int:
    return math.ceil(math.log2(duration_ns) * _BUCKETS_PER_DOUBLING) if duration_ns > 1 else 0


def _upper_bound_ns(bucket: int) -> int:
    """Return the longest duration in a bucket."""
    return math.floor(2 ** (bucket / _BUCKETS_PER_DOUBLING))


def _median_bucket(counts: Counter[int]) -> int:
    remaining = (counts.total() + 1) // 2
    for bucket in sorted(counts):
        remaining -= counts[bucket]
        if remaining <= 0:
            return bucket
    raise ValueError("the histogram is empty")


def _format_duration(duration_ns: int) -> str:
    """Return a duration with its unit and at least two digits."""
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        if duration_ns >= size:
            amount = duration_ns / size
            return f"{amount:,.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
    return f"{duration_ns} ns"
