"""Tables of jobs, and what insights gain by them: what they rest on."""

from __future__ import annotations

from typing import Final

INITIAL: Final = (
    # `owner`, the server process that runs the job or is going to, holds it until `lease_ms` (ms since 1970). What it
    # found stays in `findings`, JSON, until it is made into insights. A key of a model's provider has no column.
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
