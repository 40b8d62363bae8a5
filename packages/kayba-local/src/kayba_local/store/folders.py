"""Folders: traces by the tag that files them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kayba_local.store.database import Database
from kayba_local.store.filters import Comparison, Field
from kayba_local.store.search import TracePage, find
from kayba_local.store.traces import FOLDER_TAG

_FILED: Final = Field("tags", FOLDER_TAG, position=1)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and how many traces are in it; `name` is None for the traces that are in none."""

    name: str | None
    traces: int


def list_folders(db: Database) -> list[Folder]:
    """All folders that hold traces, by name; unfiled traces, if there are any, come last."""
    with db.read() as tx:
        rows = tx.rows(
            "SELECT trace_tags.value AS name, COUNT(*) AS traces FROM traces"
            " LEFT JOIN trace_tags ON trace_tags.trace = traces.id AND trace_tags.key = ?"
            " GROUP BY trace_tags.value ORDER BY trace_tags.value IS NULL, trace_tags.value",
            (FOLDER_TAG,),
        )
    return [Folder(row["name"], row["traces"]) for row in rows]


def list_traces(db: Database, folder: str | None, *, limit: int = 100, token: str | None = None) -> TracePage:
    """A page of the traces in a folder (None: of those in none), of all experiments, newest first.

    Raises:
        InvalidValue: A token that is not from a page of a folder.
    """
    condition = Comparison(_FILED, "IS NULL", ()) if folder is None else Comparison(_FILED, "=", (folder,))
    return find(db, None, condition, limit=limit, token=token)
