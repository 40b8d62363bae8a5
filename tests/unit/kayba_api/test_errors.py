"""Errors: every failed call raises an error of one hierarchy, with advice."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.client_kinds import HTML, Subject
from tests.helpers.faulty_server import FakeResponse, Fault, faulty_server

import kayba_api
from kayba_api import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    JobFailedError,
    Kayba,
    KaybaError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
    WaitTimeoutError,
)

Make = Callable[..., Subject]

CLASSES = {
    302: APIStatusError,
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: APIStatusError,
    409: ConflictError,
    413: PayloadTooLargeError,
    415: APIStatusError,
    418: APIStatusError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    500: InternalServerError,
    501: InternalServerError,
    503: InternalServerError,
    529: InternalServerError,
    599: InternalServerError,
}
REST = b'{"error": {"code": "SOME_CODE", "message": "the reason"}}'
TRACING = b'{"error_code": "SOME_CODE", "message": "the reason"}'
KEY = "kb-a-very-secret-key"


def raised(subject: Subject, call: Callable[[Any], Any] = lambda client: client.traces.get("a")) -> KaybaError:
    with pytest.raises(KaybaError) as caught:
        subject(call)
    return caught.value


@pytest.mark.parametrize(("status", "expected"), CLASSES.items())
@pytest.mark.parametrize("envelope", [REST, TRACING], ids=["rest", "tracing"])
def test_each_status_has_its_class_in_both_envelopes(
    kayba: Make, status: int, expected: type[KaybaError], envelope: bytes
) -> None:
    with faulty_server(FakeResponse(status, envelope, {"X-Request-Id": "req-1"})) as server:
        error = raised(kayba(base_url=server.url, max_retries=0))
    assert type(error) is expected
    assert (error.status, error.code, error.message) == (status, "SOME_CODE", "the reason")
    assert (error.request_id, error.body) == ("req-1", json.loads(envelope))
    assert str(error).startswith(f"{status} SOME_CODE: the reason (request req-1)")


@pytest.mark.parametrize(
    ("body", "message", "kept"),
    [
        (b"", "Bad Gateway, without a message.", None),
        (HTML, "Bad Gateway: 502 Bad Gateway", HTML.decode()),
        (b"upstream gone", "Bad Gateway: upstream gone", "upstream gone"),
        (b'{"error": "text only"}', "text only", {"error": "text only"}),
        (b'{"error": {"co', 'Bad Gateway: {"error": {"co', '{"error": {"co'),
        (b'{"error": {}}', "Bad Gateway: {'error': {}}", {"error": {}}),
        (b'{"error": {"code": 7, "message": null}}', None, {"error": {"code": 7, "message": None}}),
        (b"[1]", "Bad Gateway: [1]", [1]),
        (b"null", "Bad Gateway, without a message.", None),
        (b"\xff\xfe\x00", None, None),
    ],
)
def test_a_body_without_envelope_is_in_the_message(kayba: Make, body: bytes, message: str | None, kept: Any) -> None:
    with faulty_server(FakeResponse(502, body, {"Content-Type": "text/html"})) as server:
        error = raised(kayba(base_url=server.url, max_retries=0))
    assert type(error) is InternalServerError
    assert (error.status, error.code) == (502, None)
    if message is not None:
        assert (error.message, error.body) == (message, kept)


def test_a_long_body_is_kept_but_cut_in_the_message(kayba: Make) -> None:
    page = b"<p>" + b"much " * 100_000 + b"</p>"
    with faulty_server(FakeResponse(500, page)) as server:
        error = raised(kayba(base_url=server.url, max_retries=0))
    assert error.body == page.decode()
    assert len(str(error)) < 500


ANY_BODY = st.binary() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "code", "message", "traces"]), inner),
).map(lambda value: json.dumps(value).encode())


@settings(deadline=None)
@given(status=st.integers(200, 599), body=ANY_BODY, is_async=st.booleans())
def test_only_errors_of_the_hierarchy_are_raised(status: int, body: bytes, is_async: bool) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    with Subject(is_async, max_retries=0, httpx_args={"transport": transport}) as subject:
        error = raised(subject)  # no generated body is a valid trace file
    assert error.status == status
    assert isinstance(error, APIResponseValidationError if status < 300 else APIStatusError)
    assert str(error)
    json.dumps(error.body)


@pytest.mark.parametrize(
    "body", [b"", HTML, b"[]", b'{"traces": 1}', b'{"traces": [{"id": "a"', b"[" * 100_000, b"\xff", b"null"]
)
@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_invalid_success_body_is_an_error(kayba: Make, body: bytes, status: int) -> None:
    with faulty_server(FakeResponse(status, body)) as server:
        error = raised(kayba(base_url=server.url), lambda client: client.traces.list())
    assert type(error) is APIResponseValidationError
    assert error.status == status
    assert "TraceFileList" in error.message
    assert server.url in error.advice
    assert len(server.requests) == 1, "the server has carried out the call"


def test_a_documented_response_without_content_is_success(kayba: Make) -> None:
    with faulty_server(FakeResponse(204), FakeResponse(200, b"{}"), FakeResponse(200, HTML)) as server:
        subject = kayba(base_url=server.url)
        assert subject(lambda client: client.traces.delete("a")) is None
        assert subject(lambda client: client.traces.delete("a")) is None
        assert type(raised(subject, lambda client: client.traces.delete("a"))) is APIResponseValidationError


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.LOSE, Fault.CUT, Fault.GARBAGE])
def test_a_broken_response_is_a_connection_error(kayba: Make, fault: Fault) -> None:
    with faulty_server(FakeResponse(body=b'{"traces": []}', fault=fault)) as server:
        error = raised(kayba(base_url=server.url, max_retries=0), lambda client: client.traces.list())
    assert type(error) is APIConnectionError
    assert server.url in error.message
    assert (error.status, error.code, error.body, error.request_id) == (None, None, None, None)
    assert isinstance(error.__cause__, httpx.RequestError)


def test_a_wrong_content_encoding_is_a_connection_error(kayba: Make) -> None:
    with faulty_server(FakeResponse(body=b"no gzip", headers={"Content-Encoding": "gzip"})) as server:
        error = raised(kayba(base_url=server.url, max_retries=0))
    assert type(error) is APIConnectionError


def test_a_refused_connection_names_address_and_advice(kayba: Make) -> None:
    with faulty_server(up=False) as server:
        error = raised(kayba(base_url=server.url, max_retries=1))
    assert type(error) is APIConnectionError
    assert f"{server.url} in 2 attempts" in error.message
    assert "KAYBA_API_URL" in str(error)


def test_a_slow_response_is_a_timeout_error(kayba: Make) -> None:
    with faulty_server(hang=True) as server:
        error = raised(kayba(base_url=server.url, timeout=0.05, max_retries=0))
    assert type(error) is APITimeoutError
    assert isinstance(error, APIConnectionError)
    assert "timeout=" in str(error)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (FakeResponse(401, REST), "No API key was sent: set KAYBA_API_KEY or give api_key=."),
        (FakeResponse(404, HTML), "is a Kayba server"),
        (FakeResponse(405, b""), "is a Kayba server"),
        (FakeResponse(413, REST), "Send less at once."),
        (FakeResponse(429, REST, {"Retry-After": "7"}), "Try again in 7 s"),
        (FakeResponse(308, b"", {"Location": "https://elsewhere.example/api"}), "https://elsewhere.example/api"),
    ],
)
def test_the_message_ends_with_the_advice(kayba: Make, answer: FakeResponse, advice: str) -> None:
    with faulty_server(answer) as server:
        error = raised(kayba(base_url=server.url, max_retries=0))
    assert advice in error.advice
    assert str(error).endswith(error.advice)


def test_a_rejected_key_is_in_no_error(kayba: Make) -> None:
    with faulty_server(FakeResponse(401, REST)) as server:
        subject = kayba(base_url=server.url, api_key=KEY)
        error = raised(subject)
    assert "Check that KAYBA_API_KEY" in error.advice
    shown = [repr(subject.client), repr(subject.client.client), repr(subject.client.traces), repr(error), str(error)]
    assert not [text for text in (*shown, repr(vars(error))) if KEY in text]


def test_a_long_retry_after_is_in_the_error(kayba: Make) -> None:
    with faulty_server(FakeResponse(429, REST, {"Retry-After": "3600"})) as server:
        error = raised(kayba(base_url=server.url, max_retries=5))
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 3600
    assert len(server.requests) == 1, "an hour is longer than the maximum delay"


def test_the_number_of_attempts_is_in_the_error(kayba: Make) -> None:
    with faulty_server(FakeResponse(500, REST)) as server:
        error = raised(kayba(base_url=server.url, max_retries=2))
    assert "All 3 attempts failed" in error.advice


def test_every_error_is_a_kayba_error_and_exported() -> None:
    exported = {name for name in kayba_api.__all__ if name.endswith("Error")}
    classes: list[type] = [KaybaError]
    for found in classes:
        classes += found.__subclasses__()
    assert {found.__name__ for found in classes} == exported


@pytest.mark.parametrize(
    "error",
    [
        RateLimitError("slow down", status=429, code="X", request_id="r", body={"a": 1}, retry_after=2.0),
        JobFailedError("it failed", job={"jobId": "a"}),
        WaitTimeoutError("late", job=None),
        APITimeoutError("late"),
    ],
)
def test_errors_can_be_pickled(error: KaybaError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


def test_wait_timeout_error_is_a_timeout_error() -> None:
    assert issubclass(WaitTimeoutError, TimeoutError)


@pytest.mark.parametrize("header", ["a\r\nX-Other: b", "ü"])
def test_an_invalid_header_is_rejected_before_sending(header: str) -> None:
    with (
        faulty_server() as server,
        Kayba(base_url=server.url) as client,
        pytest.raises((KaybaError, UnicodeEncodeError)),
    ):
        client.traces.get("a", extra_headers={"X-Team": header})
    assert not server.requests
