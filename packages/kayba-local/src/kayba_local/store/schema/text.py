"""Full-text index over the texts of spans and previews, and the queue of changes that it waits for."""

from __future__ import annotations

from typing import Final

_DOCUMENT: Final = "({trace} << 32) | {span}"
_INDEXED: Final = "NOT EXISTS (SELECT 1 FROM text_additions WHERE document = {document})"
_OF_SPAN: Final = _DOCUMENT.format(trace="OLD.trace", span="OLD.id")
_OF_TRACE: Final = _DOCUMENT.format(trace="OLD.id", span="0")
_PREVIEWS: Final = "coalesce({row}.info_request_preview, '') || char(10) || coalesce({row}.info_response_preview, '')"
_HAS_PREVIEWS: Final = "({row}.info_request_preview IS NOT NULL OR {row}.info_response_preview IS NOT NULL)"

INITIAL: Final = (
    # A document is a span, of the number `trace << 32 | span`, or the previews that a client gave of a trace, of the
    # number `trace << 32`. So the documents of a trace are one range. The table has no copy of the texts.
    """
    CREATE VIRTUAL TABLE text_index USING fts5(
        text, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
    )
    """,
    # To index a span takes as long as to store it, so triggers only queue the changes, in the same transaction.
    "CREATE TABLE text_additions (document INTEGER PRIMARY KEY)",
    # The index must be given the text of what it removes. `format` is null if `content` is that text.
    "CREATE TABLE text_removals (id INTEGER PRIMARY KEY, document INTEGER NOT NULL, format INTEGER, content BLOB)",
    """
    CREATE TRIGGER text_of_new_span AFTER INSERT ON span_contents BEGIN
        INSERT OR IGNORE INTO text_additions SELECT (trace << 32) | id FROM spans WHERE id = NEW.span;
    END
    """,
    f"""
    CREATE TRIGGER text_of_changed_span BEFORE UPDATE OF format, content ON span_contents BEGIN
        INSERT INTO text_removals (document, format, content)
            SELECT (trace << 32) | id, OLD.format, OLD.content FROM spans
            WHERE id = OLD.span AND {_INDEXED.format(document="(trace << 32) | id")};
        INSERT OR IGNORE INTO text_additions SELECT (trace << 32) | id FROM spans WHERE id = OLD.span;
    END
    """,  # noqa: S608 - this module's text
    # Before the deletion, because the content is deleted with the span.
    f"""
    CREATE TRIGGER text_of_deleted_span BEFORE DELETE ON spans BEGIN
        INSERT INTO text_removals (document, format, content)
            SELECT {_OF_SPAN}, format, content FROM span_contents
            WHERE span = OLD.id AND {_INDEXED.format(document=_OF_SPAN)};
        DELETE FROM text_additions WHERE document = {_OF_SPAN};
    END
    """,  # noqa: S608
    f"""
    CREATE TRIGGER text_of_new_trace AFTER INSERT ON traces WHEN {_HAS_PREVIEWS.format(row="NEW")} BEGIN
        INSERT OR IGNORE INTO text_additions VALUES (NEW.id << 32);
    END
    """,  # noqa: S608
    f"""
    CREATE TRIGGER text_of_changed_trace BEFORE UPDATE OF info_request_preview, info_response_preview ON traces
    WHEN {_PREVIEWS.format(row="OLD")} <> {_PREVIEWS.format(row="NEW")} BEGIN
        INSERT INTO text_removals (document, content)
            SELECT {_OF_TRACE}, {_PREVIEWS.format(row="OLD")}
            WHERE {_HAS_PREVIEWS.format(row="OLD")} AND {_INDEXED.format(document=_OF_TRACE)};
        INSERT OR IGNORE INTO text_additions VALUES ({_OF_TRACE});
    END
    """,  # noqa: S608
    f"""
    CREATE TRIGGER text_of_deleted_trace BEFORE DELETE ON traces BEGIN
        INSERT INTO text_removals (document, content)
            SELECT {_OF_TRACE}, {_PREVIEWS.format(row="OLD")}
            WHERE {_HAS_PREVIEWS.format(row="OLD")} AND {_INDEXED.format(document=_OF_TRACE)};
        DELETE FROM text_additions WHERE document = {_OF_TRACE};
    END
    """,  # noqa: S608
    "INSERT INTO text_additions SELECT (trace << 32) | id FROM spans",
    f"INSERT INTO text_additions SELECT id << 32 FROM traces WHERE {_HAS_PREVIEWS.format(row='traces')}",  # noqa: S608
)
