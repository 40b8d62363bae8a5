"""Pipeline: all stages between a finished trace and one service.

`runtime` imports it in `configure`, since it takes longer to import than all modules that record. It imports every
module that the worker needs, on the caller's thread: other packages look modules up in `sys.modules` and must not find
one there that another thread is still importing.
"""

from __future__ import annotations

# Imported for `diagnostics` and `exceptions`, which must not import them inside a traced function.
import logging  # noqa: F401
import traceback  # noqa: F401
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import ace_tracing.delivery.http.preloaded  # noqa: F401
from ace_tracing.arguments import KAYBA, OTLP
from ace_tracing.delivery.exporter import SpanExporter
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.exporter import Exporter
from ace_tracing.delivery.http.otlp import OtlpExporter
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.cursors import Cursor, add_cursors
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.locked_buffer import select_buffer_class
from ace_tracing.delivery.spool.parts import SharedSpool
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.delivery.worker import Worker
from ace_tracing.diagnostics import warn
from ace_tracing.native import import_pool_for_gevent
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
        workers: Send the traces, one for each destination. Kayba's is the first.
        tracer: Starts the spans.
    """

    settings: Settings
    service: ServiceClient | None
    workers: tuple[Worker, ...]
    tracer: Tracer

    def renewed(self) -> Pipeline:
        """Return the same pipeline for a forked child, which shares nothing with its parent."""
        if self.service is not None:
            self.service.reset_after_fork()
        workers, buffer = build_delivery(self.settings, self.service)
        old = self.tracer
        tracer = Tracer(buffer, old.experiment, old.folder, old.sampler, old.mask, old.remote_parent)
        return Pipeline(self.settings, self.service, workers, tracer)


class _Destination(NamedTuple):
    """One destination of the traces.

    Attributes:
        name: Its name.
        exporter: Makes the attempts.
        address: The address and
        key: the key by which the spool separates its folders.
    """

    name: str
    exporter: SpanExporter
    address: str
    key: str


def use_certificates(workers: Sequence[Worker], settings: Settings) -> None:
    """Let the waiting traces of a collector use the files of certificates that are configured now."""
    for worker in workers:
        exporter = worker.exporter
        if (
            isinstance(exporter, OtlpExporter)
            and settings.otlp is not None
            and exporter.use_certificates(settings.otlp)
        ):
            worker.hurry()


def build_delivery(settings: Settings, service: ServiceClient | None) -> tuple[tuple[Worker, ...], Buffer]:
    """Create a worker for each destination, with its exporter, and their buffer."""
    destinations = _list_destinations(settings, service)
    memory = MemoryStorage(MEMORY_BYTES)
    if settings.spool is None:
        buffer = select_buffer_class()(memory, memory, _warn_without_spool)
        return _make_workers(settings, destinations, buffer, [None] * len(destinations)), buffer
    names = [(each.address, each.key) for each in destinations]
    storage = Spool(settings.spool, *names[0]) if len(names) == 1 else SharedSpool(settings.spool, names)
    spools: Sequence[Spool] = storage.parts if isinstance(storage, SharedSpool) else [storage]
    for each, spool in zip(destinations, spools, strict=True):
        spool.takes_feedback = each.name == KAYBA

    def fail_spool(error: OSError) -> None:
        for spool in spools:
            spool.failed = True
        _warn_without_spool(error)

    buffer = select_buffer_class()(storage, memory, fail_spool)
    return _make_workers(settings, destinations, buffer, spools), buffer


def _list_destinations(settings: Settings, service: ServiceClient | None) -> list[_Destination]:
    found = []
    if service is not None:
        found.append(_Destination(KAYBA, Exporter(service), settings.base_url, settings.api_key))
    if settings.otlp is not None:
        otlp = settings.otlp
        found.append(_Destination(OTLP, OtlpExporter(otlp), f"otlp {otlp.url}", repr(otlp.headers)))
    return found


def _make_workers(
    settings: Settings, destinations: Sequence[_Destination], buffer: Buffer, spools: Sequence[Spool | None]
) -> tuple[Worker, ...]:
    """Return a worker for each destination, which reads the buffer by itself or through a cursor."""
    readers: Sequence[Buffer | Cursor] = [buffer]
    if len(destinations) > 1:
        readers = add_cursors(buffer, tuple(each.name == KAYBA for each in destinations))
    return tuple(
        Worker(each.exporter, reader, spool, settings.show_running_after, each.name)
        for each, reader, spool in zip(destinations, readers, spools, strict=True)
    )


def _warn_without_spool(error: OSError) -> None:
    warn("spool", "The spool failed. Traces are kept in memory only and are lost if the process is killed: %s", error)
