"""Servers that do not take anything."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hung() -> Iterator[str]:
    """A server that accepts connections and then neither reads nor answers."""
    accepted = []

    def accept() -> None:
        while True:
            try:
                accepted.append(listener.accept())
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    for connection, _ in accepted:
        connection.close()


@contextmanager
def refusing() -> Iterator[str]:
    """An address that refuses connections: bound, so that nothing else can have it, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
