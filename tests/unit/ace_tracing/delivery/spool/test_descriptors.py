"""Code that closes all descriptors, as recipes for daemons do, costs neither traces nor files of the program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import numbered_names, wait_for

import ace_tracing
from kayba_local import LocalServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows keeps files open by other handles")

COMMON = """
import json, logging, os, sys, threading, time
import ace_tracing

URL, FOLDER = sys.argv[1:3]
ace_tracing.configure(api_key="kb-test", base_url=URL)
warnings = []
handler = logging.Handler()
handler.emit = lambda record: warnings.append(record.getMessage())
logging.getLogger("ace_tracing").addHandler(handler)


def make_traces(first, last, size=10):
    for number in range(first, last):
        with ace_tracing.start_span(f"n{number}") as span:
            span.set_inputs(os.urandom(size // 2).hex())


def close_all():
    # Nobody can close descriptors safely while another thread opens some: the worker must sleep.
    (worker,) = [thread for thread in threading.enumerate() if thread.name == "ace-tracing"]
    while sys._current_frames()[worker.ident].f_code.co_name != "sleep":
        time.sleep(0.01)
    os.closerange(3, 4096)


def take_numbers(size=4):
    # Later descriptors of the program get the numbers that were closed.
    files = [open(os.path.join(FOLDER, f"file{number}"), "w+b", buffering=0) for number in range(16)]
    for file in files:
        file.write(b"mine".ljust(size, b"-"))
    return files


def check(files, size=4):
    for file in files:
        content = os.pread(file.fileno(), 2 * size + 1, 0)
        assert content == b"mine".ljust(size, b"-"), (file.name, len(content))
        assert os.path.samestat(os.fstat(file.fileno()), os.stat(file.name)), file.name


def report(**values):
    print(json.dumps({**values, "warnings": warnings}), flush=True)
"""

CLOSED_WHILE_TRACING = """
make_traces(0, 20)
assert ace_tracing.flush(60)
close_all()
size = int(sys.argv[3])
files = take_numbers(size)
# They fill several segments, so that used ones are reused and deleted.
make_traces(20, 200, size=100_000)
is_flushed = bool(ace_tracing.flush(60))
check(files, size)
make_traces(200, 220)
delivery = ace_tracing.shutdown(60)
check(files, size)
report(is_flushed=is_flushed, pending=delivery.pending, dropped=delivery.dropped)
"""

ENDED_DURING_AN_OUTAGE = """
make_traces(0, 20)
close_all()
files = take_numbers()
make_traces(20, 200, size=100_000)
delivery = ace_tracing.shutdown(0.2)
check(files)
report(pending=delivery.pending, dropped=delivery.dropped)
"""

DAEMON = """
make_traces(0, 20)
read_end, write_end = os.pipe()
os.dup2(write_end, 1)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.closerange(3, 4096)
files = take_numbers()
make_traces(20, 40)
os.closerange(files[-1].fileno() + 1, 4096)
more = take_numbers()
make_traces(40, 60)
ace_tracing.shutdown(60)
check(files)
"""

RUNS_ON = """
make_traces(0, 20)
close_all()
files = take_numbers()
make_traces(20, 40)
report(ready=True)
sys.stdin.read()
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a program with pipes."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", COMMON + program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(program: str, *arguments: object) -> Any:
    """Run a program to its end, and return its report."""
    process = start(program, *arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(out) if out else None


@pytest.mark.parametrize("size", [4, 8 * 1024 * 1024])
def test_closed_descriptors_cost_no_trace_and_change_no_file(tmp_path: Path, size: int) -> None:
    with faulty_server() as server:
        report = run(CLOSED_WHILE_TRACING, server.url, tmp_path, size)
        assert (report["pending"], report["dropped"]) == (0, 0)
        assert server.store.names == numbered_names(220)


def test_process_whose_descriptors_were_closed_leaves_its_traces(tmp_path: Path) -> None:
    with faulty_server(up=False) as server:
        report = run(ENDED_DURING_AN_OUTAGE, server.url, tmp_path)
        assert report["dropped"] == 0
        server.up()
        recover(server.url, 200)
        assert server.store.names == numbered_names(200)
    assert not list(Path(os.environ["KAYBA_SPOOL_DIR"]).rglob("*.segment"))


def test_spool_is_not_recovered_while_its_process_runs(tmp_path: Path) -> None:
    with faulty_server(up=False) as server:
        process = start(RUNS_ON, server.url, tmp_path)
        assert process.stdout is not None
        assert process.stdout.readline(), process.communicate()[1]
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        folders = list(Path(os.environ["KAYBA_SPOOL_DIR"]).rglob("lock"))
        ace_tracing.shutdown(1)
        assert [path.exists() for path in folders] == [True]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        server.up()
        recover(server.url, 40)
        assert server.store.names == numbered_names(40)


def test_daemon_that_closes_all_descriptors_delivers_its_traces(kayba_server: LocalServer, tmp_path: Path) -> None:
    run(DAEMON, kayba_server.url, tmp_path)
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    wait_for(lambda: len(ace_tracing.search_traces(max_results=1_000)) == 60)
    ace_tracing.shutdown()
    assert stored_names(kayba_server.url) == sorted(numbered_names(60))


def recover(url: str, count: int) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=url)
    wait_for(lambda: ace_tracing.tracing_status().recovered == count)
    assert ace_tracing.shutdown(60)


def stored_names(url: str) -> list[str]:
    ace_tracing.configure(api_key="kb-test", base_url=url)
    found = ace_tracing.search_traces(max_results=1_000)
    ace_tracing.shutdown()
    return sorted(trace.data.spans[0].name for trace in found)
