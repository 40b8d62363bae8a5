"""What the span of a served HTTP request says."""

from __future__ import annotations

from typing import Any, Protocol

METHOD = "http.request.method"
PATH = "url.path"
ROUTE = "http.route"
STATUS_CODE = "http.response.status_code"
"""The names that OpenTelemetry gave these attributes."""

FIRST_SERVER_ERROR = 500


class Described(Protocol):
    """A span, or its stand-in."""

    @property
    def failed(self) -> bool:
        """Whether its status is ERROR."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Record a fact."""

    def set_status(self, status: str, description: str = "") -> None:
        """Set the outcome."""


def name_of(method: str, path: str) -> str:
    """The name of a request's span."""
    return f"{method} {path}"


def described(method: str, path: str) -> dict[str, str]:
    """The attributes that a request's span starts with. The query string, which may hold secrets, is none of them."""
    return {METHOD: method, PATH: path}


def answered(span: Described, status: int) -> None:
    """Record the answer's status; that of a server's error makes the span's ERROR."""
    span.set_attribute(STATUS_CODE, status)
    if status >= FIRST_SERVER_ERROR and not span.failed:
        span.set_status("ERROR", f"HTTP {status}")
