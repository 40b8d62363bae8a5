"""Trace search: pages of the traces that match a filter."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from kayba_local.store.database import Database, Transaction
from kayba_local.store.functions import report_failures
from kayba_local.store.query.columns import Clause
from kayba_local.store.query.conditions import Compiler
from kayba_local.store.query.grammar import parse_filter
from kayba_local.store.query.nodes import And, Comparison, Condition, Not, Or, Words
from kayba_local.store.query.paging import Page, SortKey, fetch_page, sort_keys
from kayba_local.store.traces import text_index
from kayba_local.store.traces.fields import is_field, resolve
from kayba_local.store.traces.traces import TraceInfo, read_infos

MAX_RARE_TRACES: Final = 5_000
"""Traces with a tag, metadata or a model that a search starts from, instead of trying all traces in their order."""
MAX_RARE_TEXTS: Final = 200_000
"""Texts with a word that a search starts from. To look for a word trace by trace takes some 1 ms each."""

MAX_CATCH_UP_SLICES: Final = 20
"""Slices of new texts, some thousand spans, that a search for words indexes before it starts."""

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
    parsed = parse(filter_text)
    catch_up(db, parsed)
    placeholders = ", ".join("?" * len(experiment_ids))
    experiments = tuple(int(id_) for id_ in experiment_ids)
    with db.read() as tx, report_failures():
        condition = compile_filter(tx, parsed)
        where = Clause(
            f"traces.experiment IN ({placeholders}) AND {condition.sql}", (*experiments, *condition.parameters)
        )
        page = fetch_rows(tx, where, order_by, limit, token)
        return TracePage(read_infos(tx, page.rows), page.next_token)


def fetch_rows(tx: Transaction, where: Clause, order_by: Sequence[str], limit: int, token: str | None) -> Page:
    """Return a page of the rows of `traces` that match a condition, newest first by default.

    Raises:
        InvalidValue: The order or the token is invalid.
    """
    return fetch_page(tx, "traces", where, sort_keys(order_by, resolve, _TIE_BREAKERS), limit, token)


def parse(filter_text: str) -> Condition:
    """Parse a filter of traces.

    Raises:
        InvalidFilter: The filter is malformed.
    """
    return parse_filter(filter_text, is_field)


def catch_up(db: Database, condition: Condition) -> None:
    """Index the texts of the latest spans, if a condition asks for words. Call it before the read transaction."""
    if _has_words(condition):
        # While another process writes, or on a full disk, a search finds the texts that are indexed already.
        with suppress(sqlite3.OperationalError):
            text_index.update(db, MAX_CATCH_UP_SLICES)


def compile_filter(tx: Transaction, condition: Condition) -> Clause:
    """Return a parsed filter as a condition on the rows of `traces`.

    Run queries with the condition in a block of `store.functions.report_failures`.

    Raises:
        InvalidFilter: The filter names an unknown field, or its operator or value has the wrong type.
    """

    def match_words(words: Words) -> Clause:
        return text_index.match_words(words, lambda select: _is_rare(tx, select, MAX_RARE_TEXTS))

    return Compiler(resolve, match_words, lambda select: _is_rare(tx, select, MAX_RARE_TRACES)).compile(condition)


def _has_words(condition: Condition) -> bool:
    match condition:
        case Words():
            return True
        case Comparison():
            return False
        case Not():
            return _has_words(condition.member)
        case And() | Or():
            return any(_has_words(member) for member in condition.members)


def _is_rare(tx: Transaction, select: Clause, limit: int) -> bool:
    """Return whether a SELECT has at most `limit` rows."""
    beyond = tx.row(f"SELECT 1 FROM ({select.sql}) LIMIT 1 OFFSET {limit}", select.parameters)  # noqa: S608 - SQL of this package; values are bound
    return beyond is None
