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

FACTS: Final = (
    # `info_*` are the facts that a client gave in trace infos; null for those it did not give. The columns without the
    # prefix, which are searched, combine them with the facts of the span in `root_span_id`.
    # `root_rank` is that span's `rank`. `declared` is no longer used.
    "ALTER TABLE traces ADD COLUMN info_state TEXT",
    "ALTER TABLE traces ADD COLUMN info_request_ns INTEGER",
    "ALTER TABLE traces ADD COLUMN info_duration_ns INTEGER",
    "ALTER TABLE traces ADD COLUMN info_request_preview TEXT",
    "ALTER TABLE traces ADD COLUMN info_response_preview TEXT",
    "ALTER TABLE traces ADD COLUMN root_rank INTEGER",
    """
    UPDATE traces SET
        info_state = state, info_request_ns = request_ns, info_duration_ns = duration_ns,
        info_request_preview = request_preview, info_response_preview = response_preview
    WHERE declared = 1
    """,
    "UPDATE traces SET root_rank = 2 WHERE root_span_id IS NOT NULL",
    # `rank` is 2 for a root, 1 for a span whose parent is not stored, 0 for any other span.
    # `resource` has the trace tags of the span's resource as JSON; null for a span of rank 0.
    "ALTER TABLE spans ADD COLUMN rank INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE spans ADD COLUMN resource BLOB",
    "UPDATE spans SET rank = 2 WHERE parent_id IS NULL",
    """
    UPDATE spans SET rank = 1 WHERE parent_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM spans AS parents WHERE parents.trace = spans.trace AND parents.span_id = spans.parent_id
    )
    """,
    "CREATE INDEX spans_by_rank ON spans (trace, rank DESC, start_ns, span_id) WHERE rank > 0",
    "CREATE INDEX spans_by_missing_parent ON spans (trace, parent_id) WHERE rank = 1",
    # The span that a tag or metadata was read from; null if a client set it. Rows of earlier versions have no known
    # source: any span replaces them.
    "ALTER TABLE trace_tags ADD COLUMN source_ns INTEGER DEFAULT 9223372036854775807",
    "ALTER TABLE trace_tags ADD COLUMN source_span TEXT DEFAULT ''",
    "ALTER TABLE trace_metadata ADD COLUMN source_ns INTEGER DEFAULT 9223372036854775807",
    "ALTER TABLE trace_metadata ADD COLUMN source_span TEXT DEFAULT ''",
)

LOG_EVENTS: Final = (
    # Events of spans that arrived as log records, also before their span: so they refer to it by the ids on the wire.
    # `content` is the event as OTLP's JSON. Log records have no id, so `digest` is the content's hash.
    # `joined` is 1 when the span is stored. `received_ms` is in milliseconds since 1970.
    """
    CREATE TABLE log_events (
        id INTEGER PRIMARY KEY,
        trace_id TEXT NOT NULL,
        span_id TEXT NOT NULL,
        digest BLOB NOT NULL,
        content BLOB NOT NULL,
        received_ms INTEGER NOT NULL,
        joined INTEGER NOT NULL DEFAULT 0,
        UNIQUE (trace_id, span_id, digest)
    )
    """,
    "CREATE INDEX log_events_waiting ON log_events (received_ms) WHERE joined = 0",
)
