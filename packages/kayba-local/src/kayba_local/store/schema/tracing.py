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
    """
    CREATE TABLE experiment_tags (
        experiment INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (experiment, key)
    )
    """,
    # Everything else refers to a trace by `id`: short, and ascending, so that what belongs to new traces is appended.
    # `declared` marks a trace whose info a client has given in full; its spans no longer change that.
    # `root_start_ns` and `root_span_id` tell which root the info was taken from; null until one has arrived.
    """
    CREATE TABLE traces (
        id INTEGER PRIMARY KEY,
        trace_id TEXT NOT NULL UNIQUE,
        experiment INTEGER NOT NULL REFERENCES experiments (id),
        request_ns INTEGER NOT NULL,
        duration_ns INTEGER,
        state TEXT NOT NULL,
        request_preview TEXT,
        response_preview TEXT,
        client_request_id TEXT,
        declared INTEGER NOT NULL,
        root_start_ns INTEGER,
        root_span_id TEXT
    )
    """,
    "CREATE INDEX traces_newest ON traces (experiment, request_ns DESC, trace_id)",
    """
    CREATE TABLE trace_tags (
        trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (trace, key)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE trace_metadata (
        trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (trace, key)
    ) WITHOUT ROWID
    """,
    # `content` is the span as OTLP's JSON; the other columns are what spans are found and sorted by.
    """
    CREATE TABLE spans (
        id INTEGER PRIMARY KEY,
        trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
        span_id TEXT NOT NULL,
        parent_id TEXT,
        start_ns INTEGER NOT NULL,
        end_ns INTEGER NOT NULL,
        content BLOB NOT NULL,
        UNIQUE (trace, span_id)
    )
    """,
    """
    CREATE TABLE trace_artifacts (
        trace INTEGER PRIMARY KEY REFERENCES traces (id) ON DELETE CASCADE,
        content BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE assessments (
        id INTEGER PRIMARY KEY,
        trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
        assessment_id TEXT NOT NULL UNIQUE,
        content TEXT NOT NULL
    )
    """,
    "CREATE INDEX assessments_of_trace ON assessments (trace)",
)
