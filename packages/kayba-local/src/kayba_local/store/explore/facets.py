"""Facets: the values of a field among traces, with the number of traces of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kayba_local.store.database import Transaction
from kayba_local.store.explore.groups import group_of
from kayba_local.store.query.columns import Clause


@dataclass(frozen=True, slots=True)
class Facet:
    """The most frequent values of a field.

    Attributes:
        field: The field.
        values: The values with their numbers of traces; None for traces without the field.
        more: Whether the field has further values.
    """

    field: str
    values: Sequence[tuple[str | None, int]]
    more: bool


def count_values(tx: Transaction, where: Clause, field: str, limit: int) -> Facet:
    """Return the most frequent values of a field among the traces of a condition.

    Raises:
        InvalidValue: There is no such field.
    """
    group = group_of(field)
    rows = tx.rows(
        f"SELECT {group.value} AS value, COUNT(*) AS number FROM traces {group.join.sql} WHERE {where.sql}"  # noqa: S608 - names of this package; values are bound
        " GROUP BY 1 ORDER BY number DESC, value LIMIT ?",
        (*group.join.parameters, *where.parameters, limit + 1),
    )
    return Facet(field, [(row["value"], row["number"]) for row in rows[:limit]], more=len(rows) > limit)


def experiment_names(tx: Transaction) -> dict[str, str]:
    """Return the names of all experiments by id."""
    return {str(row["id"]): row["name"] for row in tx.rows("SELECT id, name FROM experiments")}
