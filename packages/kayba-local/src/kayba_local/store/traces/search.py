"""Searching traces: which fields a filter and an order may name, and pages of what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.store.database import Database
from kayba_local.store.query.conditions import Clause, Keyed, Number, Target, Text, compile_condition, unknown_field
from kayba_local.store.query.filters import Field, parse_filter
from kayba_local.store.query.paging import SortKey, fetch_page, sort_keys
from kayba_local.store.traces.traces import NAME_TAG, TraceInfo, read_infos

_START_MS: Final = "traces.request_ns / 1000000"
_DURATION_MS: Final = "traces.duration_ns / 1000000.0"

_TAGS: Final = "FROM trace_tags WHERE trace_tags.trace = traces.id AND trace_tags.key = ?"
_METADATA: Final = "FROM trace_metadata WHERE trace_metadata.trace = traces.id AND trace_metadata.key = ?"
_GROUPS: Final[Mapping[str, str]] = {
    "tag": _TAGS,
    "tags": _TAGS,
    "metadata": _METADATA,
    "request_metadata": _METADATA,
    "trace_metadata": _METADATA,
}
_ATTRIBUTE_GROUPS: Final = ("", "attribute", "attributes", "trace")

_START: Final = Number(_START_MS)
_DURATION: Final = Number(_DURATION_MS, nullable=True)
_END: Final = Number(f"({_START_MS} + COALESCE({_DURATION_MS}, 0))")
_STATE: Final = Text("traces.state")
_ID: Final = Text("traces.trace_id")
_ATTRIBUTES: Final[Mapping[str, Target]] = {
    "name": Keyed(_TAGS, NAME_TAG),
    "status": _STATE,
    "state": _STATE,
    "timestamp_ms": _START,
    "timestamp": _START,
    "request_time": _START,
    "execution_time_ms": _DURATION,
    "execution_time": _DURATION,
    "execution_duration": _DURATION,
    "end_time_ms": _END,
    "end_time": _END,
    "trace_id": _ID,
    "request_id": _ID,
    "client_request_id": Text("traces.client_request_id"),
    "run_id": Keyed(_METADATA, "mlflow.sourceRun"),
    "experiment_id": Number("traces.experiment"),
}
_KNOWN: Final = (*_ATTRIBUTES, "tags.KEY", "metadata.KEY")
_LAST: Final = (
    SortKey(Clause("traces.request_ns"), descending=True),
    SortKey(Clause("traces.trace_id"), descending=False),
)


@dataclass(frozen=True, slots=True)
class TracePage:
    """Some traces, and the token of the next page; None on the last one."""

    infos: list[TraceInfo]
    next_token: str | None


def search(
    db: Database,
    experiment_ids: Sequence[str],
    filter_text: str = "",
    order_by: Sequence[str] = (),
    limit: int = 100,
    token: str | None = None,
) -> TracePage:
    """A page of traces, newest first unless ordered otherwise.

    Args:
        db: The store.
        experiment_ids: Where to look; unknown ones hold nothing.
        filter_text: Conditions on fields (see `filters`): times in milliseconds, ``tags.KEY``, ``metadata.KEY``.
        order_by: The same fields, each with ``ASC`` or ``DESC``.
        limit: Traces a page.
        token: The `next_token` of the page before.

    Raises:
        InvalidValue: A filter, order or token that cannot be used.
    """
    condition = compile_condition(parse_filter(filter_text), _resolve)
    keys = sort_keys(order_by, _resolve, _LAST)
    places = ", ".join("?" * len(experiment_ids))
    inside = tuple(int(id_) for id_ in experiment_ids)
    where = Clause(f"traces.experiment IN ({places}) AND {condition.sql}", (*inside, *condition.parameters))
    with db.read() as tx:
        page = fetch_page(tx, "traces", where, keys, limit, token)
        return TracePage(read_infos(tx, page.rows), page.next_token)


def _resolve(field: Field) -> Target:
    group = field.group.lower()
    if group in _GROUPS:
        return Keyed(_GROUPS[group], field.key)
    target = _ATTRIBUTES.get(field.key.lower()) if group in _ATTRIBUTE_GROUPS else None
    if target is None:
        raise unknown_field(field, _KNOWN)
    return target
