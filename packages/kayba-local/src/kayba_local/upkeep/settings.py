"""The retention that a store remembers: that of the last command or of the operation `setRetention`."""

from __future__ import annotations

from typing import Final

import orjson

from kayba_local.store.database import Database, Transaction
from kayba_local.upkeep.retention import Retention

_NAME: Final = "retention"


def read(tx: Transaction) -> Retention:
    """Return the retention of a store."""
    row = tx.row("SELECT value FROM settings WHERE name = ?", (_NAME,))
    return Retention() if row is None else Retention(**orjson.loads(row["value"]))


def save(db: Database, retention: Retention) -> None:
    """Set the retention of a store. It counts from the next round of upkeep on."""
    value = {"keep_days": retention.keep_days, "keep_bytes": retention.keep_bytes}
    with db.write() as tx:
        tx.run(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (_NAME, orjson.dumps(value).decode()),
        )
