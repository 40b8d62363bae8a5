"""Tables of the tracing mount: experiments, traces with tags and metadata, spans, artifacts and assessments."""

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
    # Other tables refer to a trace by `id`, which is short and ascending, so rows of new traces are appended.
    # `declared` marks a trace with a final info from its client, which spans do not change.
    # `root_start_ns` and `root_span_id` identify the root span that the info was read from; null until one arrives.
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
    # `content` is the span as OTLP's JSON; the other columns are for lookup and order.
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
