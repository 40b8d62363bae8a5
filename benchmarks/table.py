"""Markdown tables, and their sections in `docs/benchmarks.md`."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from math import floor
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"

Values = Mapping[str, float | None]
"""The figures of a row by column; None for a figure that does not apply."""


def format_table(rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Return a Markdown table. The first row is the heading, and the first `texts` columns are aligned to the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if column < texts else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |\n"

    rule = ["-" * (width + 2) if column < texts else "-" * (width + 1) + ":" for column, width in enumerate(widths)]
    return f"{line(rows[0])}|{'|'.join(rule)}|\n{''.join(map(line, rows[1:]))}"


def format_cells(columns: Sequence[str], values: Values, baseline: Values) -> list[str]:
    """Return the figures of a row, each with its ratio to the baseline's figure if there is one."""
    return [_format_cell(column, values.get(column), baseline.get(column)) for column in columns]


def _format_cell(column: str, value: float | None, baseline: float | None) -> str:
    if value is None:
        return "—"
    if column == "delivered":
        # Rounded down: 100% means that every span was delivered.
        return f"{floor(value * 10_000) / 100:g}%"
    return format_figure(value) + (f" ({format_figure(value / baseline, 2)}x)" if baseline else "")


def format_figure(value: float, digits: int = 3) -> str:
    """Return a number with at least so many significant digits, without an exponent."""
    return f"{value:,.0f}" if value >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def format_caption(command: str, details: str) -> str:
    """Return the caption of a table: the command with its options, the machine and the details."""
    words = [command, *(word for word in sys.argv[1:] if word != "--print-only")]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"`hatch run bench:{' '.join(words)}`: {python}, {machine}; {details}.\n"


def publish(command: str, text: str, *, print_only: bool) -> None:
    """Print a text, and unless `print_only`, write it to the command's section of the page.

    Raises:
        ValueError: The page has no section for the command.
    """
    print(text)
    if print_only:
        return
    start, end = f"<!-- written by `hatch run bench:{command}` -->\n", f"<!-- end of bench:{command} -->\n"
    before, found, rest = PAGE.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"docs/benchmarks.md has no section for bench:{command}")
    PAGE.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")
