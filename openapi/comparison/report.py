"""Everything that users meet when they go from the released contract and client to others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comparison.change import Change, next_version
from comparison.contracts import answers_only, compare_contracts
from comparison.document import Document
from comparison.names import compare_names


@dataclass(frozen=True, slots=True)
class Api:
    """One state of what is compared: a contract, and the names of the client that is generated from it.

    Attributes:
        contract: The OpenAPI document.
        names: What `comparison.names.describe` says of the client.
        version: The client's version.
    """

    contract: Mapping[str, Any]
    names: str
    version: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a state changes for users of the released one.

    Attributes:
        released: The version that is compared with.
        wire: What is different in the contract.
        names: What is different in the client's public names.
    """

    released: str
    wire: tuple[Change, ...]
    names: tuple[Change, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All of it."""
        return self.wire + self.names

    @property
    def breaking(self) -> bool:
        """Whether anything of it breaks."""
        return any(change.breaking for change in self.changes)

    @property
    def next_version(self) -> str:
        """The lowest version that may have these changes; the released one when there are none."""
        return next_version(self.released, self.changes)

    def __str__(self) -> str:
        """The report for a terminal."""
        return "\n".join(self._lines())

    def fragment(self) -> str:
        """The report as a section of the changelog, in Markdown; empty when nothing is different."""
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
            yield f"Nothing is different for users since kayba-api {self.released}."
            return
        yield f"Since kayba-api {self.released}:"
        for title, changes in (("Contract", self.wire), ("Python names", self.names)):
            if changes:
                yield from ("", title)
                yield from _marked(changes)
        count = sum(change.breaking for change in self.changes)
        yield ""
        yield f"{count} of {len(self.changes)} changes break users. The next version is {self.next_version}."


def compare(old: Api, new: Api) -> Report:
    """What users of the old state meet in the new one."""
    before = Document(old.contract)
    wire = compare_contracts(before, Document(new.contract))
    names = compare_names(old.names, new.names, answers_only(before))
    return Report(old.version, tuple(wire), tuple(names))


def _marked(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        yield f"  {'BREAKING' if change.breaking else '        '}  {change}"
