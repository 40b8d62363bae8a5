"""Experiments: the id for an experiment's name, created on the server if it is missing."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.responses import classify, is_resource_missing
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.mlflow.file import DEFAULT_EXPERIMENT_ID
from kayba_api.api.experiments import create_experiment, get_experiment_by_name
from kayba_api.models import CreatedExperiment, CreateExperimentRequest, ExperimentAnswer

MAX_LOOKUPS: Final = 3
"""Lookups of an experiment that another process may be creating at the same time."""

QUOTE_BYTES: Final = 200


def resolve_experiment(service: ServiceClient, name: str | None) -> str | ExportResult:
    """Return the id of an experiment, creating it if it is missing, or a `Retryable` or `Blocked` result.

    Args:
        service: The client of the server. It remembers the ids of known experiments.
        name: The experiment's name. None for the service's default.

    Raises:
        httpx.HTTPError: No complete response arrived.
    """
    if name is None:
        return DEFAULT_EXPERIMENT_ID
    if name not in service.experiment_ids:
        found = _find_or_create(service, name)
        if not isinstance(found, str):
            return found
        service.experiment_ids[name] = found
    return service.experiment_ids[name]


def _find_or_create(service: ServiceClient, name: str) -> str | ExportResult:
    for _ in range(MAX_LOOKUPS):
        response = service.request(get_experiment_by_name.sync_detailed, experiment_name=name)
        if isinstance(response.parsed, ExperimentAnswer) and _is_id(response.parsed.experiment.experiment_id):
            if response.parsed.experiment.lifecycle_stage == "deleted":
                return Blocked(f"the experiment {name!r} is deleted: restore it, or choose another", "experiment")
            return response.parsed.experiment.experiment_id
        if not is_resource_missing(response):
            break
        response = service.request(create_experiment.sync_detailed, body=CreateExperimentRequest(name=name))
        if isinstance(response.parsed, CreatedExperiment) and _is_id(response.parsed.experiment_id):
            return response.parsed.experiment_id
        if response.status_code not in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT):
            break
        # Another process may have created the experiment between the two requests: look it up again.
    result = classify(response)
    if isinstance(result, Delivered):
        quote = response.content[:QUOTE_BYTES].decode(errors="replace")
        return Retryable(f"the response contains no experiment: {quote}")
    # The traces are not at fault: they are kept until the user chooses another name.
    return Blocked(f"experiment {name!r}: {result.reason}", "experiment") if isinstance(result, Rejected) else result


def _is_id(identifier: object) -> bool:
    """Return whether an id is safe in a header and in a path."""
    return isinstance(identifier, str) and identifier.isascii() and identifier.isalnum()
