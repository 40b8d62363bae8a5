"""Report of `instrument`: each library with its instrumentor, or the reason why it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

InstrumentationState: TypeAlias = Literal["instrumented", "skipped", "missing", "failed"]

_HEADER: Final = ("library", "version", "state", "details")


@dataclass(frozen=True, slots=True)
class LibraryInstrumentation:
    """One library in the report of `instrument`.

    Attributes:
        library: Its name.
        version: Its version; None if it is not installed.
        state: `instrumented`; `skipped`, if something else records it already or it needs a global provider;
            `missing`, if a package must be installed; `failed`, if the instrumentor raised an error.
        family: The kind of instrumentor: `native`, `openinference`, `genai`, `openllmetry` or `opentelemetry`. None
            without one.
        package: The instrumentor's distribution. None without one.
        package_version: Its version. None without one.
        reason: Why it is not instrumented, and what to do. Empty if it is.
    """

    library: str
    version: str | None
    state: InstrumentationState
    family: str | None = None
    package: str | None = None
    package_version: str | None = None
    reason: str = ""

    @property
    def details(self) -> str:
        """The instrumentor, or the reason, for people to read."""
        if self.reason:
            return self.reason
        return f"{self.package} {self.package_version}" if self.package else "by its own spans"


@dataclass(frozen=True, slots=True)
class InstrumentationReport:
    """Result of `instrument`. `print` shows it as a table.

    Attributes:
        libraries: The libraries, in the order of the names that were given.
        conflicts: What may be recorded twice, and what to do about it.
    """

    libraries: tuple[LibraryInstrumentation, ...]
    conflicts: tuple[str, ...] = ()

    @property
    def instrumented(self) -> list[str]:
        """The names of the libraries that are instrumented now."""
        return [each.library for each in self.libraries if each.state == "instrumented"]

    def __str__(self) -> str:
        """Return the report as a table, with a line for each conflict."""
        if not self.libraries:
            return "No library that can be instrumented is installed."
        rows = [_HEADER, *((each.library, each.version or "-", each.state, each.details) for each in self.libraries)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, *(f"Conflict: {conflict}" for conflict in self.conflicts)])
