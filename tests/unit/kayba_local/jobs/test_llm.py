"""LLM summaries against a fake of Anthropic's API on loopback: success, errors, silence and restarts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.helpers.insight_jobs import generate, insights, upload, wait
from tests.helpers.server_process import run_server

import kayba_local
from kayba_local.jobs import llm
from kayba_local.store.database import Database

KEY: Final = "sk-ant-secret-of-the-test"
FakeResponse = Callable[[dict[str, Any]], tuple[int, Any]]


def rewrite(request: dict[str, Any]) -> tuple[int, Any]:
    """Respond as the API does, with a Markdown fence around the JSON."""
    findings = json.loads(request["messages"][0]["content"])
    texts = json.dumps([f"Rewritten: {finding['finding'][:20]}" for finding in findings])
    return 200, {"type": "message", "content": [{"type": "text", "text": f"```json\n{texts}\n```"}]}


@contextmanager
def fake_api(respond: FakeResponse) -> Iterator[tuple[str, list[tuple[str, dict[str, str], dict[str, Any]]]]]:
    """Serve the fake API; yields its URL and the list of received requests with their headers."""
    seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, content = respond(body)
            encoded = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served(model_url: str, store: Path | None = None) -> Iterator[httpx.Client]:
    url = None if store is None else f"sqlite:///{store}"
    with kayba_local.serve(model_url=model_url, store=url) as server, httpx.Client(base_url=server.url) as http:
        yield http


def test_a_model_rewrites_the_findings_of_a_job(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with fake_api(rewrite) as (url, seen), served(url, tmp_path / "kayba.db") as http:
        file = upload(http, "".join(f"E{number}Error: x\n" for number in range(llm.MAX_FINDINGS_PER_REQUEST + 1)))
        job = wait(http, generate(http, anthropicApiKey=KEY, model="claude-opus-4-6"))
        http.post(f"/api/jobs/{job['jobId']}").raise_for_status()
        found = insights(http)
    assert job["result"]["modelUsed"] is True
    assert job["result"]["notes"] == ["claude-opus-4-6 rewrote the insights."]
    assert len(found) == llm.MAX_FINDINGS_PER_REQUEST + 1
    assert all(insight["content"].startswith("Rewritten: `E") for insight in found)
    assert all((insight["traceIds"], insight["occurrences"]) == ([file], 1) for insight in found)
    assert [(path, body["model"]) for path, _, body in seen] == [("/v1/messages", "claude-opus-4-6")] * 2
    assert all(headers["x-api-key"] == KEY and headers["anthropic-version"] for _, headers, _ in seen)
    assert KEY not in caplog.text
    assert KEY not in json.dumps([job, found])
    assert not [path for path in tmp_path.iterdir() if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (lambda _: (401, {"error": {"message": f"invalid x-api-key {KEY}"}}), "the API returned status 401"),
        (lambda _: (529, {}), "the API returned status 529"),
        (lambda _: (200, b"<html>"), "the response does not contain one text for each finding"),
        (
            lambda _: (200, {"content": [{"type": "text", "text": "I cannot."}]}),
            "the response does not contain one text",
        ),
        (lambda _: (200, {"content": [{"type": "text", "text": "[]"}]}), "the response does not contain one text"),
        (
            lambda _: (200, {"content": [{"type": "text", "text": '[{"a": 1}]'}]}),
            "the response does not contain one text",
        ),
        (lambda _: (200, {"content": [{"type": "text", "text": '["  "]'}]}), "the response does not contain one text"),
        (lambda _: (200, ["content"]), "the response does not contain one text"),
        (
            lambda _: (200, {"content": [{"type": "text", "text": json.dumps(["x" * 2_001])}]}),
            "the response does not contain one",
        ),
    ],
)
def test_a_job_completes_when_the_model_returns_an_error(response: FakeResponse, error: str) -> None:
    with fake_api(response) as (url, seen), served(url) as http:
        assert_completes_without_model(http, KEY, error)
        assert len(seen) == 1


@pytest.mark.parametrize("key", [KEY, f"{KEY}\r\nx-more: 1", f"{KEY}ü", " "])
def test_a_job_completes_when_the_model_request_fails(key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with served("http://127.0.0.1:9") as http:
        assert_completes_without_model(http, key, "the request failed (")
    assert KEY not in caplog.text


def test_a_job_completes_when_the_model_does_not_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm, "TIMEOUT_S", 0.05)
    released = threading.Event()

    def hang(_: dict[str, Any]) -> tuple[int, Any]:
        released.wait(120)
        return 200, {}

    with fake_api(hang) as (url, _), served(url) as http:
        assert_completes_without_model(http, KEY, "no response within 0.05 seconds")
        released.set()


def test_no_model_request_is_sent_without_findings() -> None:
    with fake_api(rewrite) as (url, seen), served(url) as http:
        result = wait(http, generate(http, anthropicApiKey=KEY))["result"]
    assert (seen, result["modelUsed"]) == ([], False)
    assert result["notes"] == ["No model was used: there are no findings."]


def test_a_job_killed_during_a_model_request_completes_without_the_key(tmp_path: Path) -> None:
    asked, ended = threading.Event(), threading.Event()

    def hang(_: dict[str, Any]) -> tuple[int, Any]:
        asked.set()
        ended.wait(120)
        return 503, {}

    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with fake_api(hang) as (url, seen), run_server("--store", store, "--model-url", url) as (process, server_url):
        with httpx.Client(base_url=server_url) as http:
            upload(http, "KeyError: 'x'\n")
            job_id = generate(http, anthropicApiKey=KEY)
        assert asked.wait(120)
        process.kill()
        process.wait(120)
        ended.set()
    with closing(Database.open(store)) as db, db.write() as tx:
        assert [row["status"] for row in tx.rows("SELECT status FROM jobs")] == ["running"]
        tx.run("UPDATE jobs SET lease_ms = 0")
    with kayba_local.serve(store=store, model_url=url) as server, httpx.Client(base_url=server.url) as http:
        job = wait(http, job_id)
    assert (job["status"], job["result"]["skillsGenerated"], job["result"]["modelUsed"]) == ("completed", 1, False)
    assert "the server restarted" in job["result"]["notes"][0]
    assert len(seen) == 1


def assert_completes_without_model(http: httpx.Client, key: str, error: str) -> None:
    """Assert that a job with this key completes with the analysis' texts, and reports the error."""
    upload(http, "KeyError: 'x'\n")
    job = wait(http, generate(http, anthropicApiKey=key))
    http.post(f"/api/jobs/{job['jobId']}").raise_for_status()
    (insight,) = insights(http)
    assert (job["status"], job["result"]["modelUsed"]) == ("completed", False)
    assert error in job["result"]["notes"][0]
    assert error in job["result"]["summary"]
    assert insight["content"].startswith("`KeyError` is reported once")
    assert KEY not in json.dumps([job, insight])
