"""ASGI middleware that records one span per request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from ace_tracing.propagation.headers import continue_trace
from ace_tracing.propagation.http_spans import (
    MIN_SERVER_ERROR,
    ROUTE,
    record_status,
    request_attributes,
    request_span_name,
)
from ace_tracing.recording.spans import SpanBlock
from ace_tracing.recording.tracer import state

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_METHODS: Final = {"http": "", "websocket": "WEBSOCKET"}


class TraceASGI:
    """ASGI middleware that records each request as a span, a child of the caller's span when the headers name one.

    The span is named `METHOD /path`. Its attributes contain the status code and, when the framework sets it, the route.
    An exception that leaves the application, or a status code of 500 or more, sets the span's status to ERROR. The span
    ends when the body has been sent, or, for a websocket, when the application returns. Bodies, headers and query
    strings are not recorded.

    Args:
        app: The application. Wrap it from outside, or add this class as a middleware.
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
            SpanBlock(request_span_name(method, path), attributes=request_attributes(method, path)) as span,
        ):
            status = 0

            async def send_and_record(message: Message) -> None:
                nonlocal status
                await send(message)
                if message["type"] == "http.response.start":
                    status = message["status"]
                    record_status(span, status)
                elif message["type"] == "http.response.body" and not message.get("more_body"):
                    record_route()
                    # A framework that has sent an error response raises the exception again, for the span to record.
                    if status < MIN_SERVER_ERROR:
                        span.end()

            def record_route() -> None:
                route = getattr(scope.get("route"), "path", None)
                if isinstance(route, str):
                    span.set_attribute(ROUTE, route)

            try:
                await self.app(scope, receive, send_and_record)
            finally:
                record_route()
