"""Handlers of integrations: their configurations, with masked secrets, and a test of the connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from kayba_local.handlers.probes import probe
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler
from kayba_local.store import integrations
from kayba_local.store.errors import InvalidValue
from kayba_local.store.integrations import ADDRESSES, SECRETS
from kayba_local.store.secrets import SecretError

MASK: Final = "********"
"""Replaces a secret in responses. In a request it keeps the stored secret."""

_FIELDS: Final = {
    "mlflow": ("enabled", "trackingUri", "authType", "token", "username", "experimentName"),
    "langsmith": ("enabled", "apiUrl", "apiKey", "projectName"),
}


def list_integrations(call: Call) -> dict[str, Any]:
    """Return the configuration of every integration; a missing one is not enabled."""
    stored = integrations.load_all(call.db)
    return {name: _mask(name, stored.get(name, {"enabled": False})) for name in _FIELDS}


def update_integration(call: Call) -> dict[str, Any]:
    """Replace a configuration. A missing or masked secret keeps the stored one; an empty secret deletes it.

    A secret is kept only for the address that it was given for; for another one the request must contain it.
    """
    name = call.path["name"]
    config = {field: call.body[field] for field in _FIELDS[name] if call.body.get(field) is not None}
    _require_no_credentials(config.get(ADDRESSES[name], ""), name)
    keep = call.body.get(SECRETS[name], MASK) == MASK
    try:
        return _mask(name, integrations.replace(call.db, name, config, keep_secret=keep))
    except InvalidValue as error:
        raise Problem(400, None, str(error)) from error


def test_integration(call: Call) -> dict[str, Any]:
    """Connect to the configured service."""
    name = call.path["name"]
    try:
        return probe(name, integrations.load(call.db, name))
    except SecretError as error:
        return {"connected": False, "error": str(error)}


def _require_no_credentials(address: str, name: str) -> None:
    # Responses contain the address unmasked, so it must not contain a password.
    try:
        authority = urlsplit(address).netloc
    except ValueError as error:
        raise Problem(400, None, f"body.{ADDRESSES[name]}: value is not an address: {error}") from error
    if "@" in authority:
        message = f"body.{ADDRESSES[name]}: value contains credentials; send them in {SECRETS[name]}."
        raise Problem(400, None, message)


def _mask(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {field: MASK if field == SECRETS[name] else value for field, value in config.items()}


HANDLERS: Final[Mapping[str, Handler]] = {
    "listIntegrations": list_integrations,
    "updateIntegration": update_integration,
    "testIntegration": test_integration,
}
