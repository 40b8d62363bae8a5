"""Spellings: the names in `names.json`, each with its place in the order of precedence and the reader of its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from conventions.values import read_count, read_number

NAMES: Final[dict[str, Any]] = orjson.loads(Path(__file__).with_name("names.json").read_bytes())
"""The content of `names.json`."""
TOKENS: Final = "tokens"
COST: Final = "cost"
ATTRIBUTES: Final[dict[str, str]] = {field: row["attribute"] for field, row in NAMES.items() if "attribute" in row}
"""Our attribute of each field."""

_FAMILIES: Final = tuple(NAMES["families"])
_TYPES: Final = {spelling: kind for kind, spellings in NAMES["types"].items() for spelling in spellings}
_TEXTS: Final = frozenset({"model", "provider", "agent", "session", "user"})


class Spelling:
    """A name that is read.

    Attributes:
        field: The field of `names.json` that it belongs to.
        part: The part of a field with parts, as tokens and cost have; empty for all others.
        place: Field and part as one text.
        attribute: Our attribute of the field.
        rank: Its place in the order of precedence. The lowest one wins.
        name: The name of the attribute, or the prefix of flattened names with the dot at its end.
        is_flattened: Whether the name is a prefix.
        spans: The beginning of the names of the spans on which it is read; empty for all spans.
        read: Returns the usable value of an attribute, or None, which leaves its place to another spelling.
        mime_type: The attribute with the MIME type of the value. None if the value tells it by itself.
        system: The attribute with the system message for a list of messages.
    """

    # Not a named tuple, whose fields take three times as long to read: they are read for each attribute of a span.
    __slots__ = (
        "attribute", "field", "is_flattened", "mime_type", "name", "part", "place", "rank", "read", "spans", "system",
    )  # fmt: skip

    def __init__(self, field: str, part: str, rank: int, entry: Mapping[str, str]) -> None:
        self.field = field
        self.part = part
        self.place = f"{field}.{part}"
        self.attribute = ATTRIBUTES[field]
        self.rank = rank
        self.name = entry["name"].removesuffix("*")
        self.is_flattened = self.name.endswith(".")
        self.spans = entry.get("spans", "")
        self.read = _reader_of(field)
        self.mime_type = entry.get("mime_type")
        self.system = entry.get("system")


def _read_type(value: Any) -> str | None:
    return _TYPES.get(value.lower()) if isinstance(value, str) else None


def _read_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return None if read_count(value) is None else str(value)


def _read_any(value: Any) -> Any:
    return value


def _reader_of(field: str) -> Callable[[Any], Any]:
    readers = {"span_type": _read_type, TOKENS: read_count, COST: read_number}
    return readers.get(field, _read_text if field in _TEXTS else _read_any)


def _read_row(field: str, part: str, row: Mapping[str, Any]) -> Iterator[Spelling]:
    for rank, entry in enumerate(entry for family in _FAMILIES for entry in row[family]):
        yield Spelling(field, part, rank, {"name": entry} if isinstance(entry, str) else entry)


_SPELLINGS: Final = [
    spelling
    for field in ATTRIBUTES
    for part, row in NAMES[field].get("fields", {"": NAMES[field]}).items()
    for spelling in _read_row(field, part, row)
]
EXACT: Final = {each.name: each for each in _SPELLINGS if not each.is_flattened}
"""The spellings by name, except the flattened ones."""
FLATTENED: Final = {each.name: each for each in _SPELLINGS if each.is_flattened}
"""The spellings of flattened names by prefix."""
match_prefix: Final = re.compile("|".join(map(re.escape, FLATTENED))).match
"""Match the prefix of a flattened name."""
