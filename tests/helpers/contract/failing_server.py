"""A kayba-local with failing handlers, for error responses that its own handlers never cause.

The rest is real: the socket, the routes, the validation and the error envelopes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from kayba_local import create_app
from kayba_local.contract import load
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler
from kayba_local.server import Server, bind, url_of
from kayba_local.store.database import Database

RETRY_AFTER_S = 7


def limit(call: Call) -> NoReturn:
    """Respond like a server with a rate limit; kayba-local has none."""
    raise Problem(
        429,
        "TOO_MANY_REQUESTS",
        f"Too many requests. Try again in {RETRY_AFTER_S} seconds.",
        {"Retry-After": f"{RETRY_AFTER_S}"},
    )


def crash(call: Call) -> NoReturn:
    """Fail like a handler with a bug."""
    raise RuntimeError(f"{call.operation} has a bug")


HANDLERS: Mapping[int, Mapping[str, Handler]] = {
    429: dict.fromkeys(load().operations, limit),
    500: dict.fromkeys(load().operations, crash),
    501: {},
}
"""By status, the handlers that cause it for every operation."""


@contextmanager
def failing_server(status: int, folder: Path) -> Iterator[str]:
    """Serve with the handlers of a status during the block, and yield the URL."""
    ready = threading.Event()
    db = Database.open(f"sqlite:///{folder / 'kayba.db'}")
    with bind("127.0.0.1", 0) as listener:
        server = Server(create_app(db, handlers=HANDLERS[status]), listener, ready.set)
        thread = threading.Thread(target=server.serve_until_stopped)
        thread.start()
        try:
            assert ready.wait(120)
            yield url_of("127.0.0.1", listener)
        finally:
            server.should_exit = True
            thread.join()
            db.close()
