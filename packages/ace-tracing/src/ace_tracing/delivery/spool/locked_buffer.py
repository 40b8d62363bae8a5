"""Locked buffer: the buffer of interpreters without a GIL."""

from __future__ import annotations

import sys

from ace_tracing.delivery.spool.buffer import Buffer


class LockedBuffer(Buffer):
    """A buffer for interpreters without a GIL, where another thread may run in the middle of a line."""

    def put(self, frame: bytes) -> bool | None:
        """Add a frame; true when it does not fit and is dropped."""
        with self._lock:
            return super().put(frame)


def select_buffer_class() -> type[Buffer]:
    """Return the kind of buffer that is safe in this interpreter."""
    has_gil = getattr(sys, "_is_gil_enabled", lambda: sys.implementation.name == "cpython")()
    return Buffer if has_gil else LockedBuffer
