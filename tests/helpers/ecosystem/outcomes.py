"""The table in docs/ecosystem.md: what is right for each framework, from the outcomes of a run of the tests."""

from __future__ import annotations

from typing import Final

import pytest
from tests.helpers.ecosystem.checks import CHECKS
from tests.helpers.ecosystem.environments import REQUIREMENTS, SHARED
from tests.helpers.ecosystem.expectations import FRAMEWORKS, MISSING, MODES, find_gaps
from tests.helpers.tables import DOCS, markdown_table

PAGE: Final = DOCS / "ecosystem.md"
START: Final = "<!-- written by `hatch run ecosystem:table` -->\n"
END: Final = "<!-- end of the table -->\n"
RIGHT: Final = "✓"
NOT_APPLICABLE: Final = "·"

Key = tuple[str, str, str]


class OutcomeTable:
    """A pytest plugin that records the outcome of each cell, and writes the table into the page.

    Args:
        write: Whether to write the table at the end of a run of all cells.
    """

    def __init__(self, *, write: bool) -> None:
        self._write = write
        self._keys: dict[str, Key] = {}
        self._right: dict[Key, bool] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Record the cell of each test."""
        for item in items:
            if marker := item.get_closest_marker("cell"):
                self._keys[item.nodeid] = marker.args

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record whether a cell is right: the test passes for a known gap, too, and reports the wrong cases."""
        if (key := self._keys.get(report.nodeid)) and report.when == "call":
            self._right[key] = dict(report.user_properties).get("wrong") == []

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the table. An unexpected outcome leaves the page unchanged."""
        if self._write and not session.testsfailed:
            before, _, after = split_page()
            PAGE.write_text(f"{before}{START}{format_table(self._right)}{END}{after}", encoding="utf-8")


def split_page() -> tuple[str, str, str]:
    """Return the page's text before the table, the table, and the text after it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    inside, _, after = rest.partition(END)
    return before, inside, after


def expected_outcomes() -> dict[Key, bool]:
    """Return the outcomes that a run of all tests must have."""
    keys = [(framework, mode, check) for framework in FRAMEWORKS for mode in MODES for check in CHECKS]
    return {key: not find_gaps(*key) for key in keys if (key[0], key[2]) not in MISSING}


def format_table(right: dict[Key, bool]) -> str:
    """Return the table and the list of its gaps, as Markdown.

    Args:
        right: Whether each cell is right. A cell without an outcome has not been tested.
    """
    notes: dict[str, int] = {}
    rows = [["framework", "recorded by", *CHECKS]]
    for framework in FRAMEWORKS:
        for mode, title in MODES.items():
            cells = [_format_cell((framework, mode, check), right, notes) for check in CHECKS]
            rows.append([f"{framework} {_version(framework)}", title, *cells])
    return "\n".join([markdown_table(rows), "".join(f"{number}. {note}\n" for note, number in notes.items())])


def _format_cell(key: Key, right: dict[Key, bool], notes: dict[str, int]) -> str:
    """Return a cell. A gap is a reference to its note, which is added to the notes."""
    framework, _, check = key
    if (framework, check) in MISSING:
        return NOT_APPLICABLE
    if key not in right:
        return "?"
    if right[key]:
        return RIGHT
    texts = [f"{', '.join(f'`{case}`' for case in gap.cases)}: {gap.reason}" for gap in find_gaps(*key)]
    return ", ".join(f"[{notes.setdefault(text, len(notes) + 1)}]" for text in texts) or "?"


def _version(framework: str) -> str:
    """Return the version of the tested framework."""
    for requirement in REQUIREMENTS[SHARED.get(framework, framework)]:
        name, _, version = requirement.partition("==")
        if name.partition("[")[0].removesuffix("-slim").removesuffix("-core") in (framework, f"{framework}-agents"):
            return version
    raise ValueError(f"no version of {framework}")
