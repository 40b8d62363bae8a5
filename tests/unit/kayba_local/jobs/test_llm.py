"""A model that words what was found: a stand-in for Anthropic's API on loopback, in its good and bad hours."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.helpers.insight_jobs import generate, insights, upload, wait
from tests.unit.kayba_local.test_cli import running

import kayba_local
from kayba_local.jobs import llm
from kayba_local.store.database import Database

KEY = "sk-ant-secret-of-the-test"
Answer = Callable[[dict[str, Any]], tuple[int, Any]]


def words(request: dict[str, Any]) -> tuple[int, Any]:
    """As the API answers, with a fence around the JSON."""
    findings = json.loads(request["messages"][0]["content"])
    said = json.dumps([f"Worded: {finding['finding'][:20]}" for finding in findings])
    return 200, {"type": "message", "content": [{"type": "text", "text": f"```json\n{said}\n```"}]}


@contextmanager
def stand_in(answer: Answer) -> Iterator[tuple[str, list[tuple[str, dict[str, str], dict[str, Any]]]]]:
    """Serve; gives the URL, and the requests with their headers as they come."""
    seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, content = answer(body)
            encoded = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_: Any) -> None:
            """Keep the output of the tests."""

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


def test_the_model_words_what_was_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with stand_in(words) as (url, seen), served(url, tmp_path / "kayba.db") as http:
        file = upload(http, "".join(f"E{number}Error: x\n" for number in range(llm.A_REQUEST + 1)))
        job = wait(http, generate(http, anthropicApiKey=KEY, model="claude-opus-4-6"))
        http.post(f"/api/jobs/{job['jobId']}").raise_for_status()
        found = insights(http)
    assert job["result"]["modelUsed"] is True
    assert job["result"]["notes"] == ["claude-opus-4-6 was asked to word the insights."]
    assert len(found) == llm.A_REQUEST + 1
    assert all(insight["content"].startswith("Worded: `E") for insight in found)
    assert all((insight["traceIds"], insight["occurrences"]) == ([file], 1) for insight in found)
    assert [(path, body["model"]) for path, _, body in seen] == [("/v1/messages", "claude-opus-4-6")] * 2
    assert all(headers["x-api-key"] == KEY and headers["anthropic-version"] for _, headers, _ in seen)
    assert KEY not in caplog.text
    assert KEY not in json.dumps([job, found])
    assert not [path for path in tmp_path.iterdir() if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: (401, {"error": {"message": f"invalid x-api-key {KEY}"}}), "it answered with status 401"),
        (lambda _: (529, {}), "it answered with status 529"),
        (lambda _: (200, b"<html>"), "it did not answer with one text for each finding"),
        (lambda _: (200, {"content": [{"type": "text", "text": "I cannot."}]}), "it did not answer with one text"),
        (lambda _: (200, {"content": [{"type": "text", "text": "[]"}]}), "it did not answer with one text"),
        (lambda _: (200, {"content": [{"type": "text", "text": '[{"a": 1}]'}]}), "it did not answer with one text"),
        (lambda _: (200, {"content": [{"type": "text", "text": '["  "]'}]}), "it did not answer with one text"),
        (lambda _: (200, ["content"]), "it did not answer with one text"),
        (lambda _: (200, {"content": [{"type": "text", "text": json.dumps(["x" * 2_001])}]}), "it did not answer with"),
    ],
)
def test_a_model_that_fails_does_not_fail_the_job(answer: Answer, said: str) -> None:
    with stand_in(answer) as (url, seen), served(url) as http:
        assert_plain_words(http, KEY, said)
        assert len(seen) == 1


@pytest.mark.parametrize("key", [KEY, f"{KEY}\r\nx-more: 1", f"{KEY}ü", " "])
def test_neither_does_one_that_cannot_be_asked(key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with served("http://127.0.0.1:9") as http:
        assert_plain_words(http, key, "it cannot be asked (")
    assert KEY not in caplog.text


def test_neither_does_one_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm, "TIMEOUT_S", 0.05)
    asked = threading.Event()

    def hang(_: dict[str, Any]) -> tuple[int, Any]:
        asked.wait(10)
        return 200, {}

    with stand_in(hang) as (url, _), served(url) as http:
        assert_plain_words(http, KEY, "no answer within 0.05 seconds")
        asked.set()


def test_a_model_is_not_asked_about_nothing() -> None:
    with stand_in(words) as (url, seen), served(url) as http:
        result = wait(http, generate(http, anthropicApiKey=KEY))["result"]
    assert (seen, result["modelUsed"]) == ([], False)
    assert result["notes"] == ["No model was used: there was nothing to word."]


def test_a_process_is_killed_while_it_waits_and_the_next_one_goes_on_without_the_key(tmp_path: Path) -> None:
    asked, ended = threading.Event(), threading.Event()

    def hang(_: dict[str, Any]) -> tuple[int, Any]:
        asked.set()
        ended.wait(30)
        return 503, {}

    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with stand_in(hang) as (url, seen), running("--store", store, "--model-url", url) as (process, server_url):
        with httpx.Client(base_url=server_url) as http:
            upload(http, "KeyError: 'x'\n")
            job_id = generate(http, anthropicApiKey=KEY)
        assert asked.wait(30)
        process.kill()
        process.wait(30)
        ended.set()
    with closing(Database.open(store)) as db, db.write() as tx:
        assert [row["status"] for row in tx.rows("SELECT status FROM jobs")] == ["running"]
        tx.run("UPDATE jobs SET lease_ms = 0")
    with kayba_local.serve(store=store, model_url=url) as server, httpx.Client(base_url=server.url) as http:
        job = wait(http, job_id)
    assert (job["status"], job["result"]["skillsGenerated"], job["result"]["modelUsed"]) == ("completed", 1, False)
    assert "gone after a restart" in job["result"]["notes"][0]
    assert len(seen) == 1


def assert_plain_words(http: httpx.Client, key: str, said: str) -> None:
    """That a job with this key ends well, in the analysis' own words, and says why."""
    upload(http, "KeyError: 'x'\n")
    job = wait(http, generate(http, anthropicApiKey=key))
    http.post(f"/api/jobs/{job['jobId']}").raise_for_status()
    (insight,) = insights(http)
    assert (job["status"], job["result"]["modelUsed"]) == ("completed", False)
    assert said in job["result"]["notes"][0]
    assert said in job["result"]["summary"]
    assert insight["content"].startswith("`KeyError` is reported once")
    assert KEY not in json.dumps([job, insight])
