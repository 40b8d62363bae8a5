"""Slow steps: measured against the other steps of the same name, whatever is usual for them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from typing import Final

from kayba_local.analysis.findings import MOST_KEYS, TRACE_IDS_KEPT, Finding, quoted, some
from kayba_local.analysis.steps import Run

KIND: Final = "slow_span"
SECTION: Final = "latency"
FEWEST: Final = 10
"""Steps of a name, below which nothing is usual."""
FACTOR: Final = 5
"""A slow step takes this many times what half of the steps of its name take at most…"""
EXCESS_NS: Final = 100_000_000
"""…and this much longer: nobody waits for less."""

_BUCKETS_PER_DOUBLING: Final = 8


@dataclass(slots=True)
class _Durations:
    """Durations of the steps of one name, in buckets that are 9 % wide.

    `longest` counts the longest of each trace, so that it is known in how many traces there is one beyond any limit.
    """

    all: Counter[int] = field(default_factory=Counter)
    longest: Counter[int] = field(default_factory=Counter)
    slowest: list[tuple[int, int, str]] = field(default_factory=list)

    def keep(self, order: int, source: str, duration_ns: int) -> None:
        entry = (duration_ns, -order, source)
        if len(self.slowest) < TRACE_IDS_KEPT:
            heappush(self.slowest, entry)
        else:
            heappushpop(self.slowest, entry)


class SlowSpans:
    """Finds the names of which a few steps take far longer than most."""

    def __init__(self) -> None:
        self._by_name: dict[str, _Durations] = {}
        self._traces = 0
        self._source: str | None = None
        self._longest: dict[str, int] = {}

    def look(self, run: Run) -> None:
        """Take in the durations of one tree; trees of one trace must follow each other."""
        if run.source != self._source:
            self._close_trace()
            self._source = run.source
        for step in run.steps:
            if step.duration_ns is not None and (durations := self._durations(step.name)) is not None:
                durations.all[_bucket(step.duration_ns)] += 1
                self._longest[step.name] = max(step.duration_ns, self._longest.get(step.name, 0))

    def findings(self) -> Iterator[Finding]:
        """One for each name with slow steps."""
        self._close_trace()
        for name, durations in self._by_name.items():
            count = durations.all.total()
            if count < FEWEST:
                continue
            usual_ns = _upper_ns(_median(durations.all))
            first = _bucket(max(usual_ns * FACTOR, usual_ns + EXCESS_NS)) + 1
            slow = sum(number for bucket, number in durations.all.items() if bucket >= first)
            if not slow:
                continue
            ordered = sorted(durations.slowest, reverse=True)
            ids = [source for duration_ns, _, source in ordered if _bucket(duration_ns) >= first]
            yield Finding(
                KIND,
                SECTION,
                (name,),
                f"{quoted(name)} took over {_seconds(_upper_ns(first - 1))} in {slow:,} of {some(count, 'call')}, "
                f"{_seconds(ordered[0][0])} at worst, while half of them end within {_seconds(usual_ns)}. "
                "Look at what the slow ones were given, and set a time limit.",
                tuple(ids),
                sum(number for bucket, number in durations.longest.items() if bucket >= first),
                slow,
            )

    def _close_trace(self) -> None:
        if self._source is not None:
            self._traces += 1
            for name, duration_ns in self._longest.items():
                durations = self._by_name[name]
                durations.longest[_bucket(duration_ns)] += 1
                durations.keep(self._traces, self._source, duration_ns)
        self._source, self._longest = None, {}

    def _durations(self, name: str) -> _Durations | None:
        known = self._by_name.get(name)
        if known is None and len(self._by_name) < MOST_KEYS:
            known = self._by_name[name] = _Durations()
        return known


def _bucket(duration_ns: int) -> int:
    return math.ceil(math.log2(duration_ns) * _BUCKETS_PER_DOUBLING) if duration_ns > 1 else 0


def _upper_ns(bucket: int) -> int:
    """The longest duration that falls into a bucket."""
    return math.floor(2 ** (bucket / _BUCKETS_PER_DOUBLING))


def _median(counts: Counter[int]) -> int:
    left = (counts.total() + 1) // 2
    for bucket in sorted(counts):
        left -= counts[bucket]
        if left <= 0:
            return bucket
    raise ValueError("the median of nothing")


def _seconds(duration_ns: int) -> str:
    """A duration with its unit, to two digits or more."""
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        if duration_ns >= size:
            amount = duration_ns / size
            return f"{amount:,.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
    return f"{duration_ns} ns"
