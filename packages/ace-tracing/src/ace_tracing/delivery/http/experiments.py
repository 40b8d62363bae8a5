"""From an experiment's name to its id, which is what requests name it by."""

from __future__ import annotations

from http import HTTPStatus

from ace_tracing.delivery.fork import no_fork
from ace_tracing.delivery.http.client import DEFAULT_EXPERIMENT_ID, ServiceClient
from ace_tracing.delivery.http.responses import is_missing, outcome_of
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable

LOOKS = 3
"""How often an experiment is looked for that another process may be making just now."""


def experiment_id(service: ServiceClient, name: str | None) -> str | ExportResult:
    """Return the id of an experiment, created when it is missing, or a `Retryable` or `Blocked` result.

    Args:
        service: where it is; remembers what was found.
        name: its name; None for the service's default.

    Raises:
        httpx.HTTPError: there was no whole answer.
    """
    if name is None:
        return DEFAULT_EXPERIMENT_ID
    if name not in service.experiment_ids:
        found = _found_or_made(service, name)
        if not isinstance(found, str):
            return found
        service.experiment_ids[name] = found
    return service.experiment_ids[name]


def _found_or_made(service: ServiceClient, name: str) -> str | ExportResult:
    with no_fork():
        from kayba_api.api.experiments import create_experiment, get_experiment_by_name
        from kayba_api.models import CreatedExperiment, CreateExperimentRequest, ExperimentAnswer

    for _ in range(LOOKS):
        answer = service.request(get_experiment_by_name.sync_detailed, experiment_name=name)
        if isinstance(answer.parsed, ExperimentAnswer) and _is_id(answer.parsed.experiment.experiment_id):
            if answer.parsed.experiment.lifecycle_stage == "deleted":
                return Blocked(f"the experiment {name!r} is deleted: restore it, or choose another", "address")
            return answer.parsed.experiment.experiment_id
        if not is_missing(answer):
            break
        answer = service.request(create_experiment.sync_detailed, body=CreateExperimentRequest(name=name))
        if isinstance(answer.parsed, CreatedExperiment) and _is_id(answer.parsed.experiment_id):
            return answer.parsed.experiment_id
        if answer.status_code not in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT):
            break
        # Refused: another process may have made it in between, so look once more.
    outcome = outcome_of(answer)
    if isinstance(outcome, Delivered):
        return Retryable(f"no experiment in the answer: {answer.content[:200].decode(errors='replace')}")
    # Not for anything in the traces, which are to be kept until a name is chosen that can be had.
    return Blocked(f"experiment {name!r}: {outcome.reason}", "address") if isinstance(outcome, Rejected) else outcome


def _is_id(identifier: object) -> bool:
    """Whether it can be sent in a header and in a path."""
    return isinstance(identifier, str) and identifier.isascii() and identifier.isalnum()
