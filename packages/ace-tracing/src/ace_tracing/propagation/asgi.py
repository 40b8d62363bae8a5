"""ASGI middleware that records one span per request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from ace_tracing.diagnostics import guard
from ace_tracing.propagation.http_spans import (
    MIN_SERVER_ERROR,
    ROUTE,
    Exclusion,
    Identity,
    Request,
    RequestRecorder,
    record_status,
)
from ace_tracing.recording.context import current_span, end_span, end_with_error
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.tracer import state

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_METHODS: Final = {"http": "", "websocket": "WEBSOCKET"}


class TraceASGI:
    """ASGI middleware that records each request as a span, a child of the caller's span when the headers name one.

    The span is named `METHOD /path`. Its inputs are method, path and query parameters, without the parameters whose
    name looks like a secret; its outputs are the status code. Its attributes contain the status code and, when
    the framework sets it, the route. An exception that leaves the application, or a status code of 500 or more, sets
    the span's status to ERROR. The span ends when the body has been sent, or, for a websocket, when the application
    returns. Bodies and headers are not recorded.

    Args:
        app: The application. Wrap it from outside, or add this class as a middleware.
        exclude: Requests of which nothing is recorded: a path such as `"/health"`, a path with wildcards such as
            `"/static/*"`, a compiled pattern that is searched in the path, a function of the ASGI scope that returns
            whether to exclude the request, or several of these. None by default.
        span_type: The type of a request's span. `"UNKNOWN"` by default.
        session: The session of the request's trace: the name of a header, or a function that takes the ASGI scope and
            returns the id or None. None by default.
        user: The user of the request's trace, in the same way.

    Raises:
        TypeError: An argument has another type.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        exclude: Exclusion | Iterable[Exclusion] = (),
        span_type: str = "UNKNOWN",
        session: Identity | None = None,
        user: Identity | None = None,
    ) -> None:
        if not callable(app):
            raise TypeError(f"TraceASGI({app!r}): give the ASGI application")
        self.app = app
        self._recorder = RequestRecorder(exclude, span_type, session, user)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection."""
        tracer = state.tracer
        if tracer is None or scope["type"] not in _METHODS:
            await self.app(scope, receive, send)
            return
        request = _read_request(scope)
        span = None if request is None else self._recorder.open(tracer, request, LiveSpan)
        if span is None:
            await self.app(scope, receive, send)
        else:
            await self._serve(scope, receive, send, span)

    async def _serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, span: LiveSpan) -> None:
        """Serve one request inside its span."""
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

        token, parent = None, current_span.get()
        try:
            token = current_span.set(span)
            await self.app(scope, receive, send_and_record)
        except BaseException as error:
            try:
                record_route()
            finally:
                end_with_error(span, token, error, parent)
            raise
        record_route()
        end_span(span, token)


@guard("reading a request")
def _read_request(scope: MutableMapping[str, Any]) -> Request:
    method = _METHODS[scope["type"]] or str(scope.get("method", ""))
    query = scope.get("query_string", b"")
    text = query.decode("latin-1") if isinstance(query, bytes) else str(query)
    return Request(scope, scope.get("headers", ()), method, str(scope.get("path", "")), text)
