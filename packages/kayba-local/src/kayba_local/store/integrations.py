"""Configurations of integrations. Their secrets are encrypted, each for the address that it was given for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from kayba_local.store import secrets
from kayba_local.store.database import Database, Transaction
from kayba_local.store.errors import InvalidValue

SECRETS: Final[Mapping[str, str]] = {"mlflow": "token", "langsmith": "apiKey"}
"""The field of each integration's secret."""
ADDRESSES: Final[Mapping[str, str]] = {"mlflow": "trackingUri", "langsmith": "apiUrl"}
"""The field of each integration's address."""

_UPSERT: Final = """
    INSERT INTO integrations (name, config) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET config = excluded.config
"""


def load_all(db: Database) -> dict[str, dict[str, Any]]:
    """Return the stored configurations by integration, without decrypting their secrets."""
    with db.read() as tx:
        return {row["name"]: orjson.loads(row["config"]) for row in tx.rows("SELECT name, config FROM integrations")}


def load(db: Database, name: str) -> dict[str, Any]:
    """Return the stored configuration of an integration with its secret; empty if there is none.

    Raises:
        SecretError: The secret cannot be decrypted.
    """
    config = load_all(db).get(name, {})
    secret = SECRETS[name]
    if secret in config:
        config[secret] = secrets.decrypt(db.file, config[secret])
    return config


def replace(db: Database, name: str, config: Mapping[str, Any], *, keep_secret: bool) -> dict[str, Any]:
    """Replace the stored configuration and return the new one, without decrypting its secret.

    Args:
        db: The store.
        name: The integration.
        config: The new configuration.
        keep_secret: Whether the stored secret, if there is one, stays. Otherwise the one in `config` replaces it.

    Raises:
        InvalidValue: The stored secret would stay, and the address is a new one.
    """
    secret, address = SECRETS[name], ADDRESSES[name]
    with db.write() as tx:
        stored = _read(tx, name)
        merged = {field: value for field, value in config.items() if field != secret}
        if not keep_secret and config.get(secret):
            merged[secret] = secrets.encrypt(db.file, config[secret])
        elif keep_secret and secret in stored:
            # Whoever may change the address could otherwise have the secret sent to a server of his own.
            if merged.get(address) and merged[address] != stored.get(address):
                raise InvalidValue(
                    f"body.{secret}: the stored value belongs to another {address}; send it again, or an empty text."
                )
            merged[secret] = stored[secret]
        tx.run(_UPSERT, (name, orjson.dumps(merged).decode()))
    return merged


def encrypt_plain(db: Database) -> int:
    """Encrypt the secrets that an earlier version stored as plain text, and return their number."""
    plain = [name for name, config in load_all(db).items() if _is_plain(name, config)]
    if not plain or db.file is None:
        return 0
    with db.write() as tx:
        # Otherwise the text would stay in the unused part of its page.
        tx.rows("PRAGMA secure_delete = ON")
        try:
            for name in plain:
                config = _read(tx, name)
                if _is_plain(name, config):
                    config[SECRETS[name]] = secrets.encrypt(db.file, config[SECRETS[name]])
                    tx.run(_UPSERT, (name, orjson.dumps(config).decode()))
        finally:
            tx.rows("PRAGMA secure_delete = OFF")
    return len(plain)


def _read(tx: Transaction, name: str) -> dict[str, Any]:
    row = tx.row("SELECT config FROM integrations WHERE name = ?", (name,))
    config: dict[str, Any] = {} if row is None else orjson.loads(row["config"])
    return config


def _is_plain(name: str, config: Mapping[str, Any]) -> bool:
    return isinstance(config.get(SECRETS.get(name, "")), str)
