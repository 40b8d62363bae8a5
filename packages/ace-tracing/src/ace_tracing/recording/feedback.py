"""Feedback frames: a judgement of a trace, written into the buffer behind the frames of the trace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, Final, NamedTuple

import orjson

from ace_tracing.diagnostics import internal_error
from ace_tracing.recording import clock
from ace_tracing.recording.attributes import encode
from ace_tracing.recording.frames import FEEDBACK, dump_json, take_within
from ace_tracing.recording.sink import Sink
from ace_tracing.values.masking import Mask, apply_mask
from ace_tracing.values.snapshot import Limits, snapshot

OUTSIDE_SAMPLE: Final = 1
"""The flag of feedback on a trace that the sampling rate does not keep. It may have been kept for its error."""

MAX_NAME: Final = 250
MAX_SOURCE_ID: Final = 500
"""Length limits of the API, in characters."""
MAX_RATIONALE: Final = 10_000
MAX_METADATA: Final = 10_000
"""Length limits of a rationale and of an entry of the metadata, in characters."""
MAX_METADATA_BYTES: Final = 256 * 1024
VALUE_LIMITS: Final = Limits(value_bytes=256 * 1024, string_chars=65_536)
"""Limits of the value. With them, no request exceeds the API's limit of 1,000,000 bytes."""

# Kind, id, nanoseconds since the epoch, flags, trace id; the JSON of the judgement follows.
_HEAD: Final = Struct(">B16sqB16s")
_FEEDBACK_ID: Final = slice(1, 17)
_TRACE_ID: Final = slice(26, 42)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Feedback(NamedTuple):
    """Content of a feedback frame.

    Attributes:
        feedback_id: The id, 16 bytes.
        created_ns: The time of the call, in nanoseconds since the epoch.
        flags: `OUTSIDE_SAMPLE` or 0.
        trace_id: The trace's id, 16 bytes.
        content: The judgement as the API's JSON, without ids and times.
    """

    feedback_id: bytes
    created_ns: int
    flags: int
    trace_id: bytes
    content: bytes

    @property
    def full_trace_id(self) -> str:
        """The trace's id as the API writes it: `tr-` and 32 hex digits."""
        return f"tr-{self.trace_id.hex()}"

    @property
    def assessment(self) -> dict[str, Any]:
        """The assessment as the API's JSON. Its id has the form of the ids that servers make."""
        created = (_EPOCH + timedelta(microseconds=self.created_ns // 1_000)).isoformat()
        return {
            "assessment_id": _assessment_id(self.feedback_id),
            "trace_id": self.full_trace_id,
            **orjson.loads(self.content),
            "create_time": created,
            "last_update_time": created,
        }


def feedback_id_of(frame: bytes) -> bytes:
    """Return the id of a feedback frame, 16 bytes."""
    return frame[_FEEDBACK_ID]


def trace_id_of(frame: bytes) -> bytes:
    """Return the trace's id of a feedback frame, 16 bytes."""
    return frame[_TRACE_ID]


def read_feedback(frame: bytes) -> Feedback:
    """Read a feedback frame.

    Raises:
        struct.error: The frame is incomplete.
    """
    _, feedback_id, created_ns, flags, trace_id = _HEAD.unpack_from(frame)
    return Feedback(feedback_id, created_ns, flags, trace_id, frame[_HEAD.size :])


def record_feedback(sink: Sink, mask: Mask | None, flags: int, trace_id: bytes, judgement: Mapping[str, Any]) -> str:
    """Encode and mask a judgement, put its frame, and return the id of the assessment. It never raises.

    Args:
        sink: Receives the frame.
        mask: Applied to every value. None records values unchanged.
        flags: The flags of the frame.
        trace_id: The trace's id, 16 bytes.
        judgement: `name`, `value`, `source`, `source_id`, and `span_id`, `rationale` and `metadata`, which may be None.
    """
    feedback_id = os.urandom(16)
    try:
        content = _encode(judgement, mask)
        created_ns = clock.wall_clock_offset_ns() + clock.perf_counter_ns()
        if not sink.put(_HEAD.pack(FEEDBACK, feedback_id, created_ns, flags, trace_id) + content):
            # One statement, so no other thread's count is lost.
            sink.feedback_count += 1
            if sink.asleep:
                sink.wake()
    except Exception:  # noqa: BLE001 - see diagnostics.guard
        internal_error("logging feedback")
    return _assessment_id(feedback_id)


def _assessment_id(feedback_id: bytes) -> str:
    return f"a-{feedback_id.hex()}"


def _encode(judgement: Mapping[str, Any], mask: Mask | None) -> bytes:
    value = snapshot(judgement["value"], VALUE_LIMITS)
    if mask is not None:
        value = snapshot(orjson.loads(apply_mask(value, mask)), VALUE_LIMITS)
    content: dict[str, Any] = {
        "assessment_name": _mask_text(judgement["name"], mask, MAX_NAME) or "<masked>",
        "source": {
            "source_type": judgement["source"],
            "source_id": _mask_text(judgement["source_id"], mask, MAX_SOURCE_ID),
        },
        "feedback": {"value": orjson.Fragment(value)},
    }
    if judgement["span_id"] is not None:
        content["span_id"] = judgement["span_id"]
    if judgement["rationale"] is not None:
        content["rationale"] = _mask_text(judgement["rationale"], mask, MAX_RATIONALE)
    if judgement["metadata"] is not None:
        texts = {
            str(key)[:MAX_NAME]: _mask_text(text, mask, MAX_METADATA) for key, text in judgement["metadata"].items()
        }
        content["metadata"] = dict(take_within(MAX_METADATA_BYTES, texts.items())[0])
    return dump_json(content)


def _mask_text(value: object, mask: Mask | None, max_chars: int) -> str:
    """Return a value as a text of limited length, after the mask. A text that is cut ends with a note."""
    masked = orjson.loads(encode(value, mask))
    text = masked if isinstance(masked, str) else dump_json(masked).decode()
    if len(text) <= max_chars:
        return text
    note = f"<cut: {len(text)} characters>"
    return text[: max_chars - len(note)] + note
