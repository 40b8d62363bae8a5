"""One change for users, and the version that it requires."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["operation", "model", "server", "name"]


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between two contracts or two clients.

    Attributes:
        kind: The kind of the changed object; `name` is a name of the Python package.
        name: The changed object: an operationId, the name of a schema, a dotted Python name.
        text: A description of the change.
        breaking: True if the change can break a program that worked before.
    """

    kind: Kind
    name: str
    text: str
    breaking: bool

    def __str__(self) -> str:
        """Return the change as one line of a report."""
        return f"{'' if self.kind == 'name' else f'{self.kind} '}{self.name}: {self.text}"


def next_version(released: str, changes: Iterable[Change]) -> str:
    """Return the version that follows a released one; the same version without changes.

    From 1.0 on, a breaking change raises the first number and another change the second. Below 1.0, a breaking change
    raises the second number and another change the third.

    Args:
        released: The released version, `major.minor.patch`.
        changes: All changes since.

    Raises:
        ValueError: The version has another form.
    """
    major, minor, patch = parse_version(released)
    breaking = [change.breaking for change in changes]
    if not breaking:
        return released
    if any(breaking):
        return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    return f"{major}.{minor + 1}.0" if major else f"0.{minor}.{patch + 1}"


def parse_version(version: str) -> tuple[int, int, int]:
    """Return the three numbers of a version.

    Raises:
        ValueError: The version is not `major.minor.patch`.
    """
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch
