"""Spans as bytes: what crosses from the user's thread to the worker, and what a spool holds when the process is killed.

A span is two frames, one when it starts and one when it ends, so that a span that was running when the process died is
known. A frame is a few packed numbers and JSON; what a decorated function says of all its calls is encoded once, as a
`Site`. Frames know nothing of any wire format; `delivery.assembly` makes traces of them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Any, NamedTuple

import orjson

HEAD = b"S"
"""What a frame begins with that starts a span; the trace's id, 16 bytes, and a `pack_context` follow."""
STARTED = ord(HEAD)
ENDED = ord("E")
ENDED_WITH_MORE = ord("M")

ERROR = 2
STATUSES = ("UNSET", "OK", "ERROR")

MAX_SITE_BYTES = 2 * 1024 * 1024
"""A site has a part in every frame that starts a span, and a frame must fit into a segment."""

MAX_SITES = 1_000
"""So many names of spans that are started by hand are remembered with how their spans begin."""

MAX_AGENTS = 100
"""Of so many agents a place remembers how its spans begin."""

_SPAN = Struct("<QQq")
_END = Struct("<BQqB")
_LENGTH = Struct("<I")
_TRACE_ID_BYTES = 16
_CONTEXT = 1 + _TRACE_ID_BYTES

pack_span = _SPAN.pack
"""Span id, parent's id or 0, start in nanoseconds since the epoch; `Site.packed` and the inputs follow."""
pack_end = _END.pack
"""`ENDED` or `ENDED_WITH_MORE`, span id, end in nanoseconds since the epoch, status."""


class SpanRecord(NamedTuple):
    """One finished span. Times are nanoseconds since the epoch; inputs and outputs are JSON text."""

    span_id: str
    parent_id: str | None
    name: str
    span_type: str
    start_ns: int
    end_ns: int
    status: str
    status_message: str
    function: str | None
    agent: str | None
    inputs: str | None
    outputs: str | None
    attributes: dict[str, Any] | None
    events: list[tuple[str, int, dict[str, Any]]] | None
    links: list[tuple[str, str, dict[str, Any]]] | None


class TraceDetails(NamedTuple):
    """What was said about a trace while it ran, beyond its spans."""

    name: str | None
    tags: dict[str, str]
    metadata: dict[str, str]


class TraceRecord(NamedTuple):
    """Spans of one trace that leave together: all of them, unless some ended after the root or there are very many."""

    trace_id: str
    experiment: str | None
    folder: str | None
    details: TraceDetails | None
    spans: list[SpanRecord]


class Site:
    """What is the same for all spans of one place in the code.

    Args:
        name: the span's name.
        span_type: what kind of step it is.
        function: the name of the traced function; None where there is none.
        agent: the agent that this step and those below belong to.
        attributes: facts recorded on every span, encoded.
    """

    __slots__ = ("_of_agents", "agent", "attributes", "function", "name", "packed", "span_type")

    def __init__(
        self,
        name: str,
        span_type: str,
        function: str | None = None,
        agent: str | None = None,
        attributes: Mapping[str, orjson.Fragment] | None = None,
    ) -> None:
        self.name = name
        self.span_type = span_type
        self.function = function
        self.agent = agent
        self.attributes = attributes
        encoded = _dumps((name, span_type, function, agent, attributes))
        if len(encoded) > MAX_SITE_BYTES:
            self.attributes = None
            encoded = _dumps((name[:1_000], span_type[:1_000], function, agent, None))
        self.packed = _LENGTH.pack(len(encoded)) + encoded
        self._of_agents: dict[str, Site] = {}

    def of(self, agent: str) -> Site:
        """The same for another agent."""
        site = self._of_agents.get(agent)
        if site is None:
            site = Site(self.name, self.span_type, self.function, agent, self.attributes)
            if len(self._of_agents) < MAX_AGENTS:
                self._of_agents[agent] = site
        return site


def site_of(
    name: str, span_type: str, agent: str | None = None, attributes: Mapping[str, orjson.Fragment] | None = None
) -> Site:
    """The site of a span that is started by hand; those without attributes are remembered."""
    if attributes:
        return Site(name, span_type, None, agent, attributes)
    key = name, span_type, agent
    site = _sites.get(key)
    if site is None:
        site = Site(name, span_type, None, agent)
        if len(_sites) < MAX_SITES:
            _sites[key] = site
    return site


_sites: dict[tuple[str, str, str | None], Site] = {}


class Start(NamedTuple):
    """What a frame says of a span that has started; the span's ids are numbers, the rest is as it was packed."""

    trace_id: bytes
    context: bytes
    span_id: int
    parent_id: int
    start_ns: int
    site: bytes
    inputs: bytes


class End(NamedTuple):
    """What a frame says of a span that has ended; `rest` is the outputs, or an object of all that there is to say."""

    kind: int
    span_id: int
    end_ns: int
    status: int
    rest: bytes


def pack_context(experiment: str | None, folder: str | None, metadata: Mapping[str, str] | None = None) -> bytes:
    """How a trace is filed, for the frames that start its spans."""
    context = _dumps((experiment, folder, metadata))
    return _LENGTH.pack(len(context)) + context


def dumps_more(more: dict[str, Any]) -> bytes:
    """Encode what a plain ending has no place for; values may be `orjson.Fragment`."""
    return _dumps(more)


def read_start(frame: bytes) -> Start:
    """Read a frame of the kind `STARTED`."""
    context = _CONTEXT + _LENGTH.size
    at = context + _LENGTH.unpack_from(frame, _CONTEXT)[0]
    span_id, parent_id, start_ns = _SPAN.unpack_from(frame, at)
    site = at + _SPAN.size + _LENGTH.size
    inputs = site + _LENGTH.unpack_from(frame, at + _SPAN.size)[0]
    return Start(frame[1:_CONTEXT], frame[context:at], span_id, parent_id, start_ns, frame[site:inputs], frame[inputs:])


def read_end(frame: bytes) -> End:
    """Read a frame of one of the other kinds."""
    kind, span_id, end_ns, status = _END.unpack_from(frame)
    return End(kind, span_id, end_ns, status, frame[_END.size :])


def ids_of(frame: bytes) -> tuple[int, int]:
    """The span's and its parent's id, of a frame of the kind `STARTED`."""
    at = _CONTEXT + _LENGTH.size + _LENGTH.unpack_from(frame, _CONTEXT)[0]
    span_id, parent_id, _ = _SPAN.unpack_from(frame, at)
    return span_id, parent_id


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_encodable(value))


def _encodable(value: Any) -> Any:
    """The same with every text in a form that JSON can carry: a str may hold lone surrogates, as file names do."""
    match value:
        case str():
            return str.encode(value, "utf-8", "backslashreplace").decode()
        case dict():
            return {_encodable(key): _encodable(item) for key, item in value.items()}
        case list() | tuple():
            return [_encodable(item) for item in value]
        case None | bool() | int() | float() | orjson.Fragment():
            return value
        case _:
            return f"<{type(value).__name__}>"
