"""The exporter: one attempt to deliver traces, by OTLP or, where a server does not support it, as MLflow artifacts."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import httpx

from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.deadline import seconds_left, time_limit
from ace_tracing.delivery.http.experiments import resolve_experiment
from ace_tracing.delivery.http.feedback import FeedbackExporter
from ace_tracing.delivery.http.responses import NO_OTLP, classify, is_delivered, is_resource_missing
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Retryable
from ace_tracing.delivery.mlflow.attachments import AttachmentExporter
from ace_tracing.delivery.mlflow.export import ArtifactExporter
from ace_tracing.delivery.mlflow.facts import needs_info, send_facts
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.status import AttachmentCounts
from ace_tracing.recording.feedback import Feedback
from kayba_api.api.tracing import export_traces, get_version
from kayba_api.types import EncodedBody, Response

ATTEMPT_S: Final = 30.0
"""Time limit of one attempt, for all its requests together."""

MIN_INFO_S: Final = 5.0
"""With less time left in an attempt, no further info is sent: one takes up to four requests."""

MIN_OTLP_VERSION: Final = (3, 4)
"""The first version of MLflow's API with OTLP."""

_VERSION: Final = re.compile(rb"(\d{1,6})\.(\d{1,6})")


class _Progress:
    """Progress of a batch whose spans are stored, so that a repeated attempt sends only the remaining infos.

    Args:
        batch: The batch.

    Attributes:
        batch: The batch.
        has_stored_spans: Whether the server has stored its spans.
        without_info: The traces whose infos are still to be sent.
        result: The sum of the results so far.
    """

    def __init__(self, batch: ExportRequest) -> None:
        self.batch = batch
        self.has_stored_spans = False
        self.without_info = deque(trace for trace in batch.traces if needs_info(trace))
        self.result = Delivered()

    def record(self, result: Delivered) -> None:
        """Add the result of one request."""
        self.result = Delivered(self.result.rejected + result.rejected, self.result.reason or result.reason)


class Exporter:
    """Sends export requests to one service.

    Args:
        service: The client of the service.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self._artifacts = ArtifactExporter(service)
        self._attachments = AttachmentExporter(service)
        self._feedback = FeedbackExporter(service)
        self._progress: _Progress | None = None

    @property
    def attachment_counts(self) -> AttachmentCounts:
        """The counts of attachments so far."""
        return self._attachments.counts

    def send(self, batch: ExportRequest) -> ExportResult:
        """Try once to store traces in their experiment, which is created if it is missing."""
        with time_limit(ATTEMPT_S):
            try:
                result = self._send(batch)
            except httpx.HTTPError as error:
                return Retryable(f"{self._service.base_url}: {type(error).__name__}: {error}")
        # The response may be the proxy's.
        return (
            result
            if isinstance(result, Delivered)
            else replace(result, reason=result.reason + self._service.proxy_note)
        )

    def send_feedback(self, feedback: Feedback, *, is_repeated: bool) -> ExportResult | None:
        """Try once to store feedback. Return None if the trace is missing.

        Args:
            feedback: The feedback.
            is_repeated: Whether an earlier attempt may have stored it.
        """
        return self._feedback.send(feedback, is_repeated=is_repeated)

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def _send(self, batch: ExportRequest) -> ExportResult:
        for _ in range(2):
            experiment_id = resolve_experiment(self._service, batch.experiment)
            if not isinstance(experiment_id, str):
                return experiment_id
            result = self._store(batch, experiment_id)
            if result is not None:
                return result
            if batch.experiment is None:
                return Blocked(f"there is no experiment {experiment_id}", "address")
            # The experiment was deleted after its id was remembered: look it up or create it again.
            self._service.experiment_ids.pop(batch.experiment, None)
        return Retryable(f"the experiment {batch.experiment!r} was found, but storing traces in it failed with 404")

    def _store(self, batch: ExportRequest, experiment_id: str) -> ExportResult | None:
        """Store traces in an experiment. Return None if the experiment is missing."""
        failure = self._attachments.replace_media(batch, experiment_id)
        if failure is not None:
            return failure[0]
        if not self._service.supports_otlp:
            return self._artifacts.send(batch.traces, experiment_id)
        progress = self._progress
        if progress is None or progress.batch is not batch:
            progress = _Progress(batch)
        if batch.has_spans and not progress.has_stored_spans:
            response = self._service.request(
                export_traces.sync_detailed,
                body=EncodedBody(batch.otlp(), batch.content_type, batch.content_encoding),
                x_mlflow_experiment_id=experiment_id,
            )
            if is_resource_missing(response):
                return None
            if self._lacks_otlp(response):
                return self._artifacts.send(batch.traces, experiment_id)
            result = classify(response)
            if not isinstance(result, Delivered):
                return result
            progress.record(result)
            progress.has_stored_spans = True
        self._progress = progress
        return self._send_facts(progress, experiment_id)

    def _send_facts(self, progress: _Progress, experiment_id: str) -> ExportResult:
        """Send the infos that the traces of a stored batch still need."""
        sent_any = False
        while progress.without_info:
            if sent_any and (seconds_left() or 0.0) < MIN_INFO_S:
                return Retryable(f"{len(progress.without_info)} trace infos are still to be sent", 0.0)
            result = send_facts(self._service, progress.without_info[0], experiment_id)
            if not isinstance(result, Delivered):
                return result
            progress.without_info.popleft()
            progress.record(result)
            sent_any = True
        self._progress = None
        return progress.result

    def _lacks_otlp(self, response: Response[Any]) -> bool:
        """Return whether a response to an OTLP request shows that the server does not support OTLP."""
        if response.status_code in NO_OTLP:
            return True
        if response.status_code != HTTPStatus.OK or is_delivered(response):
            return False
        # A 200 of another kind may come from a proxy, or from an old MLflow, which serves its web page on every
        # unknown path. Only its version distinguishes the two.
        version = _VERSION.match(self._service.request(get_version.sync_detailed).content)
        return version is not None and (int(version[1]), int(version[2])) < MIN_OTLP_VERSION
