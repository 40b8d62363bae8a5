"""A trace whose root has returned is stored once, whatever becomes of its process: points 1, 2 and 21."""

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
from tests.helpers.programs import Programs, beside_warnings, names, told_in

AT_ONCE = 4
# Windows ends a process with a code, not by a signal.
KILLED, TERMINATED = (-9, -15) if os.name == "posix" else (1, 1)
ROUND = 50


def kill(programs: Programs, url: str, told: Path, threads: int, seconds: float) -> list[str]:
    """Let a program trace for that long, kill it, and give the traces that it had finished."""
    process = programs.start("trace_until_killed", url, told, threads)
    assert process.stdout is not None
    assert process.stdout.readline(), process.communicate()[1]
    threading.Event().wait(seconds)
    process.kill()
    assert process.wait(30) == KILLED
    return told_in(told)


def kills(programs: Programs, server: FaultyServer, folder: Path, threads: int) -> list[str]:
    """Kill programs at random moments, some at once; give the traces that they had finished."""
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
def test_killed_at_a_random_moment_nothing_is_lost_and_nothing_doubled(
    programs: Programs, tmp_path: Path, threads: int, rounds: int
) -> None:
    for number in range(rounds):
        with faulty_server(keep_requests=False) as server:
            told = kills(programs, server, tmp_path / f"told{number}", threads)
            left = programs.report("deliver", server.url, "all")
            assert (left["pending"], left["dropped"]) == (0, 0)
            stored = server.store.traces
        lost = [trace_id for trace_id in told if trace_id not in stored]
        doubled = [each for each in told if sorted(span.name for span in stored.get(each, ())) != ["root", "step"]]
        assert len(told) > 10 * ROUND
        assert len(set(told)) == len(told)
        assert (len(lost), len(doubled)) == (0, 0)


@pytest.mark.point(2)
@pytest.mark.parametrize("up", [True, False], ids=["server up", "server down"])
@pytest.mark.parametrize("ending", ["SIGTERM", "os._exit"])
def test_ended_without_a_chance_to_say_goodbye_nothing_is_lost(programs: Programs, ending: str, up: bool) -> None:
    with faulty_server(up=up) as server:
        process = programs.start("trace_and_end", server.url, 200, "signal" if ending == "SIGTERM" else ending)
        assert process.stdout is not None
        assert '"handler": true' in process.stdout.readline(), "we handle no signal"
        if ending == "SIGTERM":
            process.terminate()
        out_and_err = process.communicate(timeout=30)
        assert process.returncode == (TERMINATED if ending == "SIGTERM" else 5)
        assert out_and_err[0] == ""
        assert beside_warnings(out_and_err[1]) == []
        server.up()
        left = programs.report("deliver", server.url, "all")
        assert (left["pending"], left["dropped"]) == (0, 0)
        assert server.store.names == names(200)


@pytest.mark.point(1)
def test_spans_still_open_at_a_crash_arrive_as_interrupted_under_their_trace(programs: Programs) -> None:
    with faulty_server() as server:
        assert programs.run("trace_and_end", server.url, 0, "open span").returncode == 5
        programs.report("deliver", server.url, "all")
        spans = {span["name"]: span for batch in server.exported() for span in batch}
        assert set(spans) == {"root", "finished", "running"}
        assert len({span["traceId"] for span in spans.values()}) == 1
        root = spans["root"]["spanId"]
        assert [spans[name].get("parentSpanId") for name in ("finished", "running")] == [root, root]
        assert {name: interrupted(span) for name, span in spans.items()} == {
            "root": True,
            "finished": False,
            "running": True,
        }


def interrupted(span: dict[str, Any]) -> bool:
    marks = [each["value"] for each in span["attributes"] if each["key"] == "span.interrupted"]
    assert marks in ([], [{"boolValue": True}])
    assert (span["status"].get("code") == 2) is bool(marks)
    return bool(marks)


@pytest.mark.point(21)
@pytest.mark.parametrize("finders", [2, 6])
def test_of_several_that_find_an_orphan_exactly_one_ships_it(programs: Programs, finders: int) -> None:
    with faulty_server(up=False) as server:
        assert programs.run("trace_and_end", server.url, 300, "os._exit").returncode == 5
        server.up()
        started = [programs.start("deliver", server.url, "all") for _ in range(finders)]
        ended = [process.communicate(timeout=60) for process in started]
        assert [beside_warnings(err) for _, err in ended] == [[]] * finders
        assert server.store.names == names(300)
        assert set(server.store.arrivals.values()) == {1}
        recovered = sorted(recovered_by(out) for out, _ in ended)
        assert recovered == [0] * (finders - 1) + [300]


def recovered_by(said: str) -> int:
    count: int = json.loads(said)["recovered"]
    return count


@pytest.mark.point(21)
def test_what_lives_is_not_adopted(programs: Programs) -> None:
    with faulty_server(up=False) as server:
        living = programs.start("trace_and_end", server.url, 50, "signal")
        assert living.stdout is not None
        assert living.stdout.readline()
        server.up()
        assert programs.report("deliver", server.url, "end")["recovered"] == 0
        living.kill()
        living.communicate()
        programs.report("deliver", server.url, "all")
        assert server.store.names == names(50)


@pytest.mark.point(21)
def test_what_is_kept_for_another_address_stays(programs: Programs) -> None:
    with faulty_server(up=False) as first, faulty_server() as second:
        assert programs.run("trace_and_end", first.url, 20, "os._exit").returncode == 5
        assert programs.report("deliver", second.url, "end")["recovered"] == 0
        first.up()
        assert programs.report("deliver", first.url, "all")["recovered"] == 20
        assert (second.requests, first.store.names) == ([], names(20))
