"""Attachments of traces: images, audio and files, each content stored once, until the last trace with it is deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from kayba_local.otlp.records import SpanRecord
from kayba_local.store.database import Database, Transaction
from kayba_local.store.errors import DoesNotExist
from kayba_local.store.experiments import get_row as get_experiment_row

SCHEME: Final = "mlflow-attachment://"
"""The beginning of a reference to an attachment in a span's values."""
ATTACHMENT_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""The pattern of an attachment's id."""

_ENCODED_SCHEME: Final = SCHEME.encode()
_REFERENCE: Final = re.compile(f"{SCHEME}({ATTACHMENT_ID})".encode())
_INSERT_USE: Final = """
    INSERT INTO attachment_uses (trace_id, attachment_id, attachment) VALUES (?, ?, ?)
    ON CONFLICT (trace_id, attachment_id) DO UPDATE SET attachment = excluded.attachment
"""
_COPY_USE: Final = """
    INSERT OR IGNORE INTO attachment_uses (trace_id, attachment_id, attachment)
    SELECT ?, attachment_id, attachment FROM attachment_uses WHERE attachment_id = ? LIMIT 1
"""


def put(db: Database, experiment_id: str, trace_id: str, attachment_id: str, content: bytes) -> None:
    """Store an attachment of a trace, which may still be on its way.

    Args:
        db: The store.
        experiment_id: The trace's experiment.
        trace_id: The trace.
        attachment_id: The attachment's id. The same id replaces the trace's earlier content.
        content: The content.

    Raises:
        DoesNotExist: The experiment does not exist.
    """
    digest = sha256(content).hexdigest()
    with db.write() as tx:
        get_experiment_row(tx, experiment_id)
        tx.run(
            "INSERT OR IGNORE INTO attachments (sha256, size, content) VALUES (?, ?, ?)",
            (digest, len(content), content),
        )
        (row,) = tx.rows("SELECT id FROM attachments WHERE sha256 = ?", (digest,))
        before = tx.row(
            "SELECT attachment FROM attachment_uses WHERE trace_id = ? AND attachment_id = ?", (trace_id, attachment_id)
        )
        if before is not None and before["attachment"] != row["id"]:
            # Deleted, not updated, so that a content without uses goes as well.
            tx.run("DELETE FROM attachment_uses WHERE trace_id = ? AND attachment_id = ?", (trace_id, attachment_id))
        tx.run(_INSERT_USE, (trace_id, attachment_id, row["id"]))


def get(db: Database, trace_id: str, attachment_id: str) -> bytes:
    """Return the content of an attachment.

    Raises:
        DoesNotExist: The trace has no such attachment.
    """
    with db.read() as tx:
        row = tx.row(
            "SELECT content FROM attachments JOIN attachment_uses ON attachment_uses.attachment = attachments.id"
            " WHERE trace_id = ? AND attachment_id = ?",
            (trace_id, attachment_id),
        )
    if row is None:
        raise DoesNotExist(f"Trace '{trace_id}' has no attachment '{attachment_id}'.")
    content: bytes = row["content"]
    return content


def record_uses(tx: Transaction, spans: Iterable[SpanRecord]) -> None:
    """Record which attachments stored spans refer to, for contents that arrived with another trace."""
    uses = {
        (span.trace_id, match.decode())
        for span in spans
        if _ENCODED_SCHEME in span.content
        for match in _REFERENCE.findall(span.content)
    }
    if uses:
        tx.run_many(_COPY_USE, sorted(uses))
