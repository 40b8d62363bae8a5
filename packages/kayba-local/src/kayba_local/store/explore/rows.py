"""Rows of traces: all that a list shows of each, in a few queries for a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from kayba_local.content.plain import to_plain
from kayba_local.otlp.records import PREVIEW_CHARACTERS
from kayba_local.otlp.spans import Span, decode
from kayba_local.store.database import Row, Transaction
from kayba_local.store.explore.hits import Hit, find_hit
from kayba_local.store.query.columns import Clause
from kayba_local.store.query.nodes import Words
from kayba_local.store.traces import contents, search
from kayba_local.store.traces.contents import in_list
from kayba_local.store.traces.traces import INTERRUPTED

MAX_READ_BYTES: Final = 262_144
"""A root span with a larger content is not read for the preview of a row: then the stored preview stands for it."""
_SYSTEM_TAGS: Final = ("mlflow.", "kayba.")


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A trace as a list shows it.

    Attributes:
        row: The columns of `traces`.
        models: The models that it called, by name.
        tags: Its tags, without those of the system.
        feedback: The number of its valid assessments.
        interrupted: Whether its process ended before its root did, or nothing was heard of it for a time.
        input: The beginning of its input in plain words.
        output: The beginning of its output in plain words.
        hit: The first place of the words of a text search; None without such a search.
    """

    row: Row
    models: Sequence[str]
    tags: Mapping[str, str]
    feedback: int
    interrupted: bool
    input: str
    output: str
    hit: Hit | None = None


@dataclass(frozen=True, slots=True)
class RowPage:
    """A page of traces, and the cursor of the next page; None on the last page."""

    traces: Sequence[TraceRow]
    next_cursor: str | None


def find(
    tx: Transaction, where: Clause, order: str, limit: int, cursor: str | None, words: Sequence[Words] = ()
) -> RowPage:
    """Return a page of the traces of a condition.

    Args:
        tx: The transaction.
        where: The condition.
        order: A field of the search language, and `ASC` or `DESC`; empty for the newest start first.
        limit: The most traces.
        cursor: The `next_cursor` of the previous page; None for the first page.
        words: The words of a text search, whose places are looked for.

    Raises:
        InvalidValue: The order or the cursor is malformed.
    """
    page = search.fetch_rows(tx, where, [order] if order else [], limit, cursor)
    traces = read_rows(tx, page.rows)
    if words:
        traces = [replace(trace, hit=find_hit(tx, trace.row, words)) for trace in traces]
    return RowPage(traces, page.next_token)


def read_rows(tx: Transaction, rows: Sequence[Row]) -> list[TraceRow]:
    """Return the traces of rows of `traces`, in the same order."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    models: defaultdict[int, list[str]] = defaultdict(list)
    for trace, model in tx.rows(
        *in_list("SELECT trace, model FROM trace_models WHERE trace IN", ids, "ORDER BY model")
    ):
        models[trace].append(model)
    tags: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for trace, key, value in tx.rows(*in_list("SELECT trace, key, value FROM trace_tags WHERE trace IN", ids)):
        if not key.startswith(_SYSTEM_TAGS):
            tags[trace][key] = value
    feedback: defaultdict[int, int] = defaultdict(int)
    for trace, content in tx.rows(*in_list("SELECT trace, content FROM assessments WHERE trace IN", ids)):
        feedback[trace] += orjson.loads(content).get("valid", True) is not False
    found = in_list("SELECT trace FROM trace_metadata WHERE key = ? AND trace IN", ids)
    interrupted = {row["trace"] for row in tx.rows(found[0], (INTERRUPTED, *ids))}
    words = _read_words(tx, rows)
    return [
        TraceRow(
            row,
            models[row["id"]],
            dict(sorted(tags[row["id"]].items())),
            feedback[row["id"]],
            bool(row["interrupted"]) or row["id"] in interrupted,
            *words[row["id"]],
        )
        for row in rows
    ]


def _read_words(tx: Transaction, rows: Sequence[Row]) -> dict[int, tuple[str, str]]:
    """Return the beginnings of input and output in plain words, by the row ids of the traces.

    Stored previews are the beginnings of JSON texts. Where one is cut, the root span has the whole value.
    """
    previews = {
        row["id"]: (_parse_preview(row["request_preview"]), _parse_preview(row["response_preview"])) for row in rows
    }
    cut = [row for row in rows if any(isinstance(preview, _Cut) for preview in previews[row["id"]])]
    roots = _read_roots(tx, cut)
    words: dict[int, tuple[str, str]] = {}
    for row in rows:
        given, answer = previews[row["id"]]
        if (root := roots.get(row["id"])) is not None:
            given = root.inputs if isinstance(given, _Cut) else given
            answer = root.outputs if isinstance(answer, _Cut) else answer
        words[row["id"]] = (to_plain(given, "inputs"), to_plain(answer, "outputs"))
    return words


class _Cut(str):
    """The beginning of a JSON text."""


def _parse_preview(preview: str | None) -> Any:
    """Return the value of a preview: its JSON value, the text of a client that sends no JSON, or what is left of it."""
    if preview is None:
        return None
    try:
        return orjson.loads(preview)
    except ValueError:
        return _Cut(preview) if len(preview) >= PREVIEW_CHARACTERS else preview


def _read_roots(tx: Transaction, rows: Sequence[Row]) -> dict[int, Span]:
    """Return the root spans of traces by the traces' row ids, without those of large contents."""
    found: dict[int, int] = {}
    for row in rows:
        span = tx.row(
            "SELECT spans.id AS id FROM spans JOIN span_contents ON span_contents.span = spans.id"
            " WHERE trace = ? AND span_id = ? AND length(content) <= ?",
            (row["id"], row["root_span_id"], MAX_READ_BYTES),
        )
        if span is not None:
            found[span["id"]] = row["id"]
    return {found[id_]: decode(stored) for id_, stored in contents.read_many(tx, list(found)).items()}
