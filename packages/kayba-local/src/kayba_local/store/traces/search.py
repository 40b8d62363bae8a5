"""Trace search: the fields of filters and orders, and pages of matching traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.store.database import Database
from kayba_local.store.query.conditions import (
    Clause,
    Column,
    KeyValueColumn,
    NumberColumn,
    TextColumn,
    compile_condition,
    unknown_field,
)
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

_END_NS: Final = "(traces.request_ns + COALESCE(traces.duration_ns, 0))"

# Filters compare milliseconds. Rows are sorted by the nanosecond: many traces can start in one millisecond.
_START: Final = NumberColumn(_START_MS, order="traces.request_ns")
_DURATION: Final = NumberColumn(_DURATION_MS, nullable=True, order="traces.duration_ns")
_END: Final = NumberColumn(f"({_START_MS} + COALESCE({_DURATION_MS}, 0))", order=_END_NS)
_STATE: Final = TextColumn("traces.state")
_ID: Final = TextColumn("traces.trace_id")
_ATTRIBUTES: Final[Mapping[str, Column]] = {
    "name": KeyValueColumn(_TAGS, NAME_TAG),
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
    "client_request_id": TextColumn("traces.client_request_id"),
    "run_id": KeyValueColumn(_METADATA, "mlflow.sourceRun"),
    "experiment_id": NumberColumn("traces.experiment"),
}
_FIELD_NAMES: Final = (*_ATTRIBUTES, "tags.KEY", "metadata.KEY")
_TIE_BREAKERS: Final = (
    SortKey(Clause("traces.request_ns"), descending=True),
    SortKey(Clause("traces.trace_id"), descending=False),
)


@dataclass(frozen=True, slots=True)
class TracePage:
    """A page of traces, and the token of the next page; None on the last page."""

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
    """Return a page of traces, newest first by default.

    Args:
        db: The store.
        experiment_ids: The experiments to search; unknown ids match no trace.
        filter_text: A filter in the language of `query.filters`; times are in milliseconds.
        order_by: Fields, each with `ASC` or `DESC`.
        limit: Traces a page.
        token: The `next_token` of the previous page; None for the first page.

    Raises:
        InvalidValue: The filter, order or token is invalid.
    """
    condition = compile_condition(parse_filter(filter_text), _resolve)
    keys = sort_keys(order_by, _resolve, _TIE_BREAKERS)
    placeholders = ", ".join("?" * len(experiment_ids))
    experiments = tuple(int(id_) for id_ in experiment_ids)
    where = Clause(f"traces.experiment IN ({placeholders}) AND {condition.sql}", (*experiments, *condition.parameters))
    with db.read() as tx:
        page = fetch_page(tx, "traces", where, keys, limit, token)
        return TracePage(read_infos(tx, page.rows), page.next_token)


def _resolve(field: Field) -> Column:
    group = field.group.lower()
    if group in _GROUPS:
        return KeyValueColumn(_GROUPS[group], field.key)
    column = _ATTRIBUTES.get(field.key.lower()) if group in _ATTRIBUTE_GROUPS else None
    if column is None:
        raise unknown_field(field, _FIELD_NAMES)
    return column
