"""Space: the bytes that a store uses, the pages that deletion leaves free, and the write-ahead log."""

from __future__ import annotations

from typing import Final

from kayba_local.store.database import Database, Transaction
from kayba_local.upkeep import slices
from kayba_local.upkeep.slices import Rest

MAX_FREE_SHARE: Final = 0.25
"""Share of free pages from which on they go back to the system. Below it, new traces use them again."""
MIN_FREE_BYTES: Final = 16 * 1024 * 1024
"""Free bytes that stay in any case."""
MAX_LOG_BYTES: Final = 64 * 1024 * 1024
"""Bytes of the write-ahead log from which on it is emptied. It grows while a read or a backup needs old pages."""

_PAGES_PER_STEP: Final = 64
_INCREMENTAL: Final = 2


def used_bytes(tx: Transaction) -> int:
    """Return the bytes of the pages that hold data."""
    return (_pragma(tx, "page_count") - _pragma(tx, "freelist_count")) * _pragma(tx, "page_size")


def free_bytes(tx: Transaction) -> int:
    """Return the bytes of the pages that hold no data."""
    return _pragma(tx, "freelist_count") * _pragma(tx, "page_size")


def can_shrink(tx: Transaction) -> bool:
    """Return whether free pages can go back to the system one by one. In files of earlier versions they cannot."""
    return _pragma(tx, "auto_vacuum") == _INCREMENTAL


def shrink_if_due(db: Database, rest: Rest) -> bool:
    """Give free pages back to the system if they are a large share of the file. Return whether it did."""
    with db.read() as tx:
        free = free_bytes(tx)
        is_due = free > MIN_FREE_BYTES and free > MAX_FREE_SHARE * (used_bytes(tx) + free) and can_shrink(tx)
    return is_due and shrink(db, rest)


def shrink(db: Database, rest: Rest = slices.sleep) -> bool:
    """Give all free pages back to the system, in slices. Return False if `rest` ended it."""

    def step(tx: Transaction) -> bool:
        # All rows are fetched, because each step of the statement frees one page.
        tx.rows(f"PRAGMA incremental_vacuum({_PAGES_PER_STEP})")
        return _pragma(tx, "freelist_count") > 0

    return slices.run(db, step, rest)


def bound_log(db: Database) -> bool:
    """Empty the write-ahead log if it has grown beyond its limit. Return False if it stays too long."""
    return db.log_bytes() <= MAX_LOG_BYTES or db.checkpoint()


def _pragma(tx: Transaction, name: str) -> int:
    (value,) = tx.rows(f"PRAGMA {name}")[0]
    return int(value)
