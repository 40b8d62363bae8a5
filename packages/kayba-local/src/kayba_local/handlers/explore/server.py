"""Handlers of the server: its facts, retention and compaction, and the deletion of experiments."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from kayba_local.handlers.explore.forms import convert_errors
from kayba_local.http.operation import Call, Handler
from kayba_local.store import revisions
from kayba_local.store.explore.facts import read_facts
from kayba_local.upkeep import deletion, settings, space
from kayba_local.upkeep.retention import Retention

_NS_PER_MS: Final = 1_000_000


def get_server(call: Call) -> dict[str, Any]:
    """Return the version, the size and the counts of the store, and its retention."""
    with call.db.read() as tx:
        facts = read_facts(tx)
        written: dict[str, Any] = {
            "revision": revisions.read(tx),
            "version": version("kayba-local"),
            "traces": facts.traces,
            "spans": facts.spans,
            "storedBytes": space.used_bytes(tx) + space.free_bytes(tx),
            "freeBytes": space.free_bytes(tx),
            "keyRequired": call.requires_key,
            "retention": _write_retention(settings.read(tx)),
        }
    return written if facts.oldest_ns is None else {**written, "oldestMs": facts.oldest_ns / _NS_PER_MS}


def set_retention(call: Call) -> dict[str, Any]:
    """Set the retention of the store."""
    keep_bytes = call.body.get("keepBytes")
    retention = Retention(call.body.get("keepDays"), None if keep_bytes is None else int(keep_bytes))
    settings.save(call.db, retention)
    return _write_retention(retention)


def compact_store(call: Call) -> dict[str, Any]:
    """Give free space back to the file system."""
    before = _stored_bytes(call)
    space.shrink(call.db)
    call.db.checkpoint()
    return {"storedBytesBefore": before, "storedBytesAfter": _stored_bytes(call)}


@convert_errors
def delete_experiment(call: Call) -> dict[str, Any]:
    """Delete an experiment with all its traces."""
    count = deletion.delete_experiment(call.db, call.path["experiment_id"])
    with call.db.read() as tx:
        return {"revision": revisions.read(tx), "count": count}


def _stored_bytes(call: Call) -> int:
    with call.db.read() as tx:
        return space.used_bytes(tx) + space.free_bytes(tx)


def _write_retention(retention: Retention) -> dict[str, Any]:
    limits = {"keepDays": retention.keep_days, "keepBytes": retention.keep_bytes}
    return {name: value for name, value in limits.items() if value is not None}


HANDLERS: Final[Mapping[str, Handler]] = {
    "getServer": get_server,
    "setRetention": set_retention,
    "compactStore": compact_store,
    "deleteExperiment": delete_experiment,
}
