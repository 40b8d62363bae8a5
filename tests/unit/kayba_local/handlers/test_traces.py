"""Trace files over HTTP: upload, list, read and delete."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import datetime
from typing import Any

import httpx
import pytest


def upload(http: httpx.Client, *files: dict[str, str]) -> list[str]:
    response = http.post("/api/traces", json={"traces": list(files)})
    assert response.status_code == 200, response.text
    return [file["id"] for file in response.json()["traces"]]


def file(filename: str = "a.md", content: str = "text", file_type: str = "md") -> dict[str, str]:
    return {"filename": filename, "content": content, "fileType": file_type}


def test_an_upload_returns_the_stored_files_in_order(http: httpx.Client) -> None:
    response = http.post("/api/traces", json={"traces": [file("a.md"), file("b.txt", file_type="txt")]}).json()
    assert response["count"] == 2
    assert [stored["filename"] for stored in response["traces"]] == ["a.md", "b.txt"]


def test_files_are_listed_newest_first_without_content(http: httpx.Client) -> None:
    first, second = upload(http, file("a.md", "é")) + upload(http, file("b.json", "{}", "json"))
    listed = http.get("/api/traces").json()["traces"]
    assert [entry["id"] for entry in listed] == [second, first]
    assert listed[1] == {
        "id": first,
        "filename": "a.md",
        "fileType": "md",
        "size": 2,
        "uploadedAt": listed[1]["uploadedAt"],
    }
    assert datetime.fromisoformat(listed[1]["uploadedAt"]).utcoffset() is not None


@pytest.mark.parametrize("content", ["", "x" * 400_000, "nul \x00 and 🎈", "<script>alert(1)</script>"])
def test_content_is_returned_unchanged(http: httpx.Client, content: str) -> None:
    (id_,) = upload(http, file(content=content))
    response = http.get(f"/api/traces/{id_}").json()
    assert response["content"] == content
    assert response["size"] == len(content.encode())


def test_a_batch_keeps_the_order_and_omits_unknown_ids(http: httpx.Client) -> None:
    first, second = upload(http, file("a.md", "A"), file("b.md", "B"))
    response = http.post("/api/traces/batch", json={"ids": [second, "nobody", first]}).json()
    assert [(entry["id"], entry["content"]) for entry in response["traces"]] == [(second, "B"), (first, "A")]


def test_a_deleted_file_is_not_found(http: httpx.Client) -> None:
    gone, kept = upload(http, file("a.md"), file("b.md"))
    response = http.delete(f"/api/traces/{gone}")
    assert (response.status_code, response.content) == (204, b"")
    assert http.get(f"/api/traces/{gone}").status_code == 404
    assert [entry["id"] for entry in http.get("/api/traces").json()["traces"]] == [kept]


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("gzip", lambda data: gzip.compress(data[:10]) + gzip.compress(data[10:])),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data, wbits=-15)),
        ("identity", lambda data: data),
    ],
    ids=["gzip", "upper case", "gzip of two members", "deflate", "bare deflate", "identity"],
)
def test_a_compressed_upload_is_stored_decompressed(http: httpx.Client, encoding: str, compress: Any) -> None:
    body = compress(json.dumps({"traces": [file(content="hello " * 1000)]}).encode())
    headers = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": encoding}
    response = http.post("/api/traces", content=body, headers=headers)
    assert response.status_code == 200, response.text
    (id_,) = [stored["id"] for stored in response.json()["traces"]]
    assert http.get(f"/api/traces/{id_}").json()["content"] == "hello " * 1000
