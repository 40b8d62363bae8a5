"""Tables in docs/ that are made of the tests themselves, by markers that say what a test shows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

DOCS = Path(__file__).parents[2] / "docs"


class Cell(NamedTuple):
    """A place in a table."""

    row: str
    column: str


class TableOfTests(ABC):
    """A pytest plugin that keeps a table of the tests collected.

    Args:
        document: the page that holds the table.
        command: what a developer runs to write it.
        write: put the table of the tests collected into the page.
    """

    def __init__(self, document: Path, command: str, *, write: bool) -> None:
        self._document = document
        self._start, self._end = f"<!-- written by `{command}` -->\n", "<!-- end of the table -->\n"
        self._write = write
        self.cells: dict[str, list[Cell]] = {}
        self.names = defaultdict[Cell, dict[str, None]](dict)

    @abstractmethod
    def places(self, item: pytest.Item) -> Iterator[tuple[Cell, str]]:
        """Where a test belongs, and the name it is given there; raises `pytest.UsageError` for an unknown place."""

    @abstractmethod
    def markdown(self) -> str:
        """The table, with the names of the tests."""

    # First, so that the table holds tests that the command line then deselects, too.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Find each test's places; one that is expected to fail shows nothing."""
        for item in items:
            places = list(self.places(item))
            if not item.get_closest_marker("xfail"):
                self.cells[item.nodeid] = [cell for cell, _ in places]
                for cell, name in places:
                    self.names[cell][name] = None
        if self._write:
            before, _, after = self._split()
            self._document.write_text(f"{before}{self._start}{self.markdown()}{self._end}{after}", encoding="utf-8")

    def documented(self) -> str:
        """The table as the page has it."""
        return self._split()[1]

    def tests(self, cell: Cell) -> str:
        """The names of a cell's tests, as Markdown."""
        return "<br>".join(f"`{name}`" for name in self.names.get(cell, ())) or "—"

    def _split(self) -> tuple[str, str, str]:
        """The page before its table, the table, and the page after it."""
        before, _, rest = self._document.read_text(encoding="utf-8").partition(self._start)
        inside, _, after = rest.partition(self._end)
        return before, inside, after


def lines_of(rows: list[list[str]]) -> str:
    """A table in Markdown, of a heading and rows."""
    heading, *others = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in [heading, ["---"] * len(heading), *others])


def whole(session: pytest.Session, folder: Path) -> bool:
    """Whether all tests of a folder were collected, as its table needs."""
    return {item.path for item in session.items} >= set(folder.rglob("test_*.py"))
