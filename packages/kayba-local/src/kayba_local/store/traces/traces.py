"""Traces, with and without their spans."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from kayba_local.otlp.records import FOLDER_TAG, NAME_TAG
from kayba_local.otlp.spans import Span, decode
from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.errors import DoesNotExist
from kayba_local.store.traces import contents
from kayba_local.store.traces.contents import CONTENTS_IN_ORDER, in_list

IN_PROGRESS: Final = "IN_PROGRESS"
ARTIFACT_TAG: Final = "mlflow.artifactLocation"
SPANS_TAG: Final = "mlflow.trace.spansLocation"
INTERRUPTED: Final = "kayba.interrupted"
"""Metadata of a trace that was in progress, and got no span for a long time."""
SERVER_TAGS: Final = (ARTIFACT_TAG, SPANS_TAG)
"""Tags that only the server sets. MLflow's clients locate a trace's spans by them."""

SPANS_PER_PAGE: Final = 500
BYTES_PER_PAGE: Final = 512 * 1024
"""Limits of the spans that are read at once; a larger span is read alone."""


@dataclass(frozen=True, slots=True)
class TraceInfo:
    """A trace without its spans.

    Attributes:
        trace_id: `tr-` and 32 hex digits.
        experiment_id: Decimal digits.
        request_ns: The start time, in ns since 1970 (UTC).
        duration_ns: The duration; None while it is unknown.
        state: `OK`, `ERROR`, `IN_PROGRESS` or `STATE_UNSPECIFIED`.
        tags: The tags by key. Infos from the store include `SERVER_TAGS`.
        assessments: The assessments as API JSON, oldest first.
    """

    trace_id: str
    experiment_id: str
    request_ns: int
    duration_ns: int | None
    state: str
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    request_preview: str | None = None
    response_preview: str | None = None
    client_request_id: str | None = None
    assessments: Sequence[Mapping[str, Any]] = ()

    @property
    def name(self) -> str:
        """The trace's name; empty if it has none."""
        return self.tags.get(NAME_TAG, "")

    @property
    def folder(self) -> str | None:
        """The trace's folder; None if it has none."""
        return self.tags.get(FOLDER_TAG)

    @property
    def is_interrupted(self) -> bool:
        """Whether the trace was in progress, and got no span for a long time."""
        return INTERRUPTED in self.metadata


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace with the spans that have arrived, ordered by start time."""

    info: TraceInfo
    spans: Sequence[Span]


def get_info(db: Database, trace_id: str) -> TraceInfo:
    """Return a trace without its spans.

    Raises:
        DoesNotExist: No trace has this id.
    """
    with db.read() as tx:
        return read_infos(tx, [get_row(tx, trace_id)])[0]


def get(db: Database, trace_id: str) -> Trace:
    """Return a trace with its spans.

    Raises:
        DoesNotExist: No trace has this id.
    """
    found = get_many(db, [trace_id])
    if not found:
        raise _not_found(trace_id)
    return found[0]


def get_many(db: Database, trace_ids: Sequence[str]) -> list[Trace]:
    """Return traces with their spans, in the requested order without unknown and repeated ids."""
    with db.read() as tx:
        rows = {row["trace_id"]: row for row in tx.rows(*in_list("SELECT * FROM traces WHERE trace_id IN", trace_ids))}
        ordered = [rows[trace_id] for trace_id in dict.fromkeys(trace_ids) if trace_id in rows]
        infos = read_infos(tx, ordered)
        return [Trace(info, _read_spans(tx, row["id"])) for info, row in zip(infos, ordered, strict=True)]


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """A trace whose spans are read later, page by page.

    Attributes:
        info: The trace without its spans.
        ids: The row ids of the spans, ordered by start time.
        sizes: The bytes of each span's content as it is stored.
    """

    info: TraceInfo
    ids: Sequence[int]
    sizes: Sequence[int]


def find_many(db: Database, trace_ids: Sequence[str]) -> list[StoredTrace]:
    """Return traces without the content of their spans, in the requested order without unknown and repeated ids."""
    with db.read() as tx:
        rows = {row["trace_id"]: row for row in tx.rows(*in_list("SELECT * FROM traces WHERE trace_id IN", trace_ids))}
        ordered = [rows[trace_id] for trace_id in dict.fromkeys(trace_ids) if trace_id in rows]
        infos = read_infos(tx, ordered)
        return [StoredTrace(info, *_list_spans(tx, row["id"])) for info, row in zip(infos, ordered, strict=True)]


def find(db: Database, trace_id: str) -> StoredTrace:
    """Return a trace without the content of its spans.

    Raises:
        DoesNotExist: No trace has this id.
    """
    found = find_many(db, [trace_id])
    if not found:
        raise _not_found(trace_id)
    return found[0]


def read_contents(db: Database, trace: StoredTrace) -> Iterator[list[dict[str, Any]]]:
    """Yield a trace's spans in OTLP's JSON, in their order, page by page.

    Each page is read in its own transaction, so a slow reader of the pages holds none. A span that was deleted since
    `find_many` is omitted, and one that has changed has its new content.
    """
    start = 0
    while start < len(trace.ids):
        end, size = start + 1, trace.sizes[start]
        while end < len(trace.ids) and end - start < SPANS_PER_PAGE and size + trace.sizes[end] <= BYTES_PER_PAGE:
            size += trace.sizes[end]
            end += 1
        ids = trace.ids[start:end]
        with db.read() as tx:
            found = contents.read_many(tx, ids)
        yield [found[id_] for id_ in ids if id_ in found]
        start = end


def get_row(tx: Transaction, trace_id: str) -> Row:
    """Return the row of a trace.

    Raises:
        DoesNotExist: No trace has this id.
    """
    row = tx.row("SELECT * FROM traces WHERE trace_id = ?", (trace_id,))
    if row is None:
        raise _not_found(trace_id)
    return row


def read_infos(tx: Transaction, rows: Sequence[Row]) -> list[TraceInfo]:
    """Return the traces of rows without their spans, in the same order."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    tags = _by_trace(tx, "SELECT trace, key, value FROM trace_tags WHERE trace IN", ids)
    metadata = _by_trace(tx, "SELECT trace, key, value FROM trace_metadata WHERE trace IN", ids)
    assessments: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in tx.rows(*in_list("SELECT trace, content FROM assessments WHERE trace IN", ids, "ORDER BY id")):
        assessments[row["trace"]].append(orjson.loads(row["content"]))
    return [
        TraceInfo(
            trace_id=row["trace_id"],
            experiment_id=str(row["experiment"]),
            request_ns=row["request_ns"],
            duration_ns=row["duration_ns"],
            state=row["state"],
            tags=_add_server_tags(tags[row["id"]], row),
            metadata={**metadata[row["id"]], **({INTERRUPTED: "true"} if row["interrupted"] else {})},
            request_preview=row["request_preview"],
            response_preview=row["response_preview"],
            client_request_id=row["client_request_id"],
            assessments=assessments[row["id"]],
        )
        for row in rows
    ]


def _not_found(trace_id: str) -> DoesNotExist:
    return DoesNotExist(f"Trace with ID '{trace_id}' not found.")


def _add_server_tags(tags: Mapping[str, str], row: Row) -> dict[str, str]:
    added = {ARTIFACT_TAG: f"mlflow-artifacts:/{row['experiment']}/traces/{row['trace_id']}/artifacts"}
    if row["span_count"]:
        added[SPANS_TAG] = "TRACKING_STORE"
    return {**added, **{key: value for key, value in tags.items() if key not in SERVER_TAGS}}


def _read_spans(tx: Transaction, trace: int) -> list[Span]:
    return [decode(span) for span in contents.iterate(tx, trace)]


def _list_spans(tx: Transaction, trace: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return the row ids of a trace's spans in their order, and the bytes of each span's content."""
    ids, sizes = array("q"), array("q")
    for row in tx.iterate(f"SELECT id, length(content) AS size {CONTENTS_IN_ORDER}", (trace,)):
        ids.append(row["id"])
        sizes.append(row["size"])
    return ids, sizes


def _by_trace(tx: Transaction, select: str, ids: Sequence[int]) -> defaultdict[int, dict[str, str]]:
    values: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in tx.rows(*in_list(select, ids, "ORDER BY key")):
        values[row["trace"]][row["key"]] = row["value"]
    return values
