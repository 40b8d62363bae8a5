"""Connection tests of integrations, bounded in time and in the bytes that they read."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

import orjson

from kayba_local.store.integrations import ADDRESSES

if TYPE_CHECKING:
    import httpx

Config: TypeAlias = Mapping[str, Any]

TIMEOUT_S: Final = 5.0
"""Seconds that a service has to connect, and again for each part of a response."""
DEADLINE_S: Final = 15.0
"""Seconds that a whole test may take, also if the service sends a byte now and then."""
MAX_RESPONSE_BYTES: Final = 4_000_000
"""Limit of a response. A page of 1,000 experiments has some 500,000 bytes."""
EXPERIMENTS_PAGE_SIZE: Final = 1000
MAX_EXPERIMENT_PAGES: Final = 20


class _ProbeError(Exception):
    """A failed connection test; the caller sees the message."""


def probe(name: str, config: Config) -> dict[str, Any]:
    """Connect to the service of an integration with the configured secret.

    Args:
        name: The integration.
        config: Its configuration, with the secret.

    Returns:
        `connected`, with `error` if it is false. For MLflow also `experimentCount` and, if the server reports it,
        `mlflowVersion`.
    """
    address = ADDRESSES[name]
    url = config.get(address)
    if not url:
        return _failure(f"{name} has no {address}: set it with PUT /integrations/{name}.")
    if urlsplit(url).scheme not in ("http", "https"):
        return _failure(f"{address} is not an http or https address.")
    return asyncio.run(_probe(url, config, _READERS[name]))


async def _probe(url: str, config: Config, read: _Reader) -> dict[str, Any]:
    # Imported here, because it takes a fifth of the server's start and few servers test an integration.
    import httpx

    try:
        async with asyncio.timeout(DEADLINE_S), httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as client:
            return {"connected": True, **await read(_Service(client), config)}
    except TimeoutError:
        return _failure(f"no complete response within {DEADLINE_S:g} seconds")
    except httpx.TimeoutException:
        return _failure(f"no response within {TIMEOUT_S:g} seconds")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _failure(f"cannot connect: {error}")
    except _ProbeError as error:
        return _failure(str(error))


class _Service:
    """Requests to the tested service."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        # Compressed, a small response could become a very large one.
        client.headers["Accept-Encoding"] = "identity"

    def set_header(self, name: str, value: str) -> None:
        """Send a header with all requests.

        Raises:
            _ProbeError: The value cannot be sent. The error of httpx would contain it.
        """
        if not (value.isascii() and value.isprintable()):
            raise _ProbeError("the secret has characters that cannot be sent, such as a line break: enter it again.")
        self._client.headers[name] = value

    async def send(self, method: str, path: str, **options: Any) -> tuple[httpx.Response, bytes]:
        """Send a request, and return the response with its body.

        Raises:
            _ProbeError: The service refuses the credentials, or the response is too long or compressed.
        """
        body = bytearray()
        async with self._client.stream(method, path, **options) as response:
            if response.status_code in (401, 403):
                raise _ProbeError(f"the credentials were refused ({response.status_code})")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise _ProbeError(f"unexpected response from {response.url.path}: it is compressed")
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > MAX_RESPONSE_BYTES:
                    raise _ProbeError(
                        f"unexpected response from {response.url.path}: more than {MAX_RESPONSE_BYTES:,} bytes"
                    )
        return response, bytes(body)

    async def read_json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Send a request, and return the JSON object of the response."""
        response, body = await self.send(method, path, **options)
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            content = None
        if not response.is_success or not isinstance(content, dict):
            raise _ProbeError(f"unexpected response from {response.url.path}, with status {response.status_code}")
        return content


_Reader: TypeAlias = Callable[[_Service, Config], Awaitable[dict[str, Any]]]


async def _read_mlflow(service: _Service, config: Config) -> dict[str, Any]:
    if auth := _mlflow_auth(config):
        service.set_header("Authorization", auth)
    response, version = await service.send("GET", "version")
    count = await _count_experiments(service)
    # Databricks has no /version.
    shown = {"mlflowVersion": version.decode(errors="replace").strip()[:100]} if response.is_success else {}
    return {**shown, "experimentCount": count}


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


async def _count_experiments(service: _Service) -> int:
    count = 0
    query: dict[str, Any] = {"max_results": EXPERIMENTS_PAGE_SIZE}
    for _ in range(MAX_EXPERIMENT_PAGES):
        page = await service.read_json("POST", "api/2.0/mlflow/experiments/search", json=query)
        found = page.get("experiments", [])
        if not isinstance(found, list):
            raise _ProbeError("unexpected response from the list of experiments: it is not a list")
        count += len(found)
        if not page.get("next_page_token"):
            break
        query["page_token"] = page["next_page_token"]
    return count


async def _read_langsmith(service: _Service, config: Config) -> dict[str, Any]:
    if not config.get("apiKey"):
        raise _ProbeError("langsmith has no apiKey: set it with PUT /integrations/langsmith.")
    service.set_header("x-api-key", config["apiKey"])
    await service.read_json("GET", "info")
    # /info needs no key; a list of one project does.
    await service.send("GET", "sessions", params={"limit": 1})
    return {}


_READERS: Final[Mapping[str, _Reader]] = {"mlflow": _read_mlflow, "langsmith": _read_langsmith}


def _failure(error: str) -> dict[str, Any]:
    return {"connected": False, "error": error}
