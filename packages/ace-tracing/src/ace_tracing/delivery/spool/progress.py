"""Progress: how far a log is settled, as it is saved beside the segments."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from ace_tracing.delivery.assembler import Frames
from ace_tracing.recording.frames import FEEDBACK

FEEDBACK_KIND: Final = bytes((FEEDBACK,))
"""The first byte of a feedback frame."""
_HEAD: Final = Struct("<QQ")
_LENGTH: Final = Struct("<I")


class Progress(NamedTuple):
    """How far a log is settled.

    Attributes:
        low: Frames before this position are no longer needed.
        high: Frames before this position are settled. Those from `low` on are needed to read the frames that follow.
        held: The start frames of open spans that stood before `low`, and the feedback frames that stood before `high`
            and are not settled.
    """

    low: int = 0
    high: int = 0
    held: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Return the progress as bytes."""
        held = b"".join(_LENGTH.pack(len(frame)) + frame for frame in self.held)
        return _HEAD.pack(self.low, self.high) + held

    @classmethod
    def decode(cls, encoded: bytes | None) -> Progress:
        """Read the bytes from `encode`. Bytes that cannot be read are the progress of an unsettled log."""
        if encoded is None or len(encoded) < _HEAD.size:
            return cls()
        low, high = _HEAD.unpack_from(encoded)
        held = []
        at = _HEAD.size
        while at + _LENGTH.size <= len(encoded):
            (size,) = _LENGTH.unpack_from(encoded, at)
            at += _LENGTH.size
            held.append(encoded[at : at + size])
            at += size
        return cls(low, high, tuple(held))


ALL_SETTLED: Final = Progress((1 << 64) - 1, (1 << 64) - 1)


def without_feedback(settled: Frames) -> Iterator[tuple[int, bytes]]:
    """Return settled frames without feedback: feedback that is not settled is in `Progress.held`."""
    return (entry for entry in settled if entry[1][:1] != FEEDBACK_KIND)
