"""Handlers of experiments: find, create and search them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.errors import convert_store_errors
from kayba_local.http.operation import Call, Handler
from kayba_local.store import experiments
from kayba_local.store.experiments import Experiment

DEFAULT_PAGE_SIZE: Final = 1000


@convert_store_errors
def get_experiment_by_name(call: Call) -> dict[str, Any]:
    """Return the experiment of a name."""
    return {"experiment": _write(experiments.get_by_name(call.db, call.query["experiment_name"]))}


@convert_store_errors
def get_experiment(call: Call) -> dict[str, Any]:
    """Return the experiment of an id."""
    return {"experiment": _write(experiments.get(call.db, call.query["experiment_id"]))}


@convert_store_errors
def create_experiment(call: Call) -> dict[str, Any]:
    """Create an experiment. The request's artifact location is ignored; the server sets it."""
    tags = {tag["key"]: tag["value"] for tag in call.body.get("tags", ())}
    return {"experiment_id": experiments.create(call.db, call.body["name"], tags)}


@convert_store_errors
def search_experiments(call: Call) -> dict[str, Any]:
    """Return a page of experiments."""
    body = call.body
    if body.get("view_type") == "DELETED_ONLY":
        return {}  # a deleted experiment is gone with its traces
    page = experiments.search(
        call.db,
        body.get("filter", ""),
        body.get("order_by", ()),
        int(body.get("max_results", DEFAULT_PAGE_SIZE)),
        body.get("page_token"),
    )
    found = [_write(experiment) for experiment in page.experiments]
    written: dict[str, Any] = {"experiments": found} if found else {}
    return {**written, "next_page_token": page.next_token} if page.next_token else written


def _write(experiment: Experiment) -> dict[str, Any]:
    return {
        "experiment_id": experiment.id,
        "name": experiment.name,
        "artifact_location": f"mlflow-artifacts:/{experiment.id}",
        "lifecycle_stage": "active",
        "last_update_time": experiment.created_ms,
        "creation_time": experiment.created_ms,
        "tags": [{"key": key, "value": value} for key, value in experiment.tags.items()],
    }


HANDLERS: Final[Mapping[str, Handler]] = {
    "getExperimentByName": get_experiment_by_name,
    "getExperiment": get_experiment,
    "createExperiment": create_experiment,
    "searchExperiments": search_experiments,
}
