"""Files of lines that the commands read and write: plain or compressed, or the standard streams."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from kayba_local.store.errors import StoreError

STANDARD: Final = "-"
"""The name of standard output and standard input."""
COMPRESSED: Final = ".gz"


@contextmanager
def write_to(name: str, *, force: bool = False) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """Open a file for writing, which appears under its name when the block has ended without an error.

    Raises:
        StoreError: The file exists, and `force` is false.
        OSError: The file cannot be written.
    """
    if name == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    if path.exists() and not force:
        raise StoreError(f"{path} exists: choose another name, or replace it with --force")
    partial = path.with_name(path.name + ".partial")
    try:
        # Level 1: the following ones take several times as long for a few percent.
        with gzip.open(partial, "wb", 1) if path.suffix == COMPRESSED else partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def read_from(name: str) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """Open a file for reading.

    Raises:
        OSError: The file cannot be read.
    """
    if name == STANDARD:
        yield sys.stdin.buffer
        return
    with gzip.open(name, "rb") if name.endswith(COMPRESSED) else Path(name).open("rb") as file:
        yield file
