"""Columns and tables for upkeep: interrupted traces, and the ids of deleted experiments."""

from __future__ import annotations

from typing import Final

INITIAL: Final = (
    # 1 if the trace was in progress, and no span has arrived for a long time. `state` is then ERROR.
    "ALTER TABLE traces ADD COLUMN interrupted INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX traces_in_progress ON traces (request_ns, id) WHERE state = 'IN_PROGRESS'",
    # Clients keep the id of their experiment, so no later experiment may get it.
    """
    CREATE TABLE deleted_experiments (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        deleted_ms INTEGER NOT NULL
    )
    """,
)
