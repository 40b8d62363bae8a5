"""State of tracing in this process, and its lifetime: shutdown, process exit and fork."""

from __future__ import annotations

import atexit
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from ace_tracing.clocks import monotonic
from ace_tracing.diagnostics import warn
from ace_tracing.forks import on_fork, renew_if_forked
from ace_tracing.native import RLock
from ace_tracing.recording.context import current_span
from ace_tracing.recording.tracer import Tracer, state

if TYPE_CHECKING:
    from ace_tracing.delivery.status import Delivery
    from ace_tracing.delivery.worker import Worker
    from ace_tracing.pipeline import Pipeline

SHUTDOWN_TIMEOUT_S: Final = 5.0
SPOOLED_TIMEOUT_S: Final = 1.5
"""Time limit of a shutdown when undelivered traces are kept in the spool for the next process."""


class ProcessState:
    """State that `configure`, `enable`, `disable` and `set_folder` change. Hold `lock` while changing it.

    Attributes:
        lock: Guards the other attributes.
        pipeline: The configured pipeline. None before `configure` and after `shutdown`.
        retired: Workers of earlier configurations that may still have traces to send.
        enabled: Whether recording is enabled.
        folder: The folder of new traces. None for unfiled.
        capture_tracer: The tracer of the running capture, which takes precedence over the pipeline's tracer.
        capture_defaults: The settings of later captures, from a `configure` without a key.
    """

    def __init__(self) -> None:
        self._lock: AbstractContextManager[bool] = RLock()
        self._pipeline: Pipeline | None = None
        self.retired: list[Worker] = []
        self.enabled = True
        self.folder: str | None = None
        self.capture_tracer: Tracer | None = None
        self.capture_defaults: Tracer | None = None

    @property
    def lock(self) -> AbstractContextManager[bool]:
        """The lock. A forked child is renewed before it gets one."""
        renew_if_forked()
        return self._lock

    @property
    def pipeline(self) -> Pipeline | None:
        """The configured pipeline, never the one of a parent process."""
        renew_if_forked()
        return self._pipeline

    @pipeline.setter
    def pipeline(self, pipeline: Pipeline | None) -> None:
        self._pipeline = pipeline

    @property
    def tracer(self) -> Tracer | None:
        """The tracer that records while recording is enabled."""
        return self.capture_tracer or (self.pipeline.tracer if self.pipeline else None)

    @property
    def workers(self) -> list[Worker]:
        """All workers, those of the present configuration last."""
        return [*self.retired, *(self.pipeline.workers if self.pipeline else ())]

    def update_tracer(self) -> None:
        """Publish the active tracer to traced functions."""
        state.tracer = self.tracer if self.enabled else None

    def renew(self) -> None:
        """Replace everything that a forked child must not share with its parent.

        That is locks, undelivered traces and connections. New spans below the span that forked belong to the child.
        Spans of other tasks belong to the parent only.
        """
        self._lock = RLock()
        for worker in self.retired:
            worker.abandon()
        self.retired.clear()
        if self._pipeline:
            for worker in self._pipeline.workers:
                worker.abandon()
            self._pipeline = self._pipeline.renewed()
            from ace_tracing.delivery.fork import register_exit_delivery

            register_exit_delivery(deliver_at_exit)
        self.update_tracer()
        running = current_span.get()
        if running is not None and (tracer := self.tracer):
            running._trace.inherit(tracer.sink)


process: Final = ProcessState()


def shut_down(timeout: float | None = None) -> Delivery:
    """Stop recording and send every finished trace. See `runtime.shutdown`."""
    from ace_tracing.delivery.status import Delivery

    with process.lock:
        workers = process.workers
        spooled = all(worker.is_spooled for worker in workers)
        process.retired.clear()
        process.pipeline = None
        process.update_tracer()
    if not workers:
        return Delivery()
    from ace_tracing.delivery.worker import hurry

    if timeout is None:
        timeout = SPOOLED_TIMEOUT_S if spooled else SHUTDOWN_TIMEOUT_S
    deadline = monotonic() + timeout
    hurry(workers)
    left = (max(0.0, deadline - monotonic()) for _ in workers)
    delivery = sum((worker.close(next(left)) for worker in workers), Delivery())
    if delivery.pending:
        _warn_of_pending(delivery.pending, timeout, spooled)
    return delivery


def deliver_at_exit() -> None:
    """Deliver at the exit of a process of `multiprocessing`, which does not run `atexit`."""
    shut_down()


def _warn_of_pending(pending: int, timeout: float, spooled: bool) -> None:
    if spooled:
        warn(
            "shutdown",
            "%d traces or feedback were not sent in %.1f s. They are kept for the next process",
            pending,
            timeout,
        )
    else:
        warn("shutdown", "%d traces or feedback were not sent in %.1f s. They are lost", pending, timeout)


def _at_exit() -> None:
    # A program that never configured tracing must not import anything at its exit.
    if process.pipeline or process.retired:
        shut_down()


# Both registrations take a few bytes and no I/O. The exit handler does not wait when no trace is pending.
atexit.register(_at_exit)
on_fork(process.renew)
