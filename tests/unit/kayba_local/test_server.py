"""Servers in a thread, and the pytest fixture."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

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


def test_its_db_is_the_servers_store(kayba_server: LocalServer) -> None:
    insight = insights.add(kayba_server.db, "Look first.")
    answer = httpx.get(f"{kayba_server.url}/api/insights").json()
    assert [listed["id"] for listed in answer["insights"]] == [insight.id]


def test_a_temporary_store_is_removed_and_nobody_listens_anymore() -> None:
    with serve() as server:
        folder = server.db.path.parent
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_named_store_outlives_its_server(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'deep' / 'kayba.db'}"
    with serve(store=store) as server:
        httpx.post(f"{server.url}/api/traces", json=UPLOAD)
    with serve(store=store) as server:
        assert len(httpx.get(f"{server.url}/api/traces").json()["traces"]) == 1


def test_mock_mode() -> None:
    with serve(mock=True) as server:
        assert httpx.get(f"{server.url}/api/jobs/any").json()["status"] == "completed"


def test_a_key_is_asked_for_and_kept_out_of_the_repr() -> None:
    with serve(api_key="kb-key") as server:
        assert "kb-key" not in repr(server)
        assert httpx.get(f"{server.url}/api/traces").status_code == 401
        headers = {"Authorization": f"Bearer {server.api_key}"}
        assert httpx.get(f"{server.url}/api/traces", headers=headers).status_code == 200


@pytest.mark.parametrize("key", [None, ""])
def test_beyond_loopback_only_with_a_key(key: str | None) -> None:
    with pytest.raises(OpenBindError, match="key"), serve(host="0.0.0.0", api_key=key):
        pytest.fail("it serves")


def test_an_address_in_use_is_an_os_error(tmp_path: Path) -> None:
    with serve() as server, pytest.raises(OSError, match="in use"), serve(port=port_of(server)):
        pytest.fail("it serves")


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kayba.db")) as other:
        other.execute("CREATE TABLE of_another_program (x)")
    with pytest.raises(StoreError), serve(store=f"sqlite:///{tmp_path / 'kayba.db'}"):
        pytest.fail("it serves")


def test_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with serve(host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert httpx.get(f"{server.url}/api/traces").status_code == 200


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    assert kayba_local.__version__
    with pytest.raises(AttributeError, match="nothing"):
        kayba_local.nothing  # noqa: B018 - looking it up is the test


def test_the_plugin_costs_nothing_where_it_is_not_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy_is_loaded():
            assert "kayba_local.pytest_plugin" in sys.modules
            assert not {"starlette", "uvicorn", "httpx", "orjson", "jsonschema_rs"} & sys.modules.keys()
        """
    )
    pytester.runpytest_subprocess("-p", "no:schemathesis", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_an_upload_that_outlasts_the_stop_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kayba_local.server.GRACE_S", 0)
    with serve() as server, socket.create_connection(("127.0.0.1", port_of(server)), timeout=30) as connection:
        connection.sendall(
            b"POST /api/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        server.stop()
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"SERVICE_UNAVAILABLE" in answer


def port_of(server: LocalServer) -> int:
    return int(server.url.rpartition(":")[2])
