"""Errors of the environment hold the traces, with a message that names what to change, and raise for a read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.counts import settle
from tests.helpers.programs import wait_for

import ace_tracing
from ace_tracing import Delivery, ServiceError, get_trace, log_feedback, search_traces, start_span
from ace_tracing.delivery.http.transport import _NetworkBackend
from kayba_local import LocalServer

HTTP = "http://service.invalid"
HTTPS = "https://service.invalid"
MISSING = "/nonexistent/file"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "KAYBA_PROXY")
FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")

TABLE = {
    "socks without its package": ({"ALL_PROXY": "socks5://user:secret@127.0.0.1:9"}, HTTPS, "socksio"),
    "proxy of colons": ({"HTTP_PROXY": ":::"}, HTTP, "HTTP_PROXY"),
    "proxy with an open bracket": ({"HTTPS_PROXY": "http://user:secret@["}, HTTPS, "http://[ of HTTPS_PROXY"),
    "proxy with a half address": ({"HTTPS_PROXY": "http://[::1"}, HTTPS, "HTTPS_PROXY"),
    "proxy with a large port": ({"HTTPS_PROXY": "http://user:secret@h:99999999"}, HTTPS, "http://h:99999999"),
    "proxy with a port of letters": ({"HTTPS_PROXY": "http://h:port"}, HTTPS, "HTTPS_PROXY"),
    "proxy with a slash in its password": ({"HTTPS_PROXY": "http://user:secret/@h:1"}, HTTPS, "h:1 of HTTPS_PROXY"),
    "proxy of another scheme": ({"ALL_PROXY": "ftp://h"}, HTTPS, "ALL_PROXY"),
    "proxy that is not ASCII": ({"HTTPS_PROXY": "http://ü.invalid"}, HTTPS, "HTTPS_PROXY"),
    "user that is not ASCII": ({"HTTPS_PROXY": "http://ü:secret@x.invalid"}, HTTPS, "HTTPS_PROXY"),
    "proxy with a long label": ({"HTTP_PROXY": f"http://{'a' * 70}.invalid"}, HTTP, "HTTP_PROXY"),
    "half address in no_proxy": ({"NO_PROXY": "[::1"}, HTTPS, ""),
    "half address in no_proxy of a proxy": ({"NO_PROXY": "[::1,:9", "HTTPS_PROXY": "http://127.0.0.1:9"}, HTTPS, ""),
    "no certificate file": ({"SSL_CERT_FILE": MISSING}, HTTPS, f"SSL_CERT_FILE={MISSING!r}"),
    "empty certificate file": ({"SSL_CERT_FILE": os.devnull}, HTTPS, f"SSL_CERT_FILE={os.devnull!r}"),
    "folder as certificate file": ({"SSL_CERT_FILE": os.curdir}, HTTPS, f"SSL_CERT_FILE={os.curdir!r}"),
    "key log that cannot be written": ({"SSLKEYLOGFILE": MISSING}, HTTPS, f"SSLKEYLOGFILE={MISSING!r}"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    ace_tracing.diagnostics._last_warned.clear()
    for name in (*VARIABLES, *FILES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    yield
    ace_tracing.shutdown(timeout=0.1)


def make_traces_and_feedback() -> None:
    for number in range(3):
        with start_span(f"n{number}"):
            pass
    log_feedback(trace_id="0" * 32, name="good", value=True)


@pytest.mark.parametrize("row", TABLE)
def test_an_error_of_the_environment_holds_all(
    row: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    variables, address, named = TABLE[row]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ace_tracing.configure(api_key="kb-test", base_url=address, spool=False)
    make_traces_and_feedback()
    ace_tracing.flush(timeout=0)
    wait_for(lambda: ace_tracing.tracing_status().last_error)
    status = ace_tracing.tracing_status()
    assert (status.delivered, status.pending, status.dropped) == (0, 4, 0)
    errors = [status.last_error or ""]
    assert status.state in ("waiting", "sending")
    for read in (lambda: get_trace("0" * 32, timeout=1), lambda: search_traces(timeout=1)):
        with pytest.raises(ServiceError) as raised:
            read()
        errors.append(str(raised.value))
    for error in errors:
        assert named in error
    assert "secret" not in "".join([*errors, caplog.text])
    assert "Traceback" not in caplog.text
    assert "internal" not in caplog.text


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), UnicodeError("label too long"), MemoryError(), OSError(24, "x")]
)
def test_an_unknown_error_of_a_connection_holds_all(
    error: Exception, kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(_NetworkBackend, "connect_tcp", fail)
        ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url, spool=False)
        make_traces_and_feedback()
        ace_tracing.flush(timeout=0)
        wait_for(lambda: ace_tracing.tracing_status().last_error)
        assert ace_tracing.tracing_status().pending == 4
        assert type(error).__name__ in (ace_tracing.tracing_status().last_error or "")
        with pytest.raises(ServiceError, match=type(error).__name__):
            search_traces(timeout=1)
    assert settle() == Delivery(delivered=3, pending=1, feedback_pending=1)


PROGRAM = """
import os, sys, ace_tracing
ace_tracing.diagnostics.loud = False
search_traces = ace_tracing.search_traces
ace_tracing.configure(api_key="kb-test", base_url=sys.argv[1], spool=sys.argv[2] == "1")
taken = []
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
for number in range(3):
    with ace_tracing.start_span(f"n{number}"):
        pass
found = ace_tracing.flush(1)
print(found.delivered, found.pending, found.dropped, ace_tracing.tracing_status().last_error)
try:
    search_traces(timeout=1)
except ace_tracing.ServiceError as error:
    print(error)
for descriptor in taken:
    os.close(descriptor)
found = ace_tracing.flush(60)
print(found.delivered, found.pending, found.dropped)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such limit")
@pytest.mark.parametrize("spool", ["0", "1"])
def test_traces_arrive_once_there_are_descriptors_again(spool: str, kayba_server: LocalServer, tmp_path: Path) -> None:
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)){PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", limited, kayba_server.url, spool],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done.stderr
    assert lines[0].startswith("0 3 0 "), done.stderr
    assert "limit of open files" in lines[0]
    assert "limit of open files" in lines[1]
    assert lines[2] == "3 0 0", done.stderr
