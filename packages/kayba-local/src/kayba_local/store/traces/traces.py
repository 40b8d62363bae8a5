"""Traces: what is known of each, apart from its spans and with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from kayba_local.otlp.spans import Span, decode
from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.errors import DoesNotExist

IN_PROGRESS: Final = "IN_PROGRESS"
NAME_TAG: Final = "mlflow.traceName"
FOLDER_TAG: Final = "kayba.folder"
ARTIFACT_TAG: Final = "mlflow.artifactLocation"
SPANS_TAG: Final = "mlflow.trace.spansLocation"
OWN_TAGS: Final = (ARTIFACT_TAG, SPANS_TAG)
"""By these MLflow's clients know where a trace's spans are: for the server to say, whatever a client has sent."""

_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class TraceInfo:
    """What is known of a trace apart from its spans.

    Attributes:
        trace_id: ``tr-`` and 32 hex digits.
        experiment_id: Decimal digits.
        request_ns: When it began, in ns since 1970 (UTC).
        duration_ns: How long it took; None while that is not known.
        state: ``OK``, ``ERROR``, ``IN_PROGRESS`` or ``STATE_UNSPECIFIED``.
        tags: By key; in what is read from the store, those that the server adds among them.
        assessments: As the API writes them, oldest first.
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
        """The folder that it is filed in; None if it is unfiled."""
        return self.tags.get(FOLDER_TAG)


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace with the spans that have arrived, in the order of their start."""

    info: TraceInfo
    spans: Sequence[Span]


def get_info(db: Database, trace_id: str) -> TraceInfo:
    """What is known of a trace.

    Raises:
        DoesNotExist: There is none of this id.
    """
    with db.read() as tx:
        return read_infos(tx, [row_of(tx, trace_id)])[0]


def get(db: Database, trace_id: str) -> Trace:
    """A trace with its spans.

    Raises:
        DoesNotExist: There is none of this id.
    """
    found = get_many(db, [trace_id])
    if not found:
        raise no_trace(trace_id)
    return found[0]


def get_many(db: Database, trace_ids: Sequence[str]) -> list[Trace]:
    """The traces of these ids with their spans, in that order; unknown ids are left out, repeated ones given once."""
    with db.read() as tx:
        rows = {row["trace_id"]: row for row in tx.rows(*_in("SELECT * FROM traces WHERE trace_id IN", trace_ids))}
        ordered = [rows[trace_id] for trace_id in dict.fromkeys(trace_ids) if trace_id in rows]
        infos = read_infos(tx, ordered)
        return [Trace(info, _read_spans(tx, row["id"])) for info, row in zip(infos, ordered, strict=True)]


def delete(db: Database, experiment_id: str, trace_ids: Sequence[str]) -> int:
    """Delete traces of one experiment with all that belongs to them; returns how many there were."""
    with db.write() as tx:
        sql, parameters = _in("DELETE FROM traces WHERE experiment = ? AND trace_id IN", trace_ids)
        return tx.run(sql, (int(experiment_id), *parameters))


def delete_until(db: Database, experiment_id: str, until_ms: int, limit: int) -> int:
    """Delete traces of one experiment that began at or before a time, oldest first.

    Args:
        db: The store.
        experiment_id: The experiment.
        until_ms: Milliseconds since 1970 (UTC).
        limit: No more than this many.

    Returns:
        How many were deleted.
    """
    before_ns = min((until_ms + 1) * _MS, 2**63 - 1)
    with db.write() as tx:
        return tx.run(
            "DELETE FROM traces WHERE id IN (SELECT id FROM traces WHERE experiment = ? AND request_ns < ?"
            " ORDER BY request_ns, trace_id LIMIT ?)",
            (int(experiment_id), before_ns, limit),
        )


def row_of(tx: Transaction, trace_id: str) -> Row:
    """The row of a trace, inside another transaction.

    Raises:
        DoesNotExist: There is none of this id.
    """
    row = tx.row("SELECT * FROM traces WHERE trace_id = ?", (trace_id,))
    if row is None:
        raise no_trace(trace_id)
    return row


def no_trace(trace_id: str) -> DoesNotExist:
    """The problem to raise about a trace that there is not."""
    return DoesNotExist(f"Trace with ID '{trace_id}' not found.")


def read_infos(tx: Transaction, rows: Sequence[Row]) -> list[TraceInfo]:
    """What is known of the traces of these rows, in their order."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    tags = _by_trace(tx, "SELECT trace, key, value FROM trace_tags WHERE trace IN", ids)
    metadata = _by_trace(tx, "SELECT trace, key, value FROM trace_metadata WHERE trace IN", ids)
    assessments: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in tx.rows(*_in("SELECT trace, content FROM assessments WHERE trace IN", ids, "ORDER BY id")):
        assessments[row["trace"]].append(orjson.loads(row["content"]))
    with_spans = {row["trace"] for row in tx.rows(*_in("SELECT DISTINCT trace FROM spans WHERE trace IN", ids))}
    return [
        TraceInfo(
            trace_id=row["trace_id"],
            experiment_id=str(row["experiment"]),
            request_ns=row["request_ns"],
            duration_ns=row["duration_ns"],
            state=row["state"],
            tags=_with_own(tags[row["id"]], row, has_spans=row["id"] in with_spans),
            metadata=metadata[row["id"]],
            request_preview=row["request_preview"],
            response_preview=row["response_preview"],
            client_request_id=row["client_request_id"],
            assessments=assessments[row["id"]],
        )
        for row in rows
    ]


def _with_own(tags: Mapping[str, str], row: Row, *, has_spans: bool) -> dict[str, str]:
    own = {ARTIFACT_TAG: f"mlflow-artifacts:/{row['experiment']}/traces/{row['trace_id']}/artifacts"}
    if has_spans:
        own[SPANS_TAG] = "TRACKING_STORE"
    return {**own, **{key: value for key, value in tags.items() if key not in OWN_TAGS}}


def _read_spans(tx: Transaction, trace: int) -> list[Span]:
    # Of spans that start together the one that ends later is the outer one, with clocks that tick slowly, too.
    rows = tx.rows("SELECT content FROM spans WHERE trace = ? ORDER BY start_ns, end_ns DESC, span_id", (trace,))
    return [decode(row["content"]) for row in rows]


def _by_trace(tx: Transaction, select: str, ids: Sequence[int]) -> defaultdict[int, dict[str, str]]:
    values: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in tx.rows(*_in(select, ids, "ORDER BY key")):
        values[row["trace"]][row["key"]] = row["value"]
    return values


def _in(head: str, values: Iterable[Any], tail: str = "") -> tuple[str, tuple[Any, ...]]:
    """A statement that ends in IN, with its list of placeholders, and the values for them."""
    parameters = tuple(values)
    return f"{head} ({', '.join('?' * len(parameters))}) {tail}", parameters
