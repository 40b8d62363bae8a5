"""One span per request that a WSGI application serves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ace_tracing.diagnostics import internal_error
from ace_tracing.propagation.headers import continue_trace
from ace_tracing.propagation.http_spans import answered, described, name_of
from ace_tracing.recording.frames import call_site
from ace_tracing.recording.span import LiveSpan, ManualSpan, encode_attributes
from ace_tracing.recording.tracer import Tracer, current_span
from ace_tracing.runtime import state

StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class TraceWSGI:
    """WSGI middleware: each request is a span, below the span of the caller when the caller says which.

    The span is named `METHOD /path` and holds the status code. An exception that leaves the application and a status of
    500 or more make it an ERROR. It lasts until the body was read or closed. Bodies, headers and query strings are not
    recorded.

    Args:
        app: the application.
    """

    def __init__(self, app: WSGIApp) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        tracer = state.tracer
        span = None if tracer is None else _open(tracer, environ)
        if span is None:
            return self.app(environ, start_response)

        def start_and_see(status: str, *more: Any) -> Callable[[bytes], object]:
            code = status[:3]
            if code.isdecimal():
                answered(span, int(code))
            return start_response(status, *more)

        token = current_span.set(span)
        try:
            body = self.app(environ, start_and_see)
        except BaseException as error:
            span.record_exception(error)
            span.end()
            raise
        finally:
            current_span.reset(token)
        if isinstance(body, (list, tuple)):
            # It is all there. Servers look at its length, so it stays what it is.
            span.end()
            return body
        return _Body(body, span)


class _Body:
    """A body while it is read: the application's code runs in the request's span, the server's does not."""

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
            self._span.record_exception(error)
            self._span.end()
            raise
        finally:
            current_span.reset(token)

    def close(self) -> None:
        """Close the application's body, if it can be, and end the span."""
        token = current_span.set(self._span)
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._span.record_exception(error)
            raise
        finally:
            current_span.reset(token)
            self._span.end()


def _open(tracer: Tracer, environ: dict[str, Any]) -> LiveSpan | None:
    try:
        method = str(environ.get("REQUEST_METHOD", ""))
        # PEP 3333: the path's bytes, as Latin-1.
        raw = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        path = raw.encode("latin-1", "replace").decode("utf-8", "replace") or "/"
        attributes = encode_attributes(described(method, path))
        with continue_trace(environ):
            return tracer.open(call_site(name_of(method, path), "UNKNOWN", None, attributes), kind=ManualSpan)
    except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
        internal_error("starting a span")
        return None
