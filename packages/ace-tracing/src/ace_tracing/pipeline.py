"""Everything between a finished trace and one service, put together.

`runtime` imports it when tracing is configured: it takes longer to import than all that records.
"""

from __future__ import annotations

# For `diagnostics` and `exceptions`, which must not be the first to import them, inside a traced function.
import logging  # noqa: F401
import traceback  # noqa: F401
from dataclasses import dataclass

from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.exporter import Exporter
from ace_tracing.delivery.spool.buffer import Buffer, MemoryStorage, best_buffer
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.worker import Worker
from ace_tracing.diagnostics import warn
from ace_tracing.recording.tracer import Tracer
from ace_tracing.settings import Settings

MEMORY_BYTES = 48 * 1024 * 1024
"""The most that waits in memory when there is no spool."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What `configure` makes."""

    settings: Settings
    service: ServiceClient
    worker: Worker
    tracer: Tracer

    def renewed(self) -> Pipeline:
        """The same for a forked child: nothing in it is shared with the parent."""
        self.service.reset_after_fork()
        worker, buffer = delivery(self.settings, self.service)
        old = self.tracer
        tracer = Tracer(buffer, old.experiment, old.folder, old.sampler, old.mask)
        return Pipeline(self.settings, self.service, worker, tracer)


def delivery(settings: Settings, service: ServiceClient) -> tuple[Worker, Buffer]:
    """Make the stages from the caller's last step to the exporter."""
    memory = MemoryStorage(MEMORY_BYTES)
    if settings.spool is None:
        buffer = best_buffer()(memory, memory, _cannot_spool)
        return Worker(Exporter(service), buffer), buffer
    spool = Spool(settings.spool, settings.base_url, settings.api_key)

    def failed(error: OSError) -> None:
        spool.failed = True
        _cannot_spool(error)

    buffer = best_buffer()(spool, memory, failed)
    return Worker(Exporter(service), buffer, spool), buffer


def _cannot_spool(error: OSError) -> None:
    warn("spool", "Traces are kept in memory only, and are lost if the process is killed: %s", error)
