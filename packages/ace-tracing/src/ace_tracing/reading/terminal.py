"""A trace's tree on a terminal: with rich when it is installed, otherwise as aligned plain text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, TextIO
from unicodedata import combining, east_asian_width

from ace_tracing.reading.outline import format_headline, iter_lines
from ace_tracing.reading.tree import SpanTree

if TYPE_CHECKING:
    from rich.console import Console

_ASCII_BRANCHES: Final = str.maketrans({"└": "`", "├": "|", "─": "-", "│": "|", "…": "~"})


def print_tree(trace: SpanTree, file: TextIO | None = None) -> None:
    """Print a trace to `file` or standard output, one line per span."""
    out = sys.stdout if file is None else file
    console = _rich_console(out)
    if console is None:
        out.write(_make_encodable(format_plain_text(trace), out))
    else:
        _print_rich(trace, console)


def format_plain_text(trace: SpanTree) -> str:
    """Return the tree as text in aligned columns, with a final line break."""
    rows = [(line.branches + line.name, line.span_type, line.duration, line.error) for line in iter_lines(trace)]
    widths = [max((_column_width(row[column]) for row in rows), default=0) for column in range(3)]
    text = [format_headline(trace)]
    for name, span_type, duration, error in rows:
        padded = name + " " * (widths[0] - _column_width(name))
        text.append(f"{padded}  {span_type:<{widths[1]}}  {duration:>{widths[2]}}  {error}".rstrip())
    return "\n".join(text) + "\n"


def _rich_console(out: TextIO) -> Console | None:
    """Return a rich console; None when `out` is not a terminal or rich is not installed."""
    if not out.isatty():
        return None
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        return None
    return Console(file=out, highlight=False)


def _print_rich(trace: SpanTree, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=None)
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(no_wrap=True, justify="right", style="green")
    table.add_column(style="red")
    for line in iter_lines(trace):
        # `Text` is not parsed as markup: a span may be named [bold].
        name = Text.assemble((line.branches, "dim"), (line.name, "bold red" if line.error else "bold"))
        table.add_row(name, Text(line.span_type), Text(line.duration), Text(line.error))
    console.print(Text(format_headline(trace), style="red" if trace.info.state == "ERROR" else "dim"))
    console.print(table)


def _column_width(text: str) -> int:
    """Return the columns of a text on a terminal: two for an ideograph, none for a combining accent."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _make_encodable(text: str, out: TextIO) -> str:
    """Replace the characters that the file's encoding lacks. Many Windows consoles lack the branches of the tree."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII_BRANCHES).encode(encoding, "backslashreplace").decode(encoding)
    return text
