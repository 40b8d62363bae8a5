"""The command line: ``kayba-local serve``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import socket

    from kayba_local.store.database import Database

DEFAULT_PORT = 4180
STOPPED = 0
FAILED = 1
MISUSED = 2


class _CannotServeError(Exception):
    """Why there is nothing to serve, and the exit code that says so."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit code: 0 after a signal, 1 when it cannot serve, 2 on misuse."""
    options = _parser(os.environ).parse_args(arguments)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    logging.basicConfig(level=logging.WARNING, format="kayba-local: %(levelname)s: %(message)s", stream=sys.stderr)
    try:
        _serve(options)
    except _CannotServeError as error:
        sys.stderr.write(f"kayba-local: {error}\n")
        return error.code
    return STOPPED


def default_store() -> str:
    """The URL of the store that the command serves when none is named.

    It is what the environment variable ``KAYBA_LOCAL_STORE`` says, or else a file in the user's data directory.
    """
    if named := os.environ.get("KAYBA_LOCAL_STORE"):
        return named
    import platformdirs

    return f"sqlite:///{Path(platformdirs.user_data_dir('kayba-local', appauthor=False), 'kayba.db')}"


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kayba-local", description="Kayba in one process, on one SQLite file.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve until SIGINT or SIGTERM", description="Serve the Kayba API.")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="port to listen on, 0 for a free one (default: %(default)s)"
    )
    serve.add_argument(
        "--store",
        metavar="URL",
        help="sqlite:////absolute/path.db (default: KAYBA_LOCAL_STORE, or a file in the user's data directory)",
    )
    serve.add_argument(
        "--api-key",
        metavar="KEY",
        default=environment.get("KAYBA_LOCAL_API_KEY") or None,
        help="key that calls must carry (default: KAYBA_LOCAL_API_KEY, or none: any key will do)",
    )
    serve.add_argument(
        "--mock", action="store_true", help="answer every operation with the contract's example, and do nothing"
    )
    serve.add_argument(
        "--model-url",
        metavar="URL",
        default=environment.get("KAYBA_LOCAL_MODEL_URL") or None,
        help="where insights are worded by a model, if a request brings a key (default: KAYBA_LOCAL_MODEL_URL, or"
        " Anthropic's API)",
    )
    serve.add_argument(
        "--without-otlp",
        dest="otlp",
        action="store_false",
        help="answer spans sent by OTLP with 501, and take traces as files, as MLflow does on a file store",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give 0 to 65535")
    return int(text)


def _serve(options: argparse.Namespace) -> None:
    # Here and not above: `kayba-local --help` needs none of it.
    from kayba_local.app import create_app
    from kayba_local.server import Server, is_loopback, url_of

    with _listen(options) as listener, closing(_open_store(options.store or default_store())) as db:
        app = create_app(
            db,
            api_key=options.api_key,
            mock=options.mock,
            loopback_only=is_loopback(options.host),
            model_url=options.model_url,
            otlp=options.otlp,
        )
        Server(app, listener, _announcer(url_of(options.host, listener))).serve_until_stopped()


def _listen(options: argparse.Namespace) -> socket.socket:
    from kayba_local.server import OpenBindError, bind, refuse_open_bind

    try:
        refuse_open_bind(options.host, options.api_key)
        return bind(options.host, options.port)
    except OpenBindError as error:
        raise _CannotServeError(MISUSED, f"{error}; give one with --api-key or KAYBA_LOCAL_API_KEY") from error
    except OSError as error:
        reason = f"cannot listen on {options.host} port {options.port}: {error.strerror}"
        raise _CannotServeError(FAILED, reason) from error


def _open_store(url: str) -> Database:
    from kayba_local.store.database import Database, StoreError

    try:
        return Database.open(url)
    except (StoreError, OSError) as error:
        raise _CannotServeError(FAILED, f"cannot open the store: {error}") from error


def _announcer(url: str) -> Callable[[], None]:
    def announce() -> None:
        sys.stdout.write(f"kayba-local ready at {url}\n")
        sys.stdout.flush()

    return announce


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    # Before uvicorn serves, this ends the process; while it serves, uvicorn ends the requests first and then gets here.
    raise SystemExit(STOPPED)
