"""Spans as bytes: what crosses from the user's thread to the worker, and what a spool holds when the process is killed.

A span is two frames, one when it starts and one when it ends, so that a span that was running when the process died is
known. A frame is a few packed numbers and JSON; what a decorated function says of all its calls is encoded once, as a
`CallSite`. Frames know nothing of any wire format; `delivery.assembly` makes traces of them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct
from typing import Any, NamedTuple, TypeVar

import orjson

S = TypeVar("S", str, str | None)
T = TypeVar("T")

STARTED = ord("S")
ENDED = ord("E")
ENDED_WITH_DETAILS = ord("M")

ERROR = 2
STATUSES = ("UNSET", "OK", "ERROR")

CUT = "span.cut"
"""The attribute that says what was left out of a span for its size."""

MAX_NAME = 1_000
"""Longest name, type or agent of a span: a server may refuse a whole request for one of more than 4,096 characters."""

MAX_SITE_BYTES = 2 * 1024 * 1024
"""A site has a part in every frame that starts a span, and a frame must fit into a segment."""

MAX_SITES = 1_000
"""So many names of spans that are started by hand are remembered with how their spans begin."""

MAX_AGENTS = 100
"""Of so many agents a place remembers how its spans begin."""

MAX_REMEMBERED_BYTES = 4 * 1024
"""What encodes to more is not remembered: a thousand large ones would fill the memory."""

# Ids as they are written out, so that a reader can take them as they stand.
_START = Struct(">BQQq")
_END = Struct(">BQqB")
_LENGTH = Struct(">I")
_TRACE_ID = _START.size
_CONTEXT = _TRACE_ID + 16
END_BYTES = _END.size
"""What a frame that ends a span has before the outputs."""
_MOST_REMEMBERED = 1_000
_MAX_NAMES_BYTES = 32 * 1024
"""More than the names of a site can take, and the note that some of its attributes are cut."""

_read_length = _LENGTH.unpack_from

SPAN_ID = slice(1, 9)
PARENT_ID = slice(9, 17)
"""Where the ids stand in a frame; only one that starts a span has a parent's."""
NO_ID = bytes(8)
"""The parent's id of a root span."""

pack_start = _START.pack
"""`STARTED`, span id, parent's id or 0, start in nanoseconds since the epoch. The trace's id, a `pack_context`,
`CallSite.packed` and the inputs follow."""
pack_end = _END.pack
"""`ENDED` or `ENDED_WITH_DETAILS`, span id, end in nanoseconds since the epoch, status. Followed by the encoded outputs
(`ENDED`) or by the span's details (`ENDED_WITH_DETAILS`)."""


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


PackedSpan = tuple[bytes, bytes]
"""A finished span as its two frames, the second of the kind `ENDED`."""


class TraceRecord:
    """Spans of one trace that leave together: all of them, unless some ended after the root or there are very many.

    Args:
        trace_id: 32 hex digits.
        experiment: the name of the experiment that it belongs to; None for the service's default.
        folder: the folder that it is filed in; None for unfiled.
        details: what was said about it, beyond its spans.
        entries: the spans, unpacked or as they came.
    """

    __slots__ = ("_spans", "details", "entries", "experiment", "folder", "trace_id")

    def __init__(
        self,
        trace_id: str,
        experiment: str | None,
        folder: str | None,
        details: TraceDetails | None,
        entries: Sequence[SpanRecord | PackedSpan],
    ) -> None:
        self.trace_id = trace_id
        self.experiment = experiment
        self.folder = folder
        self.details = details
        self.entries = entries
        self._spans: list[SpanRecord] | None = None

    @property
    def spans(self) -> list[SpanRecord]:
        """The spans, unpacked when they are first asked for."""
        if self._spans is None:
            self._spans = [entry if isinstance(entry, SpanRecord) else unpack(*entry)[0] for entry in self.entries]
        return self._spans


class CallSite:
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
        self.name = name = _short(name)
        self.span_type = span_type = _short(span_type)
        self.function = function = _short(function)
        self.agent = agent = _short(agent)
        encoded = _dumps((name, span_type, function, agent, attributes))
        if attributes and len(encoded) > MAX_SITE_BYTES:
            # With room for the rest, so that the same of another agent need not be cut again.
            kept, _ = first_within(MAX_SITE_BYTES - _MAX_NAMES_BYTES, attributes.items())
            note = f"{len(attributes) - len(kept)} attributes: together they have more than {MAX_SITE_BYTES} bytes"
            attributes = {**dict(kept), CUT: orjson.Fragment(orjson.dumps(note))}
            encoded = _dumps((name, span_type, function, agent, attributes))
        self.attributes = attributes
        self.packed = _LENGTH.pack(len(encoded)) + encoded
        self._of_agents: dict[str, CallSite] = {}

    def of(self, agent: str) -> CallSite:
        """The same for another agent."""
        site = self._of_agents.get(agent)
        if site is None:
            site = CallSite(self.name, self.span_type, self.function, agent, self.attributes)
            if len(self._of_agents) < MAX_AGENTS and len(site.packed) <= MAX_REMEMBERED_BYTES:
                self._of_agents[agent] = site
        return site


def call_site(
    name: str, span_type: str, agent: str | None = None, attributes: Mapping[str, orjson.Fragment] | None = None
) -> CallSite:
    """The site of a span that is started by hand; those without attributes are remembered."""
    if attributes:
        return CallSite(name, span_type, None, agent, attributes)
    site = _sites.get((name, span_type, agent))
    if site is None:
        site = CallSite(name, span_type, None, agent)
        if len(_sites) < MAX_SITES and len(site.packed) <= MAX_REMEMBERED_BYTES:
            # By what the site has of the names, which may be longer.
            _sites[site.name, site.span_type, site.agent] = site
    return site


_sites: dict[tuple[str, str, str | None], CallSite] = {}


class Start(NamedTuple):
    """What a frame says of a span that has started; the span's ids are numbers, the rest is as it was packed."""

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


class Place(NamedTuple):
    """A site as it was read again; its attributes are unpacked."""

    name: str
    span_type: str
    function: str | None
    agent: str | None
    attributes: dict[str, Any] | None


def pack_context(experiment: str | None, folder: str | None, metadata: Mapping[str, str] | None = None) -> bytes:
    """How a trace is filed, for the frames that start its spans."""
    context = _dumps((experiment, folder, metadata))
    return _LENGTH.pack(len(context)) + context


def encode_details(more: dict[str, Any]) -> bytes:
    """Encode what a plain ending has no place for; values may be `orjson.Fragment`."""
    return _dumps(more)


def first_within(room: int, items: Iterable[T]) -> tuple[list[T], int]:
    """The first items that encode to `room` bytes, and the room that is left."""
    kept = []
    for item in items:
        room -= len(_dumps(item))
        if room < 0:
            break
        kept.append(item)
    return kept, max(room, 0)


def read_start(frame: bytes) -> Start:
    """Read a frame of the kind `STARTED`."""
    _, span_id, parent_id, start_ns = _START.unpack_from(frame)
    site, inputs = parts_of(frame)
    return Start(span_id, parent_id, start_ns, site, inputs)


def read_end(frame: bytes) -> End:
    """Read a frame of one of the other kinds."""
    kind, span_id, end_ns, status = _END.unpack_from(frame)
    return End(kind, span_id, end_ns, status, frame[_END.size :])


def without_values(frame: bytes, note: str) -> bytes:
    """A frame of one of those kinds, with a note in place of what it says."""
    _, span_id, end_ns, status = _END.unpack_from(frame)
    return pack_end(ENDED_WITH_DETAILS, span_id, end_ns, status) + encode_details({"attributes": {CUT: note}})


def time_of(frame: bytes) -> int:
    """When it was that a span started or ended, in nanoseconds since the epoch; 0 for what is no frame."""
    if len(frame) < END_BYTES or (frame[0] == STARTED and len(frame) < _START.size):
        return 0
    return int(_START.unpack_from(frame)[3] if frame[0] == STARTED else _END.unpack_from(frame)[2])


def parts_of(frame: bytes) -> tuple[bytes, bytes]:
    """The site and the inputs, of a frame of the kind `STARTED`."""
    site = _CONTEXT + 2 * _LENGTH.size + _read_length(frame, _CONTEXT)[0]
    inputs = site + _read_length(frame, site - _LENGTH.size)[0]
    return frame[site:inputs], frame[inputs:]


def context_of(frame: bytes) -> bytes:
    """How the trace is filed, of a frame of the kind `STARTED`."""
    begin = _CONTEXT + _LENGTH.size
    return frame[begin : begin + _read_length(frame, _CONTEXT)[0]]


def trace_id_of(frame: bytes) -> bytes:
    """The trace's id, 16 bytes, of a frame of the kind `STARTED`."""
    return frame[_TRACE_ID:_CONTEXT]


def place_of(site: bytes) -> Place:
    """Read what `CallSite.packed` says."""
    place = _places.get(site)
    if place is None:
        place = Place(*orjson.loads(site))
        if len(_places) < _MOST_REMEMBERED and len(site) <= MAX_REMEMBERED_BYTES:
            _places[site] = place
    return place


_places: dict[bytes, Place] = {}


def unpack(first: bytes, second: bytes) -> tuple[SpanRecord, TraceDetails | None]:
    """Give the span that two frames tell of, and what the second says of the trace."""
    start, end = read_start(first), read_end(second)
    place = place_of(start.site)
    more: dict[str, Any] = {}
    outputs = None
    if end.kind == ENDED_WITH_DETAILS:
        more = orjson.loads(end.rest)
        outputs = more.get("outputs")
    elif end.rest:
        outputs = end.rest.decode()
    inputs = more.get("inputs")
    if inputs is None and start.inputs:
        inputs = start.inputs.decode()
    details = more.get("details")
    span = SpanRecord(
        f"{start.span_id:016x}",
        f"{start.parent_id:016x}" if start.parent_id else None,
        place.name,
        more.get("type", place.span_type),
        start.start_ns,
        end.end_ns,
        STATUSES[end.status],
        more.get("message", ""),
        place.function,
        place.agent,
        inputs,
        outputs,
        more.get("attributes", place.attributes),
        more.get("events"),
        more.get("links"),
    )
    return span, None if details is None else TraceDetails(*details)


def _short(name: S) -> S:
    return name[:MAX_NAME] if isinstance(name, str) else name


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
