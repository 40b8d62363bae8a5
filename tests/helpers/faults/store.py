"""What a faulty server has stored, and how often each span came over the wire."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.helpers.faults.otlp import Arrived, Key


class Store:
    """Spans by trace id and span id, as a real server keeps them: what comes again replaces what was there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.spans: dict[Key, Arrived] = {}
        """What is stored."""
        self.arrivals: Counter[Key] = Counter()
        """How often each span came over the wire, stored or not."""
        self.stored: Counter[Key] = Counter()
        """How often each span came over the wire and was stored."""

    def saw(self, spans: Iterable[Arrived], *, stores: bool, rejected: int = 0) -> None:
        """Count the spans of a request; with `stores`, keep all of them but the first `rejected`."""
        with self._lock:
            for number, span in enumerate(spans):
                self.arrivals[span.key] += 1
                if stores and number >= rejected:
                    self.stored[span.key] += 1
                    self.spans[span.key] = span

    @property
    def traces(self) -> dict[str, list[Arrived]]:
        """The stored spans of each trace, by the trace's id."""
        with self._lock:
            found: defaultdict[str, list[Arrived]] = defaultdict(list)
            for (trace_id, _), span in self.spans.items():
                found[trace_id].append(span)
            return dict(found)

    @property
    def names(self) -> Counter[str]:
        """How many stored spans have each name."""
        with self._lock:
            return Counter(span.name for span in self.spans.values())

    @property
    def again(self) -> int:
        """How many spans were stored more than once: sent again although the server had them."""
        with self._lock:
            return sum(times > 1 for times in self.stored.values())
