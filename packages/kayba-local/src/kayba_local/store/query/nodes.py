"""Nodes of a parsed filter: comparisons, words of a text search, and their combinations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit of time, such as `-24h` or `1.5s`."""

    milliseconds: float
    signed: bool
    """Whether the filter states a sign: then a field that is a time is compared with a time relative to now."""
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """An ISO date or time, in milliseconds since 1970 (UTC)."""

    milliseconds: float
    text: str


Value: TypeAlias = str | int | float | Quantity | Moment


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a condition; `group` is empty for a bare name, `position` counts characters from 1."""

    group: str
    key: str
    position: int

    def __str__(self) -> str:
        return f"{self.group}.{self.key}" if self.group else self.key


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of a field.

    Attributes:
        field: The field.
        operator: The operator in upper case, such as `=`, `NOT LIKE` or `IS NULL`.
        values: The values; one, except for IN and IS.
        positions: The positions of the values.
    """

    field: Field
    operator: str
    values: tuple[Value, ...] = ()
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A word or a phrase that the text of a trace must contain.

    Attributes:
        text: The word, or the words of the phrase in their order.
        is_prefix: Whether the last word may continue, as in `refun*`.
        position: The position in the filter, from 1.
    """

    text: str
    is_prefix: bool
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition: true for exactly the traces for which the condition is not."""

    member: Condition


@dataclass(frozen=True, slots=True)
class And:
    """A conjunction of conditions; an empty one is always true."""

    members: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """A disjunction of conditions."""

    members: tuple[Condition, ...]


Condition: TypeAlias = "Comparison | Words | Not | And | Or"


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """An `order_by` entry: a field and its direction."""

    field: Field
    descending: bool
