"""Export of traces as lines of JSON, in pieces of a few MB at most beside whole attachments and artifacts.

The first line names the format. Each trace is a line with its own facts, lines with its attachments, its artifact, its
events of log records and its spans, and a line that ends it. The last line ends the file. `imports` reads it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import orjson

from kayba_local.otlp.contents import decode_content
from kayba_local.otlp.records import NO_TAGS
from kayba_local.store import experiments
from kayba_local.store.database import Database, Row, Transaction

FORMAT: Final = "kayba-traces-1"
"""The first line's `format`. An incompatible change of the lines raises the number."""
SPANS_PER_LINE: Final = 200
BYTES_PER_LINE: Final = 512 * 1024
"""Limits of a line of spans or events; a larger span has a line of its own."""

INFO_COLUMNS: Final = (
    "info_state", "info_request_ns", "info_duration_ns", "info_request_preview", "info_response_preview",
    "client_request_id", "request_ns", "duration_ns", "state", "interrupted",
)  # fmt: skip
"""Columns of a trace's row that its spans do not determine alone."""

_NEXT_TRACES: Final = "SELECT id FROM traces WHERE id > ? ORDER BY id LIMIT 1000"
_NEXT_TRACES_OF: Final = "SELECT id FROM traces WHERE id > ? AND experiment = ? ORDER BY id LIMIT 1000"
_NEXT_SPANS: Final = """
    SELECT span_id, rank, resource, format, content FROM spans JOIN span_contents ON span_contents.span = spans.id
    WHERE trace = ? AND span_id > ? ORDER BY span_id LIMIT ?
"""
_NEXT_EVENTS: Final = """
    SELECT id, span_id, content, received_ms FROM log_events WHERE trace_id = ? AND id > ? ORDER BY id LIMIT ?
"""
_USES: Final = "SELECT attachment_id FROM attachment_uses WHERE trace_id = ? ORDER BY attachment_id"
_ATTACHMENT: Final = """
    SELECT content FROM attachments JOIN attachment_uses ON attachment_uses.attachment = attachments.id
    WHERE trace_id = ? AND attachment_id = ?
"""

Line = dict[str, Any]


def write_lines(db: Database, experiment: str | None = None) -> Iterator[bytes]:
    """Return the lines of an export, each with its line break.

    Each line is read in its own transaction, so the export of a store in use holds up nothing. A trace that changes
    meanwhile may be exported in part as before and in part as after the change.

    Args:
        db: The store.
        experiment: The name of the experiment to export; None for all.

    Raises:
        DoesNotExist: No experiment has this name.
    """
    only = None if experiment is None else int(experiments.get_by_name(db, experiment).id)
    return write_selected(db, _iterate_traces(db, only))


def write_selected(db: Database, traces: Iterable[int]) -> Iterator[bytes]:
    """Yield the lines of an export of traces, given by their row ids; otherwise like `write_lines`."""
    count = 0
    yield _encode({"format": FORMAT})
    for trace in traces:
        for line in _write_trace(db, trace):
            yield _encode(line)
            count += "end" in line
    yield _encode({"traces": count})


def _encode(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS)


def _iterate_traces(db: Database, experiment: int | None) -> Iterator[int]:
    last = 0
    while True:
        with db.read() as tx:
            rows = (
                tx.rows(_NEXT_TRACES, (last,)) if experiment is None else tx.rows(_NEXT_TRACES_OF, (last, experiment))
            )
        if not rows:
            return
        for row in rows:
            last = row["id"]
            yield last


def _write_trace(db: Database, trace: int) -> Iterator[Line]:
    with db.read() as tx:
        row = tx.row("SELECT * FROM traces WHERE id = ?", (trace,))
        if row is None:  # It was deleted meanwhile.
            return
        yield {"trace": row["trace_id"], **_read_facts(tx, row)}
        attachments = [use["attachment_id"] for use in tx.rows(_USES, (row["trace_id"],))]
    for attachment in attachments:
        with db.read() as tx:
            stored = tx.row(_ATTACHMENT, (row["trace_id"], attachment))
        if stored is not None:
            yield {"attachment": attachment, "content": _encode_bytes(stored["content"])}
    with db.read() as tx:
        artifact = tx.row("SELECT content FROM trace_artifacts WHERE trace = ?", (trace,))
    if artifact is not None:
        yield {"artifact": _encode_bytes(artifact["content"])}
    del artifact
    yield from _write_pages(lambda tx, last: _read_events(tx, row["trace_id"], last), db, "events", 0)
    yield from _write_pages(lambda tx, last: _read_spans(tx, trace, last), db, "spans", "")
    yield {"end": row["trace_id"]}


def _read_facts(tx: Transaction, row: Row) -> Line:
    trace = row["id"]
    (experiment,) = tx.rows("SELECT id, name FROM experiments WHERE id = ?", (row["experiment"],))
    tags = tx.rows("SELECT key, value FROM experiment_tags WHERE experiment = ? ORDER BY key", (row["experiment"],))
    assessments = tx.rows("SELECT content FROM assessments WHERE trace = ? ORDER BY id", (trace,))
    return {
        "experiment": {"name": experiment["name"], "tags": {tag["key"]: tag["value"] for tag in tags}},
        "info": {column: row[column] for column in INFO_COLUMNS if row[column] is not None},
        "tags": _read_pairs(tx, "trace_tags", trace),
        "metadata": _read_pairs(tx, "trace_metadata", trace),
        "feedback": [orjson.loads(assessment["content"]) for assessment in assessments],
    }


def _read_pairs(tx: Transaction, table: str, trace: int) -> list[list[Any]]:
    """Return the keys and values of a trace, with the span that each was read from."""
    rows = tx.rows(f"SELECT key, value, source_ns, source_span FROM {table} WHERE trace = ? ORDER BY key", (trace,))  # noqa: S608 - constants
    return [list(row) for row in rows]


def _write_pages(
    read: Callable[[Transaction, Any], tuple[Sequence[Line], Any]], db: Database, key: str, last: Any
) -> Iterator[Line]:
    while True:
        with db.read() as tx:
            page, last = read(tx, last)
        if not page:
            return
        yield {key: page}


def _read_spans(tx: Transaction, trace: int, last: str) -> tuple[list[Line], str]:
    page: list[Line] = []
    size = 0
    for row in tx.iterate(_NEXT_SPANS, (trace, last, SPANS_PER_LINE)):
        size += len(row["content"])
        if page and size > BYTES_PER_LINE:
            break
        # Below a stored parent, a resource has no meaning, and only some versions of such spans have one.
        resource = orjson.loads(row["resource"] or NO_TAGS) if row["rank"] else None
        page.append({"span": decode_content(row["content"], row["format"]), "resource": resource})
        last = row["span_id"]
    return page, last


def _read_events(tx: Transaction, trace_id: str, last: int) -> tuple[list[Line], int]:
    page: list[Line] = []
    size = 0
    for row in tx.iterate(_NEXT_EVENTS, (trace_id, last, SPANS_PER_LINE)):
        size += len(row["content"])
        if page and size > BYTES_PER_LINE:
            break
        # The content as text: its hash identifies the event.
        page.append({"span": row["span_id"], "content": row["content"].decode(), "received": row["received_ms"]})
        last = row["id"]
    return page, last


def _encode_bytes(content: bytes) -> str:
    return b64encode(content).decode()
