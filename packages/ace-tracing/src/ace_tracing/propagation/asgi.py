"""One span per request that an ASGI application serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ace_tracing.decorator.decorator import start_span
from ace_tracing.propagation.headers import continue_trace
from ace_tracing.propagation.http_spans import FIRST_SERVER_ERROR, ROUTE, answered, described, name_of
from ace_tracing.runtime import state

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_METHODS = {"http": "", "websocket": "WEBSOCKET"}


class TraceASGI:
    """ASGI middleware: each request is a span, below the span of the caller when the caller says which.

    The span is named `METHOD /path` and holds the route, when the framework tells it, and the status code. An exception
    that leaves the application and a status of 500 or more make it an ERROR. It lasts until the body was sent; that
    of a websocket until the application is done with it. Bodies, headers and query strings are not recorded.

    Args:
        app: the application. Wrap it from outside, or add the class as a middleware.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection."""
        kind = scope["type"]
        if state.tracer is None or kind not in _METHODS:
            await self.app(scope, receive, send)
            return
        method = _METHODS[kind] or str(scope.get("method", ""))
        path = str(scope.get("path", ""))
        with (
            continue_trace(scope.get("headers", ())),
            start_span(name_of(method, path), attributes=described(method, path)) as span,
        ):
            status = 0

            async def send_and_see(message: Message) -> None:
                nonlocal status
                await send(message)
                if message["type"] == "http.response.start":
                    status = message["status"]
                    answered(span, status)
                elif message["type"] == "http.response.body" and not message.get("more_body"):
                    note_route()
                    # After an error of its own a framework raises it once more, for the span to tell.
                    if status < FIRST_SERVER_ERROR:
                        span.end()

            def note_route() -> None:
                route = getattr(scope.get("route"), "path", None)
                if isinstance(route, str):
                    span.set_attribute(ROUTE, route)

            try:
                await self.app(scope, receive, send_and_see)
            finally:
                note_route()
