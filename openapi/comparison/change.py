"""One difference that users meet, and the version that it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

What = Literal["operation", "model", "server", "name"]


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between two contracts, or between two clients.

    Attributes:
        what: The sort of thing that differs; a ``name`` is one of the Python package.
        name: Which one: an operationId, the name of a schema, a dotted Python name.
        says: What is different, as the end of a sentence that starts with the name.
        breaking: Whether a program that was right before can be wrong now.
    """

    what: What
    name: str
    says: str
    breaking: bool

    def __str__(self) -> str:
        """The change as a line for people."""
        return f"{'' if self.what == 'name' else f'{self.what} '}{self.name} {self.says}"


def next_version(released: str, changes: Iterable[Change]) -> str:
    """The version that follows a released one with these changes; the same when there are none.

    From 1.0 on what breaks raises the first number and what is compatible the second. Below, the second number stands
    for the first, and the third for the second.

    Args:
        released: ``major.minor.patch``.
        changes: All that is different since.

    Raises:
        ValueError: The version has another form.
    """
    major, minor, patch = numbers(released)
    breaking = [change.breaking for change in changes]
    if not breaking:
        return released
    if any(breaking):
        return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    return f"{major}.{minor + 1}.0" if major else f"0.{minor}.{patch + 1}"


def numbers(version: str) -> tuple[int, int, int]:
    """The three numbers of a version.

    Raises:
        ValueError: The version is not ``major.minor.patch``.
    """
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch
