"""One attempt to deliver traces: by OTLP, or one by one where a server cannot take that. It tells what happened."""

from __future__ import annotations

import codecs
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from ace_tracing.delivery.fork import no_fork
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.experiments import experiment_id
from ace_tracing.delivery.http.responses import NO_OTLP, is_missing, is_success, outcome_of
from ace_tracing.delivery.http.results import Blocked, ExportResult, Retryable
from ace_tracing.delivery.http.transport import within
from ace_tracing.delivery.mlflow.export import ArtifactExporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ace_tracing.recording.frames import TraceRecord
    from kayba_api.types import Response

ATTEMPT_S = 30.0
"""How long one attempt may take, all of its requests together."""

FIRST_WITH_OTLP = (3, 4)
"""The version of MLflow's API that has OTLP."""

_VERSION = re.compile(rb"(\d{1,6})\.(\d{1,6})")


class ExportRequest(Protocol):
    """Traces of one experiment, to be sent together."""

    @property
    def experiment(self) -> str | None:
        """The name of the experiment; None for the service's default."""

    @property
    def traces(self) -> Sequence[TraceRecord]:
        """The traces themselves."""

    @property
    def content_type(self) -> str:
        """The media type of `otlp()`."""

    @property
    def content_encoding(self) -> str | None:
        """How `otlp()` is compressed; None when it is not."""

    def otlp(self) -> bytes:
        """The body of an OTLP request with all of them."""


class Exporter:
    """Hands encoded spans to a service.

    Args:
        service: where to, and with which key.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self._one_by_one = ArtifactExporter(service)

    def send(self, batch: ExportRequest) -> ExportResult:
        """Try once to store traces in their experiment, which is made when it is missing."""
        with no_fork():
            import httpx

            # Making a client imports more, and so does looking up a host's name.
            self._service.client().get_httpx_client()
            codecs.lookup("idna")
        with within(ATTEMPT_S):
            try:
                return self._send(batch)
            except httpx.HTTPError as error:
                return Retryable(f"{self._service.base_url}: {type(error).__name__}: {error}")

    def close(self) -> None:
        """Close connections."""
        self._service.close()

    def _send(self, batch: ExportRequest) -> ExportResult:
        for _ in range(2):
            found = experiment_id(self._service, batch.experiment)
            if not isinstance(found, str):
                return found
            outcome = self._to(found, batch)
            if outcome is not None:
                return outcome
            if batch.experiment is None:
                return Blocked(f"there is no experiment {found}", "address")
            # It has been deleted since it was found: once more, to find it, or make it, anew.
            self._service.experiment_ids.pop(batch.experiment, None)
        return Retryable(f"the experiment {batch.experiment!r} is not there, although it was found")

    def _to(self, experiment: str, batch: ExportRequest) -> ExportResult | None:
        """Store traces in an experiment; None when it is not there."""
        if self._service.takes_otlp:
            with no_fork():
                from kayba_api.api.tracing import export_traces
                from kayba_api.types import EncodedBody

            answer = self._service.request(
                export_traces.sync_detailed,
                body=EncodedBody(batch.otlp(), batch.content_type, batch.content_encoding),
                x_mlflow_experiment_id=experiment,
            )
            if is_missing(answer):
                return None
            if not self._lacks_otlp(answer):
                return outcome_of(answer)
        return self._one_by_one.send(batch.traces, experiment)

    def _lacks_otlp(self, answer: Response[Any]) -> bool:
        """Whether the answer to spans says that the server cannot take them like this."""
        if answer.status_code in NO_OTLP:
            return True
        if answer.status_code != HTTPStatus.OK or is_success(answer):
            return False
        # Anything at all answers like this. An old server does, where a page is shown for each path it does not know.
        with no_fork():
            from kayba_api.api.tracing import get_version

        version = _VERSION.match(self._service.request(get_version.sync_detailed).content)
        return version is not None and (int(version[1]), int(version[2])) < FIRST_WITH_OTLP
