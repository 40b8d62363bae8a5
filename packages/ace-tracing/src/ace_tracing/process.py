"""State of tracing in this process, and its lifetime: shutdown, process exit and fork."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Final

from ace_tracing.clocks import monotonic
from ace_tracing.diagnostics import warn
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
        self.lock = threading.RLock()
        self.pipeline: Pipeline | None = None
        self.retired: list[Worker] = []
        self.enabled = True
        self.folder: str | None = None
        self.capture_tracer: Tracer | None = None
        self.capture_defaults: Tracer | None = None

    @property
    def tracer(self) -> Tracer | None:
        """The tracer that records while recording is enabled."""
        return self.capture_tracer or (self.pipeline.tracer if self.pipeline else None)

    @property
    def workers(self) -> list[Worker]:
        """All workers, the one of the present configuration last."""
        return [*self.retired, *([self.pipeline.worker] if self.pipeline else [])]

    def update_tracer(self) -> None:
        """Publish the active tracer to traced functions."""
        state.tracer = self.tracer if self.enabled else None


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


def _renew_after_fork() -> None:
    """Replace everything that the child must not share with its parent: locks, undelivered traces and connections.

    New spans below the span that forked belong to the child. Spans of other tasks belong to the parent only.
    """
    process.lock = threading.RLock()
    for worker in process.retired:
        worker.abandon()
    process.retired.clear()
    if process.pipeline:
        process.pipeline.worker.abandon()
        process.pipeline = process.pipeline.renewed()
        from ace_tracing.delivery.fork import register_exit_delivery

        register_exit_delivery(deliver_at_exit)
    process.update_tracer()
    running = current_span.get()
    if running is not None and (tracer := process.tracer):
        running._trace.inherit(tracer.sink)


# Both registrations take a few bytes and no I/O. The exit handler does not wait when no trace is pending.
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
