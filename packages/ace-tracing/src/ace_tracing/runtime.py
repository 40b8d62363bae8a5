"""The composition root: wires the stages together, and holds the only global state of the package.

surface -> Tracer -> record -> Buffer -> logs -> assembly -> Worker -> encoder -> Exporter -> kayba_api
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ace_tracing.diagnostics import warn
from ace_tracing.recording.folders import clean_folder
from ace_tracing.recording.tracer import Sink, Tracer, current_span
from ace_tracing.values.masking import Mask

if TYPE_CHECKING:
    from ace_tracing.delivery.http.client import ServiceClient
    from ace_tracing.delivery.status import Delivery, TracingStatus
    from ace_tracing.delivery.worker import Worker
    from ace_tracing.pipeline import Pipeline

FLUSH_TIMEOUT_S = 30.0
SHUTDOWN_TIMEOUT_S = 5.0
SPOOLED_TIMEOUT_S = 1.5
"""How long the end of a process may take when what is not sent by then is kept for the next one."""


class _State:
    """What a traced function looks at: the tracer, or None while there is nothing to record."""

    __slots__ = ("tracer",)

    def __init__(self) -> None:
        self.tracer: Tracer | None = None


state = _State()

_lock = threading.RLock()
_pipeline: Pipeline | None = None
_retired: list[Worker] = []
_enabled = True
_folder: str | None = None
_capturing: Tracer | None = None


def configure(
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    experiment: str | None = None,
    folder: str | None = None,
    sample_rate: float = 1.0,
    keep_errors: bool = True,
    keep_slower_than: float | None = None,
    mask: Mask | None = None,
    spool: bool = True,
) -> None:
    """Say where traces go, and start recording. The service is first called when the first trace has finished, or, in
    the background, at once if a process that has ended left traces for it.

    Calling it again replaces everything it set; traces finished before still go where they were meant to.

    Args:
        api_key: the Kayba API key; the environment variable `KAYBA_API_KEY` by default.
        base_url: the service's address, with or without `/api`; the environment variable `KAYBA_API_URL`, then
            `https://use.kayba.ai`, by default.
        experiment: the name of the experiment that groups the traces; created on the service when it is missing. The
            service's `Default` experiment by default.
        folder: the folder that traces are filed in, as `set_folder` takes it; unfiled by default.
        sample_rate: the share of traces to keep, 0.0 to 1.0. The trace's id decides, so services that share a trace
            keep or drop it together.
        keep_errors: whether traces that failed are kept whatever the rate.
        keep_slower_than: seconds; traces that took longer are kept whatever the rate.
        mask: called with a plain JSON copy of every captured value (inputs, outputs, attributes, exceptions); gives
            what to record instead. When it raises, the value is withheld.
        spool: whether traces wait in files that survive the process, in the folder that the environment variable
            `KAYBA_SPOOL_DIR` names, by default one of the user's own. They are not encrypted, and only the user can
            read them. With False traces wait in memory, and those that wait are lost when the process is killed.

    With the environment variable `KAYBA_TRACING_DISABLED=1` it checks nothing and starts nothing.

    Raises:
        ConfigurationError: there is no key, the address is not an http(s) URL, the rate is not a share, or
            `keep_slower_than` is not a number of seconds. It is a ValueError, too.
    """
    global _pipeline, _folder
    # Here, and not with the package, which takes half as long to import without.
    from ace_tracing.delivery.fork import no_fork

    with no_fork():
        from ace_tracing.settings import is_disabled, resolve, sampler_of

        if is_disabled():
            return
        from ace_tracing.delivery.fork import deliver_at_end
        from ace_tracing.delivery.http.client import ServiceClient
        from ace_tracing.pipeline import Pipeline, delivery
    settings = resolve(api_key, base_url, experiment, folder, spool)
    sampler = sampler_of(sample_rate, keep_errors, keep_slower_than)
    with _lock:
        previous = _pipeline
        if previous and previous.settings.same_service(settings):
            service, worker, buffer = previous.service, previous.worker, previous.tracer.sink
        else:
            service = ServiceClient(settings.base_url, settings.api_key)
            worker, buffer = delivery(settings, service)
            if previous:
                _retired.append(previous.worker)
                if previous.worker.is_paused and previous.worker.is_spooled and worker.is_spooled:
                    # What the service did not take with the former key or address is left to the new worker, if it may.
                    previous.worker.close(0.0)
                    worker.start()
                else:
                    previous.worker.retire()
        tracer = Tracer(buffer, settings.experiment, settings.folder, sampler, mask)
        _pipeline = Pipeline(settings, service, worker, tracer)
        _folder = settings.folder
        if _capturing:
            _capturing.file(settings.experiment, settings.folder)
            _capturing.mask = mask
        _choose_tracer()
    if worker.has_left():
        worker.start()
    deliver_at_end(_deliver)


def set_folder(folder: str | None) -> None:
    """File the traces that start from now on in `folder`; None means unfiled.

    HTML tags and every character other than letters, digits, space and `_ - / .` are removed from the name; it is cut
    at 256 characters. A trace keeps the folder it started with.
    """
    global _folder
    with _lock:
        _folder = clean_folder(folder)
        if tracer := _tracer():
            tracer.file(tracer.experiment, _folder)


def get_folder() -> str | None:
    """The folder that traces starting now are filed in; None when they are unfiled."""
    return _folder


def enable() -> None:
    """Record again after `disable`. Tracing is enabled from the start, and records once `configure` was called."""
    global _enabled
    with _lock:
        _enabled = True
        _choose_tracer()


def disable() -> None:
    """Stop recording until `enable`. Spans that are running still end, and what is finished is still sent."""
    global _enabled
    with _lock:
        _enabled = False
        _choose_tracer()


def flush(timeout: float = FLUSH_TIMEOUT_S) -> Delivery:
    """Send everything finished so far now, waiting for it at most `timeout` seconds.

    Returns:
        What was delivered, what is still pending and what was dropped; true when nothing is pending or dropped. Never
        raises, and does nothing before `configure`.
    """
    from ace_tracing.delivery.status import Delivery

    deadline = time.monotonic() + timeout
    with _lock:
        workers = [*_retired, *([_pipeline.worker] if _pipeline else [])]
    if not workers:
        return Delivery()
    from ace_tracing.delivery.worker import hurry

    hurry(workers)
    return sum((worker.flush(max(0.0, deadline - time.monotonic())) for worker in workers), Delivery())


def shutdown(timeout: float | None = None) -> Delivery:
    """Stop recording, and send everything finished so far. `configure` starts anew.

    Called at the end of the process by itself.

    Args:
        timeout: seconds to wait for that at most; 1.5 by default if what is not sent by then is kept in the spool, for
            the next process to send, and 5 if it is not.

    Returns:
        What was delivered, what is still pending, and what was dropped.
    """
    return _shut_down(timeout)


def tracing_status() -> TracingStatus:
    """Tell how delivery stands: what was delivered, is pending and was dropped, and what the sender is doing.

    Never waits and never raises.
    """
    from ace_tracing.delivery.status import Delivery, TracingStatus

    with _lock:
        workers = [*_retired, *([_pipeline.worker] if _pipeline else [])]
    if not workers:
        return TracingStatus()
    now = workers[-1].status(None if _pipeline and _enabled else "off")
    before = sum((worker.delivery() for worker in workers[:-1]), Delivery())
    total = now + before
    return replace(now, delivered=total.delivered, pending=total.pending, dropped=total.dropped, reasons=total.reasons)


def _shut_down(timeout: float | None) -> Delivery:
    global _pipeline
    from ace_tracing.delivery.status import Delivery

    with _lock:
        workers = [*_retired, *([_pipeline.worker] if _pipeline else [])]
        spooled = all(worker.is_spooled for worker in workers)
        _retired.clear()
        _pipeline = None
        _choose_tracer()
    if not workers:
        return Delivery()
    from ace_tracing.delivery.worker import hurry

    if timeout is None:
        timeout = SPOOLED_TIMEOUT_S if spooled else SHUTDOWN_TIMEOUT_S
    deadline = time.monotonic() + timeout
    hurry(workers)
    left = (max(0.0, deadline - time.monotonic()) for _ in workers)
    delivery = sum((worker.close(next(left)) for worker in workers), Delivery())
    if delivery.pending:
        _warn_of_pending(delivery.pending, timeout, spooled)
    return delivery


def _warn_of_pending(pending: int, timeout: float, spooled: bool) -> None:
    if spooled:
        warn("shutdown", "%d traces could not be sent in %.1f s and wait for the next process", pending, timeout)
    else:
        warn("shutdown", "%d traces could not be sent in %.1f s and are lost", pending, timeout)


@contextmanager
def capturing(sink: Sink) -> Iterator[None]:
    """Hand every trace that starts in this block to `sink`, whatever is configured; then all is as it was before."""
    global _capturing, _enabled, _folder, _pipeline
    with _lock:
        former = _capturing, _enabled, _folder, _pipeline
        usual = _tracer()
        _capturing = Tracer(sink, usual.experiment if usual else None, _folder, mask=usual.mask if usual else None)
        _enabled = True
        _choose_tracer()
    try:
        yield
    finally:
        with _lock:
            inner = _pipeline
            _capturing, _enabled, _folder, before = former
            _pipeline = _after_capture(before, inner)
            _choose_tracer()


def _after_capture(before: Pipeline | None, inner: Pipeline | None) -> Pipeline | None:
    """What is configured when a capture ends: what was before it, unless that was shut down meanwhile."""
    if before is inner:
        return before
    worker, inner_worker = (pipeline and pipeline.worker for pipeline in (before, inner))
    if inner and inner_worker is not worker:
        # No trace has reached its worker: there is nothing to send.
        inner.service.close()
    still_there = worker is inner_worker or worker in _retired
    _retired[:] = [retired for retired in _retired if retired is not worker]
    return before if still_there else None


def _choose_tracer() -> None:
    """Let traced functions see the tracer that records now, if any. The lock is held."""
    state.tracer = _tracer() if _enabled else None


def _tracer() -> Tracer | None:
    """The tracer that records while recording is enabled."""
    return _capturing or (_pipeline.tracer if _pipeline else None)


def service() -> ServiceClient:
    """The service that traces go to, for queries.

    Raises:
        ConfigurationError: `configure` was not called.
    """
    if _pipeline is None:
        from ace_tracing.errors import ConfigurationError

        raise ConfigurationError("Tracing is not configured: call configure(api_key=...) first.")
    return _pipeline.service


def default_experiment() -> str | None:
    """The name of the experiment that traces starting now belong to; None for the service's default."""
    return _pipeline.settings.experiment if _pipeline else None


def pipeline() -> Pipeline | None:
    """What `configure` has made; None while nothing is to be recorded."""
    return _pipeline if _enabled else None


def is_configured() -> bool:
    """Whether there is somewhere for traces to go."""
    return _pipeline is not None


def _deliver() -> None:
    """At the end of a process that `multiprocessing` runs, which leaves past `atexit`."""
    _shut_down(None)


def _at_exit() -> None:
    # Nothing is imported at the end of a program that never configured tracing.
    if _pipeline or _retired:
        _shut_down(None)


def _renew_after_fork() -> None:
    """In a forked child: no lock that the parent's threads hold, none of the parent's traces, no shared connection.

    Below the span that forked, the child's go on. Those of other tasks are the parent's alone.
    """
    global _lock, _pipeline
    _lock = threading.RLock()
    for worker in _retired:
        worker.abandon()
    _retired.clear()
    if _pipeline:
        _pipeline.worker.abandon()
        _pipeline = _pipeline.renewed()
        from ace_tracing.delivery.fork import deliver_at_end

        deliver_at_end(_deliver)
    _choose_tracer()
    running = current_span.get()
    if running is not None and (tracer := _tracer()):
        running._trace.inherit(tracer)


# The exit handler waits for nothing when nothing is pending; both registrations are a few bytes and no I/O.
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
