"""Attachments of traces over HTTP: MLflow's paths, which the contract does not have."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kayba_local.http import bodies
from kayba_local.http.errors import API_PREFIX, REASON, Problem, error_response, unavailable
from kayba_local.http.limits import Resources
from kayba_local.http.media import content_response
from kayba_local.http.security import require_bearer
from kayba_local.store.errors import DoesNotExist, StoreUnavailable
from kayba_local.store.traces import attachments

if TYPE_CHECKING:
    from kayba_local.store.database import Database

MAX_CONTENT_BYTES: Final = 64 * 1024 * 1024
"""The largest attachment."""
BY_CONTENT: Final = {"kayba-attachments": "by-content"}
"""The header that tells a client not to send a content again for another trace."""

_MOUNT: Final = f"{API_PREFIX}/mlflow"
_PATH: Final = (
    f"{_MOUNT}/api/2.0/mlflow-artifacts/artifacts/{{experiment_id:int}}/traces/{{trace_id}}/artifacts/attachments/"
    "{attachment_id}"
)
_UI_PATHS: Final = tuple(f"{_MOUNT}/ajax-api/{version}/mlflow/get-trace-artifact" for version in ("2.0", "3.0"))
_TRACE_ID: Final = re.compile(r"tr-[0-9a-f]{32}")
_ATTACHMENT_ID: Final = re.compile(attachments.ATTACHMENT_ID)

Handler = Callable[[Request], Awaitable[Response]]


class Attachments:
    """The routes of the attachments of one server.

    Args:
        db: The store.
        api_key: The key that requests must carry. None accepts every request.
        resources: The lanes and the memory of all requests.
    """

    def __init__(self, db: Database, api_key: str | None, resources: Resources) -> None:
        self._db = db
        self._api_key = api_key
        self._resources = resources

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(_PATH, self._protect(self._put), methods=["PUT"], name="attachments: put"),
            Route(_PATH, self._protect(self._get), methods=["GET"], name="attachments: get"),
            *(Route(path, self._protect(self._get_by_query), name=f"attachments: {path}") for path in _UI_PATHS),
        ]

    def _protect(self, handler: Handler) -> Handler:
        async def endpoint(request: Request) -> Response:
            try:
                require_bearer(request.headers.get("authorization"), self._api_key)
                return await handler(request)
            except DoesNotExist as error:
                return error_response("tracing", Problem(404, "RESOURCE_DOES_NOT_EXIST", str(error)))
            except StoreUnavailable as error:
                problem = unavailable(error)
            except Problem as raised:
                problem = raised
            request.scope[REASON] = problem.reason
            return error_response("tracing", problem)

        return endpoint

    async def _put(self, request: Request) -> Response:
        experiment_id = str(request.path_params["experiment_id"])
        trace_id, attachment_id = _check(request.path_params["trace_id"], request.path_params["attachment_id"])
        encoding = request.headers.get("content-encoding", "")

        def store(raw: bytes) -> None:
            content = bodies.decompress(raw, encoding, MAX_CONTENT_BYTES)
            attachments.put(self._db, experiment_id, trace_id, attachment_id, content)

        with self._resources.memory.share() as share:
            timeout_s = self._resources.limits.receive_timeout_s
            raw = await bodies.read(request, MAX_CONTENT_BYTES, share, timeout_s)
            await self._resources.ingest.run(store, raw)
        return JSONResponse({}, headers=BY_CONTENT)

    async def _get(self, request: Request) -> Response:
        return await self._read(request.path_params["trace_id"], request.path_params["attachment_id"])

    async def _get_by_query(self, request: Request) -> Response:
        return await self._read(request.query_params.get("request_id", ""), request.query_params.get("path", ""))

    async def _read(self, trace_id: str, attachment_id: str) -> Response:
        content = await self._resources.reads.run(attachments.get, self._db, *_check(trace_id, attachment_id))
        return content_response(content, attachment_id)


def _check(trace_id: str, attachment_id: str) -> tuple[str, str]:
    """Return the ids of a request.

    Raises:
        Problem: 400; one of them has another form.
    """
    if not _TRACE_ID.fullmatch(trace_id):
        raise Problem(400, None, "The trace's id is not 'tr-' and 32 hex digits.")
    if not _ATTACHMENT_ID.fullmatch(attachment_id):
        raise Problem(400, None, "The attachment's id is not a UUID in lower case.")
    return trace_id, attachment_id
