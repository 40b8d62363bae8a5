"""The command line: `kayba-local serve`, the commands for upkeep, and `kayba-local --version`."""

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
from typing import TYPE_CHECKING, Final, NoReturn

from kayba_local.upkeep.commands import CommandError, add_commands
from kayba_local.upkeep.options import add_upkeep_options, read_key_file, start_upkeep

if TYPE_CHECKING:
    import socket

    from kayba_local.store.database import Database

DEFAULT_PORT: Final = 4180
DEFAULT_REQUEST_TIMEOUT_S: Final = 30
DEFAULT_BODY_MEMORY_MB: Final = 256
EXIT_STOPPED: Final = 0
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The process's exit code: 0 after a signal to a server or if a command is done, 1 if it fails, 2 for wrong usage,
        130 if Ctrl-C ends a command.
    """
    options = _parser(os.environ).parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="kayba-local: %(levelname)s: %(message)s", stream=sys.stderr)
    try:
        options.run(options)
    except CommandError as error:
        sys.stderr.write(f"kayba-local: {error}\n")
        return error.code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return EXIT_STOPPED


def default_store() -> str:
    """Return the URL of the store that the command serves without `--store`.

    It is the environment variable `KAYBA_LOCAL_STORE`, otherwise a file in the user's data directory.
    """
    if named := os.environ.get("KAYBA_LOCAL_STORE"):
        return named
    import platformdirs

    return f"sqlite:///{Path(platformdirs.user_data_dir('kayba-local', appauthor=False), 'kayba.db')}"


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kayba-local", description="Kayba server in one process, on one SQLite file.")
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve until SIGINT or SIGTERM", description="Serve the Kayba API.")
    serve.set_defaults(run=_serve)
    add_commands(commands, default_store)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="port to listen on, 0 for a free one (default: %(default)s)"
    )
    serve.add_argument(
        "--store",
        metavar="URL",
        help="sqlite:////absolute/path.db (default: KAYBA_LOCAL_STORE, or a file in the user's data directory)",
    )
    keys = serve.add_mutually_exclusive_group()
    keys.add_argument(
        "--api-key",
        metavar="KEY",
        default=environment.get("KAYBA_LOCAL_API_KEY") or None,
        help="key that requests must carry (default: KAYBA_LOCAL_API_KEY, or none: any key is accepted). Other users"
        " of the machine can see it in the list of processes: prefer the variable or --api-key-file",
    )
    keys.add_argument("--api-key-file", type=Path, metavar="FILE", help="file whose first line is the key")
    serve.add_argument(
        "--mock",
        action="store_true",
        help="respond to every operation with the contract's example, and execute nothing",
    )
    serve.add_argument(
        "--model-url",
        metavar="URL",
        default=environment.get("KAYBA_LOCAL_MODEL_URL") or None,
        help="API whose model rewrites insights, if a request contains a key (default: KAYBA_LOCAL_MODEL_URL, or"
        " Anthropic's API)",
    )
    serve.add_argument(
        "--without-otlp",
        dest="otlp",
        action="store_false",
        help="respond to OTLP requests with 501, and accept traces as files, like MLflow on a file store",
    )
    serve.add_argument(
        "--request-timeout",
        type=_positive,
        default=DEFAULT_REQUEST_TIMEOUT_S,
        metavar="SECONDS",
        help="seconds after which a request is cancelled and gets a 503 (default: %(default)s)",
    )
    serve.add_argument(
        "--body-memory",
        type=_positive,
        default=DEFAULT_BODY_MEMORY_MB,
        metavar="MB",
        help="megabytes that the bodies of all requests may use at the same time (default: %(default)s)",
    )
    add_upkeep_options(serve, environment)
    return parser


class _ShowVersion(argparse.Action):
    """The option `--version`. It reads the version only when it is used, because that takes a few milliseconds."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"{parser.prog} {version('kayba-local')}\n")
        parser.exit()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: use 0 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _serve(options: argparse.Namespace) -> None:
    # Imported here, because `kayba-local --help` does not need the server.
    from kayba_local.app import create_app
    from kayba_local.http.limits import Limits
    from kayba_local.server import Server, is_loopback, url_of

    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    if options.api_key_file is not None:
        options.api_key = read_key_file(options.api_key_file)
    limits = Limits(request_timeout_s=options.request_timeout, body_memory_mb=options.body_memory)
    with _listen(options) as listener, closing(_open_store(options.store or default_store())) as db:
        app = create_app(
            db,
            api_key=options.api_key,
            mock=options.mock,
            loopback_only=is_loopback(options.host),
            model_url=options.model_url,
            otlp=options.otlp,
            limits=limits,
        )
        announce = _announcer(url_of(options.host, listener), otlp=options.otlp, has_key=bool(options.api_key))
        if not options.mock:
            start_upkeep(db, options)
        Server(app, listener, announce, limits).serve_until_stopped()


def _listen(options: argparse.Namespace) -> socket.socket:
    from kayba_local.server import OpenBindError, bind, refuse_open_bind

    try:
        refuse_open_bind(options.host, options.api_key)
        return bind(options.host, options.port)
    except OpenBindError as error:
        raise CommandError(f"{error}; set one with --api-key or KAYBA_LOCAL_API_KEY", EXIT_USAGE) from error
    except OSError as error:
        reason = f"cannot listen on {options.host} port {options.port}: {error.strerror}"
        raise CommandError(reason) from error


def _open_store(url: str) -> Database:
    from kayba_local.store.database import Database
    from kayba_local.store.errors import StoreError

    try:
        return Database.open(url)
    except (StoreError, OSError) as error:
        raise CommandError(f"cannot open the store: {error}") from error


def _announcer(url: str, *, otlp: bool, has_key: bool) -> Callable[[], None]:
    lines = [f"kayba-local ready at {url}"]
    if otlp:
        # The key is a secret, and output is often stored.
        key = " OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20KEY" if has_key else ""
        lines.append(f"for OpenTelemetry: export OTEL_EXPORTER_OTLP_ENDPOINT={url}{key}")

    def announce() -> None:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()

    return announce


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    # Before uvicorn serves, this ends the process. Later, uvicorn ends the requests first and then calls this.
    raise SystemExit(EXIT_STOPPED)
