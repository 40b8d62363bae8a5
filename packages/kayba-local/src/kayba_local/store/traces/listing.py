"""What a person looks through: folders, and the traces in them as they arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.traces.traces import FOLDER_TAG, TraceInfo, read_infos

UNFILED: Final = ""
"""Stands for the traces without a folder."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, `UNFILED` among them, and how many traces are in it."""

    name: str
    traces: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Some traces with their numbers of spans, latest arrival first, and where the next ones begin; None at the end."""

    traces: Sequence[tuple[TraceInfo, int]]
    next_before: int | None


def folders(db: Database) -> list[Folder]:
    """All folders by name, `UNFILED` first if anything is there."""
    with db.read() as tx:
        filed = tx.rows(
            "SELECT value, count(*) AS traces FROM trace_tags WHERE key = ? GROUP BY value ORDER BY value",
            (FOLDER_TAG,),
        )
        total = tx.rows("SELECT count(*) AS traces FROM traces")[0]["traces"]
    unfiled = total - sum(row["traces"] for row in filed)
    named = [Folder(row["value"], row["traces"]) for row in filed]
    return [Folder(UNFILED, unfiled), *named] if unfiled else named


def arrivals(db: Database, folder: str | None, limit: int, before: int | None = None) -> Arrivals:
    """A page of traces.

    Args:
        db: The store.
        folder: Only traces of this folder, or `UNFILED`; None for all.
        limit: Traces a page.
        before: The `next_before` of the page before.
    """
    with db.read() as tx:
        rows = _rows(tx, folder, limit + 1, before)
        page = rows[:limit]
        counts = [_span_count(tx, row["id"]) for row in page]
        infos = read_infos(tx, page)
    return Arrivals(list(zip(infos, counts, strict=True)), page[-1]["id"] if len(rows) > limit else None)


def _rows(tx: Transaction, folder: str | None, limit: int, before: int | None) -> list[Row]:
    conditions, parameters = ["id < coalesce(?, id + 1)"], list[Any]([before])
    if folder is not None:
        tag = "SELECT value FROM trace_tags WHERE trace = traces.id AND key = ?"
        conditions.append(f"coalesce(({tag}), ?) = ?")
        parameters += [FOLDER_TAG, UNFILED, folder]
    return tx.rows(
        f"SELECT * FROM traces WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?",  # noqa: S608 - constants
        (*parameters, limit),
    )


def _span_count(tx: Transaction, trace: int) -> int:
    row = tx.row("SELECT count(*) AS spans FROM spans WHERE trace = ?", (trace,))
    return row["spans"] if row is not None else 0
