"""Tables of the REST mount: trace files, insights, prompts and integrations."""

from __future__ import annotations

from typing import Final

INITIAL: Final = (
    """
    CREATE TABLE trace_files (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        filename TEXT NOT NULL,
        file_type TEXT NOT NULL,
        content TEXT NOT NULL,
        size INTEGER NOT NULL,
        uploaded_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE insights (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL,
        section TEXT NOT NULL,
        content TEXT NOT NULL,
        helpful INTEGER NOT NULL,
        harmful INTEGER NOT NULL,
        note TEXT
    )
    """,
    """
    CREATE TABLE prompts (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        label TEXT NOT NULL,
        version INTEGER NOT NULL,
        text TEXT NOT NULL,
        created_at TEXT NOT NULL,
        UNIQUE (label, version)
    )
    """,
    """
    CREATE TABLE integrations (
        name TEXT PRIMARY KEY,
        config TEXT NOT NULL
    )
    """,
)
