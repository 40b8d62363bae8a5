"""Endpoints of OpenTelemetry's own paths, such as `/v1/traces`, which are not operations of the contract.

They follow OTLP's rules: bodies in protobuf or JSON, a response in the encoding of the request, errors as
google.rpc.Status, and a status that clients retry (503) for the errors that may pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kayba_local.cost.json_values import JsonValueMeter
from kayba_local.cost.meter import Meter
from kayba_local.cost.protobuf_fields import Children, ProtobufFieldMeter
from kayba_local.http import bodies
from kayba_local.http.endpoint import EndpointContext
from kayba_local.http.errors import REASON, RETRY_AFTER_S, Problem, unavailable
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.http.otlp_status import JSON, PROTOBUF, status_response
from kayba_local.http.security import require_bearer
from kayba_local.store.errors import StoreError, StoreUnavailable

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""Limit of a body, both before and after decompression: that of `exportTraces` in the contract."""

logger: Final = logging.getLogger("kayba_local")


class OtlpEndpoint:
    """ASGI application of one of OpenTelemetry's paths.

    Args:
        context: The values that all endpoints share.
        handler: Stores a request's body, which it gets as decompressed bytes. None responds with 501.
        message: The kind of message that a body in protobuf is. None for bodies that are not parsed.
    """

    def __init__(self, context: EndpointContext, handler: Handler | None, message: Children | None) -> None:
        self._context = context
        self._handler = handler
        self._message = message

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request. Every error becomes a google.rpc.Status."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except Problem as problem:
            response = _reject(request, problem)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            # The server is stopping and its grace period is over. This task only has to send the response.
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            response = _reject(
                request, Problem(503, None, "The server is stopping; try again.", headers, reason="stopping")
            )
        except (StoreUnavailable, StoreError) as error:
            # For example a full disk or a locked file. Clients drop the data of any status that they do not retry.
            response = _reject(request, unavailable(error))
        except Exception:
            logger.exception("%s %s failed", request.method, request.url.path)
            response = _reject(request, Problem(500, None, "The server failed; its log contains the cause."))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method != "POST":
            message = f"{request.method} is not allowed on this path: use POST."
            raise Problem(405, None, message, {"Allow": "POST"})
        require_bearer(request.headers.get("authorization"), self._context.api_key)
        if self._handler is None:
            raise Problem(501, None, "This server was started with --without-otlp: it accepts no OTLP.")
        resources = self._context.resources
        with resources.memory.share() as share:
            raw = await bodies.read(request, MAX_BODY_BYTES, share, resources.limits.receive_timeout_s)
            # Work that uses the CPU or waits for the store stays off the event loop.
            return await resources.ingest.run(self._handle, self._handler, dict(request.headers), raw)

    def _handle(self, handler: Handler, headers: Mapping[str, str], raw: bytes) -> Response:
        media_type = bodies.media_type_of(headers.get("content-type"))
        if media_type not in (PROTOBUF, JSON):
            sent = f"of type {media_type!r}" if media_type else "without a Content-Type"
            raise Problem(415, None, f"OTLP has no body {sent}: send {PROTOBUF} or {JSON}.")
        meter = self._make_meter(media_type)
        body = bodies.decompress(raw, headers.get("content-encoding", ""), MAX_BODY_BYTES, meter)
        db, jobs = self._context.db, self._context.jobs
        metrics = self._context.metrics
        call = Call(db, jobs, "OTLP", headers=headers, body=body, media_type=media_type, metrics=metrics)
        result = accept_all(call) if self._context.mock else handler(call)
        content = result.body if isinstance(result, Reply) else result
        return Response(content if isinstance(content, bytes) else orjson.dumps(content), media_type=media_type)

    def _make_meter(self, media_type: str) -> Meter | None:
        if self._message is None:
            return None
        return ProtobufFieldMeter(self._message) if media_type == PROTOBUF else JsonValueMeter()


def accept_all(call: Call) -> Reply:
    """Return the reply that accepts a request as a whole: a message without a field, in the encoding of the request."""
    return Reply(b"", media_type=PROTOBUF) if call.media_type == PROTOBUF else Reply({})


def _reject(request: Request, problem: Problem) -> Response:
    request.scope[REASON] = problem.reason
    return status_response(request.headers.get("content-type"), problem)
