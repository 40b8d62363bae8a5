"""Sinks: the consumers of frames."""

from __future__ import annotations

from typing import Final, Protocol


class Sink(Protocol):
    """Consumer of frames, called on the user's thread.

    Attributes:
        finished: The number of traces whose root has ended, plus the number of spans that ended without a root in this
            process.
        feedback_count: The number of accepted feedback frames.
        unrecorded: The number of traces that an internal error, such as a lack of memory, kept from starting.
        asleep: Whether the consumer needs a call of `wake` when `finished` or `feedback_count` grows.
        is_abandoned: Whether it belongs to the parent of this forked child, and therefore accepts no frames.
    """

    finished: int
    feedback_count: int
    unrecorded: int
    asleep: bool
    is_abandoned: bool

    def put(self, frame: bytes) -> object:
        """Accept a frame. Return a true value when there is no room for it."""

    def wake(self) -> None:
        """Wake the consumer."""


class NullSink:
    """Sink that discards every frame."""

    finished = 0
    feedback_count = 0
    unrecorded = 0
    asleep = False
    is_abandoned = False

    def put(self, frame: bytes) -> object:
        """Discard a frame."""

    def wake(self) -> None:
        """Do nothing."""


NULL_SINK: Final = NullSink()
