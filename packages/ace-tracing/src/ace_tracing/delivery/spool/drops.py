"""Drops: the reasons for which a buffer drops frames."""

from __future__ import annotations

from typing import Final

from ace_tracing.recording.frames import FEEDBACK, NO_ID, PARENT_ID, STARTED

BUFFER_FULL: Final = "buffer full"
BUFFER_FULL_SPANS: Final = "buffer full: spans of kept traces"
BUFFER_FULL_FEEDBACK: Final = "buffer full: feedback"
TOO_LARGE: Final = "too large"


def select_reason(frame: bytes, reason: str) -> str:
    """Return the reason under which a dropped frame is counted.

    Args:
        frame: The frame.
        reason: Why it is dropped, if it is the start of a trace.
    """
    if frame[0] == FEEDBACK:
        return BUFFER_FULL_FEEDBACK
    if reason == BUFFER_FULL and (frame[0] != STARTED or frame[PARENT_ID] != NO_ID):
        return BUFFER_FULL_SPANS
    return reason
