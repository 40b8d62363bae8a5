"""Batch uploads: an upload is split into as few requests as the limits allow."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.client_kinds import Subject
from tests.helpers.faulty_server import FakeResponse, Request, faulty_server, too_large

from kayba_api import ConflictError, InternalServerError, PayloadTooLargeError
from kayba_api.models import NewTraceFile
from kayba_local import LocalServer

Make = Callable[..., Subject]
CAP = 1_000_000


def file(name: str, characters: int, text: str = "x") -> NewTraceFile:
    return NewTraceFile(name, text * characters, "md")


def stored(body: bytes) -> bytes:
    """Return the response body of a server that stores all files."""
    names = [sent["filename"] for sent in json.loads(body)["traces"]]
    return json.dumps({"count": len(names), "traces": [{"id": name, "filename": name} for name in names]}).encode()


def storing(request: Request) -> FakeResponse:
    return FakeResponse(body=stored(request.body))


def names(body: bytes) -> list[str]:
    return [sent["filename"] for sent in json.loads(body)["traces"]]


@settings(deadline=None, max_examples=30)
@given(
    sizes=st.lists(st.integers(0, 700_000) | st.integers(0, 2_000), max_size=40),
    text=st.sampled_from(["x", '"', "ü", "\n", "\x00", "😀"]),
    is_async=st.booleans(),
)
def test_every_request_is_under_the_cap_and_complete(sizes: list[int], text: str, is_async: bool) -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200, content=stored(request.content))

    files = [
        file(str(n), size // len(json.dumps(text, ensure_ascii=False).encode()), text) for n, size in enumerate(sizes)
    ]
    with Subject(is_async, httpx_args={"transport": httpx.MockTransport(answer)}) as subject:
        result = subject(lambda c: c.traces.upload(traces=files))
    assert [name for body in bodies for name in names(body)] == [each.filename for each in files]
    assert [trace.filename for trace in result.traces] == [each.filename for each in files]
    assert result.count == len(files)
    assert all(len(body) <= CAP for body in bodies)
    # No two consecutive requests fit into one.
    assert all(len(one) + len(next_) > CAP * 0.9 for one, next_ in pairwise(bodies))


def test_a_request_has_at_most_a_thousand_files(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules.append(storing)
        result = kayba(base_url=server.url)(lambda c: c.traces.upload(traces=(file(str(n), 1) for n in range(2_001))))
    assert [len(names(body)) for *_, body in server.requests] == [1_000, 1_000, 1]
    assert result.count == 2_001


def test_progress_is_reported_after_each_request(kayba: Make) -> None:
    reported: list[tuple[int, int]] = []
    with faulty_server() as server:
        server.rules.append(storing)
        kayba(base_url=server.url)(
            lambda c: c.traces.upload(
                traces=[file(str(n), 400_000) for n in range(5)], on_progress=lambda *counts: reported.append(counts)
            )
        )
    assert reported == [(2, 5), (4, 5), (5, 5)]


def test_a_file_over_the_cap_is_rejected_before_sending(kayba: Make) -> None:
    files = [file("small", 1), file("large", CAP)]
    with faulty_server() as server, pytest.raises(PayloadTooLargeError, match="item 1 alone") as caught:
        kayba(base_url=server.url)(lambda c: c.traces.upload(traces=files))
    assert caught.value.status is None
    assert not server.requests


def test_a_file_just_under_the_cap_is_sent_alone(kayba: Make) -> None:
    large = file("large", CAP - 100)
    with faulty_server() as server:
        server.rules.append(storing)
        kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file("a", 1), large, file("b", 1)]))
    assert [names(body) for *_, body in server.requests] == [["a"], ["large"], ["b"]]


def test_a_request_over_the_servers_cap_is_split(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules += [too_large(50_000), storing]
        result = kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file(str(n), 20_000) for n in range(9)]))
    assert [trace.filename for trace in result.traces] == [str(n) for n in range(9)]


def test_a_single_file_over_the_servers_cap_raises(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules += [too_large(50_000), storing]
        with pytest.raises(PayloadTooLargeError) as caught:
            kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file("a", 1), file("b", 60_000)]))
    assert caught.value.status == 413
    assert [trace.filename for trace in caught.value.partial_result.traces] == ["a"]


def test_the_error_contains_the_partial_result(kayba: Make) -> None:
    def failing_third(request: Request) -> FakeResponse:
        return FakeResponse(500, b"") if "4" in names(request.body) else storing(request)

    with faulty_server() as server:
        server.rules.append(failing_third)
        with pytest.raises(InternalServerError) as caught:
            kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file(str(n), 400_000) for n in range(9)]))
    assert [trace.filename for trace in caught.value.partial_result.traces] == ["0", "1", "2", "3"]
    assert caught.value.__notes__ == ["4 of 9 items were sent before the error; partial_result is their result."]
    assert len(server.requests) == 3


def test_a_failed_first_request_has_no_partial_result(kayba: Make) -> None:
    with faulty_server(FakeResponse(409, b"")) as server, pytest.raises(ConflictError) as caught:
        kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file("a", 1)]))
    assert caught.value.partial_result is None


def test_an_upload_without_files_is_sent_to_the_server(kayba: Make, kayba_server: LocalServer) -> None:
    with pytest.raises(Exception, match="traces"):
        kayba(base_url=kayba_server.url)(lambda c: c.traces.upload(traces=[]))


def test_a_real_server_accepts_every_request(kayba: Make, kayba_server: LocalServer) -> None:
    files = [file(f"{n}.md", 300_000, "ü"[: n % 2] or "x") for n in range(8)]
    subject = kayba(base_url=kayba_server.url)
    result = subject(lambda c: c.traces.upload(traces=files))
    assert [trace.filename for trace in result.traces] == [each.filename for each in files]
    assert len(subject.items(lambda c: c.traces.list())) == 8
