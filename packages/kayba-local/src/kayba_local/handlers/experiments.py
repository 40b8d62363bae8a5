"""Experiments: find, create, list."""

from __future__ import annotations

from typing import Any, Final

from kayba_local.handlers.errors import refusing
from kayba_local.http.operation import Call
from kayba_local.store import experiments
from kayba_local.store.experiments import Experiment

DEFAULT_PAGE: Final = 1000


@refusing
def get_experiment_by_name(call: Call) -> dict[str, Any]:
    """The experiment of a name."""
    return {"experiment": _write(experiments.get_by_name(call.db, call.query["experiment_name"]))}


@refusing
def get_experiment(call: Call) -> dict[str, Any]:
    """The experiment of an id."""
    return {"experiment": _write(experiments.get(call.db, call.query["experiment_id"]))}


@refusing
def create_experiment(call: Call) -> dict[str, Any]:
    """Create an experiment. Where its files are kept is this server's own business."""
    tags = {tag["key"]: tag["value"] for tag in call.body.get("tags", ())}
    return {"experiment_id": experiments.create(call.db, call.body["name"], tags)}


@refusing
def search_experiments(call: Call) -> dict[str, Any]:
    """A page of experiments."""
    body = call.body
    if body.get("view_type") == "DELETED_ONLY":
        return {}  # here experiments are never deleted
    page = experiments.search(
        call.db,
        body.get("filter", ""),
        body.get("order_by", ()),
        int(body.get("max_results", DEFAULT_PAGE)),
        body.get("page_token"),
    )
    found = [_write(experiment) for experiment in page.experiments]
    answer: dict[str, Any] = {"experiments": found} if found else {}
    return {**answer, "next_page_token": page.next_token} if page.next_token else answer


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


HANDLERS = {
    "getExperimentByName": get_experiment_by_name,
    "getExperiment": get_experiment,
    "createExperiment": create_experiment,
    "searchExperiments": search_experiments,
}
