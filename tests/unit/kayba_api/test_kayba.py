"""The clients: settings, raw responses, connections and lazy imports."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest
from tests.helpers.client_kinds import Subject
from tests.helpers.faulty_server import FakeResponse, faulty_server

import kayba_api
from kayba_api import AsyncKayba, Kayba
from kayba_api.api.tracing import get_version

Make = Callable[..., Subject]
VERSION = FakeResponse(body=b"3.17.2", headers={"Content-Type": "text/plain", "X-Request-Id": "req-7"})


@pytest.mark.parametrize("form", ["", "/", "/api", "/api/", "/api/mlflow", "/api/mlflow/"])
def test_every_url_form_in_the_environment_works(kayba: Make, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    with faulty_server(VERSION) as server:
        monkeypatch.setenv("KAYBA_API_URL", server.url + form)
        monkeypatch.setenv("KAYBA_API_KEY", "kb-from-the-environment")
        subject = kayba()
        assert subject(lambda c: c.tracing.get_version()) == "3.17.2"
    assert subject.client.base_url == f"{server.url}/api"
    ((_, path, headers, _),) = server.requests
    assert (path, headers["Authorization"]) == ("/api/mlflow/version", "Bearer kb-from-the-environment")


def test_arguments_override_the_environment(kayba: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KAYBA_API_KEY", "kb-from-the-environment")
    with faulty_server(VERSION) as server:
        kayba(base_url=server.url, api_key="kb-given")(lambda c: c.tracing.get_version())
    assert server.requests[0][2]["Authorization"] == "Bearer kb-given"


@pytest.mark.parametrize("client", [Kayba, AsyncKayba])
def test_the_key_is_the_first_argument_and_in_no_repr(client: type[Kayba | AsyncKayba]) -> None:
    made = client("kb-very-secret", "http://127.0.0.1:4180")
    assert repr(made) == f"{client.__name__}(base_url='http://127.0.0.1:4180/api')"
    assert "secret" not in str(vars(made))


@pytest.mark.parametrize("client", [Kayba, AsyncKayba])
def test_an_invalid_url_or_key_is_rejected_at_once(client: type[Kayba | AsyncKayba]) -> None:
    with pytest.raises(ValueError, match="URL"):
        client(base_url="use.kayba.ai")
    with pytest.raises(ValueError, match="API key"):
        client("kb-\x00")


def test_headers_of_the_client_and_of_a_call(kayba: Make) -> None:
    with faulty_server(VERSION) as server:
        subject = kayba(base_url=server.url, headers={"X-Team": "a", "X-Other": "b"})
        subject(lambda c: c.tracing.get_version(extra_headers={"X-Team": "c"}))
        subject(lambda c: c.tracing.get_version())
    assert [(headers["X-Team"], headers["X-Other"]) for _, _, headers, _ in server.requests] == [("c", "b"), ("a", "b")]


def test_timeouts_of_the_client_and_of_a_call(kayba: Make) -> None:
    seen: list[object] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, text="3.17.2")

    subject = kayba(timeout=7, httpx_args={"transport": httpx.MockTransport(answer)})
    subject(lambda c: c.tracing.get_version())
    subject(lambda c: c.tracing.get_version(timeout=2))
    subject(lambda c: c.tracing.get_version(timeout=httpx.Timeout(3, read=9)))
    wanted = (httpx.Timeout(7), httpx.Timeout(2), httpx.Timeout(3, read=9))
    assert seen == [timeout.as_dict() for timeout in wanted]


def test_an_argument_of_httpx_replaces_the_url_of_the_client(kayba: Make) -> None:
    with faulty_server(VERSION) as server:
        subject = kayba(base_url="http://127.0.0.1:9", httpx_args={"base_url": f"{server.url}/api"})
        assert subject(lambda c: c.tracing.get_version()) == "3.17.2"
    (path,) = [path for _, path, _, _ in server.requests]
    assert path.startswith("/api/")


def test_a_raw_response_has_status_and_headers(kayba: Make) -> None:
    with faulty_server(FakeResponse(429, b"", {"Retry-After": "0"}), VERSION) as server:
        raw = kayba(base_url=server.url)(lambda c: c.tracing.with_raw_response.get_version())
    assert (raw.parsed, raw.status_code, raw.content, raw.request_id) == ("3.17.2", 200, b"3.17.2", "req-7")
    assert raw.headers["content-type"] == "text/plain"


def test_a_raw_response_of_a_page_has_its_headers(kayba: Make) -> None:
    page = FakeResponse(body=b'{"experiments": [], "next_page_token": "1"}', headers={"X-Request-Id": "req-8"})
    with faulty_server(page, FakeResponse(body=b"{}")) as server:
        subject = kayba(base_url=server.url)
        raw = subject(lambda c: c.experiments.with_raw_response.search(max_results=1))
        assert (raw.request_id, raw.parsed.has_next_page) == ("req-8", True)
        assert subject(lambda _: raw.parsed.next_page()).has_next_page is False


def test_concurrent_raw_responses_are_not_mixed_up(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules.append(lambda request: FakeResponse(body=b'{"spans": []}', headers={"X-Request-Id": request.path}))
        subject = kayba(base_url=server.url)

        if isinstance(subject.client, Kayba):
            with ThreadPoolExecutor(8) as threads:
                results = list(
                    threads.map(
                        lambda n: subject.client.tracing.with_raw_response.download_artifact(str(n), "tr"), range(40)
                    )
                )
        else:
            results = [None] * 40

            async def all_at_once(client: AsyncKayba) -> None:
                async def one(n: int) -> None:
                    results[n] = await client.tracing.with_raw_response.download_artifact(str(n), "tr")

                async with anyio.create_task_group() as tasks:
                    for n in range(40):
                        tasks.start_soon(one, n)

            subject(all_at_once)
    assert [f"/{n}/" in result.request_id for n, result in enumerate(results)] == [True] * 40


def test_a_raw_response_method_raises_errors(kayba: Make) -> None:
    with faulty_server(FakeResponse(404, b"")) as server, pytest.raises(kayba_api.NotFoundError):
        kayba(base_url=server.url)(lambda c: c.traces.with_raw_response.get("a"))


def test_threads_share_one_pool_and_the_resources() -> None:
    with faulty_server(VERSION) as server, Kayba(base_url=server.url, httpx_args={"verify": False}) as client:
        barrier = threading.Barrier(8)

        def first_use(_: int) -> tuple[str, int]:
            barrier.wait()
            return client.tracing.get_version(), id(client.client.get_httpx_client())

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(first_use, range(8)))
    assert len(set(results)) == 1


def test_a_closed_client_opens_new_connections() -> None:
    with faulty_server(VERSION) as server:
        with Kayba(base_url=server.url, httpx_args={"verify": False}) as client:
            client.tracing.get_version()
            pool = client.client.get_httpx_client()
        assert pool.is_closed
        assert client.tracing.get_version() == "3.17.2"
        client.close()


def test_the_async_with_block_closes_the_connections() -> None:
    async def use() -> httpx.AsyncClient:
        async with AsyncKayba(base_url=server.url, httpx_args={"verify": False}) as client:
            assert await client.tracing.get_version() == "3.17.2"
            return client.client.get_async_httpx_client()

    with faulty_server(VERSION) as server:
        assert anyio.run(use).is_closed


def test_cancelling_a_task_ends_its_retry_pause() -> None:
    async def use() -> bool:
        async with AsyncKayba(base_url=server.url, httpx_args={"verify": False}) as client:
            with anyio.move_on_after(0.2) as scope:
                await client.tracing.get_version()
            return scope.cancelled_caught

    with faulty_server(FakeResponse(429, b"", {"Retry-After": "50"})) as server:
        assert anyio.run(use)


def test_low_level_functions_accept_the_client() -> None:
    with faulty_server(VERSION) as server, Kayba(base_url=server.url, httpx_args={"verify": False}) as client:
        assert get_version.sync(client=client.client) == "3.17.2"


def test_importing_loads_neither_clients_nor_resources() -> None:
    probe = """
import sys, kayba_api
LAZY = ("kayba_api.kayba", "kayba_api.errors", "kayba_api._", "kayba_api.resources")
def loaded(): return sorted(n for n in sys.modules if n.startswith(LAZY))
assert not loaded(), loaded()
client = kayba_api.Kayba(base_url="http://127.0.0.1:9")
assert not [n for n in loaded() if "resources" in n]
client.jobs
print(*[n for n in loaded() if "resources" in n])
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["kayba_api.resources", "kayba_api.resources.jobs"], done.stderr


def test_an_unknown_name_raises_an_attribute_error() -> None:
    assert set(kayba_api.__all__) <= set(dir(kayba_api))
    with pytest.raises(AttributeError, match="NoSuchName"):
        _ = kayba_api.NoSuchName  # type: ignore[attr-defined]
