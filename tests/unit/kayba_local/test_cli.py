"""The command as a process: output, exit codes, signals and environment."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from tests.helpers.server_process import run_server

from kayba_local.cli import default_store, main
from kayba_local.http.otlp_status import OTLP_PATHS

UPLOAD = {"traces": [{"filename": "a.md", "content": "text", "fileType": "md"}]}


def opentelemetry_line(url: str) -> str:
    """Return the second line that the command prints, behind the one that names its address."""
    return f"for OpenTelemetry: export OTEL_EXPORTER_OTLP_ENDPOINT={url}\n"


def stop_with(process: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    """Return the exit code, and the output behind the line with the address."""
    process.send_signal(number)
    assert process.stdout is not None
    # `communicate` would lose the lines that were read together with the first one.
    out = process.stdout.read()
    _, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.mark.parametrize(
    "command", [[sys.executable, "-m", "kayba_local"], [str(Path(sysconfig.get_path("scripts"), "kayba-local"))]]
)
def test_the_version_is_printed(command: list[str]) -> None:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"kayba-local {version('kayba-local')}\n"


@pytest.mark.skipif(os.name != "posix", reason="Windows does not have these signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_stops_it_with_exit_code_0_and_keeps_accepted_data(tmp_path: Path, name: str) -> None:
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with run_server("--store", store) as (process, url), httpx.Client(base_url=url) as http:
        for _ in range(20):
            assert http.post("/api/traces", json=UPLOAD).status_code == 200
        assert stop_with(process, getattr(signal, name)) == (0, opentelemetry_line(url), "")
    with run_server("--store", store) as (process, url):
        assert len(httpx.get(f"{url}/api/traces").json()["traces"]) == 20


@pytest.mark.skipif(os.name != "posix", reason="Windows does not have these signals")
def test_a_request_in_progress_is_answered_before_the_exit(tmp_path: Path) -> None:
    with run_server("--store", f"sqlite:///{tmp_path / 'kayba.db'}") as (process, url):
        body = httpx.Request("POST", url, json=UPLOAD).read()
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=120) as connection:
            head = f"POST /api/traces HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")
            process.send_signal(signal.SIGTERM)
            connection.sendall(body)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert process.wait(timeout=300) == 0


def test_store_and_key_are_read_from_the_environment(tmp_path: Path) -> None:
    store = tmp_path / "folder" / "kayba.db"
    environment = {"KAYBA_LOCAL_STORE": f"sqlite:///{store}", "KAYBA_LOCAL_API_KEY": "kb-key"}
    with run_server(**environment) as (_, url):
        assert httpx.get(f"{url}/api/traces").status_code == 401
        assert httpx.get(f"{url}/api/traces", headers={"Authorization": "Bearer kb-key"}).status_code == 200
    assert store.exists()
    if os.name == "posix":
        assert stat.S_IMODE(store.stat().st_mode) == 0o600
        assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


def test_without_otlp_ingest_returns_501(tmp_path: Path) -> None:
    with run_server("--without-otlp", "--store", f"sqlite:///{tmp_path / 'kayba.db'}") as (_, url):
        headers = {"x-mlflow-experiment-id": "0"}
        response = httpx.post(f"{url}/api/mlflow/v1/traces", json={"resourceSpans": []}, headers=headers)
        assert response.status_code == 501
        for path in OTLP_PATHS:
            response = httpx.post(url + path, json={})
            assert (response.status_code, response.json()["code"]) == (501, 12)
        assert httpx.get(f"{url}/api/mlflow/version").status_code == 200


@pytest.mark.skipif(os.name != "posix", reason="Windows does not have these signals")
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--without-otlp"], ""),
        (
            ["--api-key", "kb-secret"],
            "for OpenTelemetry: export OTEL_EXPORTER_OTLP_ENDPOINT={url}"
            " OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20KEY\n",
        ),
    ],
)
def test_the_line_for_opentelemetry_follows_the_options(tmp_path: Path, arguments: list[str], line: str) -> None:
    with run_server(*arguments, "--store", f"sqlite:///{tmp_path / 'kayba.db'}") as (process, url):
        assert stop_with(process, signal.SIGTERM) == (0, line.format(url=url), "")


def test_mock_returns_the_contracts_examples(tmp_path: Path) -> None:
    with run_server("--mock", "--store", f"sqlite:///{tmp_path / 'kayba.db'}") as (_, url):
        assert httpx.get(f"{url}/api/jobs/any").json()["status"] == "completed"


def test_a_host_beyond_loopback_without_a_key_exits_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAYBA_LOCAL_API_KEY", raising=False)
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "--api-key" in err


def test_a_port_in_use_prints_one_line_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert str(port) in err


def test_an_invalid_store_prints_one_line_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--store", "postgres://nowhere"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "postgres://nowhere" in err


@pytest.mark.parametrize(
    "arguments", [[], ["serve", "--port", "65536"], ["serve", "--port", "x"], ["serve", "--unknown"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    assert "usage: kayba-local" in capsys.readouterr().err


def test_the_default_store_is_a_file_in_the_users_data_directory() -> None:
    assert default_store().startswith("sqlite:///")
    assert default_store().endswith("kayba.db")
    assert "kayba-local" in default_store()
