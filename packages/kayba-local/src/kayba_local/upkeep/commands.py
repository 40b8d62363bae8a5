"""Commands of `kayba-local` that keep a store in order, beside `serve`.

Results go to standard output, progress and errors to standard error. An error is one line that names the remedy.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from kayba_local.store.database import Database

    # Generic only for type checkers.
    Parsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

PROGRESS_INTERVAL_S: Final = 1.0
"""Seconds between two lines of progress."""

_SCHEME: Final = "sqlite:///"

Command: TypeAlias = Callable[[argparse.Namespace, Path], None]
"""The work of a command, with its options and the path of the store."""
Added: TypeAlias = tuple[argparse.ArgumentParser, Command]


class CommandError(Exception):
    """The failure of a command; the message is for the user.

    Attributes:
        code: The exit code.
    """

    def __init__(self, reason: object, code: int = 1) -> None:
        super().__init__(str(reason))
        self.code = code


def add_commands(commands: Parsers, default_store: Callable[[], str]) -> None:
    """Add the parsers of these commands to those of all commands. Their options have a function `run`.

    Args:
        commands: The parsers of all commands.
        default_store: Returns the URL of the store for a command without `--store`.
    """
    for add in (_add_compact, _add_backup, _add_restore, _add_export, _add_import, _add_delete_experiment):
        parser, function = add(commands)
        parser.add_argument(
            "--store",
            metavar="URL",
            help="sqlite:////absolute/path.db (default: KAYBA_LOCAL_STORE, or a file in the user's data directory)",
        )
        parser.set_defaults(run=partial(_run, function, default_store))


def _run(function: Command, default_store: Callable[[], str], options: argparse.Namespace) -> None:
    # Imported here and in the commands, because `kayba-local --help` needs no store.
    from kayba_local.store.errors import RequestError, StoreError

    try:
        function(options, store_path(options.store or default_store()))
    except (StoreError, RequestError, OSError, sqlite3.Error) as error:
        raise CommandError(error) from error


def store_path(url: str) -> Path:
    """Return the path of the store at a URL.

    Raises:
        CommandError: The URL does not name a file.
    """
    path = url.removeprefix(_SCHEME)
    if not url.startswith(_SCHEME) or path in ("", ":memory:"):
        raise CommandError(f"{url!r} is not the URL of a file: use sqlite:////absolute/path.db")
    return Path(path).absolute()


class Progress:
    """Lines on standard error, at most one a second."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._last = time.monotonic()

    def report(self, done: int, total: int | None = None) -> None:
        """Print the progress if it is time for a line."""
        now = time.monotonic()
        if now - self._last >= PROGRESS_INTERVAL_S:
            self._last = now
            of_all = "" if total is None else f" of {total:,}"
            sys.stderr.write(f"kayba-local: {done:,}{of_all} {self._noun}\n")


def _add(commands: Parsers, name: str, description: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=description[0].lower() + description[1:].rstrip("."), description=description)


def _add_compact(commands: Parsers) -> Added:
    return _add(commands, "compact", "Give the free space of a store back to the system."), _compact


def _compact(_: argparse.Namespace, path: Path) -> None:
    from kayba_local.upkeep import files

    done = files.compact(path)
    how = "rewritten" if done.is_full else "free pages released, the store is in use"
    sys.stdout.write(f"{path}: {done.before:,} bytes before, {done.after:,} after ({how})\n")


def _add_backup(commands: Parsers) -> Added:
    parser = _add(commands, "backup", "Copy a store, also while it is in use.")
    parser.add_argument("target", type=Path, metavar="FILE", help="the copy; it appears when it is complete")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    return parser, _backup


def _backup(options: argparse.Namespace, path: Path) -> None:
    from kayba_local.upkeep import files

    target = options.target.absolute()
    files.backup(path, target, Progress("pages").report, force=options.force)
    sys.stdout.write(f"{target}: {target.stat().st_size:,} bytes\n")


def _add_restore(commands: Parsers) -> Added:
    parser = _add(commands, "restore", "Replace a store by a backup of it.")
    parser.add_argument("source", type=Path, metavar="FILE", help="a copy that `kayba-local backup` made")
    parser.add_argument("--force", action="store_true", help="replace the data of a store, also while it is in use")
    return parser, _restore


def _restore(options: argparse.Namespace, path: Path) -> None:
    from kayba_local.upkeep import files

    files.restore(options.source.absolute(), path, Progress("pages").report, force=options.force)
    sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


def _add_export(commands: Parsers) -> Added:
    parser = _add(commands, "export", "Write traces as lines of JSON, also while the store is in use.")
    parser.add_argument(
        "target", metavar="FILE", help="the file, compressed if its name ends with .gz; - for standard output"
    )
    parser.add_argument("--experiment", metavar="NAME", help="export only this experiment")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    return parser, _export


def _export(options: argparse.Namespace, path: Path) -> None:
    from kayba_local.upkeep.exports import write_lines
    from kayba_local.upkeep.line_files import write_to

    progress = Progress("lines")
    with closing(open_store(path)) as db, write_to(options.target, force=options.force) as file:
        for count, line in enumerate(write_lines(db, options.experiment), 1):
            file.write(line)
            progress.report(count)


def _add_import(commands: Parsers) -> Added:
    parser = _add(commands, "import", "Store the traces of an export; one that was stopped can be repeated.")
    parser.add_argument(
        "source", metavar="FILE", help="the file, compressed if its name ends with .gz; - for standard input"
    )
    return parser, _import


def _import(options: argparse.Namespace, path: Path) -> None:
    from kayba_local.store.database import Database
    from kayba_local.upkeep.imports import Importer
    from kayba_local.upkeep.line_files import read_from

    progress = Progress("traces")
    with read_from(options.source) as lines, closing(Database.open(f"{_SCHEME}{path}")) as db:
        importer = Importer(db)
        for imported in importer.read(lines):
            progress.report(imported.traces)
    done = importer.imported
    if not done.is_complete:
        raise CommandError(
            f"{options.source} ends too early, {done.traces:,} traces are imported: export again, and repeat the import"
        )
    sys.stdout.write(f"{path}: imported {done.traces:,} traces with {done.spans:,} spans\n")


def _add_delete_experiment(commands: Parsers) -> Added:
    parser = _add(commands, "delete-experiment", "Delete an experiment with all its traces.")
    parser.add_argument("name", metavar="NAME", help="the experiment's name")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    return parser, _delete_experiment


def _delete_experiment(options: argparse.Namespace, path: Path) -> None:
    from kayba_local.store import experiments
    from kayba_local.upkeep import deletion

    with closing(open_store(path)) as db:
        experiment = experiments.get_by_name(db, options.name)
        if not options.yes:
            _confirm(f"Delete the experiment {options.name!r} with all its traces?")
        count = deletion.delete_experiment(db, experiment.id, report=Progress("traces deleted").report)
    sys.stdout.write(f"{options.name}: deleted with {count:,} traces\n")


def open_store(path: Path) -> Database:
    """Open an existing store.

    Raises:
        StoreError: There is none, or it cannot be opened.
    """
    from kayba_local.store.database import Database
    from kayba_local.upkeep import files

    files.require_store(path)
    return Database.open(f"{_SCHEME}{path}")


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise CommandError("this deletes data, and there is no terminal to ask: confirm it with --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was deleted")
