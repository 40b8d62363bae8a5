"""Connections: closed if the head of a request does not arrive in time."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

MAX_HEAD_BYTES: Final = 64 * 1024
"""Limit of the bytes that are read without a complete head."""


def make_protocol(head_timeout_s: float) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with a limit of the time in which a head must arrive.

    Args:
        head_timeout_s: Seconds from the connection, or from the first byte of a later request.
    """
    base: Any = AutoHTTPProtocol

    class TimedProtocol(base):  # type: ignore[misc]  # the class depends on the installed parsers
        """uvicorn's protocol, which waits for a head without an end."""

        _timer: asyncio.TimerHandle | None = None
        _head_bytes = 0

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._start()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._is_in_request():
                self._stop()
                return
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._close()
            elif self._timer is None:
                self._start()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _is_in_request(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _start(self) -> None:
            self._timer = asyncio.get_running_loop().call_later(head_timeout_s, self._close)

        def _stop(self) -> None:
            self._head_bytes = 0
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _close(self) -> None:
            if not self._is_in_request():
                self.transport.close()

    return TimedProtocol
