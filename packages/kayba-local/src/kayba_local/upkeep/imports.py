"""Import of exported traces. An import may be repeated, also after it was stopped: each part is stored once."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

from kayba_local.otlp.records import NO_TAGS, Batch
from kayba_local.store import experiments
from kayba_local.store.database import Database, Transaction
from kayba_local.store.errors import DoesNotExist, StoreError
from kayba_local.store.traces import assessments, attachments, facts, ingest
from kayba_local.store.traces.log_events import DIGEST_BYTES
from kayba_local.store.traces.traces import get_row
from kayba_local.upkeep import interruption
from kayba_local.upkeep.exports import FORMAT, INFO_COLUMNS, Line

LINES_PER_TRANSACTION: Final = 200
BYTES_PER_TRANSACTION: Final = 512 * 1024
"""Limits of the lines that are stored in one transaction."""

_TABLES: Final = {"tags": "trace_tags", "metadata": "trace_metadata"}
_INSERT_TRACE: Final = """
    INSERT INTO traces (trace_id, experiment, request_ns, state, declared) VALUES (?, ?, ?, ?, 0)
    ON CONFLICT (trace_id) DO UPDATE SET experiment = excluded.experiment
"""
_UPDATE_INFO: Final = f"""
    UPDATE traces SET {", ".join(f"{column} = coalesce(?, {column})" for column in INFO_COLUMNS[:6])} WHERE trace_id = ?
"""  # noqa: S608 - constants
_UPSERT_ARTIFACT: Final = """
    INSERT INTO trace_artifacts (trace, content) VALUES (?, ?)
    ON CONFLICT (trace) DO UPDATE SET content = excluded.content
"""
_INSERT_EVENT: Final = """
    INSERT INTO log_events (trace_id, span_id, digest, content, received_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (trace_id, span_id, digest) DO NOTHING
"""


@dataclass(slots=True)
class _Trace:
    """The trace whose lines are being read, without its spans."""

    trace_id: str
    experiment: str
    line: Line
    artifact: bytes | None = None
    has_spans: bool = False


@dataclass(slots=True)
class Imported:
    """Counts of an import, and whether its file has its last line."""

    traces: int = 0
    spans: int = 0
    is_complete: bool = False


class Importer:
    """Import of one file into a store. The spans of a trace are stored as they are read, its other facts at its end."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._experiments: dict[str, str] = {}
        self._trace: _Trace | None = None
        self._pending: list[tuple[_Trace, Line]] = []
        self._pending_bytes = 0
        self.imported = Imported()

    def read(self, lines: Iterable[bytes]) -> Iterable[Imported]:
        """Store lines, and yield the counts after each transaction.

        Raises:
            StoreError: A line is not one of an export.
        """
        for number, encoded in enumerate(lines, 1):
            try:
                line = orjson.loads(encoded)
                is_valid = line["format"] == FORMAT if number == 1 else self._add(line, len(encoded))
            except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
                raise StoreError(f"line {number} is not one of an export of kayba-local ({error!r})") from error
            if not is_valid:
                raise StoreError(f"line {number} is not one of an export in the format {FORMAT}: update kayba-local")
            if len(self._pending) >= LINES_PER_TRANSACTION or self._pending_bytes >= BYTES_PER_TRANSACTION:
                self._flush()
                yield self.imported
        self._flush()
        yield self.imported

    def _add(self, line: Line, size: int) -> bool:
        """Add a line to the next transaction. Return False for an unknown one."""
        match line:
            case {"trace": trace_id, "experiment": experiment}:
                self._trace = _Trace(trace_id, self._find_experiment(experiment["name"], experiment["tags"]), line)
            case {"traces": _}:
                self.imported.is_complete = True
            case {"attachment": attachment, "content": content}:
                self._flush()
                trace = self._current()
                attachments.put(self._db, trace.experiment, trace.trace_id, attachment, b64decode(content))
            case {"artifact": content}:
                self._current().artifact = b64decode(content)
            case {"spans": _} | {"events": _} | {"end": _}:
                self._pending.append((self._current(), line))
                self._pending_bytes += size
            case _:
                return False
        return True

    def _current(self) -> _Trace:
        if self._trace is None:
            raise ValueError("it belongs to no trace")
        return self._trace

    def _find_experiment(self, name: str, tags: Mapping[str, str]) -> str:
        if name not in self._experiments:
            try:
                self._experiments[name] = experiments.get_by_name(self._db, name).id
            except DoesNotExist:
                self._experiments[name] = experiments.create(self._db, name, tags)
        return self._experiments[name]

    def _flush(self) -> None:
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        if not pending:
            return
        with self._db.write() as tx:
            stored = _Group(tx)
            for trace, line in pending:
                stored.add(trace, line)
            stored.store()
        self.imported.traces += stored.traces
        self.imported.spans += stored.spans


class _Group:
    """Lines that one transaction stores. Traces keep their order, by which lists show the latest arrival first."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._experiment: str | None = None
        self._batch = Batch()
        self._ended: list[_Trace] = []
        self.traces = 0
        self.spans = 0

    def add(self, trace: _Trace, line: Line) -> None:
        """Add a line of spans or events, or the end of a trace."""
        # A trace without spans gets its row at its end, so the rows of the traces before it must be there.
        if trace.experiment != self._experiment or ("end" in line and not trace.has_spans):
            self.store()
            self._experiment = trace.experiment
        _store_events(self._tx, trace.trace_id, line.get("events", ()))
        for item in line.get("spans", ()):
            trace.has_spans = True
            resource = NO_TAGS if item["resource"] is None else orjson.dumps(item["resource"])
            self._batch.add(item["span"], resource)
        if "end" in line:
            self._ended.append(trace)
            if not trace.has_spans:
                self.store()

    def store(self) -> None:
        """Store the spans that were added, and then the facts of the traces that have ended."""
        if self._experiment is not None:
            ingest.upsert_spans(self._tx, self._experiment, self._batch)
        for trace in self._ended:
            _store_facts(self._tx, trace)
        self.traces += len(self._ended)
        self.spans += len(self._batch.spans)
        self._batch, self._ended = Batch(), []


def _store_events(tx: Transaction, trace_id: str, events: Iterable[Line]) -> None:
    # Before the spans, which take their events up when they are stored.
    for event in events:
        content = event["content"].encode()
        digest = blake2b(content, digest_size=DIGEST_BYTES).digest()
        tx.run(_INSERT_EVENT, (trace_id, event["span"], digest, content, event["received"]))


def _store_facts(tx: Transaction, trace: _Trace) -> None:
    """Store the facts of a trace whose spans are stored."""
    info = trace.line["info"]
    tx.run(_INSERT_TRACE, (trace.trace_id, int(trace.experiment), info["request_ns"], info["state"]))
    tx.run(_UPDATE_INFO, (*(info.get(column) for column in INFO_COLUMNS[:6]), trace.trace_id))
    row = get_row(tx, trace.trace_id)
    # First, because it may replace tags and metadata of spans by those of another span.
    facts.refresh(tx, row["id"])
    for field_, table in _TABLES.items():
        _store_pairs(tx, table, row["id"], trace.line[field_])
    facts.refresh(tx, row["id"])
    if info.get("interrupted"):
        tx.run(interruption.MARK, (info.get("duration_ns"), row["id"]))
    for assessment in trace.line["feedback"]:
        assessments.upsert(tx, row, assessment)
    if trace.artifact is not None:
        tx.run(_UPSERT_ARTIFACT, (row["id"], trace.artifact))


def _store_pairs(tx: Transaction, table: str, trace: int, pairs: Iterable[list[Any]]) -> None:
    """Store tags or metadata. Those that were read from spans and are not in the file, had been deleted by a user."""
    pairs = list(pairs)
    keys = orjson.dumps([key for key, *_ in pairs]).decode()
    tx.run(
        f"DELETE FROM {table} WHERE trace = ? AND source_span IS NOT NULL"  # noqa: S608 - this module's names
        " AND key NOT IN (SELECT value FROM json_each(?))",
        (trace, keys),
    )
    tx.run_many(
        f"INSERT INTO {table} (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
        " ON CONFLICT (trace, key) DO UPDATE SET value = excluded.value, source_ns = excluded.source_ns,"
        " source_span = excluded.source_span",
        [(trace, *pair) for pair in pairs],
    )
