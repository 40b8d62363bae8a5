"""Tables of attachments: images, audio and files that the spans of traces refer to."""

from __future__ import annotations

from typing import Final

INITIAL: Final = (
    # Each content once, whatever traces refer to it.
    """
    CREATE TABLE attachments (
        id INTEGER PRIMARY KEY,
        sha256 TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        content BLOB NOT NULL
    )
    """,
    # A use is of a trace, by its public id: an attachment arrives before the spans that refer to it.
    """
    CREATE TABLE attachment_uses (
        trace_id TEXT NOT NULL,
        attachment_id TEXT NOT NULL,
        attachment INTEGER NOT NULL REFERENCES attachments (id),
        PRIMARY KEY (trace_id, attachment_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX attachment_uses_by_id ON attachment_uses (attachment_id, attachment)",
    "CREATE INDEX attachment_uses_by_content ON attachment_uses (attachment)",
    # The last trace takes the content along, whatever statement deletes it.
    """
    CREATE TRIGGER traces_delete_attachment_uses AFTER DELETE ON traces BEGIN
        DELETE FROM attachment_uses WHERE trace_id = OLD.trace_id;
    END
    """,
    """
    CREATE TRIGGER attachment_uses_delete_attachments AFTER DELETE ON attachment_uses
    WHEN NOT EXISTS (SELECT 1 FROM attachment_uses WHERE attachment = OLD.attachment) BEGIN
        DELETE FROM attachments WHERE id = OLD.attachment;
    END
    """,
)
