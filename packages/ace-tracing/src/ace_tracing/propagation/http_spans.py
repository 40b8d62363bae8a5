"""Name, attributes and status of the span of a served HTTP request."""

from __future__ import annotations

from typing import Any, Final, Protocol

METHOD: Final = "http.request.method"
PATH: Final = "url.path"
ROUTE: Final = "http.route"
STATUS_CODE: Final = "http.response.status_code"
"""OpenTelemetry's names of these attributes."""

MIN_SERVER_ERROR: Final = 500


class RequestSpan(Protocol):
    """The span of a request, or a no-op span."""

    @property
    def failed(self) -> bool:
        """Return whether the span's status is ERROR."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute."""

    def set_status(self, status: str, description: str = "") -> None:
        """Set the status."""


def request_span_name(method: str, path: str) -> str:
    """Return the name of a request's span."""
    return f"{method} {path}"


def request_attributes(method: str, path: str) -> dict[str, str]:
    """Return the first attributes of a request's span, without the query string, which may contain secrets."""
    return {METHOD: method, PATH: path}


def record_status(span: RequestSpan, status: int) -> None:
    """Record the response's status code. A server error sets the span's status to ERROR."""
    span.set_attribute(STATUS_CODE, status)
    if status >= MIN_SERVER_ERROR and not span.failed:
        span.set_status("ERROR", f"HTTP {status}")
