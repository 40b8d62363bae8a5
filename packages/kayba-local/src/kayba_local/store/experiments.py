"""Experiments: named groups of traces. The experiment of id 0 is named `Default` and always exists."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.errors import AlreadyExists, DoesNotExist
from kayba_local.store.functions import report_failures
from kayba_local.store.query.columns import Clause, Column, NumberColumn, TextColumn
from kayba_local.store.query.conditions import Compiler
from kayba_local.store.query.errors import unknown_field
from kayba_local.store.query.grammar import parse_filter
from kayba_local.store.query.nodes import Field
from kayba_local.store.query.paging import SortKey, fetch_page, sort_keys

DEFAULT_EXPERIMENT: Final = "0"
"""The id of the experiment of spans that name none, which is always there, as on an MLflow server."""

_COLUMNS: Final[Mapping[str, Column]] = {
    "name": TextColumn("experiments.name"),
    "experiment_id": NumberColumn("experiments.id"),
    "creation_time": NumberColumn("experiments.created_ms", kind="time"),
    "last_update_time": NumberColumn("experiments.created_ms", kind="time"),
}
_INSERT: Final = """
    INSERT INTO experiments (id, name, created_ms)
    SELECT max(id) + 1, ?, ? FROM (SELECT id FROM experiments UNION ALL SELECT id FROM deleted_experiments)
"""
_GROUPS: Final = ("", "attribute", "attributes")
_TIE_BREAKERS: Final = (
    SortKey(Clause("experiments.created_ms"), descending=True),
    SortKey(Clause("experiments.id"), descending=True),
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment; `id` consists of decimal digits, `created_ms` is in milliseconds since 1970 (UTC)."""

    id: str
    name: str
    created_ms: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExperimentPage:
    """A page of experiments, and the token of the next page; None on the last page."""

    experiments: list[Experiment]
    next_token: str | None


def create(db: Database, name: str, tags: Mapping[str, str]) -> str:
    """Create an experiment and return its id.

    Raises:
        AlreadyExists: Another experiment has this name.
    """
    with db.write() as tx:
        if tx.row("SELECT 1 FROM experiments WHERE name = ?", (name,)) is not None:
            raise AlreadyExists(f"An experiment named {name!r} already exists.")
        tx.run(_INSERT, (name, _now_ms()))
        tx.run_many(
            "INSERT INTO experiment_tags (experiment, key, value) SELECT id, ?, ? FROM experiments WHERE name = ?",
            [(key, value, name) for key, value in tags.items()],
        )
        return str(_get_row_by_name(tx, name)["id"])


def get(db: Database, experiment_id: str) -> Experiment:
    """Return the experiment of an id.

    Raises:
        DoesNotExist: No experiment has this id.
    """
    with db.read() as tx:
        return _read(tx, get_row(tx, experiment_id))


def get_by_name(db: Database, name: str) -> Experiment:
    """Return the experiment of an exact name.

    Raises:
        DoesNotExist: No experiment has this name.
    """
    with db.read() as tx:
        return _read(tx, _get_row_by_name(tx, name))


def search(db: Database, filter_text: str, order_by: Sequence[str], limit: int, token: str | None) -> ExperimentPage:
    """Return a page of experiments, newest first by default.

    Args:
        db: The store.
        filter_text: Conditions on the fields `name`, `experiment_id`, `creation_time` and `last_update_time`.
        order_by: The same fields, each with `ASC` or `DESC`.
        limit: Experiments a page.
        token: The `next_token` of the previous page; None for the first page.

    Raises:
        InvalidValue: The filter, order or token is invalid.
    """
    where = Compiler(_resolve).compile(parse_filter(filter_text))
    keys = sort_keys(order_by, _resolve, _TIE_BREAKERS)
    with db.read() as tx, report_failures():
        page = fetch_page(tx, "experiments", where, keys, limit, token)
        return ExperimentPage([_read(tx, row) for row in page.rows], page.next_token)


def get_row(tx: Transaction, experiment_id: str) -> Row:
    """Return the row of an experiment.

    Raises:
        DoesNotExist: No experiment has this id.
    """
    row = tx.row("SELECT * FROM experiments WHERE id = ?", (int(experiment_id),))
    if row is None:
        raise DoesNotExist(f"No experiment of id {experiment_id}.")
    return row


def delete_row(tx: Transaction, experiment_id: str) -> None:
    """Delete an experiment without traces. Its id is not used again.

    Raises:
        DoesNotExist: No experiment has this id.
    """
    row = get_row(tx, experiment_id)
    tx.run(
        "INSERT INTO deleted_experiments (id, name, deleted_ms) VALUES (?, ?, ?)", (row["id"], row["name"], _now_ms())
    )
    tx.run("DELETE FROM experiments WHERE id = ?", (row["id"],))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _get_row_by_name(tx: Transaction, name: str) -> Row:
    row = tx.row("SELECT * FROM experiments WHERE name = ?", (name,))
    if row is None:
        raise DoesNotExist(f"Could not find experiment with name {name!r}")
    return row


def _read(tx: Transaction, row: Row) -> Experiment:
    tags = tx.rows("SELECT key, value FROM experiment_tags WHERE experiment = ? ORDER BY key", (row["id"],))
    return Experiment(str(row["id"]), row["name"], row["created_ms"], {tag["key"]: tag["value"] for tag in tags})


def _resolve(field: Field) -> Column:
    column = _COLUMNS.get(field.key) if field.group in _GROUPS else None
    if column is None:
        raise unknown_field(field, _COLUMNS)
    return column
