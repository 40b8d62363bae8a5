"""The ASGI application: routes of the contracts and of OTLP, behind the middleware that rejects other sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from kayba_local.contract import Contract, Operation, load, load_explore
from kayba_local.handlers import HANDLERS
from kayba_local.handlers.attachments import Attachments
from kayba_local.handlers.explore import EXPLORE_HANDLERS
from kayba_local.handlers.otlp import OTLP_HANDLERS, OTLP_MESSAGES
from kayba_local.http.endpoint import Endpoint, EndpointContext
from kayba_local.http.errors import API_PREFIX, EXPLORE_PREFIX, Problem, error_response, mount_of
from kayba_local.http.limits import Limits, Resources
from kayba_local.http.metrics import Metrics
from kayba_local.http.monitoring import CountRequests, Monitoring
from kayba_local.http.operation import Handler
from kayba_local.http.otlp_endpoint import OtlpEndpoint
from kayba_local.http.otlp_status import OTLP_PATHS
from kayba_local.http.security import SameOriginMiddleware
from kayba_local.jobs.runner import Runner
from kayba_local.jobs.text_indexer import TextIndexer
from kayba_local.pages.routes import Pages
from kayba_local.store import integrations

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
    limits: Limits | None = None,
) -> Starlette:
    """Create the server as an ASGI application and start its job runner and its text indexer.

    Args:
        db: The server's store. The caller closes it, which also stops both.
        api_key: The key that requests must carry. None accepts any key, or none.
        mock: Respond to every operation with the contract's example, and execute nothing.
        loopback_only: Reject requests whose `Host` is not a loopback name.
        contract: The contract to serve. None serves the packaged contract.
        handlers: The handlers by operationId.
        model_url: Base URL, without `/v1`, of the API whose model rewrites insights. None uses Anthropic's API.
        otlp: Accept OTLP. If False, OTLP requests get a 501.
        limits: The limits of times, threads, queues and memory. None uses the defaults.

    Returns:
        The application. Set its `state.stopping`, an event, to end live streams before the server stops.
    """
    if not otlp:
        handlers = {operation: handler for operation, handler in handlers.items() if operation != "exportTraces"}
    integrations.encrypt_plain(db)
    jobs = Runner(db, model_url)
    jobs.start()
    TextIndexer(db).start()
    resources, metrics = Resources(limits or Limits()), Metrics()
    db.before_close(resources.close)
    context = EndpointContext(db, jobs, handlers, api_key or None, mock, resources, metrics)
    routes: list[BaseRoute] = [
        *Pages(db, context.api_key, resources.pages).routes(),
        *_api_routes(context, contract or load(), API_PREFIX),
        *_api_routes(replace(context, handlers=EXPLORE_HANDLERS), load_explore(), EXPLORE_PREFIX),
        *([] if mock else Attachments(db, context.api_key, resources).routes()),
        *_otlp_routes(context, otlp=otlp),
        *Monitoring(db, metrics, resources.lanes, resources.memory, context.api_key).routes(),
        Route("/{path:path}", endpoint=_NotFound()),
    ]
    middleware = [
        Middleware(CountRequests, metrics=metrics, routes=routes),
        Middleware(SameOriginMiddleware, loopback_only=loopback_only),
    ]
    app = Starlette(routes=routes, middleware=middleware)
    app.state.stopping = context.stopping
    return app


def _otlp_routes(context: EndpointContext, *, otlp: bool) -> Iterator[Route]:
    """Yield the routes of OpenTelemetry's paths. A trailing slash is common where the address was set with one."""
    for path in OTLP_PATHS:
        endpoint = OtlpEndpoint(context, OTLP_HANDLERS[path] if otlp else None, OTLP_MESSAGES[path])
        yield from (Route(path, endpoint=endpoint), Route(f"{path}/", endpoint=endpoint))


def _api_routes(context: EndpointContext, contract: Contract, prefix: str) -> list[Route]:
    paths: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in contract.operations.values():
        paths[operation.path][operation.method] = operation
    # A literal segment precedes a parameter; otherwise /traces/search would match /traces/{id}.
    ordered = sorted(paths, key=lambda path: [segment.startswith("{") for segment in path.split("/")])
    return [Route(prefix + path, endpoint=Endpoint(context, paths[path])) for path in ordered]


class _NotFound:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = Problem(404, None, f"Path not found: {scope['path']}.")
        await error_response(mount_of(scope["path"]), problem)(scope, receive, send)
