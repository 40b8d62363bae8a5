"""Recording and delivery while a test freezes or patches time: durations and deadlines are those of the real clock."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from unittest.mock import patch

import freezegun
import pytest
import time_machine
from tests.helpers.faulty_server import FakeResponse, faulty_server
from tests.helpers.server_process import run_server

import ace_tracing
from ace_tracing import clocks, flush, search_traces, start_span, trace
from ace_tracing.testing import CapturedTraces, capture_traces, fixed_clock
from imports import files_of
from kayba_local import LocalServer

LONG_AGO: Final = "1985-10-26"
FAR_FUTURE: Final = "2085-10-26"
HOUR_NS: Final = 3_600 * 10**9

Freeze = Callable[[], AbstractContextManager[object]]


@contextmanager
def patched() -> Iterator[None]:
    """Patch every clock of the module `time`, as tests with a mock do."""
    with ExitStack() as stack:
        for name in ("time", "monotonic", "perf_counter"):
            stack.enter_context(patch(f"time.{name}", return_value=5.0))
            stack.enter_context(patch(f"time.{name}_ns", return_value=5))
        yield


FREEZES: Final[dict[str, Freeze]] = {
    "freezegun": lambda: freezegun.freeze_time(LONG_AGO),
    "freezegun, future": lambda: freezegun.freeze_time(FAR_FUTURE),
    "freezegun, ticking": lambda: freezegun.freeze_time(LONG_AGO, tick=True),
    "freezegun, an hour for each reading": lambda: freezegun.freeze_time(LONG_AGO, auto_tick_seconds=3_600),
    "time-machine": lambda: time_machine.travel(LONG_AGO, tick=False),
    "time-machine, future": lambda: time_machine.travel(FAR_FUTURE),
    "mock": patched,
}

frozen = pytest.mark.parametrize("freeze", FREEZES.values(), ids=FREEZES)


def assert_real_times(traces: CapturedTraces, names: set[str]) -> None:
    spans = [span for found in traces for span in found.data.spans]
    now = time.time_ns()
    assert {span.name for span in spans} == names
    for span in spans:
        assert span.end_time_ns is not None
        assert 0 <= span.end_time_ns - span.start_time_ns < HOUR_NS
        assert abs(now - span.start_time_ns) < HOUR_NS
        assert all(span.start_time_ns <= event.timestamp <= span.end_time_ns for event in span.events)


@frozen
@pytest.mark.parametrize("span", [start_span, trace], ids=["start_span", "trace"])
def test_spans_inside_frozen_time_have_real_times(freeze: Freeze, span: object) -> None:
    @trace
    def call() -> None: ...

    with capture_traces() as traces, freeze():
        if span is trace:
            call()
        else:
            with start_span("block") as block:
                block.add_event("event")
                call()
    assert_real_times(traces, {"call"} if span is trace else {"block", "call"})


@frozen
def test_a_span_that_starts_or_ends_inside_frozen_time_has_a_real_duration(freeze: Freeze) -> None:
    around, inside = start_span("around"), start_span("inside")
    with capture_traces() as traces:
        around.__enter__()
        with freeze():
            with start_span("child") as child:
                child.add_event("event")
            around.__exit__(None, None, None)
            inside.__enter__()
        inside.__exit__(None, None, None)
    assert_real_times(traces, {"around", "child", "inside"})


@frozen
def test_values_are_recorded_whole_inside_frozen_time(freeze: Freeze) -> None:
    values = [[number] * 10 for number in range(1_000)]
    with capture_traces() as traces, freeze(), start_span("values") as span:
        span.set_outputs(values)
    assert traces[0].data.spans[0].outputs == values


@frozen
def test_traces_are_delivered_inside_frozen_time(freeze: Freeze) -> None:
    with faulty_server(FakeResponse(503), FakeResponse(503), FakeResponse()) as server, freeze():
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("step"):
            pass
        outcome = flush(timeout=120)
        ace_tracing.shutdown(timeout=120)
    assert (outcome.delivered, outcome.pending, outcome.dropped) == (1, 0, 0)


@frozen
def test_a_flush_returns_at_its_timeout_inside_frozen_time(freeze: Freeze) -> None:
    with faulty_server(*[FakeResponse(503)] * 1_000) as server, freeze():
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("step"):
            pass
        assert flush(timeout=0.2).pending == 1
        ace_tracing.shutdown(timeout=0.2)


@frozen
def test_traces_and_feedback_are_read_back_inside_frozen_time(tmp_path: Path, freeze: Freeze) -> None:
    # A server in this process would read the frozen clock, too, and close its connections at once.
    with run_server("--store", f"sqlite:///{tmp_path / 'kayba.db'}") as (_, url):
        ace_tracing.configure(api_key="kb-test", base_url=url)
        with freeze():
            with start_span("step") as span:
                pass
            ace_tracing.log_feedback(str(span.trace_id), "good", True)
            (found,) = search_traces()
        (assessment,) = ace_tracing.get_trace(str(span.trace_id)).info.assessments
        ace_tracing.shutdown()
    assert found.info.name == "step"
    assert abs(datetime.fromisoformat(assessment["create_time"]).timestamp() - time.time()) < 3_600


@frozen
def test_a_fixed_clock_counts_inside_frozen_time(freeze: Freeze) -> None:
    with capture_traces() as traces, freeze(), fixed_clock(start_ns=0, step_ns=7), start_span("step"):
        pass
    (span,) = traces[0].data.spans
    assert (span.start_time_ns, span.end_time_ns) == (0, 7)


IMPORTED_INSIDE: Final = """
import datetime, time
real, early = time.time_ns(), datetime.datetime(2020, 1, 2)
{freeze}:
    from ace.tracing import start_span, trace
    from ace_tracing.testing import capture_traces
    with capture_traces() as traces, start_span("outer") as outer:
        trace(lambda: 1)()
        outer.set_inputs(early)
        outer.set_outputs(datetime.datetime.now())
after = start_span("after")
with capture_traces() as later, after:
    pass
for found in (*traces, *later):
    for span in found.data.spans:
        assert 0 <= span.start_time_ns - real < 3600e9, span
        assert 0 <= span.end_time_ns - span.start_time_ns < 3600e9, span
outer, _ = traces[0].data.spans
print(outer.inputs, outer.outputs[:4], len(later))
"""


@pytest.mark.parametrize(
    ("freeze", "year"),
    [
        ("import freezegun\nwith freezegun.freeze_time('1985-10-26')", 1985),
        ("import time_machine\nwith time_machine.travel('1985-10-26', tick=False)", 1985),
        ("from unittest.mock import patch\nwith patch('time.time_ns', lambda: 5)", datetime.now().year),
    ],
)
def test_the_first_import_may_happen_inside_frozen_time(freeze: str, year: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED_INSIDE.format(freeze=freeze)], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.returncode) == (f"2020-01-02T00:00:00 {year} 1\n", 0), done.stderr


def test_the_background_thread_does_not_call_a_patched_sleep(tracing: LocalServer) -> None:
    with patch("time.sleep") as sleep:
        for _ in range(100):
            with start_span("step"):
                pass
        assert flush(timeout=120).delivered == 100
    assert sleep.mock_calls == []


def test_no_module_reads_the_clocks_of_the_module_time() -> None:
    reading = [
        module
        for module, path in files_of("ace_tracing").items()
        if not module.startswith("ace_tracing.testing")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name == "time" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "time")
    ]
    assert set(reading) == {"ace_tracing.clocks"}


def test_the_clocks_run_like_those_of_the_system() -> None:
    before = time.time_ns(), time.perf_counter_ns()
    read = clocks.time_ns(), clocks.perf_counter_ns()
    after = time.time_ns(), time.perf_counter_ns()
    assert all(low <= middle <= high for low, middle, high in zip(before, read, after, strict=True))
