"""Revisions: the last change of each trace and span, the log of other changes, and settings of the store."""

from __future__ import annotations

from typing import Final

INITIAL: Final = (
    # One row: the number of the last change.
    "CREATE TABLE revision (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL)",
    "INSERT INTO revision (id, value) VALUES (1, 0)",
    "ALTER TABLE traces ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE spans ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX traces_by_revision ON traces (revision)",
    # Changes that leave no row with a revision: deleted traces, jobs and insights. `subject` is the id on the wire.
    """
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY,
        revision INTEGER NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL
    )
    """,
    "CREATE INDEX changes_by_revision ON changes (revision)",
    # Settings of the store by name, each as JSON.
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
