"""Changes, deletion and download of many traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.helpers.tracing_requests import TRACES, send, span, trace_id
from tests.unit.kayba_local.explore.conftest import EXPLORE, Get

import kayba_local
from kayba_local.cli import main

pytestmark = pytest.mark.usefixtures("support_traces")


def change(http: httpx.Client, **body: Any) -> httpx.Response:
    return http.patch(f"{EXPLORE}/traces", json=body)


def tags_of(http: httpx.Client, trace: int) -> dict[str, str]:
    info = http.get(f"{TRACES}/{trace_id(trace)}").raise_for_status().json()["trace"]["trace_info"]
    return {key: value for key, value in info["tags"].items() if not key.startswith("mlflow.")}


def test_selected_traces_are_tagged_and_moved(http: httpx.Client, get: Get) -> None:
    before = get("/server")["revision"]
    answer = change(http, filter="tags.team = 'red'", setTags={"reviewed": "yes"}, deleteTags=["team"], folder="done")
    assert answer.raise_for_status().json()["count"] == 2
    assert answer.json()["revision"] > before
    assert tags_of(http, 2) == tags_of(http, 3) == {"kayba.folder": "done", "reviewed": "yes"}
    assert tags_of(http, 1) == {"kayba.folder": "production/billing", "team": "blue"}
    assert [trace["traceId"] for trace in get("/traces", filter="folder = 'done'")["traces"]] == [
        trace_id(3),
        trace_id(2),
    ]


def test_an_empty_folder_takes_traces_out_of_theirs(http: httpx.Client, get: Get) -> None:
    change(http, traceIds=[trace_id(1)], folder="").raise_for_status()
    assert "folder" not in get("/traces", filter="tags.team = 'blue'")["traces"][0]


def test_a_moved_trace_stays_moved_when_its_spans_arrive_again(http: httpx.Client, get: Get) -> None:
    change(http, traceIds=[trace_id(1), trace_id(404)], folder="done").raise_for_status()
    send(http, span(1, 1, attributes={"mlflow.traceTag.kayba.folder": "elsewhere"}), span(1, 9, 1))
    assert tags_of(http, 1)["kayba.folder"] == "done"


@pytest.mark.parametrize(
    "body",
    [
        {"setTags": {"a": "b"}},
        {"filter": "", "setTags": {"a": "b"}},
        {"filter": "nmae = 'x'", "setTags": {"a": "b"}},
        {"traceIds": [], "setTags": {"a": "b"}},
        {"traceIds": ["tr-1"], "setTags": {"a": "b"}, "deleteTags": ["a"]},
        {"traceIds": ["tr-1"], "setTags": {"mlflow.artifactLocation": "b"}},
        {"traceIds": ["tr-1"], "setTags": {"a": 1}},
    ],
)
def test_a_change_without_a_selection_or_with_contradictions_is_a_400(http: httpx.Client, body: dict[str, Any]) -> None:
    before = [tags_of(http, trace) for trace in (1, 2, 3)]
    assert change(http, **body).status_code == 400
    assert [tags_of(http, trace) for trace in (1, 2, 3)] == before


def test_selected_traces_are_deleted(http: httpx.Client, get: Get) -> None:
    answer = http.delete(f"{EXPLORE}/traces", params={"filter": "status = 'ERROR'"}).raise_for_status().json()
    assert answer["count"] == 1
    assert [trace["traceId"] for trace in get("/traces")["traces"]] == [trace_id(3), trace_id(1)]
    named = http.delete(f"{EXPLORE}/traces", params={"traceIds": [trace_id(3), trace_id(404)]}).raise_for_status()
    assert named.json()["count"] == 1
    assert [trace["traceId"] for trace in get("/traces")["traces"]] == [trace_id(1)]


def test_an_empty_request_deletes_nothing(http: httpx.Client, get: Get) -> None:
    assert http.delete(f"{EXPLORE}/traces").status_code == 400
    assert http.delete(f"{EXPLORE}/traces", params={"filter": ""}).status_code == 400
    assert len(get("/traces")["traces"]) == 3


def test_selected_traces_are_downloaded_and_can_be_imported(http: httpx.Client, tmp_path: Path) -> None:
    answer = http.get(f"{EXPLORE}/download", params={"filter": "tags.team = 'red'"}).raise_for_status()
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="traces.jsonl"'
    file = tmp_path / "traces.jsonl"
    file.write_bytes(answer.content)
    store = f"sqlite:///{tmp_path / 'other.db'}"
    main(["import", str(file), "--store", store])
    with kayba_local.serve(store=store) as other:
        rows = httpx.get(f"{other.url}{EXPLORE}/traces").raise_for_status().json()["traces"]
    ours = http.get(f"{EXPLORE}/traces", params={"filter": "tags.team = 'red'"}).raise_for_status().json()["traces"]
    assert [row["traceId"] for row in rows] == [trace_id(3), trace_id(2)]
    assert rows == ours


def test_a_wrong_filter_of_a_download_is_a_400(http: httpx.Client) -> None:
    assert http.get(f"{EXPLORE}/download", params={"filter": "nmae = 'x'"}).status_code == 400
