"""The memory that the bodies of all requests share while they are received and handled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kayba_local.http.lanes import busy


class BodyMemory:
    """A budget of bytes. Only the event loop uses it.

    Attributes:
        used: Bytes of the bodies in flight.

    Args:
        max_bytes: The budget.
    """

    def __init__(self, max_bytes: int) -> None:
        self.used = 0
        self._max_bytes = max_bytes

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Return the share of one request, which is given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            self.used -= share.used

    def take(self, size: int) -> None:
        """Take bytes.

        Raises:
            Problem: 503; the bodies in flight use the whole budget.
        """
        if self.used + size > self._max_bytes:
            reason = "the bodies of other requests use all the memory for bodies"
            # The rest of this body is not read.
            raise busy(reason, headers={"Connection": "close"})
        self.used += size


class Share:
    """The bytes that one request has taken."""

    def __init__(self, memory: BodyMemory) -> None:
        self.used = 0
        self._memory = memory

    def take(self, size: int) -> None:
        """Take bytes for this request.

        Raises:
            Problem: 503; the bodies in flight use the whole budget.
        """
        self._memory.take(size)
        self.used += size
