"""Options of `kayba-local serve` for the upkeep of its store, and the file of its key."""

from __future__ import annotations

import argparse
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kayba_local.upkeep.commands import CommandError

if TYPE_CHECKING:
    from kayba_local.store.database import Database

DEFAULT_INTERRUPTED_AFTER: Final = "24h"

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?) ?([kMGT]i?)?B?")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?) ?([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
_EXIT_USAGE: Final = 2


def add_upkeep_options(serve: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    """Add the options. A variable of the environment is read like the option that it replaces."""
    serve.add_argument(
        "--keep-days",
        type=_days,
        metavar="DAYS",
        default=environment.get("KAYBA_LOCAL_KEEP_DAYS") or None,
        help="delete traces that started longer ago (default: KAYBA_LOCAL_KEEP_DAYS, or keep them)",
    )
    serve.add_argument(
        "--keep-bytes",
        type=_size,
        metavar="BYTES",
        default=environment.get("KAYBA_LOCAL_KEEP_BYTES") or None,
        help="delete the oldest traces while the store uses more, e.g. 20GB (default: KAYBA_LOCAL_KEEP_BYTES, or keep"
        " them)",
    )
    serve.add_argument(
        "--interrupted-after",
        type=_duration,
        metavar="TIME",
        default=environment.get("KAYBA_LOCAL_INTERRUPTED_AFTER") or DEFAULT_INTERRUPTED_AFTER,
        help="show a running trace as interrupted so long after its last span, e.g. 90m, 24h or 7d"
        f" (default: KAYBA_LOCAL_INTERRUPTED_AFTER, or {DEFAULT_INTERRUPTED_AFTER})",
    )


def start_upkeep(db: Database, options: argparse.Namespace) -> None:
    """Start the upkeep of a served store. Closing the store stops it."""
    # Imported here, because `kayba-local --help` needs no store.
    from kayba_local.upkeep.retention import Retention
    from kayba_local.upkeep.worker import Upkeep

    # Deletions are logged, although they are no warnings.
    logging.getLogger("kayba_local.upkeep").setLevel(logging.INFO)
    retention = Retention(options.keep_days, options.keep_bytes)
    Upkeep(db, None if retention == Retention() else retention, options.interrupted_after).start()


def read_key_file(path: Path) -> str:
    """Return the key in the first line of a file.

    Raises:
        CommandError: The file cannot be read, or its first line is empty.
    """
    try:
        key = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read the key in {path}: {error}", _EXIT_USAGE) from error
    if not key:
        raise CommandError(f"{path} has no key in its first line", _EXIT_USAGE)
    return key


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days above 0")
    return days


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: use bytes, or a unit such as 500MB, 20GB or 20GiB")
    unit = match[2] or ""
    factor = (1024 if unit.endswith("i") else 1000) ** (" kMGT".index(unit[0]) if unit else 0)
    return int(float(match[1]) * factor)


def _duration(text: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: use a unit such as 90m, 24h or 7d")
    return float(match[1]) * _SECONDS[match[2]]
