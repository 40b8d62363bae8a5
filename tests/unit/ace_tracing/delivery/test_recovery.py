"""The next traces of an orphaned spool are read while a request is in flight, and none is lost or counted twice."""

from __future__ import annotations

import ctypes
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.programs import wait_for

from ace_tracing.delivery import parallel
from ace_tracing.delivery.gil import GilYielder
from ace_tracing.delivery.http.results import Delivered, ExportResult, Retryable
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.parallel import EarlyCall
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.orphaned_log import OrphanedLog
from ace_tracing.delivery.spool.orphans import OrphanedSpool
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.delivery.worker import Worker
from ace_tracing.native import DaemonThread
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.feedback import Feedback
from ace_tracing.recording.tracer import Tracer

TRACES = 40
"""Of 200 KB each, so a request has six of them."""


class Exporter:
    """Counts the traces that `send` accepts, by id.

    Args:
        respond: Returns the result of the request with a number, from 1 on.
    """

    def __init__(self, respond: Callable[[int], ExportResult]) -> None:
        self.accepted: Counter[str] = Counter()
        self.requests = 0
        self._respond = respond

    def send(self, batch: ExportRequest) -> ExportResult:
        self.requests += 1
        result = self._respond(self.requests)
        if isinstance(result, Delivered):
            self.accepted.update(one.trace_id for one in batch.traces)
        return result

    def send_feedback(self, feedback: Feedback, *, is_repeated: bool) -> ExportResult | None:
        return Delivered()

    def close(self) -> None:
        """Do nothing."""


class Reads:
    """The threads that have read each orphaned log, and how many of them have reached its end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: set[int] = set()
        self.count = self.ends = 0
        self.error_at = -1
        read = OrphanedLog.read

        def record(log: OrphanedLog, max_bytes: int) -> object:
            self.threads.add(threading.get_ident())
            self.count += 1
            if self.count == self.error_at:
                raise MemoryError
            found = read(log, max_bytes)
            self.ends += log.is_read
            return found

        monkeypatch.setattr(OrphanedLog, "read", record)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    monkeypatch.setattr(GilYielder, "must_yield", False)
    return Reads(monkeypatch)


def make(home: Path) -> tuple[Spool, Buffer]:
    spool = Spool(str(home), "http://a", "kb-a")
    failures: list[OSError] = []
    return spool, Buffer(spool, MemoryStorage(2 * SEGMENT_BYTES), failures.append)


def leave_traces(tmp_path: Path, traces: int = TRACES) -> Path:
    """Return the folder of a spool as a killed process leaves it."""
    _, buffer = make(tmp_path / "spool")
    tracer = Tracer(buffer)
    for _ in range(traces):
        tracer.open(CallSite("large", "TOOL"), b'"%b"' % (b"x" * 200_000), None).end()
    shutil.copytree(tmp_path / "spool", tmp_path / "dead")
    return tmp_path / "dead"


def read_left(home: Path) -> list[str]:
    """Return the ids of the traces that the next process would find."""
    found = []
    for folder in Spool(str(home), "http://a", "kb-a").other_folders():
        orphan = OrphanedSpool.recover(folder)
        assert orphan is not None, "the folder is still locked"
        log = OrphanedLog(orphan)
        while not log.is_read:
            found += [one.trace.trace_id for one in log.read(1_000_000)]
        orphan.release()
    return found


def start(home: Path, respond: Callable[[int], ExportResult]) -> tuple[Worker, Exporter]:
    spool, own = make(home)
    exporter = Exporter(respond)
    worker = Worker(exporter, own, spool)
    worker.start()
    return worker, exporter


def wait_for_end_of(name: str) -> None:
    wait_for(lambda: not any(thread.name == name for thread in threading.enumerate()))


def test_next_traces_are_read_while_a_request_is_in_flight(tmp_path: Path, reads: Reads) -> None:
    def respond(_: int) -> ExportResult:
        # The worker's own thread waits here.
        wait_for(lambda: len(reads.threads) > 1)
        return Delivered()

    worker, exporter = start(leave_traces(tmp_path), respond)
    wait_for(lambda: worker.status().recovered == TRACES)
    worker.close(10)
    assert len(exporter.accepted) == exporter.accepted.total() == TRACES


@pytest.mark.parametrize("accepted", [0, 1, 3])
def test_close_in_flight_leaves_what_was_not_delivered(tmp_path: Path, reads: Reads, accepted: int) -> None:
    failed = threading.Event()

    def respond(number: int) -> ExportResult:
        if number <= accepted:
            return Delivered()
        failed.set()
        return Retryable("busy", 3600.0)

    home = leave_traces(tmp_path)
    worker, exporter = start(home, respond)
    assert failed.wait(20)
    worker.close(0.1)
    wait_for_end_of("ace-tracing")
    assert worker.status().recovered == exporter.accepted.total()
    left = read_left(home)
    assert len(left) == len(set(left)) == TRACES - exporter.accepted.total()
    assert not exporter.accepted.keys() & set(left)


def test_close_after_all_is_read_leaves_the_folder_unlocked(tmp_path: Path, reads: Reads) -> None:
    failed = threading.Event()

    def respond(_: int) -> ExportResult:
        failed.set()
        return Retryable("busy", 3600.0)

    home = leave_traces(tmp_path, 2)
    worker, _ = start(home, respond)
    assert failed.wait(20)
    worker.close(0.1)
    wait_for_end_of("ace-tracing")
    assert reads.ends == 1
    assert len(read_left(home)) == 2


def test_error_of_a_read_costs_and_repeats_no_trace(tmp_path: Path, reads: Reads) -> None:
    def respond(number: int) -> ExportResult:
        if number == 1:
            reads.error_at = reads.count + 3
        return Delivered()

    worker, exporter = start(leave_traces(tmp_path), respond)
    wait_for(lambda: worker.status().recovered > 0)
    while worker.status().recovered != TRACES:
        worker.hurry()
        wait_for(lambda count=exporter.requests: exporter.requests > count or worker.status().recovered == TRACES)
    worker.close(10)
    assert reads.count > reads.error_at
    assert len(exporter.accepted) == exporter.accepted.total() == TRACES


def test_nothing_is_read_ahead_while_spans_are_recorded(
    tmp_path: Path, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GilYielder, "must_yield", True)
    worker, exporter = start(leave_traces(tmp_path, 12), lambda _: Delivered())
    wait_for(lambda: worker.status().recovered == 12)
    worker.close(10)
    assert len(reads.threads) == 1
    assert exporter.accepted.total() == 12


def test_early_call_without_a_thread_is_made_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread(DaemonThread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(parallel, "DaemonThread", NoThread)
    call = EarlyCall(threading.get_ident)
    call.start()
    call.wait()
    assert call.result() == threading.get_ident()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_early_call_of_a_killed_thread_ends_with_an_error() -> None:
    idents: list[int] = []
    may_end = threading.Event()

    def run() -> None:
        idents.append(threading.get_ident())
        while not may_end.wait(0.001):
            pass

    call = EarlyCall(run)
    call.start()
    wait_for(lambda: idents)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(idents[0]), ctypes.py_object(SystemExit))
    call.wait()
    wait_for_end_of("early call")
    with pytest.raises(RuntimeError, match="killed"):
        call.result()
