"""Exceptions of signal handlers, as soft time limits raise them, while the SDK's code runs."""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pytest

from ace_tracing import diagnostics, start_span, trace
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.recording import ids
from ace_tracing.recording.context import current_span
from ace_tracing.recording.frames import SPAN_ID, STARTED
from ace_tracing.recording.tracer import Tracer, state

DELIVERIES: Final = 200
MAX_LOST: Final = 3
"""OpenTelemetry's decorator loses 2 to 25 of so many. A signal during the finalizer of any object is lost, too."""
INTERVAL_S: Final = 0.0005
"""Time until a signal, that of dozens of spans."""
KINDS: Final = [TimeoutError, ValueError, RuntimeError, KeyboardInterrupt]

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")


class SoftTimeLimitError(Exception):
    """The exception of a task queue."""


@dataclass
class Record:
    number: int = 1
    text: str = "abc"


RECORDS: Final = [Record() for _ in range(20)]


@trace
def add(left: int, right: int) -> int:
    return left + right


@trace
def add_twice(left: int, right: int) -> int:
    return add(add(left, right), right)


@trace
def count(records: list[Record]) -> list[Record]:
    return records


@trace
async def add_later(left: int, right: int) -> int:
    return left + right


@trace
def numbers() -> Iterator[int]:
    yield from (1, 2, 3)


@trace
async def numbers_later() -> AsyncIterator[int]:
    for number in (1, 2, 3):
        yield number


def call_function() -> None:
    add(1, 2)


def call_nested() -> None:
    add_twice(1, 2)


def call_with_records() -> None:
    count(RECORDS)


def call_with_many_values() -> None:
    add(list(range(1_000)), [])  # type: ignore[arg-type]


def call_coroutine() -> None:
    with suppress(StopIteration):
        add_later(1, 2).send(None)


def iterate() -> None:
    for _ in numbers():
        pass


def iterate_later() -> None:
    async def consume() -> None:
        async for _ in numbers_later():
            pass

    with suppress(StopIteration):
        consume().send(None)


def enter_block() -> None:
    with start_span("block") as span:
        span.set_attribute("key", 1)


CALLS: Final = [call_function, call_nested, call_with_records, call_coroutine, iterate, iterate_later, enter_block]


class Timer:
    """A signal whose handler raises, once for each `start`."""

    def __init__(self) -> None:
        self.kind: type[BaseException] = SoftTimeLimitError
        self.is_armed = False

    def start(self, kind: type[BaseException], seconds: float) -> None:
        self.kind = kind
        self.is_armed = True
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def handle(self, number: int, frame: object) -> None:
        if self.is_armed:
            self.is_armed = False
            raise self.kind("time is up")


@pytest.fixture
def timer() -> Iterator[Timer]:
    timer = Timer()
    before = signal.signal(signal.SIGALRM, timer.handle)
    yield timer
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def buffer(monkeypatch: pytest.MonkeyPatch) -> Buffer:
    """Record into a buffer, without a worker and without raising internal errors."""
    buffer = Buffer(MemoryStorage(2**26), MemoryStorage(2**26), lambda error: None)
    monkeypatch.setattr(state, "tracer", Tracer(buffer))
    monkeypatch.setattr(diagnostics, "loud", False)
    return buffer


def repeat(call: Callable[[], None], timer: Timer) -> None:
    while timer.is_armed:
        call()


def interrupt(call: Callable[[], None], timer: Timer, kind: type[BaseException], seconds: float) -> bool:
    """Repeat a call until the timer's exception leaves it; return False if the exception was lost."""
    try:
        timer.start(kind, seconds)
        # A function of its own: CPython 3.13 can raise at the end of a loop, outside of the `try` around the loop.
        repeat(call, timer)
    except kind:
        return True
    return False


def find_open_spans(buffer: Buffer) -> set[bytes]:
    """Return the ids of the spans that have started and not ended."""
    started, ended = set(), set()
    while buffer.has_unread():
        frames, _ = buffer.read(2**20)
        for _, frame in frames:
            (started if frame[0] == STARTED else ended).add(frame[SPAN_ID])
        if not frames:
            buffer.skip_gap()
    return started - ended


# Since 3.13, Python warns of an interrupt between `asend` and `await`.
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.point(23)
@pytest.mark.parametrize(
    ("call", "kind"), [(call_function, kind) for kind in KINDS] + [(call, SoftTimeLimitError) for call in CALLS]
)
def test_exceptions_of_signal_handlers_reach_the_caller(
    buffer: Buffer, timer: Timer, call: Callable[[], None], kind: type[BaseException]
) -> None:
    lost, dead, still_open = 0, 0, set[bytes]()
    for number in range(DELIVERIES):
        lost += not interrupt(call, timer, kind, INTERVAL_S * (1 + number / DELIVERIES))
        dead += current_span.get() is not None
        still_open |= find_open_spans(buffer)
    assert lost <= MAX_LOST
    assert dead == 0
    assert not still_open


@pytest.mark.point(23)
def test_exceptions_set_by_another_thread_reach_the_caller(buffer: Buffer) -> None:
    caller = ctypes.c_ulong(threading.get_ident())
    lost = 0
    for _ in range(DELIVERIES // 4):
        is_sent = threading.Event()

        def send(is_sent: threading.Event = is_sent) -> None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(caller, ctypes.py_object(SoftTimeLimitError))
            is_sent.set()

        thread = threading.Thread(target=send)
        try:
            thread.start()
            while not is_sent.is_set():
                call_with_many_values()
            call_with_many_values()
            lost += 1
        except SoftTimeLimitError:
            pass
        thread.join()
    assert lost <= MAX_LOST
    assert not find_open_spans(buffer)


@pytest.mark.parametrize("kind", [SoftTimeLimitError, SystemExit])
def test_exceptions_of_a_handler_leave_a_mask(
    buffer: Buffer, timer: Timer, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    def mask(value: Any) -> Any:
        timer.kind, timer.is_armed = kind, True
        signal.raise_signal(signal.SIGALRM)
        return value

    monkeypatch.setattr(state, "tracer", Tracer(buffer, mask=mask))
    with pytest.raises(kind):
        add(1, 2)


def test_a_mask_that_raises_does_not_reach_the_caller(buffer: Buffer, monkeypatch: pytest.MonkeyPatch) -> None:
    def mask(value: Any) -> Any:
        raise SoftTimeLimitError

    monkeypatch.setattr(state, "tracer", Tracer(buffer, mask=mask))
    assert add(1, 2) == 3


def test_traced_signal_handlers_run_after_an_internal_error(buffer: Buffer, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    @trace
    def handle(number: int, frame: object) -> None:
        calls.append(number)

    def fail(bits: int) -> int:
        raise RuntimeError

    monkeypatch.setattr(ids, "getrandbits", fail)
    handle(1, sys._getframe())
    assert calls == [1]


def test_a_block_that_was_never_left_ends_with_its_object(buffer: Buffer) -> None:
    block = start_span("block")
    block.__enter__()
    # An interrupt before the first line of `__exit__` has the same effect.
    del block
    assert current_span.get() is None
    assert not find_open_spans(buffer)
