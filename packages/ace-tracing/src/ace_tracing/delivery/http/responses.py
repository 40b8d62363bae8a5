"""Responses: the export result that each HTTP response to an export stands for.

OTLP/HTTP defines part of the table: 429, 502, 503, 504 and failed connections are retryable, `Retry-After` is honoured,
400 and a partial success are not retried. Beyond OTLP, 408, 425, 500 and other 5xx are retried, because the server
stores spans by id and a repeated span does no harm. Responses that a user or an operator can correct block delivery
instead of dropping traces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

import orjson

from ace_tracing.clocks import time
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.otlp.response import decode_json, decode_protobuf

INVALID: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""Statuses for a request with a fault in it. The rest may be accepted without the faulty part."""

KEY_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN})
"""Statuses for an API key that is not accepted."""

RETRYABLE: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Retryable statuses below 500. A 5xx is retryable unless it is in `PERMANENT`."""

PERMANENT: Final = frozenset({HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED})
"""5xx statuses that a later attempt would get again."""

NO_OTLP: Final = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
"""Statuses of a server without OTLP. A 404 counts only if `is_resource_missing` is False."""

NOT_KAYBA: Final = "HTTP {status} with a body that is not from Kayba's API: {body}"
MAX_QUOTE_BYTES: Final = 200

_SECONDS: Final = re.compile(r"\d{1,12}(\.\d*)?")


class Response(Protocol):
    """An HTTP response, from the service or from a proxy before it."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def content(self) -> bytes:
        """The body."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers."""


def classify(response: Response) -> ExportResult:
    """Return the export result that a response to an export request stands for."""
    status = response.status_code
    if 200 <= status < 300:
        result = _partial_success(response)
        # Retried: the service is reachable again after a login at the captive portal, or the end of a proxy's outage.
        return Retryable(NOT_KAYBA.format(status=status, body=_quote(response))) if result is None else result
    reason = f"HTTP {status} {_quote(response)}".strip()
    if status in INVALID:
        return Rejected(reason, invalid_content=True, too_large=status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if status in KEY_REFUSED:
        return Blocked(reason, "key")
    if status in RETRYABLE or (status >= 500 and status not in PERMANENT):
        is_internal_error = status == HTTPStatus.INTERNAL_SERVER_ERROR
        return Retryable(reason, _retry_after_s(response.headers), is_internal_error)
    # Redirects are among them: following one would send the API key to another host.
    return Blocked(reason, "address")


def classify_otlp(response: Response) -> ExportResult:
    """Return the export result that a response of any OTLP collector stands for.

    A 2xx is a success whatever its body is, except for a web page, which a captive portal has sent.
    """
    if not 200 <= response.status_code < 300:
        return classify(response)
    if is_html(response):
        return Retryable(
            f"HTTP {response.status_code} with a web page in place of an OTLP response: {_quote(response)}"
        )
    return _partial_success(response) or Delivered()


def is_delivered(response: Response) -> bool:
    """Return whether a response is a success of the service itself, not of a proxy."""
    return isinstance(classify(response), Delivered)


def is_resource_missing(response: Response) -> bool:
    """Return whether the server reports that a named resource (experiment, trace or file) does not exist.

    Any other 404 means that the address is wrong.
    """
    if response.status_code != HTTPStatus.NOT_FOUND:
        return False
    content = _json(response.content)
    return isinstance(content, dict) and content.get("error_code") == "RESOURCE_DOES_NOT_EXIST"


def is_html(response: Response) -> bool:
    """Return whether the response is an HTML page, for example from a proxy or a captive portal."""
    return _media_type(response) == "text/html"


def _media_type(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _partial_success(response: Response) -> Delivered | None:
    """Return the result in a 2xx response, or None if its body is not an OTLP response."""
    if is_html(response):
        return None
    if not response.content:
        return Delivered()
    try:
        if _media_type(response) == "application/x-protobuf":
            return Delivered(*decode_protobuf(response.content))
        return Delivered(*decode_json(orjson.loads(response.content)))
    except ValueError:
        return None


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, from a `Retry-After` header in seconds or as a date; None without a valid one."""
    retry_after = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(retry_after):
        return float(retry_after)
    until = _timestamp(retry_after)
    if until is None:
        return None
    # The server's own clock, if the response has its date: the local one may be wrong.
    now = _timestamp(headers.get("date", ""))
    return max(0.0, until - (time() if now is None else now))


def _timestamp(date: str) -> float | None:
    """Return an HTTP date in seconds since 1970, or None if it is not a date."""
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _quote(response: Response) -> str:
    return " ".join(response.content[:MAX_QUOTE_BYTES].decode(errors="replace").split())


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except ValueError:
        return None
