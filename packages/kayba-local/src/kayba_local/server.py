"""The server: listening socket, uvicorn and store, in this thread or in a background thread."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import uvicorn

from kayba_local.app import create_app
from kayba_local.http.connections import make_protocol
from kayba_local.http.limits import Limits
from kayba_local.store.database import Database

if TYPE_CHECKING:
    from starlette.applications import Starlette

KEEP_ALIVE_S: Final = 75
"""Seconds before an idle connection is closed: longer than clients keep theirs, so none is closed under a request."""
BACKLOG: Final = 2048
"""Connections that can wait to be accepted."""
GRACE_S: Final = 5
"""Seconds for requests in progress to end when the server stops."""


class OpenBindError(ValueError):
    """A bind to an address that other machines can reach, without an API key."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} can be reached from other machines: this needs an API key")


class Server(uvicorn.Server):
    """A uvicorn server on one listening socket that calls `on_ready` when it accepts connections."""

    def __init__(
        self, app: Starlette, listener: socket.socket, on_ready: Callable[[], None], limits: Limits | None = None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=make_protocol((limits or Limits()).receive_timeout_s),
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._app = app
        self._listener = listener
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Set `should_exit`, and act on it at once. Any thread may call this."""
        self.should_exit = True
        if self._loop is not None:
            # RuntimeError: the server has ended, and its loop is closed.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopped.set)

    def serve_until_stopped(self) -> None:
        """Serve until `should_exit` is set or a signal arrives, and requests in progress have ended."""
        self.run(sockets=[self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections, then call `on_ready`."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End live streams, which would not end by themselves, and wait for the other requests in progress."""
        self._app.state.stopping.set()
        await super().shutdown(sockets)

    async def main_loop(self) -> None:
        """Serve until `stop` is called, or the check that runs ten times a second sees `should_exit`.

        That check alone is not enough: a test that freezes time may put its next run decades ahead.
        """
        tasks = {asyncio.ensure_future(super().main_loop()), asyncio.ensure_future(self._stopped.wait())}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


class LocalServer:
    """A server in a background thread, created by `kayba_local.serve`.

    Attributes:
        url: The server's URL, e.g. `http://127.0.0.1:41234`.
        api_key: The key that requests must carry. None accepts any key, or none.
        db: The server's store. Tests can read it and fill it.
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
        limits: Limits | None = None,
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
                limits=limits,
            )
            self._server = Server(app, listener, self._ready.set, limits)
            self._resources = opened.pop_all()
        self._thread = threading.Thread(target=self._run, name="kayba-local", daemon=True)
        self._thread.start()
        self._ready.wait()
        if not self._server.started:
            raise RuntimeError("the server ended before it was ready")

    def __repr__(self) -> str:
        return f"LocalServer({self.url!r})"

    def stop(self, *, wait: bool = True) -> None:
        """Stop accepting connections, let requests in progress end, and close the store.

        Args:
            wait: Return only when all of this is done. If False, it continues in the background.
        """
        self._server.stop()
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
    limits: Limits | None = None,
) -> Iterator[LocalServer]:
    """Run a server in a background thread while the block runs.

    Args:
        host: The address to listen on. An address that other machines can reach needs a key.
        port: The port. 0 selects a free one.
        store: `sqlite:////absolute/path.db`. By default a temporary file that is removed afterwards.
        api_key: The key that requests must carry. None accepts any key, or none.
        mock: Respond to every operation with the contract's example, and execute nothing.
        model_url: The API whose model rewrites insights, if the request for them contains a key. By default Anthropic's
            API.
        otlp: Accept spans by OTLP. If False, OTLP requests get a 501 and clients must send traces as files, as with an
            MLflow server on a file store.
        limits: The limits of times, threads, queues and memory. By default those of the command.

    Yields:
        The running server.

    Raises:
        OpenBindError: Other machines can reach the address, and there is no key.
        StoreError: The store cannot be opened.
        OSError: The server cannot listen on the address.
    """
    server = LocalServer(host, port, store, api_key, mock=mock, model_url=model_url, otlp=otlp, limits=limits)
    try:
        yield server
    finally:
        server.stop()


def refuse_open_bind(host: str, api_key: str | None) -> None:
    """Raise `OpenBindError` if other machines can reach `host` and there is no key."""
    if not api_key and not is_loopback(host):
        raise OpenBindError(host)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket on `host`. Port 0 selects a free one.

    Raises:
        OSError: The address is in use or belongs to another machine.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # asyncio disables Nagle's algorithm only on sockets with an explicit TCP protocol, and socket.create_server
    # sets none. With Nagle, a response of two writes would wait 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # On Windows this option would let two servers share one port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """Return the URL of a server that listens on `host` with this socket."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _temporary_store(opened: ExitStack) -> str:
    # At interpreter exit, a server that was stopped without waiting may still be closing files in the folder.
    folder = opened.enter_context(TemporaryDirectory(prefix="kayba-local-", ignore_cleanup_errors=True))
    return f"sqlite:///{Path(folder, 'kayba.db')}"
