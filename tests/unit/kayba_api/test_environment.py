"""Errors of the environment raise an error of `kayba_api` that names the variables to check."""

from __future__ import annotations

import os
from typing import Any

import anyio
import httpx
import pytest

from kayba_api import APIConnectionError, AsyncKayba, Client, Kayba
from kayba_api.api.tracing import get_version

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
MISSING = "/nonexistent/file"

TABLE = [
    {"ALL_PROXY": "socks5://user:secret@127.0.0.1:9"},
    {"HTTPS_PROXY": ":::"},
    {"HTTPS_PROXY": "http://user:secret@["},
    {"HTTPS_PROXY": "http://user:secret@h:port"},
    {"HTTPS_PROXY": "http://user:secret/x@h:1"},
    {"HTTPS_PROXY": f"http://{'a' * 70}.invalid"},
    {"ALL_PROXY": "ftp://user:secret@h"},
    {"NO_PROXY": "[::1"},
    {"SSL_CERT_FILE": MISSING},
    {"SSL_CERT_FILE": os.devnull},
    {"SSLKEYLOGFILE": MISSING},
]


@pytest.mark.parametrize("variables", TABLE, ids=lambda row: "-".join(row.values()))
def test_an_error_of_the_environment_is_an_error_of_the_connection(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    options: dict[str, Any] = {"base_url": "https://service.invalid", "api_key": "kb-test", "max_retries": 0}

    async def list_async() -> None:
        async with AsyncKayba(**options) as kayba:
            await kayba.traces.list()

    with Kayba(**options) as kayba, pytest.raises(APIConnectionError) as raised:
        kayba.traces.list()
    with pytest.raises(APIConnectionError) as raised_async:
        anyio.run(list_async)
    for error in (str(raised.value), str(raised_async.value)):
        assert next(iter(variables)) in error
        assert "secret" not in error


@pytest.mark.parametrize("url", ["https://xn--0.invalid", "https://a..b.invalid", f"https://{'a' * 70}.invalid"])
def test_a_host_that_cannot_be_encoded_raises_a_clear_error(url: str) -> None:
    def list_traces() -> None:
        Kayba(base_url=url, max_retries=0).traces.list()

    with pytest.raises((ValueError, APIConnectionError), match="invalid"):
        list_traces()


def test_the_low_level_client_raises_an_error_of_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", ":::")
    with pytest.raises(httpx.RequestError, match="HTTPS_PROXY"):
        get_version.sync(client=Client("https://service.invalid"))
