"""The exporter's interface: single attempts to send traces and feedback to one service."""

from __future__ import annotations

from typing import Protocol

from ace_tracing.delivery.http.results import ExportResult
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.recording.feedback import Feedback


class SpanExporter(Protocol):
    """Client of one service that makes single attempts."""

    def send(self, batch: ExportRequest) -> ExportResult:
        """Try once to deliver the traces of one experiment, and return the result."""

    def send_feedback(self, feedback: Feedback, *, is_repeated: bool) -> ExportResult | None:
        """Try once to deliver feedback, and return the result, or None if the trace is missing.

        Args:
            feedback: The feedback.
            is_repeated: Whether an earlier attempt may have delivered it.
        """

    def close(self) -> None:
        """Close connections."""
