"""The report of all changes between the last release and another contract and client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comparison.change import Change, next_version
from comparison.contracts import compare_contracts, response_only_schemas
from comparison.document import Document
from comparison.names import compare_names


@dataclass(frozen=True, slots=True)
class Api:
    """A contract and the public names of the client generated from it.

    Attributes:
        contract: The OpenAPI document.
        names: The result of `comparison.names.describe_package` for the client.
        version: The client's version.
    """

    contract: Mapping[str, Any]
    names: str
    version: str


@dataclass(frozen=True, slots=True)
class Report:
    """The changes for users of the released version.

    Attributes:
        released: The released version.
        wire: The changes of the contract.
        names: The changes of the client's public names.
    """

    released: str
    wire: tuple[Change, ...]
    names: tuple[Change, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes."""
        return self.wire + self.names

    @property
    def breaking(self) -> bool:
        """True if any change is breaking."""
        return any(change.breaking for change in self.changes)

    @property
    def next_version(self) -> str:
        """The lowest version that may contain these changes; the released one without changes."""
        return next_version(self.released, self.changes)

    def __str__(self) -> str:
        """Return the report for a terminal."""
        return "\n".join(self._lines())

    def fragment(self) -> str:
        """Return the report as a Markdown section of the changelog; empty without changes."""
        if not self.changes:
            return ""
        parts = ["<!-- Written by `hatch run regenerate`; do not edit. -->", f"### kayba-api {self.next_version}"]
        for title, breaking in (("Breaking", True), ("Compatible", False)):
            lines = [f"- {change}." for change in self.changes if change.breaking == breaking]
            if lines:
                parts += [f"#### {title}", "\n".join(lines)]
        return "\n\n".join(parts) + "\n"

    def _lines(self) -> Iterator[str]:
        if not self.changes:
            yield f"No changes for users since kayba-api {self.released}."
            return
        yield f"Since kayba-api {self.released}:"
        for title, changes in (("Contract", self.wire), ("Python names", self.names)):
            if changes:
                yield from ("", title)
                yield from _marked_lines(changes)
        count = sum(change.breaking for change in self.changes)
        yield ""
        yield f"{count} of {len(self.changes)} changes are breaking. The next version is {self.next_version}."


def compare(old: Api, new: Api) -> Report:
    """Return the changes from one state to another."""
    before = Document(old.contract)
    wire = compare_contracts(before, Document(new.contract))
    names = compare_names(old.names, new.names, response_only_schemas(before))
    return Report(old.version, tuple(wire), tuple(names))


def _marked_lines(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        yield f"  {'BREAKING' if change.breaking else '        '}  {change}"
