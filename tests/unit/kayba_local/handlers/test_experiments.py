"""Experiments over HTTP: found, created, listed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.helpers.tracing_requests import EXPERIMENTS, Json


def create(http: httpx.Client, name: str, **fields: Any) -> str:
    answer = http.post(f"{EXPERIMENTS}/create", json={"name": name, **fields})
    id_: str = answer.raise_for_status().json()["experiment_id"]
    return id_


def search(http: httpx.Client, **body: Any) -> Json:
    page: Json = http.post(f"{EXPERIMENTS}/search", json=body).raise_for_status().json()
    return page


def names(page: Json) -> list[str]:
    return [experiment["name"] for experiment in page["experiments"]]


def test_the_default_experiment_is_always_there(http: httpx.Client) -> None:
    by_name = http.get(f"{EXPERIMENTS}/get-by-name", params={"experiment_name": "Default"}).json()["experiment"]
    assert by_name["experiment_id"] == "0"
    assert http.get(f"{EXPERIMENTS}/get", params={"experiment_id": "0"}).json() == {"experiment": by_name}


def test_one_that_was_created_is_found_by_name_and_id(http: httpx.Client) -> None:
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


def test_a_name_is_taken_once(http: httpx.Client) -> None:
    create(http, "mine")
    answer = http.post(f"{EXPERIMENTS}/create", json={"name": "mine"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    assert "mine" in answer.json()["message"]
    assert create(http, "MINE")


@pytest.mark.parametrize(
    ("path", "parameters", "said"),
    [
        ("get-by-name", {"experiment_name": "none"}, "Could not find experiment with name 'none'"),
        ("get", {"experiment_id": "12345"}, "12345"),
    ],
)
def test_an_unknown_one_is_not_found(http: httpx.Client, path: str, parameters: Json, said: str) -> None:
    answer = http.get(f"{EXPERIMENTS}/{path}", params=parameters)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert said in answer.json()["message"]


def test_they_are_listed_newest_first_a_page_at_a_time(http: httpx.Client) -> None:
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


def test_they_are_filtered_and_sorted(http: httpx.Client) -> None:
    for name in ("b-test", "a-test", "other"):
        create(http, name)
    assert names(search(http, filter="name LIKE '%-test'", order_by=["name ASC"])) == ["a-test", "b-test"]
    assert names(search(http, filter="attribute.name = 'other'")) == ["other"]
    assert names(search(http, order_by=["experiment_id"], view_type="ALL"))[0] == "Default"
    assert names(search(http, filter="creation_time = 0")) == ["Default"]
    assert search(http, filter="name = 'none'") == {}
    assert search(http, view_type="DELETED_ONLY") == {}


def test_says_what_is_wrong_with_a_filter(http: httpx.Client) -> None:
    answer = http.post(f"{EXPERIMENTS}/search", json={"filter": "colour = 'red'"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "no field 'colour'; use name" in answer.json()["message"]
