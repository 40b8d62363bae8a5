"""WSGI middleware that records one span per request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ace_tracing.diagnostics import guard
from ace_tracing.propagation.http_spans import Exclusion, Identity, Request, RequestRecorder, record_status
from ace_tracing.recording.context import current_span, end_with_error, leave
from ace_tracing.recording.span import LiveSpan, ManualSpan
from ace_tracing.recording.tracer import state

StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class TraceWSGI:
    """WSGI middleware that records each request as a span, a child of the caller's span when the headers name one.

    The span is named `METHOD /path`. Its inputs are method, path and query parameters, without the parameters whose
    name looks like a secret; its outputs are the status code, which is an attribute, too. An exception that
    leaves the application, or a status code of 500 or more, sets the span's status to ERROR. The span ends when the
    body has been read or closed. Bodies and headers are not recorded.

    Args:
        app: The application.
        exclude: Requests of which nothing is recorded: a path such as `"/health"`, a path with wildcards such as
            `"/static/*"`, a compiled pattern that is searched in the path, a function of the environ that returns
            whether to exclude the request, or several of these. None by default.
        span_type: The type of a request's span. `"UNKNOWN"` by default.
        session: The session of the request's trace: the name of a header, or a function that takes the environ and
            returns the id or None. None by default.
        user: The user of the request's trace, in the same way.

    Raises:
        TypeError: An argument has another type.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        exclude: Exclusion | Iterable[Exclusion] = (),
        span_type: str = "UNKNOWN",
        session: Identity | None = None,
        user: Identity | None = None,
    ) -> None:
        if not callable(app):
            raise TypeError(f"TraceWSGI({app!r}): give the WSGI application")
        self.app = app
        self._recorder = RequestRecorder(exclude, span_type, session, user)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        tracer = state.tracer
        request = None if tracer is None else _read_request(environ)
        if tracer is None or request is None:
            return self.app(environ, start_response)
        span = self._recorder.open(tracer, request, ManualSpan)
        if span is None:
            return self.app(environ, start_response)

        def start_and_record(status: str, *args: Any) -> Callable[[bytes], object]:
            code = status[:3]
            if code.isdecimal():
                record_status(span, int(code))
            return start_response(status, *args)

        token, parent = None, current_span.get()
        try:
            token = current_span.set(span)
            body = self.app(environ, start_and_record)
        except BaseException as error:
            end_with_error(span, token, error, parent)
            raise
        leave(current_span, token)
        if isinstance(body, (list, tuple)):
            # The body is complete. Servers use its length, so it is returned unwrapped.
            span.end()
            return body
        return _TracedBody(body, span)


class _TracedBody:
    """A response body whose chunks are made inside the request's span. The server's code stays outside of the span."""

    def __init__(self, body: Iterable[bytes], span: LiveSpan) -> None:
        self._body = body
        self._span = span
        self._chunks: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = current_span.set(self._span)
        try:
            if self._chunks is None:
                self._chunks = iter(self._body)
            return next(self._chunks)
        except StopIteration:
            self._span.end()
            raise
        except BaseException as error:
            self._span._record_failure(error)
            self._span.end()
            raise
        finally:
            current_span.reset(token)

    def close(self) -> None:
        """Close the application's body, if it has a `close` method, and end the span."""
        token = current_span.set(self._span)
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._span._record_failure(error)
            raise
        finally:
            current_span.reset(token)
            self._span.end()


@guard("reading a request")
def _read_request(environ: dict[str, Any]) -> Request:
    # PEP 3333 decodes the bytes of the path as Latin-1.
    raw = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    path = raw.encode("latin-1", "replace").decode("utf-8", "replace") or "/"
    method = str(environ.get("REQUEST_METHOD", ""))
    return Request(environ, environ, method, path, str(environ.get("QUERY_STRING", "")))
