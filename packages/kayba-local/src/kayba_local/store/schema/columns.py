"""Columns of spans and traces that are searched and summed, and the contents of spans in a table of their own."""

from __future__ import annotations

from typing import Final

from kayba_local.store.schema.backfill import fill_columns

INITIAL: Final = (
    # The sums and the first values over a trace's spans, and its tags and metadata that are searched most.
    # `input_tokens` to `cost` are null if no span reports any; a call that several spans report counts once.
    "ALTER TABLE traces ADD COLUMN name TEXT",
    "ALTER TABLE traces ADD COLUMN folder TEXT",
    "ALTER TABLE traces ADD COLUMN session_id TEXT",
    "ALTER TABLE traces ADD COLUMN user_id TEXT",
    "ALTER TABLE traces ADD COLUMN agent TEXT",
    "ALTER TABLE traces ADD COLUMN span_count INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE traces ADD COLUMN error_count INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE traces ADD COLUMN error_type TEXT",
    "ALTER TABLE traces ADD COLUMN error TEXT",
    "ALTER TABLE traces ADD COLUMN input_tokens INTEGER",
    "ALTER TABLE traces ADD COLUMN output_tokens INTEGER",
    "ALTER TABLE traces ADD COLUMN total_tokens INTEGER",
    "ALTER TABLE traces ADD COLUMN cached_tokens INTEGER",
    "ALTER TABLE traces ADD COLUMN cost REAL",
    """
    CREATE TABLE trace_models (
        trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        PRIMARY KEY (trace, model)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX trace_models_by_model ON trace_models (model, trace)",
    # Spans anew: rows without the content are small, so a trace of any size is listed from few pages.
    # `status` is 0 unset, 1 ok, 2 error. A wrapper reports the tokens and the cost of the calls below it, too.
    "DROP INDEX spans_by_rank",
    "DROP INDEX spans_by_missing_parent",
    "ALTER TABLE spans RENAME TO earlier_spans",
    """
    CREATE TABLE spans (
        id INTEGER PRIMARY KEY,
        trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
        span_id TEXT NOT NULL,
        parent_id TEXT,
        start_ns INTEGER NOT NULL,
        end_ns INTEGER NOT NULL,
        rank INTEGER NOT NULL,
        resource BLOB,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        status INTEGER NOT NULL,
        error_type TEXT,
        error TEXT,
        model TEXT,
        provider TEXT,
        agent TEXT,
        session_id TEXT,
        user_id TEXT,
        input_tokens INTEGER,
        output_tokens INTEGER,
        total_tokens INTEGER,
        cached_tokens INTEGER,
        cost REAL,
        UNIQUE (trace, span_id)
    )
    """,
    # `format` is one of `otlp.contents`.
    """
    CREATE TABLE span_contents (
        span INTEGER PRIMARY KEY REFERENCES spans (id) ON DELETE CASCADE,
        format INTEGER NOT NULL,
        content BLOB NOT NULL
    )
    """,
    fill_columns,
    "DROP TABLE earlier_spans",
    "CREATE INDEX spans_by_rank ON spans (trace, rank DESC, start_ns, span_id) WHERE rank > 0",
    "CREATE INDEX spans_by_missing_parent ON spans (trace, parent_id) WHERE rank = 1",
    "CREATE INDEX spans_with_usage ON spans (trace) WHERE total_tokens IS NOT NULL OR cost IS NOT NULL",
    "CREATE INDEX spans_with_error ON spans (trace, end_ns) WHERE status = 2",
    "CREATE INDEX spans_with_agent ON spans (trace, start_ns) WHERE agent IS NOT NULL",
    "CREATE INDEX spans_with_session ON spans (trace, start_ns) WHERE session_id IS NOT NULL",
    "CREATE INDEX spans_with_user ON spans (trace, start_ns) WHERE user_id IS NOT NULL",
    "CREATE INDEX traces_by_folder ON traces (experiment, folder, request_ns DESC)",
    "CREATE INDEX traces_by_state ON traces (experiment, state, request_ns DESC)",
    "CREATE INDEX traces_by_folder_and_state ON traces (experiment, folder, state, request_ns DESC)",
    "CREATE INDEX traces_by_name ON traces (experiment, name, request_ns DESC)",
    "CREATE INDEX traces_by_session ON traces (experiment, session_id, request_ns DESC) WHERE session_id IS NOT NULL",
    "CREATE INDEX traces_by_user ON traces (experiment, user_id, request_ns DESC) WHERE user_id IS NOT NULL",
    "CREATE INDEX traces_by_error_type ON traces (experiment, error_type, request_ns DESC)"
    " WHERE error_type IS NOT NULL",
    "CREATE INDEX traces_by_duration ON traces (experiment, duration_ns, request_ns DESC)"
    " WHERE duration_ns IS NOT NULL",
    "CREATE INDEX traces_by_tokens ON traces (experiment, total_tokens, request_ns DESC)"
    " WHERE total_tokens IS NOT NULL",
    "CREATE INDEX traces_by_cost ON traces (experiment, cost, request_ns DESC) WHERE cost IS NOT NULL",
    "CREATE INDEX trace_tags_by_value ON trace_tags (key, value, trace)",
    "CREATE INDEX trace_metadata_by_value ON trace_metadata (key, value, trace)",
)
