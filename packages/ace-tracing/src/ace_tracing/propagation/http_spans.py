"""Spans of served HTTP requests: which requests are recorded, and the name, previews and status of each span."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import parse_qsl

from ace_tracing.diagnostics import guard, warn
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.propagation.headers import Headers, continue_trace, read_headers
from ace_tracing.recording.attributes import encode, encode_attributes
from ace_tracing.recording.callsite import call_site
from ace_tracing.recording.context import RemoteParent, session
from ace_tracing.recording.frames import pack_context
from ace_tracing.recording.sink import NULL_SINK
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.trace import OpenTrace
from ace_tracing.recording.tracer import Tracer

METHOD: Final = "http.request.method"
PATH: Final = "url.path"
ROUTE: Final = "http.route"
STATUS_CODE: Final = "http.response.status_code"
"""OpenTelemetry's names of these attributes."""

MIN_SERVER_ERROR: Final = 500
MAX_QUERY_FIELDS: Final = 100

_SECRET: Final = re.compile(
    r"key$|token|secret|passw|pwd|auth|credential|cookie|signature|session|^sig$|^code$", re.IGNORECASE
)
_GLOB: Final = re.compile(r"[*?\[]")

Exclusion = str | re.Pattern[str] | Callable[[Any], object]
"""A path, exact or with the wildcards `*`, `?` and `[...]`; a compiled pattern; or a function of the request."""

Identity = str | Callable[[Any], object]
"""The name of a header, or a function of the request."""


class RequestSpan(Protocol):
    """The span of a request, or a no-op span."""

    @property
    def failed(self) -> bool:
        """Return whether the span's status is ERROR."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute."""

    def set_outputs(self, outputs: Any) -> None:
        """Set the outputs."""

    def set_status(self, status: str, description: str = "") -> None:
        """Set the status."""


class Request(NamedTuple):
    """A request.

    Attributes:
        raw: The ASGI scope or the WSGI environ, for the functions of the user.
        headers: Its headers.
        method: Its method.
        path: Its path.
        query: Its query string.
    """

    raw: Any
    headers: Headers
    method: str
    path: str
    query: str


class RequestRecorder:
    """The settings of a middleware: which requests it records, and how.

    Args:
        exclude: The requests that are not recorded.
        span_type: The type of a request's span.
        session: Where the session of a request comes from. None records no session.
        user: Where the user of a request comes from. None records no user.

    Raises:
        TypeError: An argument has another type.
    """

    def __init__(
        self,
        exclude: Exclusion | Iterable[Exclusion],
        span_type: str,
        session: Identity | None,
        user: Identity | None,
    ) -> None:
        is_many = isinstance(exclude, Iterable) and not isinstance(exclude, (str, bytes))
        self._exclusions: list[Any] = list(exclude) if is_many else [exclude]  # type: ignore[arg-type]
        for each in self._exclusions:
            if not isinstance(each, (str, re.Pattern)) and not _is_plain_function(each):
                raise TypeError(f"exclude={each!r}: give paths such as '/health' or '/static/*', or plain functions")
        for name, identity in (("session", session), ("user", user)):
            if identity is not None and not isinstance(identity, str) and not _is_plain_function(identity):
                raise TypeError(f"{name}={identity!r}: give the name of a header, or a plain function of the request")
        if not isinstance(span_type, str):
            raise TypeError(f"span_type={span_type!r}: give a type as text, such as 'AGENT'")
        self._span_type = span_type
        self._session = session
        self._user = user

    @guard("starting a request's span")
    def open(self, tracer: Tracer, request: Request, kind: type[LiveSpan]) -> LiveSpan:
        """Start the span of a request, below the caller's span if the headers name one.

        Inputs and session are in the start frame, so they outlive a kill during the request. The span of an excluded
        request is never sent, and neither are the spans below it.
        """
        if any(self._matches(each, request) for each in self._exclusions):
            trace = OpenTrace(NULL_SINK, pack_context(None, None), sampled=False)
            return tracer.open(call_site("excluded", "UNKNOWN"), None, RemoteParent(trace, f"{1:016x}"), kind)
        inputs: dict[str, Any] = {"method": request.method, "path": request.path}
        if query := _read_query(request.query):
            inputs["query"] = query
        attributes = encode_attributes({METHOD: request.method, PATH: request.path})
        site = call_site(request_span_name(request.method, request.path), self._span_type, None, attributes)
        ids = _identify(self._session, request, "session"), _identify(self._user, request, "user")
        with continue_trace(request.headers), session(ids[0], user_id=ids[1]):  # type: ignore[arg-type]
            return tracer.open(site, encode(inputs, tracer.mask), kind=kind)

    def _matches(self, exclusion: Any, request: Request) -> bool:
        if isinstance(exclusion, re.Pattern):
            return exclusion.search(request.path) is not None
        if not isinstance(exclusion, str):
            return bool(_call(exclusion, request, "exclude"))
        if _GLOB.search(exclusion):
            return fnmatchcase(request.path, exclusion)
        return request.path == exclusion or (len(exclusion) > 1 and request.path.rstrip("/") == exclusion.rstrip("/"))


def request_span_name(method: str, path: str) -> str:
    """Return the name of a request's span."""
    return f"{method} {path}"


def record_status(span: RequestSpan, status: int) -> None:
    """Record the response's status code. A server error sets the span's status to ERROR."""
    span.set_attribute(STATUS_CODE, status)
    span.set_outputs({"status": status})
    if status >= MIN_SERVER_ERROR and not span.failed:
        span.set_status("ERROR", f"HTTP {status}")


def _is_plain_function(value: object) -> bool:
    return callable(value) and not any(
        inspect.iscoroutinefunction(each)
        for each in (value, getattr(value, "__call__", None))  # noqa: B004
    )


def _identify(identity: Identity | None, request: Request, name: str) -> object:
    """Return the session or the user of a request; None without one."""
    if isinstance(identity, str):
        # A WSGI environ has underscores in the names of headers.
        names = (identity.lower(), identity.lower().replace("-", "_"))
        return next(iter(read_headers(request.headers, names).values()), None)
    return None if identity is None else _call(identity, request, name)


def _call(function: Callable[[Any], object], request: Request, name: str) -> object:
    """Call a function of the user. When it raises, log a warning and return None."""
    try:
        return function(request.raw)
    except Exception as error:  # noqa: BLE001 - the request must be served
        raise_interrupt(error)
        warn(f"middleware:{name}", "The function %s of the tracing middleware raised", name, exc_info=True)
        return None


def _read_query(query: str) -> Mapping[str, Any]:
    """Return the parameters of a query string, without those whose name looks like a secret."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        return {"not recorded": f"more than {MAX_QUERY_FIELDS} parameters"}
    found: dict[str, Any] = {}
    for name, text in pairs:
        if _SECRET.search(name):
            continue
        if name not in found:
            found[name] = text
        elif isinstance(found[name], list):
            found[name].append(text)
        else:
            found[name] = [found[name], text]
    return found
