"""Tables in Markdown, and their places in docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from math import floor
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

Values = Mapping[str, float | None]
"""A row's figures by column; None where there is nothing to tell."""


def markdown(rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """A table whose first row is its heading; the first columns are texts, the others figures."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if column < texts else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |\n"

    rule = ["-" * (width + 2) if column < texts else "-" * (width + 1) + ":" for column, width in enumerate(widths)]
    return f"{line(rows[0])}|{'|'.join(rule)}|\n{''.join(map(line, rows[1:]))}"


def cells(columns: Sequence[str], values: Values, ours: Values) -> list[str]:
    """The figures of a row, each with how many times ours it is, where there is one of ours to compare with."""
    return [_cell(column, values.get(column), ours.get(column)) for column in columns]


def _cell(column: str, value: float | None, ours: float | None) -> str:
    if value is None:
        return "—"
    if column == "delivered":
        # Never rounded up to all of them.
        return f"{floor(value * 10_000) / 100:g}%"
    return figure(value) + (f" ({figure(value / ours, 2)}x)" if ours else "")


def figure(value: float, digits: int = 3) -> str:
    """A number with so many digits that count, and no exponent."""
    return f"{value:,.0f}" if value >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def about(command: str, more: str) -> str:
    """What a reader needs in order to run it again: the command as it was given, and on what it ran."""
    words = [command, *(word for word in sys.argv[1:] if word != "--print-only")]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"`hatch run bench:{' '.join(words)}`: {python}, {machine}; {more}.\n"


def publish(command: str, text: str, *, print_only: bool) -> None:
    """Print a text, and put it where the page has the command's place."""
    print(text)
    if print_only:
        return
    start, end = f"<!-- written by `hatch run bench:{command}` -->\n", f"<!-- end of bench:{command} -->\n"
    before, found, rest = PAGE.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"docs/benchmarks.md has no place for bench:{command}")
    PAGE.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")
