"""Configurations of integrations, including their secrets."""

from __future__ import annotations

from typing import Any

import orjson

from kayba_local.store.database import Database


def load_all(db: Database) -> dict[str, dict[str, Any]]:
    """Return the stored configurations by integration."""
    with db.read() as tx:
        return {row["name"]: orjson.loads(row["config"]) for row in tx.rows("SELECT name, config FROM integrations")}


def replace(db: Database, name: str, config: dict[str, Any], *, keep: frozenset[str]) -> dict[str, Any]:
    """Replace the stored configuration and return the new one.

    Args:
        db: The store.
        name: The integration.
        config: The new configuration.
        keep: Fields whose stored values stay.
    """
    with db.write() as tx:
        row = tx.row("SELECT config FROM integrations WHERE name = ?", (name,))
        stored = orjson.loads(row["config"]) if row is not None else {}
        merged = {**config, **{field: value for field, value in stored.items() if field in keep}}
        tx.run(
            "INSERT INTO integrations (name, config) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET config = excluded.config",
            (name, orjson.dumps(merged).decode()),
        )
    return merged
