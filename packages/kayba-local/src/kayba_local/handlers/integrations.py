"""Integrations: their configuration, without its secrets in any answer, and a real try of the connection.

Real tries of the services that Kayba can be connected with.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from kayba_local.http.operation import Call, Problem
from kayba_local.store import integrations

if TYPE_CHECKING:
    import httpx

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


TIMEOUT_S: Final = 5.0
"""Seconds that a service has to connect, and to answer each request."""
EXPERIMENTS_A_PAGE: Final = 1000
MOST_PAGES: Final = 20

Config = Mapping[str, Any]


class _Unreachable(Exception):  # noqa: N818 - an outcome of the try, shown to the caller
    """Why a try failed, in words for the caller."""


def probe_mlflow(config: Config) -> dict[str, Any]:
    """Ask an MLflow server for its version and count its experiments.

    Returns:
        ``connected``, with ``mlflowVersion`` (where the server tells it) and ``experimentCount``, or with ``error``.
    """
    return _try(config, "trackingUri", "mlflow", _read_mlflow)


def probe_langsmith(config: Config) -> dict[str, Any]:
    """Ask LangSmith whether it is there and takes the key.

    Returns:
        ``connected``, with ``error`` when it is false.
    """
    return _try(config, "apiUrl", "langsmith", _read_langsmith)


PROBES: Final[Mapping[str, Callable[[Config], dict[str, Any]]]] = {
    "mlflow": probe_mlflow,
    "langsmith": probe_langsmith,
}


def _try(
    config: Config, address: str, name: str, read: Callable[[httpx.Client, Config], dict[str, Any]]
) -> dict[str, Any]:
    # Here and not above: importing it takes a fifth of the server's start, and most servers never try an integration.
    import httpx

    url = config.get(address)
    if not url:
        return _failed(f"{name} has no {address}: set it with PUT /integrations/{name}.")
    if urlsplit(url).scheme not in ("http", "https"):
        return _failed(f"{address} is not an http or https address.")
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
            return {"connected": True, **read(client, config)}
    except httpx.TimeoutException:
        return _failed(f"no answer within {TIMEOUT_S:g} seconds")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _failed(f"cannot connect: {error}")
    except _Unreachable as error:
        return _failed(str(error))


def _read_mlflow(client: httpx.Client, config: Config) -> dict[str, Any]:
    if auth := _mlflow_auth(config):
        client.headers["Authorization"] = auth
    version = client.get("version")
    _refuse_unauthorized(version)
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
    query: dict[str, Any] = {"max_results": EXPERIMENTS_A_PAGE}
    for _ in range(MOST_PAGES):
        page = _json(client.post("api/2.0/mlflow/experiments/search", json=query))
        count += len(page.get("experiments", []))
        if not page.get("next_page_token"):
            break
        query["page_token"] = page["next_page_token"]
    return count


def _read_langsmith(client: httpx.Client, config: Config) -> dict[str, Any]:
    if not config.get("apiKey"):
        raise _Unreachable("langsmith has no apiKey: set it with PUT /integrations/langsmith.")
    client.headers["x-api-key"] = config["apiKey"]
    _json(client.get("info"))
    # /info answers to anyone; a list of one project only to a valid key.
    _refuse_unauthorized(client.get("sessions", params={"limit": 1}))
    return {}


def _json(response: httpx.Response) -> dict[str, Any]:
    _refuse_unauthorized(response)
    try:
        content = response.json()
    except ValueError:
        content = None
    if not response.is_success or not isinstance(content, dict):
        raise _Unreachable(f"{response.url.path} answered with {response.status_code} and not as expected")
    return content


def _refuse_unauthorized(response: httpx.Response) -> None:
    if response.status_code in (401, 403):
        raise _Unreachable(f"the credentials were refused ({response.status_code})")


def _failed(error: str) -> dict[str, Any]:
    return {"connected": False, "error": error}
