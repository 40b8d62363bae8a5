"""Configurations of the services that Kayba is connected with, secrets and all."""

from __future__ import annotations

from typing import Any

import orjson

from kayba_local.store.database import Database


def load_all(db: Database) -> dict[str, dict[str, Any]]:
    """The stored configurations by integration."""
    with db.read() as tx:
        return {row["name"]: orjson.loads(row["config"]) for row in tx.rows("SELECT name, config FROM integrations")}


def replace(db: Database, name: str, config: dict[str, Any], *, kept: frozenset[str]) -> dict[str, Any]:
    """Store `config` in place of what is there, but for the fields of `kept`, which stay; returns what is stored."""
    with db.write() as tx:
        row = tx.row("SELECT config FROM integrations WHERE name = ?", (name,))
        stored = orjson.loads(row["config"]) if row is not None else {}
        merged = {**config, **{field: value for field, value in stored.items() if field in kept}}
        tx.run(
            "INSERT INTO integrations (name, config) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET config = excluded.config",
            (name, orjson.dumps(merged).decode()),
        )
    return merged
