"""Encryption of secrets at rest, with a key in a file beside the store."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

from kayba_local.store.errors import StoreError

KEY_SUFFIX: Final = ".key"
"""The key of `kayba.db` is in `kayba.db.key`."""

_KEY_BYTES: Final = 32
_FIELD: Final = "encrypted"


class SecretError(StoreError):
    """A secret that cannot be decrypted: its key is missing, damaged or the key of another store."""


def key_path(store: Path) -> Path:
    """Return the path of the key of a store's secrets."""
    return store.with_name(store.name + KEY_SUFFIX)


def is_encrypted(value: Any) -> bool:
    """Return whether `encrypt` returned this value. A plain secret is a text."""
    return isinstance(value, dict) and _FIELD in value


def encrypt(store: Path | None, secret: str) -> Any:
    """Encrypt a secret, and create the store's key if it is missing.

    Call this only in a write transaction, which keeps two processes from creating two keys.

    Args:
        store: The store's path. None, for a store in memory, returns the secret unchanged.
        secret: The secret.

    Returns:
        A JSON value for `decrypt`.

    Raises:
        SecretError: The key is damaged.
    """
    if store is None:
        return secret
    # Imported here, because few servers have an integration.
    from nacl.secret import SecretBox

    path = key_path(store)
    return {_FIELD: b64encode(SecretBox(_read_key(path) or _create_key(path)).encrypt(secret.encode())).decode()}


def decrypt(store: Path | None, value: Any) -> str:
    """Return the secret that `encrypt` was called with.

    Raises:
        SecretError: The key is missing, damaged, or another one.
    """
    if not is_encrypted(value):
        return str(value)
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    path = key_path(store or Path())
    key = _read_key(path)
    if key is None:
        raise SecretError(f"the key of the stored secret is missing: put {path.name} back, or enter the secret again")
    try:
        return SecretBox(key).decrypt(b64decode(value[_FIELD])).decode()
    except (CryptoError, ValueError) as error:
        raise SecretError(f"{path.name} is not the key of the stored secret: enter the secret again") from error


def _read_key(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != _KEY_BYTES:
        raise SecretError(f"{path.name} is not a key of {_KEY_BYTES} bytes: put the right one back, or delete it")
    return key


def _create_key(path: Path) -> bytes:
    from nacl.utils import random

    key: bytes = random(_KEY_BYTES)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    # Windows ignores the mode; there the file has the access rights of its folder, as the store has.
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return key
