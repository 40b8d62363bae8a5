"""A trace whose root has returned is stored once, even if its process crashes: points 1, 2 and 21."""

from __future__ import annotations

import json
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.faulty_server import FaultyServer, faulty_server
from tests.helpers.programs import TIMEOUT_S, Programs, numbered_names, read_line, recorded_ids, unexpected_lines

AT_ONCE = 4
# On Windows a killed process has an exit code, not a signal.
KILLED, TERMINATED = (-9, -15) if os.name == "posix" else (1, 1)
ROUND = 50


def kill(programs: Programs, url: str, id_file: Path, threads: int, seconds: float) -> list[str]:
    """Let a program trace for some seconds, kill it, and return the ids of the traces that it had finished."""
    process = programs.start("trace_until_killed", url, id_file, threads)
    read_line(process)
    threading.Event().wait(seconds)
    process.kill()
    assert process.wait(TIMEOUT_S) == KILLED
    return recorded_ids(id_file)


def kills(programs: Programs, server: FaultyServer, folder: Path, threads: int) -> list[str]:
    """Kill programs at random moments, some at once, and return the ids of the traces that they had finished."""
    moments = [random.uniform(0.05, 0.4) for _ in range(ROUND)]
    folder.mkdir()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [
            pool.submit(kill, programs, server.url, folder / str(number), threads, seconds)
            for number, seconds in enumerate(moments)
        ]
    return [trace_id for future in futures for trace_id in future.result()]


@pytest.mark.point(1)
@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.soak)], ids=["50", "500"])
def test_kill_at_a_random_moment_loses_and_duplicates_no_trace(
    programs: Programs, tmp_path: Path, threads: int, rounds: int
) -> None:
    for number in range(rounds):
        with faulty_server(keep_requests=False) as server:
            ids = kills(programs, server, tmp_path / f"ids{number}", threads)
            left = programs.report("deliver", server.url, "all")
            assert (left["pending"], left["dropped"]) == (0, 0)
            stored = server.store.traces
        lost = [trace_id for trace_id in ids if trace_id not in stored]
        doubled = [each for each in ids if sorted(span.name for span in stored.get(each, ())) != ["root", "step"]]
        assert len(ids) > 10 * ROUND
        assert len(set(ids)) == len(ids)
        assert (len(lost), len(doubled)) == (0, 0)


@pytest.mark.point(2)
@pytest.mark.parametrize("up", [True, False], ids=["server up", "server down"])
@pytest.mark.parametrize("ending", ["SIGTERM", "os._exit"])
def test_sigterm_and_os_exit_lose_no_trace(programs: Programs, ending: str, up: bool) -> None:
    with faulty_server(up=up) as server:
        process = programs.start("trace_and_exit", server.url, 200, "signal" if ending == "SIGTERM" else ending)
        assert '"is_default_handler": true' in read_line(process), "the library handles no signal"
        if ending == "SIGTERM":
            process.terminate()
        out, err = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == (TERMINATED if ending == "SIGTERM" else 5), err
        assert out == ""
        assert unexpected_lines(err) == [], err
        server.up()
        left = programs.report("deliver", server.url, "all")
        assert (left["pending"], left["dropped"]) == (0, 0)
        assert server.store.names == numbered_names(200)


@pytest.mark.point(1)
def test_open_spans_arrive_as_interrupted_after_a_crash(programs: Programs) -> None:
    with faulty_server() as server:
        programs.run("trace_and_exit", server.url, 0, "open span", code=5)
        programs.report("deliver", server.url, "all")
        spans = {span["name"]: span for batch in server.exported() for span in batch}
        assert set(spans) == {"root", "finished", "running"}
        assert len({span["traceId"] for span in spans.values()}) == 1
        root = spans["root"]["spanId"]
        assert [spans[name].get("parentSpanId") for name in ("finished", "running")] == [root, root]
        assert {name: is_interrupted(span) for name, span in spans.items()} == {
            "root": True,
            "finished": False,
            "running": True,
        }


def is_interrupted(span: dict[str, Any]) -> bool:
    marks = [each["value"] for each in span["attributes"] if each["key"] == "span.interrupted"]
    assert marks in ([], [{"boolValue": True}])
    assert (span["status"].get("code") == 2) is bool(marks)
    return bool(marks)


@pytest.mark.point(21)
@pytest.mark.parametrize("finders", [2, 6])
def test_orphaned_spool_is_delivered_by_exactly_one_process(programs: Programs, finders: int) -> None:
    with faulty_server(up=False) as server:
        programs.run("trace_and_exit", server.url, 300, "os._exit", code=5)
        server.up()
        started = [programs.start("deliver", server.url, "all") for _ in range(finders)]
        ended = [process.communicate(timeout=TIMEOUT_S) for process in started]
        assert [unexpected_lines(err) for _, err in ended] == [[]] * finders
        assert server.store.names == numbered_names(300)
        assert set(server.store.arrivals.values()) == {1}
        recovered = sorted(recovered_count(out) for out, _ in ended)
        assert recovered == [0] * (finders - 1) + [300]


def recovered_count(out: str) -> int:
    count: int = json.loads(out)["recovered"]
    return count


@pytest.mark.point(21)
def test_spool_of_a_running_process_is_not_recovered(programs: Programs) -> None:
    with faulty_server(up=False) as server:
        living = programs.start("trace_and_exit", server.url, 50, "signal")
        read_line(living)
        server.up()
        assert programs.report("deliver", server.url, "end")["recovered"] == 0
        living.kill()
        living.communicate()
        programs.report("deliver", server.url, "all")
        assert server.store.names == numbered_names(50)


@pytest.mark.point(21)
def test_spool_of_another_address_is_not_recovered(programs: Programs) -> None:
    with faulty_server(up=False) as first, faulty_server() as second:
        programs.run("trace_and_exit", first.url, 20, "os._exit", code=5)
        assert programs.report("deliver", second.url, "end")["recovered"] == 0
        first.up()
        assert programs.report("deliver", first.url, "all")["recovered"] == 20
        assert (second.requests, first.store.names) == ([], numbered_names(20))
