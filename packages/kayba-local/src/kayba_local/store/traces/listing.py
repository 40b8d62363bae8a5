"""Lists for the pages: folders, and the traces of a folder by arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.traces.traces import TraceInfo, read_infos

UNFILED: Final = ""
"""The folder name of traces without a folder."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and its number of traces; its name is `UNFILED` for traces without a folder."""

    name: str
    traces: int


@dataclass(frozen=True, slots=True)
class ArrivalPage:
    """A page of traces by arrival.

    Attributes:
        traces: The traces with their numbers of spans, latest arrival first.
        next_before: The position of the next page; None on the last page.
    """

    traces: Sequence[tuple[TraceInfo, int]]
    next_before: int | None


def list_folders(db: Database) -> list[Folder]:
    """Return all folders by name; `UNFILED` comes first if it contains traces."""
    with db.read() as tx:
        rows = tx.rows(
            "SELECT coalesce(folder, ?) AS name, count(*) AS traces FROM traces GROUP BY 1 ORDER BY 1", (UNFILED,)
        )
    return [Folder(row["name"], row["traces"]) for row in rows]


def list_arrivals(db: Database, folder: str | None, limit: int, before: int | None = None) -> ArrivalPage:
    """Return a page of traces, latest arrival first.

    Args:
        db: The store.
        folder: The folder or `UNFILED`; None selects all traces.
        limit: Traces a page.
        before: The `next_before` of the previous page; None for the first page.
    """
    with db.read() as tx:
        rows = _rows(tx, folder, limit + 1, before)
        page = rows[:limit]
        infos = read_infos(tx, page)
    counts = [row["span_count"] for row in page]
    return ArrivalPage(list(zip(infos, counts, strict=True)), page[-1]["id"] if len(rows) > limit else None)


def _rows(tx: Transaction, folder: str | None, limit: int, before: int | None) -> list[Row]:
    conditions, parameters = ["id < coalesce(?, id + 1)"], list[Any]([before])
    if folder is not None:
        conditions.append("(folder = ? OR folder IS NULL)" if folder == UNFILED else "folder = ?")
        parameters.append(folder)
    return tx.rows(
        f"SELECT * FROM traces WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?",  # noqa: S608 - constants
        (*parameters, limit),
    )
