"""Proxies and certificates from the environment, with a real proxy and a real TLS server on loopback."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from tests.helpers.proxy_server import CA_FILE, LoopbackProxy, proxy_server, tls_server

import ace_tracing
from ace_tracing import ConfigurationError, Delivery, ServiceError, search_traces, start_span
from ace_tracing.delivery.http.proxies import find_proxy, is_loopback
from kayba_api import AsyncKayba, Kayba
from kayba_local import LocalServer

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "KAYBA_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
DEAD = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    ace_tracing.diagnostics._last_warned.clear()
    for name in (*VARIABLES, "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    yield
    ace_tracing.shutdown(timeout=0.1)


def port_of(server: LocalServer) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port


def deliver(address: str, timeout: float = 20) -> Delivery:
    """Send one trace, and read it back if it has arrived."""
    ace_tracing.configure(api_key="kb-test", base_url=address, spool=False)
    with start_span("step"):
        pass
    delivery = ace_tracing.flush(timeout=timeout)
    if delivery:
        assert [read.info.name for read in search_traces()] == ["step"]
    return delivery


@pytest.fixture
def proxy(kayba_server: LocalServer) -> Iterator[LoopbackProxy]:
    with proxy_server(port_of(kayba_server)) as running:
        yield running


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "KAYBA_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_variable_sends_requests_through_the_proxy(
    variable: str, scheme: str, proxy: LoopbackProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, scheme + proxy.address)
    assert deliver("http://kayba.test:4180").delivered == 1
    assert len(proxy.seen) > 1
    assert all(" http://kayba.test:4180/api/" in line for line, _ in proxy.seen)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "KAYBA_PROXY"])
def test_tls_goes_through_a_tunnel_and_trusts_the_own_authority(
    variable: str, kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CA_FILE))
    with tls_server(port_of(kayba_server)) as port, proxy_server(port) as proxy:
        monkeypatch.setenv(variable, f"http://{proxy.address}")
        assert deliver("https://kayba.test").delivered == 1
        assert {line for line, _ in proxy.seen} == {"CONNECT kayba.test:443 HTTP/1.1"}


def test_user_and_password_of_the_proxy_are_sent(proxy: LoopbackProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://us%40er:p%3Ass@{proxy.address}")
    assert deliver("http://kayba.test").delivered == 1
    assert {header for _, header in proxy.seen} == {f"basic {base64.b64encode(b'us@er:p:ss').decode()}".lower()}


LOOPBACK = ("127.0.0.1", "localhost")


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_loopback_is_direct(
    host: str, variable: str, kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, DEAD)
    assert deliver(f"http://{host}:{port_of(kayba_server)}").delivered == 1


def test_kayba_proxy_counts_for_loopback(
    kayba_server: LocalServer, proxy: LoopbackProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAYBA_PROXY", f"http://{proxy.address}")
    assert deliver(kayba_server.url).delivered == 1
    assert proxy.seen


@pytest.mark.parametrize("no_proxy", ["kayba.test", ".test", "x, kayba.test ,y", "*", "kayba.test:4180", "KAYBA.TEST"])
def test_no_proxy_makes_requests_direct(no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", DEAD)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert find_proxy("http://kayba.test:4180") is None


@pytest.mark.parametrize(
    ("no_proxy", "host", "is_direct"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("::2", "[::2]", True),
        ("[fd00::]/8", "[fd00::1]", False),
        ("fd00::/8", "[fd00::1]", True),
        ("test", "mytest", False),
        ("a.test", "test", False),
        ("x.test:80", "x.test", True),
        ("x.test:81", "x.test", False),
        ("*.test", "a.test", True),
        ("", "a.test", False),
        (",", "a.test", False),
    ],
)
def test_entries_of_no_proxy(no_proxy: str, host: str, is_direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", DEAD)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (find_proxy(f"http://{host}") is None) == is_direct


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST", True), ("localhost.", True), ("a.localhost", True), ("127.0.0.1", True),
        ("127.255.0.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("0.0.0.0", True), ("128.0.0.1", False),
        ("notlocalhost", False), ("localhost.example", False), ("::2", False), ("", False), ("use.kayba.ai", False),
    ],
)  # fmt: skip
def test_loopback_hosts(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected


def test_the_environment_of_a_cgi_program_sets_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    # `HTTP_PROXY` is then the request header `Proxy`, which anybody can send.
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    monkeypatch.setenv("HTTP_PROXY", DEAD)
    assert find_proxy("http://kayba.test") is None


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway", "403 Forbidden"])
@pytest.mark.parametrize("address", ["http://kayba.test", "https://kayba.test"])
def test_an_error_of_the_proxy_names_it_without_its_password(
    status: str, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with proxy_server(0, status) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://user:secret@{proxy.address}")
        assert deliver(address, timeout=1).pending == 1
        with pytest.raises(ServiceError) as caught:
            search_traces()
        error = ace_tracing.tracing_status().last_error or ""
    for message in (error, str(caught.value), caplog.text):
        assert f"the proxy http://{proxy.address} of HTTP" in message
        assert status[:3] in message
        assert "secret" not in message


@pytest.mark.parametrize("proxy_url", [DEAD, "http://nowhere.invalid:3128", "socks5://127.0.0.1:9"])
def test_an_unreachable_proxy_is_named_and_the_trace_is_kept(proxy_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy_url)
    assert deliver("http://kayba.test", timeout=1).pending == 1
    error = ace_tracing.tracing_status().last_error or ""
    assert f"the proxy {proxy_url} of ALL_PROXY" in error


@pytest.mark.parametrize("proxy_url", ["ftp://proxy", "http://", "http://[", "http://x:port", "http://a b", "://"])
def test_an_invalid_proxy_of_the_environment_loses_no_trace(proxy_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy_url)
    assert deliver("http://kayba.test", timeout=1) == Delivery(pending=1)
    assert "of HTTP_PROXY" in (ace_tracing.tracing_status().last_error or "")


@pytest.mark.parametrize("proxy_url", ["ftp://proxy", "http://", "http://[", "http://x:port", "http://a b", '"x"'])
def test_configure_raises_for_an_invalid_kayba_proxy(proxy_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_PROXY", proxy_url)
    with pytest.raises(ConfigurationError, match="KAYBA_PROXY"):
        ace_tracing.configure(api_key="kb-test")


def test_without_its_authority_a_certificate_is_rejected(kayba_server: LocalServer) -> None:
    with tls_server(port_of(kayba_server)) as port:
        assert deliver(f"https://localhost:{port}", timeout=1) == Delivery(pending=1)
        assert "CERTIFICATE_VERIFY_FAILED" in (ace_tracing.tracing_status().last_error or "")


@pytest.mark.skipif(os.name != "posix", reason="OpenSSL finds files of such a folder by links")
def test_certificates_of_a_folder_are_trusted(
    kayba_server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name is the hash of the subject `CN = Test CA`, as `openssl rehash` computes it.
    (tmp_path / "3387b84d.0").write_bytes(CA_FILE.read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with tls_server(port_of(kayba_server)) as port:
        assert deliver(f"https://localhost:{port}").delivered == 1


def test_a_missing_certificate_file_is_named_and_the_trace_arrives_once_it_is_there(
    kayba_server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with tls_server(port_of(kayba_server)) as port:
        assert deliver(f"https://localhost:{port}", timeout=1) == Delivery(pending=1)
        assert "SSL_CERT_FILE=" in (ace_tracing.tracing_status().last_error or "")
        (tmp_path / "ca.pem").write_bytes(CA_FILE.read_bytes())
        assert ace_tracing.flush(timeout=20).delivered == 1


async def _list_async(address: str) -> int:
    async with AsyncKayba(base_url=address, api_key="kb-test") as client:
        return len([each async for each in client.traces.list()])


@pytest.mark.parametrize("host", LOOPBACK)
def test_the_rest_client_reaches_loopback_directly(
    host: str, kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, DEAD)
    address = f"http://{host}:{port_of(kayba_server)}"
    with Kayba(base_url=address, api_key="kb-test") as client:
        assert [*client.traces.list()] == []
    assert anyio.run(_list_async, address) == 0


def test_the_rest_client_uses_an_explicit_proxy_for_loopback(kayba_server: LocalServer, proxy: LoopbackProxy) -> None:
    arguments = {"proxy": f"http://{proxy.address}"}
    with Kayba(base_url=kayba_server.url, api_key="kb-test", httpx_args=arguments) as client:
        client.traces.list()
    assert proxy.seen


def test_normal_delivery_and_reading_log_nothing_at_info(
    kayba_server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert deliver(kayba_server.url).delivered == 1
    names = {record.name.partition(".")[0] for record in caplog.records}
    assert names & {"httpx", "httpcore", "ace_tracing", "kayba_api"} == set()


def test_requests_of_the_user_are_still_logged(kayba_server: LocalServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert deliver(kayba_server.url).delivered == 1
    search_traces()
    httpx.get(f"{kayba_server.url}/mine")
    search_traces()
    assert [record.getMessage() for record in caplog.records if record.name == "httpx"] == [
        f'HTTP Request: GET {kayba_server.url}/mine "HTTP/1.1 404 Not Found"'
    ]
