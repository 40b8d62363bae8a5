"""Experiments over HTTP: create, find and search."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.helpers.tracing_requests import EXPERIMENTS, Json


def create(http: httpx.Client, name: str, **fields: Any) -> str:
    response = http.post(f"{EXPERIMENTS}/create", json={"name": name, **fields})
    id_: str = response.raise_for_status().json()["experiment_id"]
    return id_


def search(http: httpx.Client, **body: Any) -> Json:
    page: Json = http.post(f"{EXPERIMENTS}/search", json=body).raise_for_status().json()
    return page


def names(page: Json) -> list[str]:
    return [experiment["name"] for experiment in page["experiments"]]


def test_the_default_experiment_always_exists(http: httpx.Client) -> None:
    by_name = http.get(f"{EXPERIMENTS}/get-by-name", params={"experiment_name": "Default"}).json()["experiment"]
    assert by_name["experiment_id"] == "0"
    assert http.get(f"{EXPERIMENTS}/get", params={"experiment_id": "0"}).json() == {"experiment": by_name}


def test_a_new_experiment_is_found_by_name_and_id(http: httpx.Client) -> None:
    id_ = create(http, "my experiment / ü", tags=[{"key": "team", "value": "agents"}], artifact_location="s3://x")
    experiment = http.get(f"{EXPERIMENTS}/get", params={"experiment_id": id_}).json()["experiment"]
    created = experiment.pop("creation_time")
    assert created > 1_600_000_000_000
    assert experiment == {
        "experiment_id": id_,
        "name": "my experiment / ü",
        "artifact_location": f"mlflow-artifacts:/{id_}",
        "lifecycle_stage": "active",
        "last_update_time": created,
        "tags": [{"key": "team", "value": "agents"}],
    }
    found = http.get(f"{EXPERIMENTS}/get-by-name", params={"experiment_name": "my experiment / ü"}).json()
    assert found["experiment"]["experiment_id"] == id_


def test_a_duplicate_name_returns_already_exists(http: httpx.Client) -> None:
    create(http, "mine")
    response = http.post(f"{EXPERIMENTS}/create", json={"name": "mine"})
    assert (response.status_code, response.json()["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    assert "mine" in response.json()["message"]
    assert create(http, "MINE")


@pytest.mark.parametrize(
    ("path", "parameters", "message"),
    [
        ("get-by-name", {"experiment_name": "none"}, "Could not find experiment with name 'none'"),
        ("get", {"experiment_id": "12345"}, "12345"),
    ],
)
def test_an_unknown_experiment_returns_404(http: httpx.Client, path: str, parameters: Json, message: str) -> None:
    response = http.get(f"{EXPERIMENTS}/{path}", params=parameters)
    assert (response.status_code, response.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert message in response.json()["message"]


def test_experiments_are_listed_newest_first_in_pages(http: httpx.Client) -> None:
    created = [f"e{number}" for number in range(5)]
    for name in created:
        create(http, name)
    listed: list[str] = []
    body: Json = {"max_results": 2}
    while len(listed) <= len(created):
        page = search(http, **body)
        listed += names(page)
        if "next_page_token" not in page:
            break
        body["page_token"] = page["next_page_token"]
    assert listed == [*reversed(created), "Default"]


def test_experiments_are_filtered_and_sorted(http: httpx.Client) -> None:
    for name in ("b-test", "a-test", "other"):
        create(http, name)
    assert names(search(http, filter="name LIKE '%-test'", order_by=["name ASC"])) == ["a-test", "b-test"]
    assert names(search(http, filter="attribute.name = 'other'")) == ["other"]
    assert names(search(http, order_by=["experiment_id"], view_type="ALL"))[0] == "Default"
    assert names(search(http, filter="creation_time = 0")) == ["Default"]
    assert search(http, filter="name = 'none'") == {}
    assert search(http, view_type="DELETED_ONLY") == {}


def test_an_invalid_filter_returns_its_error(http: httpx.Client) -> None:
    response = http.post(f"{EXPERIMENTS}/search", json={"filter": "colour = 'red'"})
    assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "unknown field 'colour' at position 1; the fields are name" in response.json()["message"]
