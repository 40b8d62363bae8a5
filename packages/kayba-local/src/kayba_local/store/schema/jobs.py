"""Table of jobs, and the columns of insights for their evidence."""

from __future__ import annotations

from typing import Final

INITIAL: Final = (
    # `owner` is the server process that holds the job until `lease_ms` (ms since 1970). `findings` is JSON, which is
    # stored as insights on request. The API key of a model is never stored, so it has no column.
    """
    CREATE TABLE jobs (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL,
        request TEXT NOT NULL,
        created_at TEXT NOT NULL,
        started_at TEXT,
        completed_at TEXT,
        error TEXT,
        result TEXT,
        findings TEXT,
        materialized INTEGER NOT NULL DEFAULT 0,
        begun INTEGER NOT NULL DEFAULT 0,
        owner TEXT NOT NULL,
        lease_ms INTEGER NOT NULL
    )
    """,
    "CREATE INDEX jobs_unfinished ON jobs (position) WHERE status IN ('pending', 'running')",
    "ALTER TABLE insights ADD COLUMN fingerprint TEXT",
    "ALTER TABLE insights ADD COLUMN evidence TEXT",
    "CREATE UNIQUE INDEX insights_by_fingerprint ON insights (fingerprint) WHERE fingerprint IS NOT NULL",
)
