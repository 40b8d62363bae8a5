"""Pipeline: all stages between a finished trace and one service.

`runtime` imports it in `configure`, since it takes longer to import than all modules that record. It imports every
module that the worker needs, on the caller's thread: other packages look modules up in `sys.modules` and must not find
one there that another thread is still importing.
"""

from __future__ import annotations

# Imported for `diagnostics` and `exceptions`, which must not import them inside a traced function.
import logging  # noqa: F401
import traceback  # noqa: F401
from dataclasses import dataclass
from typing import Final

import ace_tracing.delivery.http.preloaded  # noqa: F401
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.exporter import Exporter
from ace_tracing.delivery.http.otlp import OtlpExporter
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.locked_buffer import select_buffer_class
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.delivery.worker import Worker
from ace_tracing.diagnostics import warn
from ace_tracing.native import import_pool_for_gevent
from ace_tracing.otlp_settings import OtlpSettings
from ace_tracing.recording.tracer import Tracer
from ace_tracing.settings import Settings

MEMORY_BYTES: Final = 48 * 1024 * 1024
"""Size limit of the traces that wait in memory when there is no spool."""


import_pool_for_gevent()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages that `configure` creates.

    Attributes:
        settings: The resolved arguments of `configure`.
        service: The client of the service. None when no traces are sent to Kayba.
        worker: Sends the traces.
        tracer: Starts the spans.
    """

    settings: Settings
    service: ServiceClient | None
    worker: Worker
    tracer: Tracer

    def renewed(self) -> Pipeline:
        """Return the same pipeline for a forked child, which shares nothing with its parent."""
        if self.service is not None:
            self.service.reset_after_fork()
        worker, buffer = build_delivery(self.settings, self.service)
        old = self.tracer
        tracer = Tracer(buffer, old.experiment, old.folder, old.sampler, old.mask, old.remote_parent)
        return Pipeline(self.settings, self.service, worker, tracer)


def build_delivery(settings: Settings, service: ServiceClient | None) -> tuple[Worker, Buffer]:
    """Create the worker, with its exporter, and its buffer."""
    memory = MemoryStorage(MEMORY_BYTES)
    exporter = Exporter(service) if service is not None else OtlpExporter(settings.otlp or OtlpSettings())
    if settings.spool is None:
        buffer = select_buffer_class()(memory, memory, _warn_without_spool)
        return Worker(exporter, buffer, None, settings.show_running_after), buffer
    spool = Spool(settings.spool, *_spool_names(settings))

    def fail_spool(error: OSError) -> None:
        spool.failed = True
        _warn_without_spool(error)

    buffer = select_buffer_class()(spool, memory, fail_spool)
    return Worker(exporter, buffer, spool, settings.show_running_after), buffer


def _spool_names(settings: Settings) -> tuple[str, str]:
    """Return the address and the key of the destination, by which the spool separates its folders."""
    if settings.otlp is None or settings.has_kayba:
        return settings.base_url, settings.api_key
    return f"otlp {settings.otlp.url}", repr(settings.otlp.headers)


def _warn_without_spool(error: OSError) -> None:
    warn("spool", "The spool failed. Traces are kept in memory only and are lost if the process is killed: %s", error)
