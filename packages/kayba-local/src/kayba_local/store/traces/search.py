"""Trace search: pages of the traces that match a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.store.database import Database, Transaction
from kayba_local.store.functions import report_failures
from kayba_local.store.query.columns import Clause
from kayba_local.store.query.conditions import Compiler
from kayba_local.store.query.grammar import parse_filter
from kayba_local.store.query.paging import SortKey, fetch_page, sort_keys
from kayba_local.store.traces.fields import is_field, resolve
from kayba_local.store.traces.traces import TraceInfo, read_infos

MAX_RARE_TRACES: Final = 5_000
"""Traces that a search starts from, instead of trying all traces in their order."""

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
        filter_text: A filter in the language of `query.grammar`.
        order_by: Fields, each with `ASC` or `DESC`.
        limit: Traces a page.
        token: The `next_token` of the previous page; None for the first page.

    Raises:
        InvalidValue: The filter, order or token is invalid.
    """
    keys = sort_keys(order_by, resolve, _TIE_BREAKERS)
    placeholders = ", ".join("?" * len(experiment_ids))
    experiments = tuple(int(id_) for id_ in experiment_ids)
    with db.read() as tx, report_failures():
        condition = compile_filter(tx, filter_text)
        where = Clause(
            f"traces.experiment IN ({placeholders}) AND {condition.sql}", (*experiments, *condition.parameters)
        )
        page = fetch_page(tx, "traces", where, keys, limit, token)
        return TracePage(read_infos(tx, page.rows), page.next_token)


def compile_filter(tx: Transaction, filter_text: str) -> Clause:
    """Return a filter as a condition on the rows of `traces`.

    Run queries with the condition in a block of `store.functions.report_failures`.

    Raises:
        InvalidFilter: The filter is malformed, or names an unknown field.
    """
    compiler = Compiler(resolve, is_rare=lambda select: _is_rare(tx, select))
    return compiler.compile(parse_filter(filter_text, is_field))


def _is_rare(tx: Transaction, select: Clause) -> bool:
    """Return whether a SELECT has at most `MAX_RARE_TRACES` rows."""
    beyond = tx.row(f"SELECT 1 FROM ({select.sql}) LIMIT 1 OFFSET {MAX_RARE_TRACES}", select.parameters)  # noqa: S608 - SQL of this package; values are bound
    return beyond is None
