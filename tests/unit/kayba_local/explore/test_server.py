"""The server's facts, its retention, compaction, and the deletion of experiments."""

from __future__ import annotations

from importlib.metadata import version

import httpx
from tests.helpers.tracing_requests import EXPERIMENTS, START_NS, search_ids, send, span, trace_id
from tests.unit.kayba_local.explore.conftest import EXPLORE, Get

import kayba_local


def test_the_facts_of_a_store(http: httpx.Client, get: Get) -> None:
    empty = get("/server")
    assert (empty["traces"], empty["spans"], "oldestMs" in empty) == (0, 0, False)
    send(http, span(1, 1), span(1, 2, 1), span(2, 1))
    facts = get("/server")
    assert (facts["traces"], facts["spans"], facts["oldestMs"]) == (2, 3, START_NS / 1_000_000)
    assert facts["version"] == version("kayba-local")
    assert facts["revision"] > empty["revision"]
    assert facts["storedBytes"] > 0
    assert (facts["keyRequired"], facts["retention"]) == (False, {})


def test_the_key_is_named_as_required() -> None:
    with kayba_local.serve(api_key="kb-1") as server:
        url = f"{server.url}{EXPLORE}/server"
        assert httpx.get(url).status_code == 401
        answer = httpx.get(url, headers={"Authorization": "Bearer kb-1"}).raise_for_status().json()
    assert answer["keyRequired"] is True


def test_the_retention_is_stored(http: httpx.Client, get: Get) -> None:
    assert http.put(f"{EXPLORE}/retention", json={"keepDays": 30, "keepBytes": 1e9}).raise_for_status().json() == {
        "keepDays": 30,
        "keepBytes": 1_000_000_000,
    }
    assert get("/server")["retention"] == {"keepDays": 30, "keepBytes": 1_000_000_000}
    http.put(f"{EXPLORE}/retention", json={}).raise_for_status()
    assert get("/server")["retention"] == {}
    assert http.put(f"{EXPLORE}/retention", json={"keepDays": 0}).status_code == 400


def test_compaction_gives_the_space_of_deleted_traces_back(http: httpx.Client) -> None:
    for trace in range(1, 6):
        send(http, span(trace, 1, attributes={"text": f"{trace}" * 300_000}))
    http.delete(f"{EXPLORE}/traces", params={"q": "", "filter": "name = 'step'"}).raise_for_status()
    sizes = http.post(f"{EXPLORE}/compaction").raise_for_status().json()
    assert sizes["storedBytesAfter"] < sizes["storedBytesBefore"]
    assert http.get(f"{EXPLORE}/server").json()["freeBytes"] == 0


def test_an_experiment_is_deleted_with_its_traces(http: httpx.Client) -> None:
    created = http.post(f"{EXPERIMENTS}/create", json={"name": "old"}).raise_for_status().json()["experiment_id"]
    send(http, span(1, 1), experiment=created)
    send(http, span(2, 1))
    assert http.delete(f"{EXPLORE}/experiments/{created}").raise_for_status().json()["count"] == 1
    assert search_ids(http, "0", created) == [trace_id(2)]
    assert http.delete(f"{EXPLORE}/experiments/{created}").status_code == 404
    assert http.delete(f"{EXPLORE}/experiments/0").status_code == 400
    assert search_ids(http, "0") == [trace_id(2)]
