"""Capture: frames go to another sink for a while, for `ace_tracing.testing`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ace_tracing.process import process
from ace_tracing.propagation.executors import propagate_into_pools
from ace_tracing.recording.sink import NULL_SINK, Sink
from ace_tracing.recording.tracer import Tracer

if TYPE_CHECKING:
    from ace_tracing.pipeline import Pipeline
    from ace_tracing.recording.trace import RemoteParentMode
    from ace_tracing.values.masking import Mask

_PYTEST_PLUGIN: Final = "pytest_ace_tracing"


@contextmanager
def capture_frames(sink: Sink) -> Iterator[None]:
    """Send the frames of every trace that starts in this block to `sink`, regardless of the configuration.

    The configuration before the block is restored afterwards.
    """
    propagate_into_pools()
    with process.lock:
        former = process.capture_tracer, process.enabled, process.folder, process.capture_defaults, process.pipeline
        usual = process.tracer or process.capture_defaults
        process.capture_tracer = Tracer(
            sink,
            usual.experiment if usual else None,
            process.folder,
            mask=usual.mask if usual else None,
            remote_parent=usual.remote_parent if usual else "auto",
        )
        process.enabled = True
        process.update_tracer()
    try:
        yield
    finally:
        with process.lock:
            inner = process.pipeline
            process.capture_tracer, process.enabled, process.folder, process.capture_defaults, before = former
            process.pipeline = _restore_pipeline(before, inner)
            process.update_tracer()


def is_capturing() -> bool:
    """Return whether a capture is running."""
    return process.capture_tracer is not None


def is_key_optional() -> bool:
    """Return whether `configure` needs no key: in a capture, and while pytest imports the tests, which may capture."""
    return is_capturing() or getattr(sys.modules.get(_PYTEST_PLUGIN), "is_collecting", False)


def configure_capture(
    experiment: str | None, folder: str | None, mask: Mask | None, remote_parent: RemoteParentMode
) -> None:
    """Set the folder of new traces, and apply a configuration to the running capture, or else to later captures."""
    with process.lock:
        process.folder = folder
        process.capture_defaults = Tracer(NULL_SINK, experiment, folder, None, mask, remote_parent)
        if tracer := process.capture_tracer:
            tracer.file(experiment, folder)
            tracer.mask = mask
            tracer.remote_parent = remote_parent


def _restore_pipeline(before: Pipeline | None, inner: Pipeline | None) -> Pipeline | None:
    """Return the pipeline for the time after a capture: the former one, unless it was shut down meanwhile."""
    if before is inner:
        return before
    workers, inner_workers = (pipeline.workers if pipeline else () for pipeline in (before, inner))
    if inner and inner.service and inner_workers != workers:
        # No trace has reached its worker, so there is nothing to send.
        inner.service.close()
    still_there = workers == inner_workers or {*workers} <= {*process.retired}
    process.retired[:] = [retired for retired in process.retired if retired not in workers]
    return before if still_there else None
