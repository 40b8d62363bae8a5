"""Fields of the search language for completion: types, operators, meaning, and values that are stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kayba_local.store.database import Transaction

FieldType = Literal["text", "number", "time"]

MAX_KEYS: Final = 100
"""Keys of tags and metadata that are listed, the most frequent ones."""
_NULLS: Final = ("IS NULL", "IS NOT NULL")
_EQUALITIES: Final = ("=", "!=", "IN", "NOT IN", *_NULLS)
_OPERATORS: Final[Mapping[FieldType, Sequence[str]]] = {
    "text": (*_EQUALITIES, "LIKE", "NOT LIKE", "ILIKE", "RLIKE"),
    "number": (*_EQUALITIES, ">", ">=", "<", "<="),
    "time": ("=", "!=", ">", ">=", "<", "<="),
}
_BARE_KEY: Final = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListedField:
    """A field that a filter may compare.

    Attributes:
        name: The name as it stands in a filter.
        type: The type of its values.
        description: Its meaning.
        examples: Some values.
    """

    name: str
    type: FieldType
    description: str
    examples: Sequence[str] = ()

    @property
    def operators(self) -> Sequence[str]:
        """The operators that it takes."""
        return _OPERATORS[self.type]


FIELDS: Final = (
    ListedField("status", "text", "The state of the trace.", ("OK", "ERROR", "IN_PROGRESS")),
    ListedField("name", "text", "The name of the trace."),
    ListedField("folder", "text", "The folder of the trace."),
    ListedField("session", "text", "The conversation that the trace belongs to."),
    ListedField("user", "text", "The user that the trace belongs to."),
    ListedField("timestamp", "time", "The start of the trace.", ("-24h", "2026-11-01", "-30m")),
    ListedField("duration", "number", "The duration of the trace: in ms, or with a unit.", ("1.5s", "200ms")),
    ListedField("model", "text", "A model that the trace called."),
    ListedField("agent", "text", "The agent of the trace."),
    ListedField("error", "text", "The type or the message of the error."),
    ListedField("tokens", "number", "The tokens of the trace, each call counted once.", ("1000",)),
    ListedField("cost", "number", "The price of the trace in US dollars.", ("0.01",)),
    ListedField("spans", "number", "The number of spans.", ("100",)),
    ListedField("span.name", "text", "The name of a span. Conditions on spans hold for one and the same span."),
    ListedField("span.type", "text", "The type of a span.", ("TOOL", "CHAT_MODEL", "RETRIEVER")),
    ListedField("span.status", "text", "The state of a span.", ("OK", "ERROR")),
    ListedField("trace_id", "text", "The id of the trace."),
)
_PAIRS: Final = (("tags", "trace_tags", "A tag."), ("metadata", "trace_metadata", "Metadata."))


def list_fields(tx: Transaction) -> list[ListedField]:
    """Return the fields that a filter may compare: those of every trace, and the stored tags, metadata and feedback."""
    listed = list(FIELDS)
    for group, table, description in _PAIRS:
        rows = tx.rows(
            f"SELECT key, COUNT(*) AS number FROM {table} GROUP BY key ORDER BY number DESC, key LIMIT ?",  # noqa: S608 - constants
            (MAX_KEYS,),
        )
        listed += [ListedField(name_field(group, row["key"]), "text", description) for row in rows]
    rows = tx.rows(
        "SELECT DISTINCT content ->> '$.assessment_name' AS name FROM assessments ORDER BY 1 LIMIT ?", (MAX_KEYS,)
    )
    listed += [ListedField(name_field("feedback", row["name"]), "text", "The value of feedback.") for row in rows]
    return listed


def name_field(group: str, key: str) -> str:
    """Return the name of a field with a key, with quotes around a key of other characters than letters and digits."""
    return f"{group}.{key}" if _BARE_KEY.fullmatch(key) else f"{group}.`{key}`"
