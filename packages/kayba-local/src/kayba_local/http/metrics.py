"""Counts of a server since its start, and their text in Prometheus' format."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_REASONS: Final[Mapping[int, str]] = {
    400: "invalid",
    401: "key",
    403: "site",
    404: "absent",
    405: "method",
    408: "slow",
    409: "conflict",
    413: "size",
    415: "type",
    500: "error",
    501: "missing",
    503: "busy",
}
"""The reason of a rejected request by its status, unless the error has another one."""

Sample = tuple[Mapping[str, str], float]


class Metrics:
    """Counts of requests, spans and rejections. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._rejections: Counter[str] = Counter()
        self._spans = 0
        self._rejected_spans = 0

    def count_request(self, route: str, method: str, status: int, reason: str | None = None) -> None:
        """Count a request by its route and status, and by its reason if it was rejected."""
        with self._lock:
            self._requests[route, method, status] += 1
            if status >= 400:
                self._rejections[reason or _REASONS.get(status, str(status))] += 1

    def count_spans(self, stored: int, rejected: int = 0) -> None:
        """Count the spans of a request."""
        with self._lock:
            self._spans += stored
            self._rejected_spans += rejected

    def collect(self) -> str:
        """Return the counts as text."""
        with self._lock:
            requests = [
                ({"route": route, "method": method, "status": str(status)}, count)
                for (route, method, status), count in sorted(self._requests.items())
            ]
            rejections = [({"reason": reason}, count) for reason, count in sorted(self._rejections.items())]
            spans, rejected_spans = self._spans, self._rejected_spans
        return "".join(
            (
                render("kayba_requests_total", "counter", "Requests by route and status.", requests),
                render("kayba_rejections_total", "counter", "Requests that were rejected, by reason.", rejections),
                render("kayba_spans_stored_total", "counter", "Spans that were stored.", [({}, spans)]),
                render("kayba_spans_rejected_total", "counter", "Invalid spans.", [({}, rejected_spans)]),
            )
        )


def render(name: str, kind: str, description: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> str:
    """Return one metric in Prometheus' text format."""
    lines = [f"# HELP {name} {description}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
