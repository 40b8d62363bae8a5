"""Trace files over HTTP: what goes in comes out."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import datetime
from typing import Any

import httpx
import pytest


def upload(http: httpx.Client, *files: dict[str, str]) -> list[str]:
    answer = http.post("/api/traces", json={"traces": list(files)})
    assert answer.status_code == 200, answer.text
    return [file["id"] for file in answer.json()["traces"]]


def file(filename: str = "a.md", content: str = "text", file_type: str = "md") -> dict[str, str]:
    return {"filename": filename, "content": content, "fileType": file_type}


def test_upload_answers_what_it_stored_in_order(http: httpx.Client) -> None:
    answer = http.post("/api/traces", json={"traces": [file("a.md"), file("b.txt", file_type="txt")]}).json()
    assert answer["count"] == 2
    assert [stored["filename"] for stored in answer["traces"]] == ["a.md", "b.txt"]


def test_list_tells_all_but_the_content_newest_first(http: httpx.Client) -> None:
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
def test_content_comes_back_as_it_was(http: httpx.Client, content: str) -> None:
    (id_,) = upload(http, file(content=content))
    answer = http.get(f"/api/traces/{id_}").json()
    assert answer["content"] == content
    assert answer["size"] == len(content.encode())


def test_batch_keeps_the_order_and_leaves_out_what_is_unknown(http: httpx.Client) -> None:
    first, second = upload(http, file("a.md", "A"), file("b.md", "B"))
    answer = http.post("/api/traces/batch", json={"ids": [second, "nobody", first]}).json()
    assert [(entry["id"], entry["content"]) for entry in answer["traces"]] == [(second, "B"), (first, "A")]


def test_delete_removes_one(http: httpx.Client) -> None:
    gone, kept = upload(http, file("a.md"), file("b.md"))
    answer = http.delete(f"/api/traces/{gone}")
    assert (answer.status_code, answer.content) == (204, b"")
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
def test_a_compressed_upload(http: httpx.Client, encoding: str, compress: Any) -> None:
    body = compress(json.dumps({"traces": [file(content="hello " * 1000)]}).encode())
    headers = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": encoding}
    answer = http.post("/api/traces", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    (id_,) = [stored["id"] for stored in answer.json()["traces"]]
    assert http.get(f"/api/traces/{id_}").json()["content"] == "hello " * 1000
