"""Totals of a trace: the sums and the first values over its spans, the same in whatever order the spans arrive.

A model call counts once: frameworks repeat its tokens and its cost on the spans around and beside it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from kayba_local.conventions import Report, find_counted
from kayba_local.otlp.columns import STATUS_ERROR
from kayba_local.otlp.records import SpanRecord

MAX_SUM: Final = 2**63 - 1
"""The largest sum of tokens that is stored."""


class Usage(NamedTuple):
    """The sums of tokens and cost of a trace; None if no span reports any."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None


NO_USAGE: Final = Usage()


class Reporter(NamedTuple):
    """A span of a trace, with the usage that it reports; none for a span that has only its place in the tree."""

    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int
    usage: Usage


class Totals(NamedTuple):
    """The sums and the first values over the spans of a trace.

    Attributes:
        error_type: The type of the error of the span that speaks for the trace, or of the span that failed first.
        error: Its message.
        agent: The agent of the earliest span that names one. The same for session and user.
        models: The models of all spans.
    """

    span_count: int
    error_count: int
    error_type: str | None
    error: str | None
    agent: str | None
    session_id: str | None
    user_id: str | None
    models: frozenset[str]
    usage: Usage


def add_up(spans: Sequence[SpanRecord], source: SpanRecord) -> Totals:
    """Return the totals of a trace.

    Args:
        spans: The spans of the trace, each once.
        source: The span that speaks for the trace.
    """
    failed: list[SpanRecord] = []
    with_values: list[SpanRecord] = []
    reports_usage = False
    for span in spans:
        columns = span.columns
        if columns.status == STATUS_ERROR:
            failed.append(span)
        if columns.agent or columns.session_id or columns.user_id or columns.model:
            with_values.append(span)
        if columns.total_tokens is not None or columns.cost is not None:
            reports_usage = True
    error_type, error = find_error(failed, source) if failed else (None, None)
    agent = session_id = user_id = None
    models: frozenset[str] = frozenset()
    if with_values:
        with_values.sort(key=_by_start)
        agent = next((span.columns.agent for span in with_values if span.columns.agent), None)
        session_id = next((span.columns.session_id for span in with_values if span.columns.session_id), None)
        user_id = next((span.columns.user_id for span in with_values if span.columns.user_id), None)
        models = frozenset(span.columns.model for span in with_values if span.columns.model)
    usage = sum_usage(map(_to_reporter, spans)) if reports_usage else NO_USAGE
    return Totals(len(spans), len(failed), error_type, error, agent, session_id, user_id, models, usage)


def find_error(failed: Iterable[SpanRecord], source: SpanRecord) -> tuple[str | None, str | None]:
    """Return the type and the message of a trace's error.

    Args:
        failed: The spans of the trace that failed.
        source: The span that speaks for the trace. Its error comes first, then that of the span that failed first.
    """
    if source.columns.status == STATUS_ERROR and (source.columns.error_type or source.columns.error):
        return source.columns.error_type, source.columns.error
    described = [span for span in failed if span.columns.error_type or span.columns.error]
    if not described:
        return None, None
    first = min(described, key=lambda span: (span.end_ns, -span.start_ns, span.span_id))
    return first.columns.error_type, first.columns.error


def sum_usage(spans: Iterable[Reporter]) -> Usage:
    """Return the sums of tokens and cost, in which each call counts once.

    Args:
        spans: The spans that report usage, and at least all their ancestors.
    """
    ordered = sorted(spans, key=lambda span: (span.start_ns, span.span_id))
    parents = locate_parents([span.span_id for span in ordered], [span.parent_id for span in ordered])
    tokens = _count_once(ordered, parents, {at: span.usage[:4] for at, span in enumerate(ordered) if _has_tokens(span)})
    priced = _count_once(ordered, parents, {at: span.usage[4:] for at, span in enumerate(ordered) if _has_cost(span)})
    costs = [span.usage.cost for span in priced if span.usage.cost is not None]
    return Usage(
        _sum(span.usage.input_tokens for span in tokens),
        _sum(span.usage.output_tokens for span in tokens),
        _sum(span.usage.total_tokens for span in tokens),
        _sum(span.usage.cached_tokens for span in tokens),
        math.fsum(costs) if costs else None,
    )


def locate_parents(ids: Sequence[str], parent_ids: Sequence[str | None]) -> list[int | None]:
    """Return the position of each span's parent; None for a root, for a missing parent, and to break a cycle.

    A cycle, which only a faulty client sends, breaks above its smallest id.
    """
    positions = {span_id: position for position, span_id in enumerate(ids)}
    parents = [None if parent_id is None else positions.get(parent_id) for parent_id in parent_ids]
    settled: set[int] = set()
    for start in range(len(parents)):
        path: dict[int, None] = {}
        position: int | None = start
        while position is not None and position not in settled:
            if position in path:
                steps = list(path)
                cycle = steps[steps.index(position) :]
                parents[min(cycle, key=lambda each: ids[each])] = None
                break
            path[position] = None
            position = parents[position]
        settled.update(path)
    return parents


def encode_usage(usage: Usage) -> str | None:
    """Return the tokens of a trace as the text of its metadata `mlflow.trace.tokenUsage`; None without tokens."""
    if usage.total_tokens is None:
        return None
    tokens = {
        "input_tokens": usage.input_tokens or 0,
        "output_tokens": usage.output_tokens or 0,
        "total_tokens": usage.total_tokens,
    }
    if usage.cached_tokens:
        tokens["cache_read_input_tokens"] = usage.cached_tokens
    return orjson.dumps(tokens).decode()


def _to_reporter(span: SpanRecord) -> Reporter:
    columns = span.columns
    usage = Usage(
        columns.input_tokens, columns.output_tokens, columns.total_tokens, columns.cached_tokens, columns.cost
    )  # fmt: skip
    return Reporter(span.span_id, span.parent_id, columns.name, span.start_ns, span.end_ns, usage)


def _has_tokens(span: Reporter) -> bool:
    return span.usage.total_tokens is not None


def _has_cost(span: Reporter) -> bool:
    return span.usage.cost is not None


def _count_once(
    spans: Sequence[Reporter], parents: Sequence[int | None], figures: Mapping[int, Sequence[float | None]]
) -> list[Reporter]:
    """Return the spans whose figures count, given the figures by the position of the span."""
    reports = {
        position: Report(spans[position].name, spans[position].start_ns, spans[position].end_ns or None, _key(amounts))
        for position, amounts in figures.items()
    }
    return [spans[position] for position in find_counted(parents, reports)]


def _key(amounts: Sequence[float | None]) -> Hashable:
    # Some instrumentations report a count of 0, and others of the same call leave it out.
    return tuple(amount or 0 for amount in amounts)


def _sum(amounts: Iterable[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return min(sum(known), MAX_SUM) if known else None


def _by_start(span: SpanRecord) -> tuple[int, str]:
    return span.start_ns, span.span_id
