"""Attachments of traces: stored once for each content, until the last trace with them is deleted."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from kayba_local import serve

PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
HOSTILE: Final = [
    b"<!doctype html><script>alert(1)</script>",
    b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    b"%PDF-1.7 with a script",
    b"\x00\x01\x02",
    b"",
]


def id_of(content: bytes) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(content).digest()[:16]))


def path_of(trace: int, content: bytes = PNG, experiment: str = "0") -> str:
    attachments = f"{experiment}/traces/tr-{trace:032x}/artifacts/attachments/{id_of(content)}"
    return f"/api/mlflow/api/2.0/mlflow-artifacts/artifacts/{attachments}"


def put(http: httpx.Client, trace: int, content: bytes = PNG, **more: Any) -> httpx.Response:
    return http.put(path_of(trace, content), content=content, **more)


def send_span(http: httpx.Client, trace: int, *contents: bytes, number: int = 1) -> None:
    """Send a span that refers to attachments."""
    references = [
        f"mlflow-attachment://{id_of(content)}?content_type=image%2Fpng&trace_id=tr-{trace:032x}"
        for content in contents
    ]
    span = {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "name": "look",
        "startTimeUnixNano": str(number),
        "endTimeUnixNano": str(number + 1),
        "attributes": [{"key": "mlflow.spanInputs", "value": {"stringValue": json.dumps(references)}}],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    response = http.post("/api/mlflow/v1/traces", json=body, headers={"x-mlflow-experiment-id": "0"})
    assert response.status_code == 200, response.text


def delete(http: httpx.Client, *traces: int) -> None:
    body = {"experiment_id": "0", "request_ids": [f"tr-{trace:032x}" for trace in traces]}
    response = http.post("/api/mlflow/api/2.0/mlflow/traces/delete-traces", json=body)
    assert response.json() == {"traces_deleted": len(traces)}


def test_an_attachment_is_returned_at_each_path_of_mlflow(http: httpx.Client) -> None:
    stored = put(http, 1)
    assert (stored.status_code, stored.json()) == (200, {})
    assert stored.headers["kayba-attachments"] == "by-content"
    query = {"request_id": f"tr-{1:032x}", "path": id_of(PNG)}
    for response in (
        http.get(path_of(1)),
        http.get("/api/mlflow/ajax-api/2.0/mlflow/get-trace-artifact", params=query),
        http.get("/api/mlflow/ajax-api/3.0/mlflow/get-trace-artifact", params=query),
        http.get(f"/attachment/tr-{1:032x}/{id_of(PNG)}"),
    ):
        assert response.status_code == 200
        assert response.content == PNG
        assert response.headers["content-type"] == "image/png"
        assert response.headers["content-disposition"].startswith("inline")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize("declared", ["image/png", "text/html", "image/svg+xml", "application/javascript"])
def test_a_page_or_a_script_is_only_downloaded(http: httpx.Client, content: bytes, declared: str) -> None:
    put(http, 1, content, headers={"Content-Type": declared})
    for path in (path_of(1, content), f"/attachment/tr-{1:032x}/{id_of(content)}"):
        response = http.get(path)
        assert response.content == content
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["content-disposition"].startswith("attachment")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in response.headers["content-security-policy"]


def test_a_content_is_stored_once_and_deleted_with_its_last_trace(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with serve(store=f"sqlite:///{store}") as server, httpx.Client(base_url=server.url) as http:
        put(http, 1)
        put(http, 1)
        put(http, 2)
        for trace in (1, 2, 3):
            send_span(http, trace, PNG)
        assert count(store) == (1, 3)
        delete(http, 1, 2)
        # The third trace never uploaded it, but its span refers to it.
        assert http.get(path_of(3)).content == PNG
        assert http.get(path_of(1)).status_code == 404
        assert count(store) == (1, 1)
        delete(http, 3)
        assert count(store) == (0, 0)


def count(store: Path) -> tuple[int, int]:
    """Return how many contents and uses a store has."""
    with sqlite3.connect(store) as connection:
        rows = "SELECT (SELECT count(*) FROM attachments), (SELECT count(*) FROM attachment_uses)"
        found: tuple[int, int] = connection.execute(rows).fetchone()
    connection.close()
    return found


def test_another_content_of_the_same_id_replaces_the_first(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with serve(store=f"sqlite:///{store}") as server, httpx.Client(base_url=server.url) as http:
        put(http, 1)
        assert http.put(path_of(1), content=b"another").status_code == 200
        assert http.get(path_of(1)).content == b"another"
        assert count(store) == (1, 1)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (path_of(1, experiment="99"), 404, "RESOURCE_DOES_NOT_EXIST"),
        (path_of(1).replace(id_of(PNG), "traces.txt"), 400, "INVALID_PARAMETER_VALUE"),
        (path_of(1).replace(id_of(PNG), id_of(PNG).upper()), 400, "INVALID_PARAMETER_VALUE"),
        (path_of(1).replace(f"tr-{1:032x}", "tr-1"), 400, "INVALID_PARAMETER_VALUE"),
        (path_of(1).replace(id_of(PNG), "..%2Ftraces.json"), 404, "ENDPOINT_NOT_FOUND"),
    ],
)
def test_a_wrong_path_is_rejected(http: httpx.Client, path: str, status: int, code: str) -> None:
    response = http.put(path, content=PNG)
    assert (response.status_code, response.json()["error_code"]) == (status, code)


def test_an_unknown_attachment_is_a_404(http: httpx.Client) -> None:
    assert http.get(path_of(1)).json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert http.get(f"/attachment/tr-{1:032x}/{id_of(PNG)}").status_code == 404


def test_attachments_need_the_key() -> None:
    with serve(api_key="kb-secret") as server, httpx.Client(base_url=server.url) as http:
        assert put(http, 1).status_code == 401
        assert put(http, 1, headers={"Authorization": "Bearer kb-secret"}).status_code == 200
        assert http.get(path_of(1)).status_code == 401
        page = f"/attachment/tr-{1:032x}/{id_of(PNG)}"
        assert http.get(page).status_code == 401
        assert http.get(page, auth=("", "kb-secret")).content == PNG


def test_another_site_cannot_read_attachments(http: httpx.Client) -> None:
    put(http, 1)
    page = f"/attachment/tr-{1:032x}/{id_of(PNG)}"
    assert http.get(page, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert http.get(page).headers["cross-origin-resource-policy"] == "same-origin"
