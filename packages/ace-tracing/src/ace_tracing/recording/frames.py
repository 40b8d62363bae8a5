"""Frames: the bytes of a started and of an ended span, in the buffer and in a spool.

A span is two frames, one at its start and one at its end, so a span that was running when the process died is known. A
frame is a few packed numbers and JSON. Frames do not depend on any wire format; `delivery.assembler` builds traces from
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from ace_tracing.recording.folders import clean_folder

T = TypeVar("T")

STARTED: Final = ord("S")
ENDED: Final = ord("E")
ENDED_WITH_DETAILS: Final = ord("M")
FEEDBACK: Final = ord("F")
"""The kind of a feedback frame, see `recording.feedback`."""
DESCRIBED: Final = ord("D")
"""The kind of a frame with a name, tags and metadata of a running trace. Its ids are 0. It has the trace's id and
context like a start frame, followed by the JSON of a `TraceDetails`."""

ERROR: Final = 2
STATUSES: Final = ("UNSET", "OK", "ERROR")

CUT: Final = "span.cut"
"""The attribute that records which parts of a span were left out for its size."""

# Ids are packed as 8 bytes, so a reader can slice them from the frame.
_START: Final = Struct(">BQQq")
_END: Final = Struct(">BQqB")
_LENGTH: Final = Struct(">I")
_END_TIME: Final = Struct(">q").unpack_from
TRACE_ID: Final = slice(_START.size, _START.size + 16)
"""Position of the trace's id in a start frame."""
CONTEXT: Final = TRACE_ID.stop
"""Position of the length of the context in a start frame."""
LENGTH_BYTES: Final = _LENGTH.size
MAX_EXPERIMENT_CHARS: Final = 500
"""The limit for an experiment's name, of the contract and of MLflow."""
CONTROL_CHARACTERS: Final = r"[\x00-\x1f\x7f]"
"""Characters that an experiment's name must not contain."""

END_BYTES: Final = _END.size
"""Length of an end frame without its outputs or details."""

pack_length = _LENGTH.pack
read_length = _LENGTH.unpack_from

SPAN_ID: Final = slice(1, 9)
"""Position of the span id in a frame."""
PARENT_ID: Final = slice(9, 17)
"""Position of the parent's id in a start frame."""
NO_ID: Final = bytes(8)
"""The parent's id of a root span."""

pack_start = _START.pack
"""`STARTED`, span id, parent's id or 0, start in nanoseconds since the epoch. The trace's id, the bytes of
`pack_context`, `CallSite.packed` and the inputs follow."""
pack_end = _END.pack
"""`ENDED` or `ENDED_WITH_DETAILS`, span id, end in nanoseconds since the epoch, status. The encoded outputs (`ENDED`)
or the span's details (`ENDED_WITH_DETAILS`) follow."""


class Start(NamedTuple):
    """Content of a start frame. The span's ids are numbers, the rest is packed."""

    span_id: int
    parent_id: int
    start_ns: int
    site: bytes
    inputs: bytes


class End(NamedTuple):
    """Content of an end frame. `rest` is the encoded outputs (`ENDED`) or details (`ENDED_WITH_DETAILS`)."""

    kind: int
    span_id: int
    end_ns: int
    status: int
    rest: bytes


class TraceContext(NamedTuple):
    """Trace data in every start frame of a trace.

    Attributes:
        experiment: The name of the experiment. None for the service's default.
        folder: The folder. None for unfiled.
        metadata: The metadata at the start of the trace.
        foreign_parent: In a trace of a foreign caller, the id of the caller's span, 16 hex digits. That span is never
            sent to the service, so the spans below it are the topmost ones. None in all other traces.
    """

    experiment: str | None
    folder: str | None
    metadata: dict[str, str] | None
    foreign_parent: str | None = None


def pack_context(
    experiment: str | None,
    folder: str | None,
    metadata: Mapping[str, str] | None = None,
    foreign_parent: str | None = None,
) -> bytes:
    """Pack a `TraceContext` for start frames, with three entries when there is no foreign parent."""
    fields = (experiment, folder, metadata)
    context = dump_json(fields if foreign_parent is None else (*fields, foreign_parent))
    return pack_length(len(context)) + context


def read_context(encoded: bytes) -> TraceContext:
    """Read the context of a start frame, as `context_of` returns it.

    Fields that this version could not have written are corrected or left out. A former version, or a damaged file, may
    have left anything: a trace in the default experiment is better than a request that the service rejects.
    """
    try:
        experiment, folder, metadata, *others = orjson.loads(encoded)
    except (ValueError, TypeError):
        return TraceContext(None, None, None)
    if isinstance(experiment, int) and not isinstance(experiment, bool):
        experiment = str(experiment)
    if isinstance(experiment, str):
        experiment = re.sub(CONTROL_CHARACTERS, "", experiment)[:MAX_EXPERIMENT_CHARS]
    else:
        experiment = ""
    foreign_parent = others[0] if others and isinstance(others[0], str) else ""
    return TraceContext(
        experiment if experiment.strip() else None,
        clean_folder(folder) if isinstance(folder, str) else None,
        read_texts(metadata) or None,
        foreign_parent if re.fullmatch(r"[0-9a-f]{16}", foreign_parent) else None,
    )


def read_texts(texts: Any) -> dict[str, str]:
    """Return the entries of a decoded JSON object whose value is text."""
    return {key: text for key, text in texts.items() if isinstance(text, str)} if isinstance(texts, dict) else {}


def dump_json(value: Any) -> bytes:
    """Return a value as JSON. It may contain `orjson.Fragment`. Text that JSON cannot carry is escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_escape_text(value))


def take_within(limit: int, items: Iterable[T]) -> tuple[list[T], int]:
    """Return the first items that encode to at most `limit` bytes, and the number of bytes left."""
    kept = []
    for item in items:
        limit -= len(dump_json(item))
        if limit < 0:
            break
        kept.append(item)
    return kept, max(limit, 0)


def read_start(frame: bytes) -> Start:
    """Read a start frame."""
    _, span_id, parent_id, start_ns = _START.unpack_from(frame)
    site, inputs = split_start(frame)
    return Start(span_id, parent_id, start_ns, site, inputs)


def read_end(frame: bytes) -> End:
    """Read an end frame."""
    kind, span_id, end_ns, status = _END.unpack_from(frame)
    return End(kind, span_id, end_ns, status, frame[_END.size :])


def strip_values(frame: bytes, note: str) -> bytes:
    """Return an end frame with a note in place of its outputs and details."""
    _, span_id, end_ns, status = _END.unpack_from(frame)
    return pack_end(ENDED_WITH_DETAILS, span_id, end_ns, status) + dump_json({"attributes": {CUT: note}})


def end_time_of(frame: bytes) -> int:
    """Return the time of a whole end frame in nanoseconds since the epoch."""
    end_ns: int = _END_TIME(frame, 9)[0]
    return end_ns


def time_of(frame: bytes) -> int:
    """Return the start or end time of a frame in nanoseconds since the epoch, or 0 for an incomplete frame."""
    if len(frame) < END_BYTES or (frame[0] == STARTED and len(frame) < _START.size):
        return 0
    return int(_START.unpack_from(frame)[3] if frame[0] == STARTED else _END.unpack_from(frame)[2])


def split_start(frame: bytes) -> tuple[bytes, bytes]:
    """Return the encoded call site and the encoded inputs of a start frame."""
    site = CONTEXT + 2 * _LENGTH.size + read_length(frame, CONTEXT)[0]
    inputs = site + read_length(frame, site - _LENGTH.size)[0]
    return frame[site:inputs], frame[inputs:]


def context_of(frame: bytes) -> bytes:
    """Return the encoded `TraceContext` of a start frame, for `read_context`."""
    begin = CONTEXT + _LENGTH.size
    return frame[begin : begin + read_length(frame, CONTEXT)[0]]


def pack_details(start: bytes, details: Any) -> bytes:
    """Return a frame of the kind `DESCRIBED` for the trace of a start frame.

    Args:
        start: The start frame.
        details: The `TraceDetails`.
    """
    context_end = CONTEXT + _LENGTH.size + read_length(start, CONTEXT)[0]
    return pack_start(DESCRIBED, 0, 0, 0) + start[TRACE_ID.start : context_end] + dump_json(details)


def split_details(frame: bytes) -> bytes:
    """Return the encoded name, tags and metadata in a frame of the kind `DESCRIBED`."""
    return frame[CONTEXT + _LENGTH.size + read_length(frame, CONTEXT)[0] :]


def trace_id_of(frame: bytes) -> bytes:
    """Return the trace's id of a start frame, 16 bytes."""
    return frame[TRACE_ID]


def _escape_text(value: Any) -> Any:
    """Return the value with escaped text: a `str` may contain lone surrogates, as file names do."""
    match value:
        case str():
            return str.encode(value, "utf-8", "backslashreplace").decode()
        case dict():
            return {_escape_text(key): _escape_text(item) for key, item in value.items()}
        case list() | tuple():
            return [_escape_text(item) for item in value]
        case None | bool() | int() | float() | orjson.Fragment():
            return value
        case _:
            return f"<{type(value).__name__}>"
