"""Prompts made from insights, numbered by label."""

from __future__ import annotations

from dataclasses import dataclass

from kayba_local.store.database import Database
from kayba_local.store.ids import new_id, now


@dataclass(frozen=True, slots=True)
class Prompt:
    """A version of a label's prompt."""

    id: str
    label: str
    version: int
    text: str
    created_at: str


def add(db: Database, label: str, text: str) -> Prompt:
    """Store `text` as the next version of a label's prompt; the first version is 1."""
    with db.write() as tx:
        row = tx.row("SELECT coalesce(max(version), 0) + 1 AS version FROM prompts WHERE label = ?", (label,))
        version = row["version"] if row is not None else 1
        prompt = Prompt(new_id(), label, version, text, now())
        tx.run(
            "INSERT INTO prompts (id, label, version, text, created_at) VALUES (?, ?, ?, ?, ?)",
            (prompt.id, prompt.label, prompt.version, prompt.text, prompt.created_at),
        )
    return prompt


def list_all(db: Database) -> list[Prompt]:
    """Return all prompts, newest first."""
    with db.read() as tx:
        rows = tx.rows("SELECT id, label, version, text, created_at FROM prompts ORDER BY position DESC")
    return [Prompt(*row) for row in rows]


def get(db: Database, id_: str) -> Prompt | None:
    """Return the prompt of an id, or None."""
    with db.read() as tx:
        row = tx.row("SELECT id, label, version, text, created_at FROM prompts WHERE id = ?", (id_,))
    return None if row is None else Prompt(*row)
