"""`LocalServer`, `serve` and the pytest fixture."""

from __future__ import annotations

import socket
import sqlite3
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import freezegun
import httpx
import pytest

import kayba_local
from kayba_local import LocalServer, serve
from kayba_local.server import OpenBindError
from kayba_local.store import insights
from kayba_local.store.errors import StoreError

pytest_plugins = ["pytester"]
UPLOAD = {"traces": [{"filename": "a.md", "content": "text", "fileType": "md"}]}


def test_the_fixture_serves_an_empty_store(kayba_server: LocalServer) -> None:
    assert httpx.get(f"{kayba_server.url}/api/traces").json() == {"traces": []}
    assert kayba_server.api_key is None


def test_the_fixtures_db_is_the_servers_store(kayba_server: LocalServer) -> None:
    insight = insights.add(kayba_server.db, "Look first.")
    response = httpx.get(f"{kayba_server.url}/api/insights").json()
    assert [listed["id"] for listed in response["insights"]] == [insight.id]


def test_the_end_closes_the_socket_and_removes_a_temporary_store() -> None:
    with serve() as server:
        folder = server.db.path.parent
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_named_store_persists_after_the_server_ends(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'deep' / 'kayba.db'}"
    with serve(store=store) as server:
        httpx.post(f"{server.url}/api/traces", json=UPLOAD)
    with serve(store=store) as server:
        assert len(httpx.get(f"{server.url}/api/traces").json()["traces"]) == 1


def test_mock_mode_returns_the_contracts_examples() -> None:
    with serve(mock=True) as server:
        assert httpx.get(f"{server.url}/api/jobs/any").json()["status"] == "completed"


def test_a_key_is_required_and_not_in_the_repr() -> None:
    with serve(api_key="kb-key") as server:
        assert "kb-key" not in repr(server)
        assert httpx.get(f"{server.url}/api/traces").status_code == 401
        headers = {"Authorization": f"Bearer {server.api_key}"}
        assert httpx.get(f"{server.url}/api/traces", headers=headers).status_code == 200


@pytest.mark.parametrize("key", [None, ""])
def test_a_host_beyond_loopback_without_a_key_is_rejected(key: str | None) -> None:
    with pytest.raises(OpenBindError, match="key"), serve(host="0.0.0.0", api_key=key):
        pytest.fail("the server started")


def test_an_address_in_use_raises_os_error(tmp_path: Path) -> None:
    with serve() as server, pytest.raises(OSError, match="in use"), serve(port=port_of(server)):
        pytest.fail("the server started")


def test_another_programs_database_raises_store_error(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kayba.db")) as other:
        other.execute("CREATE TABLE of_another_program (x)")
    with pytest.raises(StoreError), serve(store=f"sqlite:///{tmp_path / 'kayba.db'}"):
        pytest.fail("the server started")


def test_an_ipv6_host_is_served() -> None:
    if not socket.has_ipv6:
        pytest.skip("IPv6 is not available")
    with serve(host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert httpx.get(f"{server.url}/api/traces").status_code == 200


def test_an_unknown_attribute_of_the_package_raises_attribute_error() -> None:
    assert kayba_local.__version__
    with pytest.raises(AttributeError, match="nothing"):
        kayba_local.nothing  # noqa: B018 - the attribute access is the test


def test_an_unused_plugin_imports_no_server_modules(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy_is_loaded():
            assert "kayba_local.pytest_plugin" in sys.modules
            assert not {"starlette", "uvicorn", "httpx", "orjson", "jsonschema_rs"} & sys.modules.keys()
        """
    )
    pytester.runpytest_subprocess("-p", "no:schemathesis", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_an_upload_that_outlasts_the_grace_period_returns_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kayba_local.server.GRACE_S", 0)
    with serve() as server, socket.create_connection(("127.0.0.1", port_of(server)), timeout=120) as connection:
        connection.sendall(
            b"POST /api/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        server.stop()
        response = connection.recv(1000)
    assert response.startswith(b"HTTP/1.1 503")
    assert b"SERVICE_UNAVAILABLE" in response


def port_of(server: LocalServer) -> int:
    return int(server.url.rpartition(":")[2])


def test_a_server_stops_after_time_was_frozen() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serve())
        with freezegun.freeze_time("2085-10-26"):
            # The server looks ten times a second for its end, by a clock that is frozen now. No condition shows that.
            threading.Event().wait(0.5)
            httpx.get(f"{server.url}/api/traces", timeout=None)
            threading.Event().wait(0.5)
        stopping = threading.Thread(target=stack.pop_all().close, daemon=True)
        stopping.start()
        stopping.join(60)
    assert not stopping.is_alive()
