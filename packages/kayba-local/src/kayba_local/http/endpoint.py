"""Endpoints: authenticate, read and validate a request, run the handler, and validate the response."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from kayba_local.contract import MediaType, Mount, Operation, is_json
from kayba_local.http import bodies
from kayba_local.http.errors import REASON, Problem, error_response, unavailable
from kayba_local.http.lanes import Lane
from kayba_local.http.limits import Resources
from kayba_local.http.metrics import Metrics
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.http.security import require_bearer
from kayba_local.http.validation import check, explain, read_parameters
from kayba_local.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from kayba_local.jobs.runner import Runner
    from kayba_local.store.database import Database

logger: Final = logging.getLogger("kayba_local")


@dataclass(frozen=True, slots=True)
class EndpointContext:
    """The values that all endpoints of a server share.

    Attributes:
        db: The store.
        jobs: The job runner.
        handlers: The handlers by operationId.
        api_key: The key that requests must carry; None accepts any key, or none.
        mock: Whether responses are the contract's examples.
        stopping: Set when the server stops.
        resources: The lanes and the memory of all requests.
        metrics: The server's counts.
    """

    db: Database
    jobs: Runner
    handlers: Mapping[str, Handler]
    api_key: str | None
    mock: bool
    resources: Resources
    metrics: Metrics
    stopping: Event = field(default_factory=Event)


class Endpoint:
    """ASGI application of one path. It dispatches to the operation of the request's method."""

    def __init__(self, context: EndpointContext, operations: Mapping[str, Operation]) -> None:
        self._context = context
        self._operations = operations
        self._mount: Mount = next(iter(operations.values())).mount

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request. Every error becomes an error response of the mount."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except Problem as problem:
            response = self._reject(scope, problem)
        except StoreUnavailable as error:
            response = self._reject(scope, unavailable(error))
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            # The server is stopping and its grace period is over. This task only has to send the response.
            response = self._reject(scope, Problem(503, None, "The server is stopping; try again.", reason="stopping"))
        except Exception:
            logger.exception("%s %s failed", request.method, request.url.path)
            message = "The server failed; its log contains the cause."
            response = self._reject(scope, Problem(500, None, message))
        await response(scope, receive, send)

    def _reject(self, scope: Scope, problem: Problem) -> Response:
        scope[REASON] = problem.reason
        return error_response(self._mount, problem)

    async def _respond(self, request: Request) -> Response:
        operation = self._operations.get(request.method)
        if operation is None:
            allowed = ", ".join(self._operations)
            message = f"{request.method} is not allowed on this path: use {allowed}."
            raise Problem(405, None, message, {"Allow": allowed})
        if operation.requires_key:
            require_bearer(request.headers.get("authorization"), self._context.api_key)
        resources = self._context.resources
        lane = resources.lane_of(operation)
        with resources.memory.share() as share:
            raw = b""
            if operation.bodies:
                raw = await bodies.read(request, operation.max_body_bytes, share, resources.limits.receive_timeout_s)
            # Work that uses the CPU or waits for the store stays off the event loop.
            return await lane.run(self._handle, operation, request, raw, lane)

    def _handle(self, operation: Operation, request: Request, raw: bytes, lane: Lane) -> Response:
        call = _read_call(self._context, operation, request, raw)
        if self._context.mock:
            return _build_response(operation, _example_of(operation), lane)
        handler = self._context.handlers.get(operation.id)
        if handler is None:
            raise Problem(501, None, f"kayba-local does not implement {operation.id} yet.")
        result = handler(call)
        return _build_response(operation, result if isinstance(result, Reply) else Reply(result), lane)


class _PiecesResponse(StreamingResponse):
    """A response that is sent piece by piece, and closes its source, also if the client leaves early."""

    def __init__(
        self, pieces: Iterator[bytes], status: int, headers: Mapping[str, str], media_type: str, lane: Lane
    ) -> None:
        # An error before the first piece can still become an error response.
        first = next(pieces, b"")
        super().__init__(lane.iterate(chain([first], pieces)), status, headers, media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # ValueError: a thread of the lane still makes a piece. The iterator ends with it, as nobody asks for more.
            if (close := getattr(self._pieces, "close", None)) is not None:
                with suppress(ValueError):
                    close()


def _read_call(context: EndpointContext, operation: Operation, request: Request, raw: bytes) -> Call:
    headers = dict(request.headers)
    path: dict[str, str] = request.path_params
    read_parameters(operation, "path", {name: [text] for name, text in path.items()})
    query = read_parameters(operation, "query", parse_qs(request.url.query, keep_blank_values=True))
    read_parameters(operation, "header", {name: [text] for name, text in headers.items()})
    body, media_type = bodies.decode(operation, raw, headers)
    if media_type is not None and not operation.validates_items:
        validator = operation.bodies[media_type].validator
        if validator is not None:
            check(validator, body, "body")
    return Call(
        context.db,
        context.jobs,
        operation.id,
        path,
        query,
        headers,
        body,
        media_type,
        metrics=context.metrics,
        requires_key=context.api_key is not None,
        stopping=context.stopping,
    )


def _example_of(operation: Operation) -> Reply:
    content = operation.responses[operation.success_status]
    for name, media_type in content.items():
        if media_type.has_example:
            return Reply(media_type.example, operation.success_status, name)
    if content:
        raise Problem(501, None, f"The contract has no example response of {operation.id}.")
    return Reply(status=operation.success_status)


def _build_response(operation: Operation, reply: Reply, lane: Lane) -> Response:
    """Return the reply as a response.

    Raises:
        RuntimeError: The reply violates the contract. The caller gets a 500, and the log contains the cause.
    """
    if reply.status not in operation.responses:
        raise RuntimeError(f"{operation.id} returned status {reply.status}, which the contract does not define")
    content = operation.responses[reply.status]
    if reply.body is None and not content:
        return Response(status_code=reply.status, headers=dict(reply.headers))
    media_type = content.get(bodies.media_type_of(reply.media_type) or "")
    if media_type is None:
        raise RuntimeError(f"{operation.id} returned {reply.media_type}, which the contract does not define")
    if isinstance(reply.body, AsyncIterator):
        return StreamingResponse(reply.body, reply.status, dict(reply.headers), reply.media_type)
    if isinstance(reply.body, Iterator):
        return _PiecesResponse(reply.body, reply.status, dict(reply.headers), reply.media_type, lane)
    return Response(_encode(operation, reply, media_type), reply.status, dict(reply.headers), reply.media_type)


def _encode(operation: Operation, reply: Reply, media_type: MediaType) -> bytes:
    body: Any = reply.body
    if not is_json(reply.media_type):
        return body.encode() if isinstance(body, str) else bytes(body)
    encoded = body if isinstance(body, bytes) else orjson.dumps(body)
    if media_type.validator is not None:
        value = orjson.loads(body) if isinstance(body, bytes) else body
        if not media_type.validator.is_valid(value):
            errors = explain(media_type.validator, value, "response")
            raise RuntimeError(f"{operation.id} returned a response that violates the contract: {errors}")
    return encoded
