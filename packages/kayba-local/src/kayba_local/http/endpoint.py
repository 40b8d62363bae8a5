"""What happens to a request: checked, decoded, handled, its answer checked, and nothing in between skipped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kayba_local.contract import Media, Mount, Operation, is_json
from kayba_local.http import bodies
from kayba_local.http.errors import refuse
from kayba_local.http.operation import Call, Handler, Problem, Reply
from kayba_local.http.security import require_bearer
from kayba_local.http.validation import check, explain, read_parameters

if TYPE_CHECKING:
    from kayba_local.jobs.runner import Runner
    from kayba_local.store.database import Database

logger = logging.getLogger("kayba_local")


@dataclass(frozen=True, slots=True)
class Service:
    """What every endpoint of a server shares: the store, its jobs, the handlers by operationId, the key, mock mode."""

    db: Database
    jobs: Runner
    handlers: Mapping[str, Handler]
    api_key: str | None
    mock: bool


class Endpoint:
    """ASGI application of one path: dispatches to the operation of the request's method."""

    def __init__(self, service: Service, operations: Mapping[str, Operation]) -> None:
        self._service = service
        self._operations = operations
        self._mount: Mount = next(iter(operations.values())).mount

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; an error of any kind is an answer in the mount's envelope."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except Problem as problem:
            response = refuse(self._mount, problem)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            # The server was told to stop and its grace is over; this task has nothing to do but this answer.
            response = refuse(self._mount, Problem(503, None, "The server is stopping; try again."))
        except Exception:
            logger.exception("%s %s failed", request.method, request.url.path)
            response = refuse(self._mount, Problem(500, None, "The server failed; its log says how."))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        operation = self._operations.get(request.method)
        if operation is None:
            allowed = ", ".join(self._operations)
            message = f"{request.method} is not among the methods of this path: {allowed}."
            raise Problem(405, None, message, {"Allow": allowed})
        if operation.secured:
            require_bearer(request.headers.get("authorization"), self._service.api_key)
        raw = await bodies.read(request, operation.max_body_bytes) if operation.bodies else b""
        # Everything that takes CPU or waits for the store stays off the event loop.
        return await run_in_threadpool(self._answer, operation, request, raw)

    def _answer(self, operation: Operation, request: Request, raw: bytes) -> Response:
        call = _read_call(self._service, operation, request, raw)
        if self._service.mock:
            return _respond_with(operation, _example_of(operation))
        handler = self._service.handlers.get(operation.id)
        if handler is None:
            raise Problem(501, None, f"kayba-local does not implement {operation.id} yet.")
        result = handler(call)
        return _respond_with(operation, result if isinstance(result, Reply) else Reply(result))


def _read_call(service: Service, operation: Operation, request: Request, raw: bytes) -> Call:
    headers = dict(request.headers)
    path: dict[str, str] = request.path_params
    read_parameters(operation, "path", {name: [text] for name, text in path.items()})
    query = read_parameters(operation, "query", parse_qs(request.url.query, keep_blank_values=True))
    read_parameters(operation, "header", {name: [text] for name, text in headers.items()})
    body, media_type = bodies.decode(operation, raw, headers)
    if media_type is not None and (validator := operation.bodies[media_type].validator) is not None:
        check(validator, body, "body")
    return Call(service.db, service.jobs, operation.id, path, query, headers, body, media_type)


def _example_of(operation: Operation) -> Reply:
    """The contract's example of the operation's success."""
    content = operation.responses[operation.success]
    for media_type, media in content.items():
        if media.has_example:
            return Reply(media.example, operation.success, media_type)
    if content:
        raise Problem(501, None, f"The contract has no example of an answer to {operation.id}.")
    return Reply(status=operation.success)


def _respond_with(operation: Operation, reply: Reply) -> Response:
    """The reply as a response, checked against the contract.

    Raises:
        RuntimeError: When it is not what the contract says; the caller gets a 500, the log the reason.
    """
    if reply.status not in operation.responses:
        raise RuntimeError(f"{operation.id} answered with status {reply.status}, which the contract does not have")
    content = operation.responses[reply.status]
    if reply.body is None and not content:
        return Response(status_code=reply.status, headers=dict(reply.headers))
    media = content.get(bodies.media_type_of(reply.media_type) or "")
    if media is None:
        raise RuntimeError(f"{operation.id} answered with {reply.media_type}, which the contract does not have")
    return Response(_encode(operation, reply, media), reply.status, dict(reply.headers), reply.media_type)


def _encode(operation: Operation, reply: Reply, media: Media) -> bytes:
    body: Any = reply.body
    if not is_json(reply.media_type):
        return body.encode() if isinstance(body, str) else bytes(body)
    encoded = body if isinstance(body, bytes) else orjson.dumps(body)
    if media.validator is not None:
        value = orjson.loads(body) if isinstance(body, bytes) else body
        if not media.validator.is_valid(value):
            fault = explain(media.validator, value, "answer")
            raise RuntimeError(f"{operation.id} answered against the contract: {fault}")
    return encoded
