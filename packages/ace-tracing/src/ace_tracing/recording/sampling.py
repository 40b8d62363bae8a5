"""Sampling: a rate that the trace's id decides, and a tail sampler that keeps failed or slow traces anyway."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from ace_tracing.recording.frames import (
    DESCRIBED,
    END_BYTES,
    NO_ID,
    PARENT_ID,
    SPAN_ID,
    STARTED,
    strip_values,
)
from ace_tracing.recording.sink import NullSink, Sink

MAX_HELD_BYTES: Final = 32 * 1024 * 1024
"""The limit of the frames that a tail sampler holds for one trace."""

_ID_BITS: Final = 56


@dataclass(frozen=True, slots=True)
class Sampler:
    """Sampler that keeps the same share of traces in every process.

    Attributes:
        rate: The share to keep, from 0.0 to 1.0. The random part of the trace's id decides, as W3C Trace Context and
            OpenTelemetry define it, so services that share a trace keep or drop it together.
        keep_errors: Whether to keep a trace whose root failed, regardless of the rate.
        keep_slower_than: The duration in seconds above which a trace is kept regardless of the rate. None disables it.
    """

    rate: float
    keep_errors: bool = True
    keep_slower_than: float | None = None

    def is_sampled(self, trace_id: str) -> bool:
        """Return whether the rate alone keeps the trace with this id (32 hex digits)."""
        return int(trace_id[-_ID_BITS // 4 :], 16) >= (1.0 - self.rate) * (1 << _ID_BITS)

    def is_kept_at_end(self, failed: bool, duration_ns: int) -> bool:
        """Return whether a trace outside the rate is kept because its root failed or was slow."""
        if failed and self.keep_errors:
            return True
        return self.keep_slower_than is not None and duration_ns > self.keep_slower_than * 1e9

    def hold(self, sink: Sink) -> TailSampler:
        """Return a tail sampler for one trace outside the rate."""
        return TailSampler(self, sink)


class TailSampler(NullSink):
    """Sink that holds the frames of one trace outside the rate until its root ends.

    Args:
        sampler: Decides at the end of the root.
        sink: Receives the frames of a kept trace.
    """

    def __init__(self, sampler: Sampler, sink: Sink) -> None:
        self._sampler = sampler
        self.sink = sink
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._root = b""

    def put(self, frame: bytes) -> bool:
        """Hold a frame. Past `MAX_HELD_BYTES`, refuse new spans and strip the values from every end but the root's."""
        if frame[0] == STARTED:
            if self._bytes >= MAX_HELD_BYTES:
                return True
            self._root = self._root or frame[SPAN_ID]
        elif frame[0] == DESCRIBED:
            # The root's end frame has all of it.
            return False
        elif self._bytes >= MAX_HELD_BYTES and len(frame) > END_BYTES and frame[SPAN_ID] != self._root:
            frame = strip_values(frame, f"all values: the trace has more than {MAX_HELD_BYTES} bytes")
        self._bytes += len(frame)
        self._frames.append(frame)
        return False

    def is_kept(self, failed: bool, duration_ns: int) -> bool:
        """Return whether the trace is kept, given the end of its root."""
        return self._sampler.is_kept_at_end(failed, duration_ns)

    def release(self) -> bool:
        """Pass the held frames to the sink. Return whether it had room for the first span."""
        has_room = True
        dropped: set[bytes] = set()
        while self._frames:
            frame = self._frames.popleft()
            if frame[0] != STARTED and frame[SPAN_ID] in dropped:
                # Without its start, an end is useless. The sink has counted the start.
                self.finished -= 1
            elif self.sink.put(frame) and frame[0] == STARTED:
                dropped.add(frame[SPAN_ID])
                has_room = has_room and frame[SPAN_ID] != self._root
                if not has_room and frame[PARENT_ID] == NO_ID:
                    # Without its root, the trace is useless.
                    self._frames.clear()
        # Spans of a trace whose root runs in another process count as they end.
        self.sink.finished += max(0, self.finished)
        self.finished = 0
        return has_room

    def clear(self) -> None:
        """Discard the held frames."""
        self._frames.clear()
        self.finished = 0
        self._bytes = 0
        self._root = b""
