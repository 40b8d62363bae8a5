"""Routes for those who run the server: `/health`, `/ready` and `/metrics`, and the count of each request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kayba_local.http.errors import REASON, RETRY_AFTER_S, Problem, error_response
from kayba_local.http.lanes import Lane
from kayba_local.http.memory import BodyMemory
from kayba_local.http.metrics import CONTENT_TYPE, Metrics, render
from kayba_local.http.security import require_bearer

if TYPE_CHECKING:
    from kayba_local.store.database import Database

OTHER: Final = "other"
"""The route of requests for unknown paths."""


class Monitoring:
    """The routes of one server.

    Args:
        db: The store.
        metrics: The counts.
        lanes: The lanes, whose queues are shown.
        memory: The memory of bodies.
        api_key: The key that requests for metrics must carry. None accepts every request.
    """

    def __init__(
        self, db: Database, metrics: Metrics, lanes: Sequence[Lane], memory: BodyMemory, api_key: str | None
    ) -> None:
        self._db = db
        self._metrics = metrics
        self._lanes = lanes
        self._memory = memory
        self._api_key = api_key

    def routes(self) -> list[Route]:
        """Return the routes. Health and readiness need no key: the programs that ask for them have none."""
        return [
            Route("/health", self._health, name="monitoring: health"),
            Route("/ready", self._ready, name="monitoring: ready"),
            Route("/metrics", self._show_metrics, name="monitoring: metrics"),
        ]

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _ready(self, _request: Request) -> Response:
        if (reason := self._db.unavailable_reason) is not None:
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            return JSONResponse({"status": "unavailable", "reason": reason}, 503, headers)
        return JSONResponse({"status": "ready"})

    async def _show_metrics(self, request: Request) -> Response:
        try:
            require_bearer(request.headers.get("authorization"), self._api_key)
        except Problem as problem:
            return error_response("rest", problem)
        running = [({"lane": lane.name}, lane.running) for lane in self._lanes]
        waiting = [({"lane": lane.name}, lane.waiting) for lane in self._lanes]
        is_ready = self._db.unavailable_reason is None
        text = self._metrics.collect() + "".join(
            (
                render("kayba_requests_running", "gauge", "Requests that run, by lane.", running),
                render("kayba_requests_waiting", "gauge", "Requests that wait, by lane.", waiting),
                render("kayba_body_bytes", "gauge", "Bytes of bodies in flight.", [({}, self._memory.used)]),
                render("kayba_store_bytes", "gauge", "Size of the file and its log.", [({}, self._db.size_bytes())]),
                render("kayba_store_available", "gauge", "1 if the last write succeeded.", [({}, int(is_ready))]),
            )
        )
        return Response(text, media_type=CONTENT_TYPE)


class CountRequests:
    """ASGI middleware that counts each request by its route, method and status."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths: dict[Any, str] = {}
        for route in routes:
            if isinstance(route, Route) and route.path != "/{path:path}":
                self._paths.setdefault(route.endpoint, route.path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count and forward a request."""
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            if scope["type"] == "http":
                route = self._paths.get(scope.get("endpoint"), OTHER)
                self._metrics.count_request(route, _known_method(scope["method"]), status, scope.get(REASON))


def _known_method(method: str) -> str:
    # A client may send any word, and each would be a time series.
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else OTHER
