"""The error envelopes: one shape for each mount of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from kayba_local.contract import TRACING_PREFIX, Mount
from kayba_local.http.operation import Problem

API_PREFIX = "/api"

_REST_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    500: "INTERNAL_ERROR",
    501: "NOT_IMPLEMENTED",
    503: "SERVICE_UNAVAILABLE",
}
# MLflow's own names where it has one.
_TRACING_CODES = {
    **_REST_CODES,
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "ENDPOINT_NOT_FOUND",
    413: "REQUEST_LIMIT_EXCEEDED",
    415: "INVALID_PARAMETER_VALUE",
    503: "TEMPORARILY_UNAVAILABLE",
}


def mount_of(path: str) -> Mount:
    """The mount that a request's path falls under, whether or not an operation is there."""
    return "tracing" if f"{path}/".startswith(API_PREFIX + TRACING_PREFIX) else "rest"


def envelope(mount: Mount, problem: Problem) -> dict[str, Any]:
    """The answer's body for `problem` on `mount`."""
    if mount == "tracing":
        return {"error_code": problem.code or _code(_TRACING_CODES, problem.status), "message": problem.message}
    return {"error": {"code": problem.code or _code(_REST_CODES, problem.status), "message": problem.message}}


def refuse(mount: Mount, problem: Problem) -> Response:
    """The whole answer for `problem` on `mount`."""
    return Response(
        orjson.dumps(envelope(mount, problem)), problem.status, dict(problem.headers), media_type="application/json"
    )


def _code(codes: Mapping[int, str], status: int) -> str:
    return codes.get(status, "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST")
