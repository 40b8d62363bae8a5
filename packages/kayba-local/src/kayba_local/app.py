"""The web application: routes derived from the contract, around them what guards every request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from kayba_local.contract import Contract, Operation, load
from kayba_local.handlers import HANDLERS
from kayba_local.http.endpoint import Endpoint, Service
from kayba_local.http.errors import API_PREFIX, mount_of, refuse
from kayba_local.http.operation import Handler, Problem
from kayba_local.http.security import Guard
from kayba_local.jobs.runner import Runner
from kayba_local.pages.routes import Pages

if TYPE_CHECKING:
    from kayba_local.store.database import Database


def create_app(
    db: Database,
    *,
    api_key: str | None = None,
    mock: bool = False,
    loopback_only: bool = True,
    contract: Contract | None = None,
    handlers: Mapping[str, Handler] = HANDLERS,
    model_url: str | None = None,
    otlp: bool = True,
) -> Starlette:
    """The server as an ASGI application.

    Args:
        db: The store that it works on; stays the caller's to close, which ends the thread that runs its jobs, too.
        api_key: The key that calls must carry; None takes any key, or none.
        mock: Answer every operation with the contract's example, and do nothing.
        loopback_only: Refuse requests whose Host is not a loopback name.
        contract: What to serve; the packaged contract by default.
        handlers: What serves it, by operationId.
        model_url: Where jobs ask a model that words insights, without ``/v1``; Anthropic's API by default.
        otlp: Whether spans are taken by OTLP; without it that is answered with 501.
    """
    if not otlp:
        handlers = {operation: handler for operation, handler in handlers.items() if operation != "exportTraces"}
    operations = (contract or load()).operations.values()
    jobs = Runner(db, model_url)
    jobs.start()
    service = Service(db, jobs, handlers, api_key or None, mock)
    routes: list[BaseRoute] = [
        *Pages(db, service.api_key).routes(),
        *_api_routes(service, operations),
        Route("/{path:path}", endpoint=_NotFound()),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, loopback_only=loopback_only)])


def _api_routes(service: Service, operations: Iterable[Operation]) -> list[Route]:
    paths: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method] = operation
    # A literal segment goes before a parameter, so that /traces/search is not the trace of that id.
    ordered = sorted(paths, key=lambda path: [segment.startswith("{") for segment in path.split("/")])
    return [Route(API_PREFIX + path, endpoint=Endpoint(service, paths[path])) for path in ordered]


class _NotFound:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = Problem(404, None, f"Nothing is at {scope['path']}.")
        await refuse(mount_of(scope["path"]), problem)(scope, receive, send)
