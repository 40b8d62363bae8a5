"""Libraries that can be instrumented, and the instrumentors of each, the preferred one first.

`libraries.json` has them. A library or an instrumentor that is added there is known from then on.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from importlib.resources import files
from typing import Any, Final, NamedTuple

import orjson

from ace_tracing.errors import ConfigurationError

FAMILIES: Final = ("native", "openinference", "genai", "openllmetry", "opentelemetry")
"""The kinds of instrumentors. `native` is a library that records spans itself."""

_GROUPS: Final = ("opentelemetry_instrumentor", "openinference_instrumentor")


class Instrumentor(NamedTuple):
    """One way to record a library.

    Attributes:
        family: One of `FAMILIES`.
        package: The distribution to install; empty for a library that records spans itself.
        entry_point: The name of its entry point.
        settings: The function of `ace_tracing.otel.native` that turns the library's own spans on.
        to_global: Whether the library's own spans go to the global provider only.
        since: The first major version of the library that records spans itself.
    """

    family: str
    package: str = ""
    entry_point: str = ""
    settings: str = ""
    to_global: bool = False
    since: int = 0

    @property
    def version(self) -> str | None:
        """The installed version of the package; None if it is not installed."""
        return find_version(self.package) if self.package else ""

    def find_entry_point(self) -> EntryPoint | None:
        """Return the entry point of this package. Other families have entry points of the same name."""
        wanted = _normalize(self.package)
        for group in _GROUPS:
            for found in entry_points(group=group, name=self.entry_point):
                if found.dist is not None and _normalize(found.dist.name) == wanted:
                    return found
        return None


class Library(NamedTuple):
    """A library that can be instrumented.

    Attributes:
        name: Its name, as `instrument` takes it.
        distributions: The distributions that it may be installed as.
        instrumentors: Its instrumentors, the preferred one first.
        needs: Further libraries without whose instrumentation its model calls are missing.
        native_to_global: Whether it records spans itself, too, as soon as there is a global provider.
        has_extra: Whether there is an extra of its name.
    """

    name: str
    distributions: tuple[str, ...]
    instrumentors: tuple[Instrumentor, ...]
    needs: tuple[str, ...] = ()
    native_to_global: bool = False
    has_extra: bool = True

    @property
    def version(self) -> str | None:
        """Its installed version; None if it is not installed."""
        return next((found for name in self.distributions if (found := find_version(name)) is not None), None)


def find_version(distribution: str) -> str | None:
    """Return the installed version of a distribution; None if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def find_major(version: str) -> int:
    """Return the first number of a version, which may be written in any way; 0 without one."""
    found = re.match(r"v?(?:\d+!)?(\d+)", version)
    return int(found[1]) if found else 0


def find_libraries(names: tuple[str, ...]) -> list[Library]:
    """Return the libraries of these names, each once; all that are installed without names.

    Raises:
        ConfigurationError: A name is unknown. The message contains similar ones.
    """
    if not names:
        return [library for library in LIBRARIES.values() if library.version is not None]
    found: dict[str, Library] = {}
    for given in names:
        library = LIBRARIES.get(str(given).lower().replace("_", "-"))
        if library is None:
            similar = difflib.get_close_matches(str(given), LIBRARIES) or LIBRARIES
            raise ConfigurationError(
                f"instrument: {given!r} is not known. Known are, for example: {', '.join(similar)}"
            )
        for name in (library.name, *library.needs):
            found.setdefault(name, LIBRARIES[name])
    return list(found.values())


def _read_table() -> dict[str, Library]:
    table: dict[str, Any] = orjson.loads(files("ace_tracing.otel").joinpath("libraries.json").read_bytes())
    return {name: Library(name, **fields) for name, fields in _read_rows(table)}


def _read_rows(table: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, row in table.items():
        families = table[row["same_as"]]["families"] if "same_as" in row else row["families"]
        yield (
            name,
            {
                "distributions": tuple(row["distributions"]),
                "instrumentors": tuple(Instrumentor(family, **fields) for family, fields in families.items()),
                "needs": tuple(row.get("with", ())),
                "native_to_global": row.get("native_to_global", False),
                "has_extra": row.get("extra", True),
            },
        )


def _normalize(distribution: str) -> str:
    return distribution.lower().replace("_", "-").replace(".", "-")


LIBRARIES: Final = _read_table()
"""All libraries by name."""
