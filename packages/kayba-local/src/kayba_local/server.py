"""A server running in this process: the listening socket, uvicorn, and the store they need."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import uvicorn

from kayba_local.app import create_app
from kayba_local.store.database import Database

if TYPE_CHECKING:
    from starlette.applications import Starlette

KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than clients keep theirs, so that none is closed under a request."""
BACKLOG = 2048
"""Connections that may wait to be accepted."""
GRACE = 5
"""Seconds that requests in progress have to end once the server is told to stop."""


class OpenBindError(ValueError):
    """A bind beyond loopback was asked for without a key."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} can be reached from other machines: serving there needs an API key")


class Server(uvicorn.Server):
    """uvicorn over one listening socket, calling `on_ready` once it answers."""

    def __init__(self, app: Starlette, listener: socket.socket, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._listener = listener
        self._on_ready = on_ready

    def serve_until_stopped(self) -> None:
        """Serve; returns when `should_exit` was set, or a signal came, and requests in progress have ended."""
        self.run(sockets=[self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting, then tell."""
        await super().startup(sockets)
        self._on_ready()


class LocalServer:
    """A server in a thread of this process; `kayba_local.serve` gives one.

    Attributes:
        url: Where it answers, e.g. ``http://127.0.0.1:41234``; a client's host argument.
        api_key: The key that it asks for; None when it takes any, or none.
        db: Its store, for tests that look at what it holds or prepare it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        store: str | None,
        api_key: str | None,
        *,
        mock: bool,
        model_url: str | None = None,
        otlp: bool = True,
    ) -> None:
        refuse_open_bind(host, api_key)
        self.api_key = api_key
        self._ready = threading.Event()
        with ExitStack() as opened:
            self.db = Database.open(store or _temporary_store(opened))
            opened.callback(self.db.close)
            listener = opened.enter_context(bind(host, port))
            self.url = url_of(host, listener)
            app = create_app(
                self.db,
                api_key=api_key,
                mock=mock,
                loopback_only=is_loopback(host),
                model_url=model_url,
                otlp=otlp,
            )
            self._server = Server(app, listener, self._ready.set)
            self._resources = opened.pop_all()
        self._thread = threading.Thread(target=self._run, name="kayba-local", daemon=True)
        self._thread.start()
        self._ready.wait()
        if not self._server.started:
            raise RuntimeError("the server ended before it was ready")

    def __repr__(self) -> str:
        return f"LocalServer({self.url!r})"

    def stop(self, *, wait: bool = True) -> None:
        """Stop accepting, let requests in progress end, close the store; `wait` for all that or let it go on."""
        self._server.should_exit = True
        if wait:
            self._thread.join()

    def _run(self) -> None:
        try:
            with self._resources:
                self._server.serve_until_stopped()
        finally:
            self._ready.set()


@contextmanager
def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    store: str | None = None,
    api_key: str | None = None,
    *,
    mock: bool = False,
    model_url: str | None = None,
    otlp: bool = True,
) -> Iterator[LocalServer]:
    """A server in a thread of this process for as long as the block runs.

    Args:
        host: The address to listen on; one beyond loopback needs a key.
        port: The port; 0 takes a free one.
        store: ``sqlite:////absolute/path.db``; by default a temporary file that is removed afterwards.
        api_key: The key that calls must carry; None takes any, or none.
        mock: Answer every operation with the contract's example, and do nothing.
        model_url: Where a model is asked to word insights, when a request for them brings a key; Anthropic's API by
            default.
        otlp: Whether spans are taken by OTLP; without it that is answered with 501, and traces have to come as files,
            as with an MLflow server on a file store.

    Raises:
        OpenBindError: A bind beyond loopback without a key.
        StoreError: The store cannot be opened.
        OSError: The address cannot be listened on.
    """
    server = LocalServer(host, port, store, api_key, mock=mock, model_url=model_url, otlp=otlp)
    try:
        yield server
    finally:
        server.stop()


def refuse_open_bind(host: str, api_key: str | None) -> None:
    """Raise OpenBindError when other machines could reach `host` without a key."""
    if not api_key and not is_loopback(host):
        raise OpenBindError(host)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on `host`; port 0 takes a free one.

    Raises:
        OSError: When the address is in use or not this machine's.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # asyncio turns Nagle's algorithm off on sockets that say they are TCP. Left unsaid, as socket.create_server does,
    # every answer of two writes would wait 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Elsewhere this option would let two servers share one port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """The URL of a server that listens on `host` by this socket."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _temporary_store(opened: ExitStack) -> str:
    # At interpreter exit a server that nobody waits for may still be closing its files while they are removed.
    folder = opened.enter_context(TemporaryDirectory(prefix="kayba-local-", ignore_cleanup_errors=True))
    return f"sqlite:///{Path(folder, 'kayba.db')}"
