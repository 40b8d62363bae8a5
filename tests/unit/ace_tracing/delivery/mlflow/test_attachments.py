"""Attachments: media are uploaded before their spans, once for each content, and their loss costs no span."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from tests.helpers.faulty_server import FakeResponse, FaultyServer, Request, faulty_server

import ace_tracing
from ace_tracing import Trace, start_span, trace
from ace_tracing.delivery.mlflow.attachments import MAX_FAILURES
from kayba_local import LocalServer

PNG: Final = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5_000_000)
URI: Final = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
SMALL: Final = b"\xff\xd8\xff" + random.Random(2).randbytes(3_000)
SMALL_URI: Final = f"data:image/jpeg;base64,{base64.b64encode(SMALL).decode()}"


def question(uri: str) -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": uri}},
        {"type": "text", "text": "Answer in one word."},
    ]


@trace
def ask(content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": "assistant", "content": "A cat."}


def fetch(server: LocalServer, reference: str) -> httpx.Response:
    """Return the response with the content of a reference, at MLflow's path."""
    url = httpx.URL(reference)
    path = f"/api/mlflow/api/2.0/mlflow-artifacts/artifacts/0/traces/{url.params['trace_id']}/artifacts/attachments/"
    return httpx.get(server.url + path + url.host)


def uploads(server: FaultyServer) -> list[str]:
    return [path for method, path, _, _ in server.requests if method == "PUT" and "/attachments/" in path]


def refuse_uploads(*responses: FakeResponse) -> Callable[[Request], FakeResponse | None]:
    """Return a rule that responds to uploads with each response in turn, and then with the last one."""
    left = list(responses)

    def rule(request: Request) -> FakeResponse | None:
        if "/attachments/" not in request.path:
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return rule


def test_an_image_is_an_attachment_and_the_text_beside_it_is_whole(
    tracing: LocalServer, last_trace: Callable[[], Trace]
) -> None:
    ask(question(URI))
    stored = last_trace()
    (span,) = stored.data.spans
    text, image, more = span.inputs["content"]
    assert (text, more) == (question("")[0], question("")[2])
    assert span.outputs["content"] == "A cat."
    reference = image["image_url"]["url"]
    assert reference.startswith("mlflow-attachment://")
    assert len(reference) < 300
    assert fetch(tracing, reference).content == PNG
    assert "What is in this picture?" in (stored.info.request_preview or "")
    assert "Answer in one word." in (stored.info.request_preview or "")


def test_one_image_in_many_spans_is_uploaded_once(kayba_server: LocalServer) -> None:
    with faulty_server(FakeResponse(200, b"{}", {"kayba-attachments": "by-content"})) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        for _ in range(10):
            with start_span("agent"):
                for _ in range(10):
                    ask(question(SMALL_URI))
        assert ace_tracing.flush().delivered == 10
        assert len(uploads(server)) == ace_tracing.tracing_status().attachments_delivered == 1
    ace_tracing.shutdown()


def test_a_server_that_stores_by_trace_gets_an_image_once_for_each_trace() -> None:
    with faulty_server(FakeResponse(200, b"{}")) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        for _ in range(3):
            with start_span("agent"):
                ask(question(SMALL_URI))
                ask(question(SMALL_URI))
        assert ace_tracing.flush().delivered == 3
        assert len(uploads(server)) == len(set(uploads(server))) == 3
    ace_tracing.shutdown()


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_attachments_is_asked_once_and_gets_notes(status: int) -> None:
    with faulty_server(FakeResponse(200)) as server:
        server.rules.append(refuse_uploads(FakeResponse(status, b"no such path")))
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        for _ in range(3):
            ask(question(SMALL_URI))
        delivery = ace_tracing.flush()
        assert (delivery.delivered, delivery.dropped, bool(delivery)) == (3, 0, True)
        status = ace_tracing.tracing_status()
        assert (status.attachments_delivered, status.attachments_left_out) == (0, 3)
        assert len(uploads(server)) == 1
        values = [str(span) for request in server.exported() for span in request]
        assert all("<image/jpeg, 3003 bytes, sha256 " in value for value in values)
        assert all("Answer in one word." in value and SMALL_URI not in value for value in values)
    ace_tracing.shutdown()


def test_an_upload_that_fails_is_tried_again_and_then_costs_only_itself() -> None:
    with faulty_server(FakeResponse(200)) as server:
        server.rules.append(refuse_uploads(FakeResponse(503, b"busy", {"Retry-After": "0"})))
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        ask(question(SMALL_URI))
        ask([{"type": "text", "text": "no picture"}])
        assert ace_tracing.flush().delivered == 2
        assert len(uploads(server)) == MAX_FAILURES
    ace_tracing.shutdown()


def test_an_upload_that_succeeds_later_is_an_attachment() -> None:
    with faulty_server(FakeResponse(200)) as server:
        failure = FakeResponse(500, b"failed", {"Retry-After": "0"})
        server.rules.append(refuse_uploads(failure, failure, FakeResponse(200, b"{}")))
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        ask(question(SMALL_URI))
        assert ace_tracing.flush()
        assert len(uploads(server)) == 3
        assert "mlflow-attachment://" in str(server.exported())
    ace_tracing.shutdown()


CHILD: Final = """
import os, signal, sys, ace_tracing
ace_tracing.configure(api_key="kb-test", base_url=sys.argv[1])

@ace_tracing.trace
def ask(content):
    os.kill(os.getpid(), signal.SIGKILL)

image = sys.stdin.read()
ask([{"text": "before"}, {"url": image}, {"text": "after"}])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_process_killed_before_the_upload_loses_no_image(
    kayba_server: LocalServer, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    command = [sys.executable, "-c", CHILD, kayba_server.url]
    ended = subprocess.run(command, input=URI, text=True, env=dict(os.environ), capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    wait_until(lambda: bool(ace_tracing.search_traces()))
    (stored,) = ace_tracing.search_traces()
    before, image, after = stored.data.spans[0].inputs["content"]
    assert (before, after) == ({"text": "before"}, {"text": "after"})
    assert fetch(kayba_server, image["url"]).content == PNG
    ace_tracing.shutdown()


def test_images_in_inputs_outputs_and_details_of_one_span(
    tracing: LocalServer, last_trace: Callable[[], Trace]
) -> None:
    with start_span("draw") as span:
        span.set_inputs({"prompt": "a cat", "picture": URI})
        span.set_outputs({"picture": URI, "caption": "another cat"})
        span.set_attribute("model", "painter")
    (stored,) = last_trace().data.spans
    assert stored.inputs["prompt"] == "a cat"
    assert stored.outputs["caption"] == "another cat"
    assert stored.get_attribute("model") == "painter"


def test_an_agent_that_sends_one_image_many_times_keeps_all_texts(
    tracing: LocalServer, last_trace: Callable[[], Trace]
) -> None:
    content = random.Random(3).randbytes(2_400_000)
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(content).decode()}"}}
    with start_span("agent"):
        for number in range(16):
            ask([picture, {"type": "text", "text": f"step {number}"}])
            assert ace_tracing.flush()
    texts = [span.inputs["content"][1]["text"] for span in last_trace().data.spans if span.name == "ask"]
    assert sorted(texts) == sorted(f"step {number}" for number in range(16))


@pytest.mark.parametrize("damaged", [SMALL_URI + "=" * 3, SMALL_URI[:-7] + "*", SMALL_URI[:-3]])
def test_a_small_text_that_is_no_valid_base64_stays(
    tracing: LocalServer, last_trace: Callable[[], Trace], damaged: str
) -> None:
    ask([{"text": f"before {damaged} after"}])
    text = last_trace().data.spans[0].inputs["content"][0]["text"]
    assert text.startswith("before ")
    assert text.endswith(" after")


def test_a_large_text_that_is_no_valid_base64_is_a_note(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    ask([{"text": f"before data:image/png;base64,{'A' * 400_001} after"}])
    text = last_trace().data.spans[0].inputs["content"][0]["text"]
    assert text == "before <image/png, 400023 characters: not valid base64> after"


def test_a_mask_sees_the_image_and_what_it_removes_never_leaves(kayba_server: LocalServer) -> None:
    seen = []

    def mask(value: Any) -> Any:
        seen.append(value)
        return "[removed]" if SMALL_URI in str(value) else value

    with faulty_server(FakeResponse(200)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url, mask=mask)
        ask(question(SMALL_URI))
        assert ace_tracing.flush()
        assert any(SMALL_URI in str(value) for value in seen)
        assert uploads(server) == []
    ace_tracing.shutdown()


def test_the_mode_note_uploads_nothing(kayba_server: LocalServer) -> None:
    with faulty_server(FakeResponse(200)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url, media="note")
        ask(question(SMALL_URI))
        ask(question(URI))
        assert ace_tracing.flush()
        assert uploads(server) == []
        values = [str(span) for request in server.exported() for span in request]
        assert "<image/jpeg, 3003 bytes, sha256 " in values[0]
        assert all("Answer in one word." in value for value in values)
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    ace_tracing.shutdown()


def test_the_mode_comes_from_the_environment(kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_MEDIA", "off")
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    ask(question(SMALL_URI))
    (stored,) = ace_tracing.search_traces()
    assert stored.data.spans[0].inputs["content"] == question(SMALL_URI)
    monkeypatch.setenv("KAYBA_MEDIA", "attached")
    with pytest.raises(ace_tracing.ConfigurationError, match="KAYBA_MEDIA"):
        ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    monkeypatch.delenv("KAYBA_MEDIA")
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    ace_tracing.shutdown()


def test_attachments_of_a_span_are_read_back(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    with start_span("look") as span:
        span.set_inputs({"picture": URI, "again": [URI], "thumbnail": f"see {SMALL_URI}."})
        span.set_outputs("nothing")
    stored = last_trace()
    picture, thumbnail = stored.data.spans[0].attachments
    assert (picture.media_type, picture.size, picture.trace_id) == ("image/png", len(PNG), stored.trace_id)
    assert picture.sha256 == hashlib.sha256(PNG).hexdigest()
    assert picture.read() == PNG
    assert thumbnail.read(timeout=30) == SMALL
    assert thumbnail.media_type == "image/jpeg"


def test_an_attachment_of_a_deleted_trace_is_not_found(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    ask(question(SMALL_URI))
    stored = last_trace()
    (attachment,) = stored.data.spans[0].attachments
    body = {"experiment_id": "0", "request_ids": [stored.trace_id]}
    assert httpx.post(f"{tracing.url}/api/mlflow/api/2.0/mlflow/traces/delete-traces", json=body).status_code == 200
    with pytest.raises(ace_tracing.NotFoundError, match=attachment.attachment_id):
        attachment.read()


@pytest.mark.parametrize("timeout", [0, -1, "5", True])
def test_a_wrong_timeout_is_a_configuration_error(
    tracing: LocalServer, last_trace: Callable[[], Trace], timeout: Any
) -> None:
    ask(question(SMALL_URI))
    (attachment,) = last_trace().data.spans[0].attachments
    with pytest.raises(ace_tracing.ConfigurationError, match="timeout"):
        attachment.read(timeout=timeout)


def test_images_in_attributes_are_attachments(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    messages = json.dumps([{"content": [{"image_url": {"url": SMALL_URI}}, {"text": "What is this?"}]}])
    with start_span("chat") as span:
        span.set_attribute("input.value", messages)
        span.set_attribute("nested", {"urls": ["before", SMALL_URI, "after"]})
    (stored,) = last_trace().data.spans
    value = stored.get_attribute("input.value")
    assert "What is this?" in str(value)
    assert SMALL_URI not in str(value)
    before, reference, after = stored.get_attribute("nested")["urls"]
    assert (before, after) == ("before", "after")
    assert fetch(tracing, reference).content == SMALL
    assert "mlflow-attachment://" in str(value)


def test_a_large_image_in_an_attribute_is_a_note_and_the_text_beside_it_is_whole(
    tracing: LocalServer, last_trace: Callable[[], Trace]
) -> None:
    with start_span("chat") as span:
        span.set_attribute("prompt", f"before {URI} after")
    text = last_trace().data.spans[0].get_attribute("prompt")
    assert text.startswith("before <image/png, ")
    assert text.endswith("> after")


def test_a_collector_gets_a_note_in_place_of_an_image() -> None:
    with faulty_server(FakeResponse(200)) as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url)
        ask(question(URI))
        assert ace_tracing.flush()
        ((_, path, headers, body),) = server.requests
        assert path == "/v1/traces"
        sent = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
        assert len(sent) < 10_000
        assert b"<image/png, 5000008 bytes, sha256 " in sent
        assert b"Answer in one word." in sent
    ace_tracing.shutdown()
