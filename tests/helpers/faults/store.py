"""The span store of a faulty server, with a count of how often each span arrived."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.helpers.faults.otlp import Key, SpanIdentity


class Store:
    """Spans by trace id and span id. As in a real server, a repeated span replaces the stored one.

    Attributes:
        spans: The stored spans.
        arrivals: Number of times that each span arrived, stored or not.
        stored: Number of times that each span was stored.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.spans: dict[Key, SpanIdentity] = {}
        self.arrivals: Counter[Key] = Counter()
        self.stored: Counter[Key] = Counter()

    def add(self, spans: Iterable[SpanIdentity], *, stores: bool, rejected: int = 0) -> None:
        """Count the spans of a request; with `stores`, store all of them except the first `rejected`."""
        with self._lock:
            for number, span in enumerate(spans):
                self.arrivals[span.key] += 1
                if stores and number >= rejected:
                    self.stored[span.key] += 1
                    self.spans[span.key] = span

    @property
    def traces(self) -> dict[str, list[SpanIdentity]]:
        """The stored spans of each trace, by the trace's id."""
        with self._lock:
            found: defaultdict[str, list[SpanIdentity]] = defaultdict(list)
            for (trace_id, _), span in self.spans.items():
                found[trace_id].append(span)
            return dict(found)

    @property
    def names(self) -> Counter[str]:
        """Number of stored spans by name."""
        with self._lock:
            return Counter(span.name for span in self.spans.values())

    @property
    def duplicates(self) -> int:
        """Number of spans that were stored more than once."""
        with self._lock:
            return sum(times > 1 for times in self.stored.values())
