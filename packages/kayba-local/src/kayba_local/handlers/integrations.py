"""Handlers of integrations: their configurations, with masked secrets, and a test of the connection."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler
from kayba_local.store import integrations

if TYPE_CHECKING:
    import httpx

Config = Mapping[str, Any]

MASK: Final = "********"
"""Replaces a secret in responses. In a request it keeps the stored secret."""
TIMEOUT_S: Final = 5.0
"""Seconds that a service has to connect, and again for each response."""
EXPERIMENTS_PAGE_SIZE: Final = 1000
MAX_EXPERIMENT_PAGES: Final = 20

_FIELDS: Final = {
    "mlflow": ("enabled", "trackingUri", "authType", "token", "username", "experimentName"),
    "langsmith": ("enabled", "apiUrl", "apiKey", "projectName"),
}
_SECRETS: Final = {"mlflow": "token", "langsmith": "apiKey"}
_ADDRESSES: Final = {"mlflow": "trackingUri", "langsmith": "apiUrl"}


def list_integrations(call: Call) -> dict[str, Any]:
    """Return the configuration of every integration; a missing one is not enabled."""
    stored = integrations.load_all(call.db)
    return {name: _mask(name, stored.get(name, {"enabled": False})) for name in _FIELDS}


def update_integration(call: Call) -> dict[str, Any]:
    """Replace a configuration. A missing or masked secret keeps the stored one; an empty secret deletes it."""
    name = call.path["name"]
    config = {field: call.body[field] for field in _FIELDS[name] if call.body.get(field) is not None}
    _require_no_credentials(config.get(_ADDRESSES[name], ""), name)
    secret = _SECRETS[name]
    keep = call.body.get(secret, MASK) == MASK
    if keep or not config.get(secret):
        config.pop(secret, None)
    return _mask(name, integrations.replace(call.db, name, config, keep=frozenset({secret} if keep else ())))


def test_integration(call: Call) -> dict[str, Any]:
    """Connect to the configured service."""
    name = call.path["name"]
    return PROBES[name](integrations.load_all(call.db).get(name, {}))


def _require_no_credentials(address: str, name: str) -> None:
    # Responses contain the address unmasked, so it must not contain a password.
    try:
        authority = urlsplit(address).netloc
    except ValueError as error:
        raise Problem(400, None, f"body.{_ADDRESSES[name]}: value is not an address: {error}") from error
    if "@" in authority:
        message = f"body.{_ADDRESSES[name]}: value contains credentials; send them in {_SECRETS[name]}."
        raise Problem(400, None, message)


def _mask(name: str, config: Config) -> dict[str, Any]:
    return {field: MASK if field == _SECRETS[name] else value for field, value in config.items()}


class _ProbeError(Exception):
    """A failed connection test; the caller sees the message."""


def probe_mlflow(config: Config) -> dict[str, Any]:
    """Request an MLflow server's version and count its experiments.

    Returns:
        `connected` with `experimentCount` and, if the server reports it, `mlflowVersion`; or `connected` with `error`.
    """
    return _probe(config, "trackingUri", "mlflow", _read_mlflow)


def probe_langsmith(config: Config) -> dict[str, Any]:
    """Send a request to LangSmith with the configured key.

    Returns:
        `connected`, with `error` if it is false.
    """
    return _probe(config, "apiUrl", "langsmith", _read_langsmith)


PROBES: Final[Mapping[str, Callable[[Config], dict[str, Any]]]] = {
    "mlflow": probe_mlflow,
    "langsmith": probe_langsmith,
}


def _probe(
    config: Config, address: str, name: str, read: Callable[[httpx.Client, Config], dict[str, Any]]
) -> dict[str, Any]:
    # Imported here, because it takes a fifth of the server's start and few servers test an integration.
    import httpx

    url = config.get(address)
    if not url:
        return _failure(f"{name} has no {address}: set it with PUT /integrations/{name}.")
    if urlsplit(url).scheme not in ("http", "https"):
        return _failure(f"{address} is not an http or https address.")
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
            return {"connected": True, **read(client, config)}
    except httpx.TimeoutException:
        return _failure(f"no response within {TIMEOUT_S:g} seconds")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _failure(f"cannot connect: {error}")
    except _ProbeError as error:
        return _failure(str(error))


def _read_mlflow(client: httpx.Client, config: Config) -> dict[str, Any]:
    if auth := _mlflow_auth(config):
        client.headers["Authorization"] = auth
    version = client.get("version")
    _raise_for_credentials(version)
    count = _count_experiments(client)
    # Databricks has no /version.
    return {**({"mlflowVersion": version.text.strip()[:100]} if version.is_success else {}), "experimentCount": count}


def _mlflow_auth(config: Config) -> str | None:
    token = config.get("token") or ""
    match config.get("authType"):
        case "basic":
            credentials = f"{config.get('username') or ''}:{token}"
            return f"Basic {b64encode(credentials.encode()).decode()}"
        case "bearer" | "databricks":
            return f"Bearer {token}"
        case _:
            return None


def _count_experiments(client: httpx.Client) -> int:
    count = 0
    query: dict[str, Any] = {"max_results": EXPERIMENTS_PAGE_SIZE}
    for _ in range(MAX_EXPERIMENT_PAGES):
        page = _read_json(client.post("api/2.0/mlflow/experiments/search", json=query))
        count += len(page.get("experiments", []))
        if not page.get("next_page_token"):
            break
        query["page_token"] = page["next_page_token"]
    return count


def _read_langsmith(client: httpx.Client, config: Config) -> dict[str, Any]:
    if not config.get("apiKey"):
        raise _ProbeError("langsmith has no apiKey: set it with PUT /integrations/langsmith.")
    client.headers["x-api-key"] = config["apiKey"]
    _read_json(client.get("info"))
    # /info needs no key; a list of one project does.
    _raise_for_credentials(client.get("sessions", params={"limit": 1}))
    return {}


def _read_json(response: httpx.Response) -> dict[str, Any]:
    _raise_for_credentials(response)
    try:
        content = response.json()
    except ValueError:
        content = None
    if not response.is_success or not isinstance(content, dict):
        raise _ProbeError(f"unexpected response from {response.url.path}, with status {response.status_code}")
    return content


def _raise_for_credentials(response: httpx.Response) -> None:
    if response.status_code in (401, 403):
        raise _ProbeError(f"the credentials were refused ({response.status_code})")


def _failure(error: str) -> dict[str, Any]:
    return {"connected": False, "error": error}


HANDLERS: Final[Mapping[str, Handler]] = {
    "listIntegrations": list_integrations,
    "updateIntegration": update_integration,
    "testIntegration": test_integration,
}
