"""HTTP errors: the exception that handlers raise, and the JSON body that each mount of the contract sends for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from kayba_local.contract import TRACING_PREFIX, Mount
from kayba_local.store.errors import StoreBusy

API_PREFIX: Final = "/api"
EXPLORE_PREFIX: Final = f"{API_PREFIX}/explore"
"""Where the operations of `openapi/explore.yaml` are."""

_REST_CODES: Final[Mapping[int, str]] = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    500: "INTERNAL_ERROR",
    501: "NOT_IMPLEMENTED",
    503: "SERVICE_UNAVAILABLE",
}
# MLflow's error codes, where MLflow defines one for the status.
_TRACING_CODES: Final[Mapping[int, str]] = {
    **_REST_CODES,
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "ENDPOINT_NOT_FOUND",
    413: "REQUEST_LIMIT_EXCEEDED",
    415: "INVALID_PARAMETER_VALUE",
    503: "TEMPORARILY_UNAVAILABLE",
}


REASON: Final = "kayba_local.reason"
"""The key of a request's scope for the reason of its rejection."""
RETRY_AFTER_S: Final = 1
"""Seconds after which a client may repeat a request that the server or the store had no room for."""


class Problem(Exception):  # noqa: N818 - the term of RFC 9457
    """A request that fails; the response carries the error body of the operation's mount.

    Attributes:
        status: The HTTP status.
        code: The error code of the body, e.g. `NOT_FOUND` (REST) or `RESOURCE_DOES_NOT_EXIST` (tracing). None selects
            the mount's default code for the status.
        message: The cause and, where it helps, the remedy. The caller sees it.
        headers: Further response headers, e.g. `Retry-After`.
        details: Further properties of the error in a REST body, such as the position of a fault in a filter.
        reason: The reason in `/metrics`. None follows from the status.
    """

    def __init__(
        self,
        status: int,
        code: str | None,
        message: str,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers: Mapping[str, str] = headers or {}
        self.details: Mapping[str, Any] = details or {}
        self.reason = reason


def unavailable(error: Exception) -> Problem:
    """Return the error of a request for which the store cannot be used now. Clients retry it."""
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    if isinstance(error, StoreBusy):
        return Problem(503, None, f"The server is busy: {error}. Try again.", headers, reason="deadline")
    return Problem(503, None, f"The store cannot be used now: {error}.", headers, reason="store")


def mount_of(path: str) -> Mount:
    """Return the mount that contains a request's path, even if no operation has that path."""
    return "tracing" if f"{path}/".startswith(API_PREFIX + TRACING_PREFIX) else "rest"


def error_body(mount: Mount, problem: Problem) -> dict[str, Any]:
    """Return the JSON body of an error response on `mount`."""
    if mount == "tracing":
        return {"error_code": problem.code or _code(_TRACING_CODES, problem.status), "message": problem.message}
    code = problem.code or _code(_REST_CODES, problem.status)
    return {"error": {"code": code, "message": problem.message, **problem.details}}


def error_response(mount: Mount, problem: Problem) -> Response:
    """Return the error response for `problem` on `mount`."""
    return Response(
        orjson.dumps(error_body(mount, problem)), problem.status, dict(problem.headers), media_type="application/json"
    )


def _code(codes: Mapping[int, str], status: int) -> str:
    return codes.get(status, "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST")
