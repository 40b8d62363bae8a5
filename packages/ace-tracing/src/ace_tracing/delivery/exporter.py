"""One attempt to deliver an encoded request. It answers what happened and decides nothing."""

from __future__ import annotations

import codecs
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from ace_tracing.delivery.importing import no_fork
from ace_tracing.delivery.outcome import Outcome, Refused, Sent, TryAgain
from ace_tracing.delivery.service import DEFAULT_EXPERIMENT_ID, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ace_tracing.record import TraceRecord
    from kayba_api.types import Response

PASSING = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers after which the same request may go through. Spans are stored by id, so sending them twice does no harm."""

FOR_CONTENT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
"""Refusals for something in the request, and not for who sends it, or where to."""


class Batch(Protocol):
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

    def __init__(self, service: Service) -> None:
        self._service = service

    def send(self, batch: Batch) -> Outcome:
        """Try once to store traces in their experiment, which is made when it is missing."""
        with no_fork():
            import httpx

            from kayba_api.api.tracing import export_traces
            from kayba_api.types import EncodedBody

            # Making a client imports more, and so does looking up a host's name.
            self._service.client().get_httpx_client()
            codecs.lookup("idna")
        try:
            experiment_id = self._experiment_id(batch.experiment)
            if not isinstance(experiment_id, str):
                return experiment_id
            response = export_traces.sync_detailed(
                client=self._service.client(),
                body=EncodedBody(batch.otlp(), batch.content_type, batch.content_encoding),
                x_mlflow_experiment_id=experiment_id,
            )
        except httpx.HTTPError as error:
            return TryAgain(f"{self._service.base_url}: {type(error).__name__}: {error}")
        if response.status_code == HTTPStatus.NOT_FOUND and batch.experiment is not None:
            # It may have been deleted since: the traces that follow are to find it, or make it, anew.
            self._service.experiment_ids.pop(batch.experiment, None)
        return _outcome(response)

    def close(self) -> None:
        """Close connections."""
        self._service.close()

    def _experiment_id(self, name: str | None) -> str | Outcome:
        """The id of an experiment, made when it is missing; or why there is none."""
        if name is None:
            return DEFAULT_EXPERIMENT_ID
        known = self._service.experiment_ids
        if name not in known:
            with no_fork():
                from kayba_api.api.experiments import create_experiment, get_experiment_by_name
                from kayba_api.models import CreatedExperiment, CreateExperimentRequest, ExperimentAnswer

            client = self._service.client()
            for _ in range(2):
                found = get_experiment_by_name.sync_detailed(client=client, experiment_name=name)
                if isinstance(found.parsed, ExperimentAnswer):
                    known[name] = found.parsed.experiment.experiment_id
                    break
                if found.status_code != HTTPStatus.NOT_FOUND:
                    return _outcome(found)
                made = create_experiment.sync_detailed(client=client, body=CreateExperimentRequest(name=name))
                if isinstance(made.parsed, CreatedExperiment):
                    known[name] = made.parsed.experiment_id
                    break
                # Refused: another process may have made it in between, so look once more.
            else:
                return _outcome(made)
        return known[name]


def _outcome(response: Response[Any]) -> Outcome:
    status = int(response.status_code)
    if status == HTTPStatus.OK:
        return Sent()
    reason = f"HTTP {status} {response.content[:200].decode(errors='replace')}".strip()
    if status in PASSING:
        return TryAgain(reason, _retry_after(response.headers.get("retry-after")))
    return Refused(reason, for_content=status in FOR_CONTENT)


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from a Retry-After header in either of its forms; None when there is none that can be read."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    # Here, since it takes half of the standard library's mail and network modules with it.
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
