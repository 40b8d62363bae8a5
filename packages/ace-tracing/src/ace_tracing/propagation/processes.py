"""The spawn context: configuration, parent span and scope for a process that `multiprocessing` starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ace_tracing import runtime
from ace_tracing.diagnostics import guard, warn
from ace_tracing.propagation.companion import companion
from ace_tracing.propagation.span_context import SpanContext, current_span_context
from ace_tracing.recording.context import Scope, current_scope, current_span
from ace_tracing.recording.sampling import Sampler
from ace_tracing.recording.tracer import state


class SpawnContext:
    """An object whose unpickling configures tracing in a new process.

    `spawn` and `forkserver` pickle it with the process object and send it through a pipe.

    Args:
        on_arrival: Called first in the new process, to patch it as the parent process is patched.
    """

    def __init__(self, on_arrival: Callable[[], object]) -> None:
        self._on_arrival = on_arrival

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Any, ...]]:
        bridge = companion.bridge
        other = None if bridge is None else bridge.pack(bridge.capture())
        return _restore, (
            self._on_arrival,
            _current_configuration(),
            current_span_context(),
            current_scope.get(),
            other,
        )


@guard("starting a process")
def _restore(
    on_arrival: Callable[[], object],
    configuration: dict[str, Any] | None,
    parent: SpanContext | None,
    scope: Scope | None,
    other: Any = None,
) -> None:
    on_arrival()
    # A `configure` call in the program's main module, which is imported later, overrides this one.
    if configuration is not None and not runtime.is_configured():
        runtime.configure(**configuration)
    if other is not None and (bridge := companion.bridge) is not None:
        bridge.enter(other)
    current_scope.set(scope)
    tracer = state.tracer
    if parent is not None and tracer is not None:
        current_span.set(parent.to_remote_parent(tracer))


def _current_configuration() -> dict[str, Any] | None:
    """Return the arguments of `configure` for a process like this one; None when it must not record."""
    pipeline = runtime.pipeline()
    if pipeline is None:
        return None
    # Only a process that starts others needs pickle.
    import pickle

    tracer, settings = pipeline.tracer, pipeline.settings
    sampler = tracer.sampler or Sampler(1.0)
    try:
        pickle.dumps(tracer.mask)
    except Exception:  # noqa: BLE001 - pickling runs the user's code
        warn("mask", "The mask cannot be pickled: processes started by spawn or forkserver do not trace")
        return None
    return {
        "api_key": settings.api_key or None,
        "base_url": settings.base_url if settings.has_kayba else None,
        "exporter": settings.exporter,
        "endpoint": settings.endpoint,
        "headers": settings.headers,
        "experiment": settings.experiment,
        "folder": tracer.folder,
        "sample_rate": sampler.rate,
        "keep_errors": sampler.keep_errors,
        "keep_slower_than": sampler.keep_slower_than,
        "remote_parent": tracer.remote_parent,
        "mask": tracer.mask,
        "spool": settings.spool is not None,
    }
