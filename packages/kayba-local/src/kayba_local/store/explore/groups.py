"""Fields whose values group traces: columns of traces, their tags, and the models that they called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kayba_local.store.errors import InvalidValue
from kayba_local.store.query.columns import Clause

_COLUMNS: Final[Mapping[str, str]] = {
    "folder": "traces.folder",
    "status": "traces.state",
    "name": "traces.name",
    "session": "traces.session_id",
    "user": "traces.user_id",
    "agent": "traces.agent",
    "error_type": "traces.error_type",
    "experiment": "CAST(traces.experiment AS TEXT)",
}
_TAG: Final = "tags."
FIELDS: Final = (*_COLUMNS, "model", "tags.KEY")


@dataclass(frozen=True, slots=True)
class Group:
    """A field as SQL.

    Attributes:
        value: The expression of its value; null for traces without it.
        join: A join that the expression needs. A trace with several models is in the group of each.
    """

    value: str
    join: Clause


def group_of(field: str) -> Group:
    """Return the group of a field: one of `FIELDS`.

    Raises:
        InvalidValue: There is no such field.
    """
    if field in _COLUMNS:
        return Group(_COLUMNS[field], Clause(""))
    if field == "model":
        return Group("trace_models.model", Clause("LEFT JOIN trace_models ON trace_models.trace = traces.id"))
    if field.startswith(_TAG) and len(field) > len(_TAG):
        join = "LEFT JOIN trace_tags AS grouping ON grouping.trace = traces.id AND grouping.key = ?"
        return Group("grouping.value", Clause(join, (field[len(_TAG) :],)))
    raise InvalidValue(f"There is no field {field!r} to group by: use {', '.join(FIELDS)}.")
