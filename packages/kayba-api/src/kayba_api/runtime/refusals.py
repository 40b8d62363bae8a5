# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Makes the error of an answer, whoever sent it: the service in either of its envelopes, a proxy, nobody at all."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx

from ..errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from .retries import retry_after

_CLASSES: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
_LONGEST_TEXT = 300


def status_error(response: httpx.Response, attempts: int) -> APIStatusError:
    """The error of an answer that is not success.

    Args:
        response: The answer, read.
        attempts: How often the call was made.
    """
    status = response.status_code
    default = InternalServerError if status >= 500 else APIStatusError
    body = _body(response)
    code, message = _told(body)
    wait = retry_after(response)
    return _CLASSES.get(status, default)(
        message or _described(response, body),
        advice=_advice(response, attempts, wait, from_kayba=message is not None),
        code=code,
        status=status,
        request_id=request_id(response),
        body=body,
        retry_after=wait,
    )


def unreadable(response: httpx.Response, expected: str) -> APIResponseValidationError:
    """The error of an answer that says success and cannot be read.

    Args:
        response: The answer, read.
        expected: What the contract describes, by name.
    """
    body = _body(response)
    return APIResponseValidationError(
        f"the answer is not {expected} as the contract describes it: {_shown(body) or 'it is empty'}.",
        advice=f"Is {_origin(response.request)} a Kayba server, and does a proxy in front of it change answers?",
        status=response.status_code,
        request_id=request_id(response),
        body=body,
    )


def connection_error(error: httpx.RequestError, attempts: int) -> APIConnectionError:
    """The error of a call that got no whole answer.

    Args:
        error: Why there was none.
        attempts: How often the call was made.
    """
    times = f" in {attempts} attempts" if attempts > 1 else ""
    origin = _origin(error.request)
    cause = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError(
            f"no answer from {origin} in time{times}: {cause}.",
            advice="Give a longer timeout=, or ask for less at once.",
        )
    return APIConnectionError(
        f"no answer from {origin}{times}: {cause}.",
        advice="Is the server running, and KAYBA_API_URL or base_url= its address?",
    )


def _body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return response.text or None


def _told(body: Any) -> tuple[str | None, str | None]:
    """Code and message of an error envelope: of the REST mount, of its older paths, of the tracing mount."""
    if not isinstance(body, dict):
        return None, None
    error = body.get("error")
    if isinstance(error, dict):
        return _text(error.get("code")), _text(error.get("message"))
    return _text(body.get("error_code")), _text(error) or _text(body.get("message"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _described(response: httpx.Response, body: Any) -> str:
    try:
        phrase = HTTPStatus(response.status_code).phrase
    except ValueError:
        phrase = "a status that HTTP does not know"
    shown = _shown(body)
    return f"{phrase}: {shown}" if shown else f"{phrase}, with nothing said."


def _shown(body: Any) -> str:
    """The beginning of a body on one line, without HTML's tags, styles and scripts."""
    text = "" if body is None else str(body)[: 100 * _LONGEST_TEXT]
    text = re.sub(r"(?is)<(style|script)\b.*?(</\1\s*>|$)|<[^>]*>", " ", text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _advice(response: httpx.Response, attempts: int, wait: float | None, *, from_kayba: bool) -> str:
    status = response.status_code
    if status == 401 and "Authorization" not in response.request.headers:
        return "No key was sent: set KAYBA_API_KEY or give api_key=."
    if status == 401:
        return "Check KAYBA_API_KEY or api_key=, and that the key is of this server."
    if status == 413:
        return "Send less at once."
    if status == 429 and wait is not None:
        return f"Try again in {wait:.0f} s, or give a higher max_retries=."
    if 300 <= status < 400:
        return f"The server is elsewhere ({response.headers.get('Location', 'it does not say where')}): give that base_url=."
    if status in (404, 405) and not from_kayba:
        return f"Is {_origin(response.request)} a Kayba server? Check KAYBA_API_URL or base_url=."
    if status >= 500 and attempts > 1:
        return f"It was tried {attempts} times."
    return ""


def _origin(request: httpx.Request) -> str:
    return str(request.url.copy_with(path="/", query=None)).rstrip("/")


def request_id(response: httpx.Response) -> str | None:
    """The id that the server gave a request; None when it gave none."""
    found: str | None = response.headers.get("X-Request-Id")
    return found
