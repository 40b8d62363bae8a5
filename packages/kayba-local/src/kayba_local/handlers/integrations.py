"""Integrations: their configuration, without its secrets in any answer, and a real try of the connection."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from kayba_local.calls import Call, Problem
from kayba_local.probes import PROBES
from kayba_local.store import integrations

MASK = "********"
"""What an answer shows of a secret; sent back, it means the secret that is stored."""

_FIELDS = {
    "mlflow": ("enabled", "trackingUri", "authType", "token", "username", "experimentName"),
    "langsmith": ("enabled", "apiUrl", "apiKey", "projectName"),
}
_SECRETS = {"mlflow": "token", "langsmith": "apiKey"}
_ADDRESSES = {"mlflow": "trackingUri", "langsmith": "apiUrl"}


def list_integrations(call: Call) -> dict[str, Any]:
    """Every integration's configuration; one never configured is not enabled."""
    stored = integrations.load_all(call.db)
    return {name: _masked(name, stored.get(name, {"enabled": False})) for name in _FIELDS}


def update_integration(call: Call) -> dict[str, Any]:
    """Replace a configuration; a secret that is left out or masked stays as it is, an empty one is removed."""
    name = call.path["name"]
    config = {field: call.body[field] for field in _FIELDS[name] if call.body.get(field) is not None}
    _require_plain_address(config.get(_ADDRESSES[name], ""), name)
    secret = _SECRETS[name]
    kept = call.body.get(secret, MASK) == MASK
    if kept or not config.get(secret):
        config.pop(secret, None)
    return _masked(name, integrations.replace(call.db, name, config, kept=frozenset({secret} if kept else ())))


def test_integration(call: Call) -> dict[str, Any]:
    """Try the connection as it is configured."""
    name = call.path["name"]
    return PROBES[name](integrations.load_all(call.db).get(name, {}))


def _require_plain_address(address: str, name: str) -> None:
    # An address is shown as it is, so a password must not be part of it.
    try:
        authority = urlsplit(address).netloc
    except ValueError as error:
        raise Problem(400, None, f"body.{_ADDRESSES[name]}: value is not an address: {error}") from error
    if "@" in authority:
        message = f"body.{_ADDRESSES[name]}: value holds credentials; send them by themselves, as {_SECRETS[name]}."
        raise Problem(400, None, message)


def _masked(name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {field: MASK if field == _SECRETS[name] else value for field, value in config.items()}
