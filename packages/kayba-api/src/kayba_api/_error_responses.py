# Copied from openapi/runtime by `hatch run generate`; do not edit.
"""Error responses: build the error for a failed request.

The response may come from the service, in either of its error envelopes, or from a proxy; or there is none.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import httpx

from ._retries import parse_retry_after
from .bounds import proxy_variables
from .errors import (
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
from .unexpected import ResponseTooLarge, ResponseTooSlow

_ERROR_CLASSES: Final[Mapping[int, type[APIStatusError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
_MAX_EXCERPT: Final = 300
"""Maximum number of characters of a body in an error message."""


def build_status_error(response: httpx.Response, attempts: int) -> APIStatusError:
    """Return the error for a response with an error status.

    Args:
        response: A response whose body has been read.
        attempts: Number of attempts so far.
    """
    status = response.status_code
    default = InternalServerError if status >= 500 else APIStatusError
    body = _parse_body(response)
    code, message = _code_and_message(body)
    retry_after = parse_retry_after(response)
    return _ERROR_CLASSES.get(status, default)(
        message or _default_message(response, body),
        advice=_status_advice(response, attempts, retry_after, from_kayba=message is not None),
        code=code,
        status=status,
        request_id=request_id(response),
        body=body,
        retry_after=retry_after,
    )


def build_validation_error(response: httpx.Response, expected: str) -> APIResponseValidationError:
    """Return the error for a success response that cannot be parsed.

    Args:
        response: A response whose body has been read.
        expected: The name of the type that the contract describes.
    """
    body = _parse_body(response)
    return APIResponseValidationError(
        f"the response is not a valid {expected}: {_excerpt(body) or 'it is empty'}.",
        advice=f"Check that {_origin(response.request)} is a Kayba server and that no proxy changes its responses.",
        status=response.status_code,
        request_id=request_id(response),
        body=body,
    )


def build_connection_error(error: httpx.RequestError, attempts: int) -> APIConnectionError:
    """Return the error for a request without a complete response.

    Args:
        error: The request's error.
        attempts: Number of attempts so far.
    """
    times = f" in {attempts} attempts" if attempts > 1 else ""
    origin = _origin(error.request)
    cause = str(error) or type(error).__name__
    if isinstance(error, ResponseTooLarge):
        return APIConnectionError(
            f"the response from {origin} is too large: {cause}.",
            advice="Request less at once, or give a larger max_response_bytes=.",
        )
    if isinstance(error, ResponseTooSlow):
        return APITimeoutError(
            f"the response from {origin} is too slow: {cause}.",
            advice="Request less at once, or give a larger max_response_s=.",
        )
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError(
            f"no response in time from {origin}{times}: {cause}.",
            advice="Give a longer timeout=, or request less at once.",
        )
    proxies = f", and {', '.join(proxy_variables())}" if proxy_variables() else ""
    return APIConnectionError(
        f"no response from {origin}{times}: {cause}.",
        advice=f"Check that the server is running and that KAYBA_API_URL or base_url= is its address{proxies}.",
    )


def _parse_body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return response.text or None


def _code_and_message(body: Any) -> tuple[str | None, str | None]:
    """Return code and message of an error envelope: the REST mount's, its older form, or the tracing mount's."""
    if not isinstance(body, dict):
        return None, None
    error = body.get("error")
    if isinstance(error, dict):
        return _nonempty_text(error.get("code")), _nonempty_text(error.get("message"))
    return _nonempty_text(body.get("error_code")), _nonempty_text(error) or _nonempty_text(body.get("message"))


def _nonempty_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _default_message(response: httpx.Response, body: Any) -> str:
    try:
        phrase = HTTPStatus(response.status_code).phrase
    except ValueError:
        phrase = "a status that is not defined in HTTP"
    excerpt = _excerpt(body)
    return f"{phrase}: {excerpt}" if excerpt else f"{phrase}, without a message."


def _excerpt(body: Any) -> str:
    """Return the start of a body on one line, without HTML tags, styles and scripts."""
    text = "" if body is None else str(body)[: 100 * _MAX_EXCERPT]
    text = re.sub(r"(?is)<(style|script)\b.*?(</\1\s*>|$)|<[^>]*>", " ", text)
    text = " ".join(text.split())
    return text if len(text) <= _MAX_EXCERPT else f"{text[:_MAX_EXCERPT]}…"


def _status_advice(response: httpx.Response, attempts: int, retry_after: float | None, *, from_kayba: bool) -> str:
    status = response.status_code
    if status == 401 and "Authorization" not in response.request.headers:
        return "No API key was sent: set KAYBA_API_KEY or give api_key=."
    if status == 401:
        return "Check that KAYBA_API_KEY or api_key= is a key of this server."
    if status == 413:
        return "Send less at once."
    if status == 429 and retry_after is not None:
        return f"Try again in {retry_after:.0f} s, or give a higher max_retries=."
    if 300 <= status < 400:
        location = response.headers.get("Location", "an address that it does not give")
        return f"The server redirects to {location}: give the new address as base_url=."
    if status in (404, 405) and not from_kayba:
        origin = _origin(response.request)
        return f"Check that {origin} is a Kayba server and that KAYBA_API_URL or base_url= is correct."
    if status >= 500 and attempts > 1:
        return f"All {attempts} attempts failed."
    return ""


def _origin(request: httpx.Request) -> str:
    return str(request.url.copy_with(path="/", query=None)).rstrip("/")


def request_id(response: httpx.Response) -> str | None:
    """Return the `X-Request-Id` of a response, or None without one."""
    found: str | None = response.headers.get("X-Request-Id")
    return found
