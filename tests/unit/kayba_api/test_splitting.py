"""An upload of any size goes in as few requests as the limits ask for, and tells how far it has come."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.client_kinds import Subject
from tests.helpers.faulty_server import FakeResponse as Answer
from tests.helpers.faulty_server import Request, faulty_server, too_large

from kayba_api import ConflictError, InternalServerError, PayloadTooLargeError
from kayba_api.models import NewTraceFile
from kayba_local import LocalServer

Make = Callable[..., Subject]
CAP = 1_000_000


def file(name: str, characters: int, text: str = "x") -> NewTraceFile:
    return NewTraceFile(name, text * characters, "md")


def stored(body: bytes) -> bytes:
    """What a server that stores everything answers."""
    names = [sent["filename"] for sent in json.loads(body)["traces"]]
    return json.dumps({"count": len(names), "traces": [{"id": name, "filename": name} for name in names]}).encode()


def storing(request: Request) -> Answer:
    return Answer(body=stored(request.body))


def names(body: bytes) -> list[str]:
    return [sent["filename"] for sent in json.loads(body)["traces"]]


@settings(deadline=None, max_examples=30)
@given(
    sizes=st.lists(st.integers(0, 700_000) | st.integers(0, 2_000), max_size=40),
    text=st.sampled_from(["x", '"', "ü", "\n", "\x00", "😀"]),
    is_async=st.booleans(),
)
def test_every_request_is_under_the_cap_and_nothing_is_lost(sizes: list[int], text: str, is_async: bool) -> None:
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
    # No two neighbours would have fitted into one.
    assert all(len(one) + len(next_) > CAP * 0.9 for one, next_ in pairwise(bodies))


def test_no_more_files_than_a_request_may_hold(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules.append(storing)
        result = kayba(base_url=server.url)(lambda c: c.traces.upload(traces=(file(str(n), 1) for n in range(2_001))))
    assert [len(names(body)) for *_, body in server.requests] == [1_000, 1_000, 1]
    assert result.count == 2_001


def test_progress_is_told_after_each_request(kayba: Make) -> None:
    told: list[tuple[int, int]] = []
    with faulty_server() as server:
        server.rules.append(storing)
        kayba(base_url=server.url)(
            lambda c: c.traces.upload(
                traces=[file(str(n), 400_000) for n in range(5)], on_progress=lambda *counts: told.append(counts)
            )
        )
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_file_over_the_cap_is_refused_before_anything_is_sent(kayba: Make) -> None:
    files = [file("small", 1), file("large", CAP)]
    with faulty_server() as server, pytest.raises(PayloadTooLargeError, match="item 1 alone") as caught:
        kayba(base_url=server.url)(lambda c: c.traces.upload(traces=files))
    assert caught.value.status is None
    assert not server.requests


def test_a_file_just_under_the_cap_goes_alone(kayba: Make) -> None:
    large = file("large", CAP - 100)
    with faulty_server() as server:
        server.rules.append(storing)
        kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file("a", 1), large, file("b", 1)]))
    assert [names(body) for *_, body in server.requests] == [["a"], ["large"], ["b"]]


def test_a_server_with_a_lower_cap_gets_less_at_once(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules += [too_large(50_000), storing]
        result = kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file(str(n), 20_000) for n in range(9)]))
    assert [trace.filename for trace in result.traces] == [str(n) for n in range(9)]


def test_a_file_that_a_server_refuses_alone_is_an_error(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules += [too_large(50_000), storing]
        with pytest.raises(PayloadTooLargeError) as caught:
            kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file("a", 1), file("b", 60_000)]))
    assert caught.value.status == 413
    assert [trace.filename for trace in caught.value.partial_result.traces] == ["a"]


def test_what_was_stored_before_a_failure_is_in_the_error(kayba: Make) -> None:
    def failing_third(request: Request) -> Answer:
        return Answer(500, b"") if "4" in names(request.body) else storing(request)

    with faulty_server() as server:
        server.rules.append(failing_third)
        with pytest.raises(InternalServerError) as caught:
            kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file(str(n), 400_000) for n in range(9)]))
    assert [trace.filename for trace in caught.value.partial_result.traces] == ["0", "1", "2", "3"]
    assert caught.value.__notes__ == ["4 of 9 had been sent before; partial_result is what came of them."]
    assert len(server.requests) == 3


def test_a_failure_of_the_first_request_has_no_part_that_was_done(kayba: Make) -> None:
    with faulty_server(Answer(409, b"")) as server, pytest.raises(ConflictError) as caught:
        kayba(base_url=server.url)(lambda c: c.traces.upload(traces=[file("a", 1)]))
    assert caught.value.partial_result is None


def test_no_files_are_for_the_server_to_judge(kayba: Make, kayba_server: LocalServer) -> None:
    with pytest.raises(Exception, match="traces"):
        kayba(base_url=kayba_server.url)(lambda c: c.traces.upload(traces=[]))


def test_a_real_server_takes_every_request(kayba: Make, kayba_server: LocalServer) -> None:
    files = [file(f"{n}.md", 300_000, "ü"[: n % 2] or "x") for n in range(8)]
    subject = kayba(base_url=kayba_server.url)
    result = subject(lambda c: c.traces.upload(traces=files))
    assert [trace.filename for trace in result.traces] == [each.filename for each in files]
    assert len(subject.items(lambda c: c.traces.list())) == 8
