"""Tables of the tracing side: experiments, traces with their tags and metadata, spans, artifacts, assessments."""

from __future__ import annotations

from typing import Final

INITIAL: Final = (
    """
    CREATE TABLE experiments (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created_ms INTEGER NOT NULL
    )
    """,
    "INSERT INTO experiments (id, name, created_ms) VALUES (0, 'Default', 0)",
)
