"""The low-level client: server address, API key, timeouts and connections."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.faulty_server import FakeResponse, faulty_server

from kayba_api import Client, UnexpectedStatus
from kayba_api.api.traces import list_trace_files
from kayba_api.api.tracing import get_version

KEY = "kb-a-very-secret-key"
MOUNTS = ("", "/", "/api", "/api/", "/api/mlflow", "/api/mlflow/")


@pytest.mark.parametrize(
    ("given_url", "base_url"),
    [
        ("https://use.kayba.ai", "https://use.kayba.ai/api"),
        ("https://use.kayba.ai/", "https://use.kayba.ai/api"),
        ("https://use.kayba.ai/api", "https://use.kayba.ai/api"),
        ("https://use.kayba.ai/api/", "https://use.kayba.ai/api"),
        ("https://use.kayba.ai/api/mlflow", "https://use.kayba.ai/api"),
        ("https://use.kayba.ai/api/mlflow/", "https://use.kayba.ai/api"),
        (" https://use.kayba.ai\n", "https://use.kayba.ai/api"),
        ("http://127.0.0.1:4180", "http://127.0.0.1:4180/api"),
        ("http://127.0.0.1:4180/api/mlflow/", "http://127.0.0.1:4180/api"),
        ("http://[::1]:4180/api", "http://[::1]:4180/api"),
        ("https://example.com/kayba", "https://example.com/kayba/api"),
        ("https://example.com/kayba/", "https://example.com/kayba/api"),
        ("https://example.com/kayba/api/mlflow", "https://example.com/kayba/api"),
        ("https://example.com/mlflow", "https://example.com/mlflow/api"),
        ("https://example.com/team-api", "https://example.com/team-api/api"),
    ],
)
def test_every_form_of_the_url_gives_the_same_base_url(given_url: str, base_url: str) -> None:
    assert Client(given_url).base_url == base_url


@given(
    scheme=st.sampled_from(["http", "https"]),
    host=st.from_regex(r"[a-z][a-z0-9]{0,10}(\.[a-z]{2,5}){0,2}", fullmatch=True),
    port=st.none() | st.integers(1024, 65535),
    prefix=st.lists(st.from_regex(r"[a-z0-9._~-]*[a-z0-9]", fullmatch=True).filter(lambda s: s != "api"), max_size=3),
    mount=st.sampled_from(MOUNTS),
)
def test_a_path_prefix_is_kept_and_normalising_is_idempotent(
    scheme: str, host: str, port: int | None, prefix: list[str], mount: str
) -> None:
    server = f"{scheme}://{host}" + (f":{port}" if port else "") + "".join(f"/{part}" for part in prefix)
    base_url = Client(server + mount).base_url
    assert base_url == f"{server}/api"
    assert Client(base_url).base_url == base_url


@pytest.mark.parametrize("mount", MOUNTS)
def test_requests_go_to_the_api_mount_for_every_url_form(mount: str) -> None:
    with faulty_server(FakeResponse(body=b"3.17.2")) as server, Client(server.url + mount) as client:
        assert get_version.sync(client=client) == "3.17.2"
        list_trace_files.sync_detailed(client=client)
    assert [path for _, path, _, _ in server.requests] == ["/api/mlflow/version", "/api/traces"]


@pytest.mark.parametrize(
    "url",
    [
        "use.kayba.ai",
        "localhost:4180",
        "ftp://use.kayba.ai",
        "https://",
        "/api",
        "https://host:port",
        "https://use.kayba.ai?key=1",
        "https://use.kayba.ai/#top",
        "https://me:hidden@use.kayba.ai",
        "me:hidden@use.kayba.ai",
    ],
)
def test_an_invalid_url_is_rejected_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="URL") as caught:
        Client(url)
    assert "hidden" not in str(caught.value)


def test_the_argument_overrides_the_url_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().base_url == "https://use.kayba.ai/api"
    monkeypatch.setenv("KAYBA_API_URL", "http://127.0.0.1:4180/api")
    assert Client().base_url == "http://127.0.0.1:4180/api"
    assert Client("https://example.com").base_url == "https://example.com/api"
    monkeypatch.setenv("KAYBA_API_URL", "")
    assert Client().base_url == "https://use.kayba.ai/api"


@pytest.mark.parametrize(
    ("argument", "environment", "header"),
    [
        (KEY, None, f"Bearer {KEY}"),
        (None, KEY, f"Bearer {KEY}"),
        (KEY, "another", f"Bearer {KEY}"),
        (f" {KEY}\n", None, f"Bearer {KEY}"),
        (None, None, None),
        (None, "", None),
    ],
)
def test_the_key_is_sent_as_a_bearer_token(
    monkeypatch: pytest.MonkeyPatch, argument: str | None, environment: str | None, header: str | None
) -> None:
    if environment is not None:
        monkeypatch.setenv("KAYBA_API_KEY", environment)

    async def call(client: Client) -> None:
        async with client:
            await get_version.asyncio_detailed(client=client)

    with faulty_server() as server, Client(server.url, api_key=argument) as client:
        get_version.sync_detailed(client=client)
        asyncio.run(call(client))
    headers = [{name.lower(): value for name, value in sent.items()} for _, _, sent, _ in server.requests]
    assert [sent.get("authorization") for sent in headers] == [header, header]


def test_the_key_is_in_no_repr_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with faulty_server() as server, Client(server.url, api_key=KEY) as client:
        response = get_version.sync_detailed(client=client)
        http = client.get_httpx_client()
        shown = [repr(client), str(client), repr(http), repr(http.headers), repr(http.auth), repr(response)]
    assert any("HTTP Request" in record.getMessage() for record in caplog.records)
    assert not [text for text in [*shown, caplog.text] if KEY in text]


@pytest.mark.parametrize("key", ["kb-hidden\r\nX-Other: 1", "kb-hidden-ü", "kb-hidden\x00", "   "])
def test_an_invalid_key_is_rejected_without_the_key(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        Client(api_key=key)
    assert "hidden" not in str(caught.value)


def test_the_timeout_is_finite_by_default_and_configurable() -> None:
    with Client() as client:
        assert client.get_httpx_client().timeout == httpx.Timeout(30)
    with Client(timeout=2.5) as client:
        assert client.get_httpx_client().timeout == httpx.Timeout(2.5)
    with (
        faulty_server(hang=True) as server,
        Client(server.url, timeout=0.05) as client,
        pytest.raises(httpx.ReadTimeout),
    ):
        get_version.sync(client=client)


def test_httpx_arguments_and_headers_are_applied() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text="3.17.2")

    client = Client(headers={"X-Team": "support"}, httpx_args={"transport": httpx.MockTransport(answer)})
    with client:
        assert get_version.sync(client=client) == "3.17.2"
    assert seen[0].headers["x-team"] == "support"


def test_concurrent_first_calls_share_one_pool() -> None:
    with Client() as client:
        barrier = threading.Barrier(8)

        def first_use(_: int) -> httpx.Client:
            barrier.wait()
            return client.get_httpx_client()

        with ThreadPoolExecutor(8) as threads:
            pools = list(threads.map(first_use, range(8)))
    assert len({id(pool) for pool in pools}) == 1


def test_a_closed_client_opens_new_connections() -> None:
    async def use(client: Client) -> httpx.AsyncClient:
        async with client:
            await get_version.asyncio(client=client)
            return client.get_async_httpx_client()

    with faulty_server(FakeResponse(body=b"3.17.2")) as server:
        with Client(server.url) as client:
            get_version.sync(client=client)
            pool = client.get_httpx_client()
            async_pool = asyncio.run(use(client))
        assert pool.is_closed
        assert async_pool.is_closed
        assert get_version.sync(client=client) == "3.17.2"
        client.close()
        client.close()


def test_an_undocumented_status_raises_if_configured() -> None:
    with (
        faulty_server(FakeResponse(529, b"busy")) as server,
        Client(server.url, raise_on_unexpected_status=True) as client,
        pytest.raises(UnexpectedStatus, match="529: busy") as unexpected,
    ):
        get_version.sync_detailed(client=client)
    assert (unexpected.value.status_code, unexpected.value.content) == (529, b"busy")
