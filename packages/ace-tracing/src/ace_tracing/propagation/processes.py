"""What a process of `multiprocessing` is given on its way: where traces go, and under which span it was started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ace_tracing import runtime
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.propagation.span_context import SpanContext, running
from ace_tracing.recording.sampling import Sampler
from ace_tracing.recording.tracer import current_span


class SpawnContext:
    """Says nothing until it is pickled, as `spawn` and `forkserver` do when they start a process, through a pipe.

    Args:
        arrived: called in the new process, where Python's own start-up is not patched yet.
    """

    def __init__(self, arrived: Callable[[], object]) -> None:
        self._arrived = arrived

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Any, ...]]:
        return _unpack, (self._arrived, _configuration(), running())


def _unpack(arrived: Callable[[], object], configuration: dict[str, Any] | None, parent: SpanContext | None) -> None:
    try:
        arrived()
        # What the program configures for itself, as its main module is imported, wins.
        if configuration is not None and not runtime.is_configured():
            runtime.configure(**configuration)
        tracer = runtime.state.tracer
        if parent is not None and tracer is not None:
            current_span.set(parent.take_up(tracer))
    except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
        internal_error("starting a process")


def _configuration() -> dict[str, Any] | None:
    """The arguments of `configure` for a process that does as this one; None when it is to record nothing."""
    pipeline = runtime.pipeline()
    if pipeline is None:
        return None
    # Here, since only a process that starts others needs it.
    import pickle

    tracer, settings = pipeline.tracer, pipeline.settings
    sampler = tracer.sampler or Sampler(1.0)
    try:
        pickle.dumps(tracer.mask)
    except Exception:  # noqa: BLE001 - pickling runs the user's code
        warn("mask", "The mask cannot be pickled: processes started by spawn or forkserver do not trace")
        return None
    return {
        "api_key": settings.api_key,
        "base_url": settings.base_url,
        "experiment": settings.experiment,
        "folder": tracer.folder,
        "sample_rate": sampler.rate,
        "keep_errors": sampler.keep_errors,
        "keep_slower_than": sampler.keep_slower_than,
        "mask": tracer.mask,
        "spool": settings.spool is not None,
    }
