"""Errors of OpenTelemetry's own paths: google.rpc.Status in the encoding of the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from kayba_local.http.bodies import media_type_of
from kayba_local.http.errors import Problem, error_response, mount_of

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
OTLP_PATHS: Final = ("/v1/traces", "/v1/logs", "/v1/metrics")
"""The paths that every OpenTelemetry SDK appends to `OTEL_EXPORTER_OTLP_ENDPOINT`."""

_CODES: Final[Mapping[int, int]] = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    405: 12,
    408: 4,
    413: 8,
    415: 3,
    429: 8,
    500: 13,
    501: 12,
    503: 14,
}
"""The code of google.rpc.Status for each HTTP status, by the names that both have in common."""
_UNKNOWN: Final = 2
_CODE_FIELD: Final = b"\x08"
_MESSAGE_FIELD: Final = b"\x12"


def reject(scope: Scope, problem: Problem) -> Response:
    """Return the error response for a request that reaches no endpoint, in the form that its path has."""
    if scope["path"].removesuffix("/") in OTLP_PATHS:
        return status_response(Headers(scope=scope).get("content-type"), problem)
    return error_response(mount_of(scope["path"]), problem)


def status_response(content_type: str | None, problem: Problem) -> Response:
    """Return the error response for `problem`.

    Args:
        content_type: The Content-Type of the request. The response is JSON unless the request is protobuf.
        problem: The error.
    """
    code = _CODES.get(problem.status, _UNKNOWN)
    if media_type_of(content_type) == PROTOBUF:
        return Response(_encode(code, problem.message), problem.status, dict(problem.headers), PROTOBUF)
    body = orjson.dumps({"code": code, "message": problem.message})
    return Response(body, problem.status, dict(problem.headers), JSON)


def _encode(code: int, message: str) -> bytes:
    # protobuf has no class for this message without another package of 5 MB.
    text = message.encode()
    return _CODE_FIELD + _varint(code) + _MESSAGE_FIELD + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
