"""System clocks that stay real while a test freezes or patches time.

Libraries such as freezegun replace the functions of the module `time`, also in each module that has imported them. A
span that is open meanwhile would last for decades, and a frozen deadline would never pass. The functions here belong to
a second instance of the built-in module, which nothing else can reach.
"""

from __future__ import annotations

import sys
import time as _time
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from ace_tracing.interrupts import raise_interrupt

T = TypeVar("T")


def _load_time() -> Any:
    spec = _time.__spec__
    loader: Any = None if spec is None else spec.loader
    try:
        module: ModuleType = loader.create_module(spec)
        loader.exec_module(module)
    except Exception:  # noqa: BLE001 - an interpreter may not allow a second instance
        return _time
    return module


_real = _load_time()

sleep: Callable[[float], None] = _real.sleep
"""Suspends the thread of the operating system, with all its greenlets."""
perf_counter: Callable[[], float] = _real.perf_counter
perf_counter_ns: Callable[[], int] = _real.perf_counter_ns
thread_time: Callable[[], float] = _real.thread_time
# For deadlines. Some releases of time-machine replace `monotonic` in C, for all instances, but none this clock.
monotonic: Callable[[], float] = _real.perf_counter
_real_time_ns: Callable[[], int] = _real.time_ns


def pause(seconds: float) -> None:
    """Suspend the caller. In a greenlet of gevent or eventlet, the others run meanwhile."""
    _time.sleep(seconds)


def time_ns() -> int:
    """Return the time in nanoseconds since the epoch."""
    if "time_machine" in sys.modules:
        # time-machine replaces `time_ns` in C, for all instances of the module. Its escape raises at other times.
        try:
            return int(sys.modules["time_machine"].escape_hatch.time.time_ns())
        except Exception as error:  # noqa: BLE001 - see above
            raise_interrupt(error)
    return _real_time_ns()


def time() -> float:
    """Return the time in seconds since the epoch."""
    return time_ns() / 1e9


def real_class(kind: type[T]) -> type[T]:
    """Return the class of the module `datetime` that a class stands for, which replaces it while time is frozen."""
    return next(base for base in kind.__mro__ if base.__module__ == "datetime")
