"""A trace's tree in a terminal: with rich where it is installed, as aligned plain text everywhere else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO
from unicodedata import combining, east_asian_width

from ace_tracing.reading.outline import headline, lines

if TYPE_CHECKING:
    from rich.console import Console

    from ace_tracing.reading.trace import Trace

_ASCII_BRANCHES = str.maketrans({"└": "`", "├": "|", "─": "-", "│": "|", "…": "~"})


def print_tree(trace: Trace, file: TextIO | None = None) -> None:
    """Print a trace, a line a span, to `file` or standard output."""
    out = sys.stdout if file is None else file
    console = _console(out)
    if console is None:
        out.write(_encodable(plain_text(trace), out))
    else:
        _print_rich(trace, console)


def plain_text(trace: Trace) -> str:
    """The tree as text in aligned columns, ending in a line break."""
    rows = [(line.branches + line.name, line.span_type, line.duration, line.error) for line in lines(trace)]
    widths = [max((_width(row[column]) for row in rows), default=0) for column in range(3)]
    text = [headline(trace)]
    for name, span_type, duration, error in rows:
        padded = name + " " * (widths[0] - _width(name))
        text.append(f"{padded}  {span_type:<{widths[1]}}  {duration:>{widths[2]}}  {error}".rstrip())
    return "\n".join(text) + "\n"


def _console(out: TextIO) -> Console | None:
    """A console of rich's on a terminal; None where there is no terminal or no rich."""
    if not out.isatty():
        return None
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        return None
    return Console(file=out, highlight=False)


def _print_rich(trace: Trace, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=None)
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(no_wrap=True, justify="right", style="green")
    table.add_column(style="red")
    for line in lines(trace):
        # Text, not markup: a span may be called [bold].
        name = Text.assemble((line.branches, "dim"), (line.name, "bold red" if line.error else "bold"))
        table.add_row(name, Text(line.span_type), Text(line.duration), Text(line.error))
    console.print(Text(headline(trace), style="red" if trace.info.state == "ERROR" else "dim"))
    console.print(table)


def _width(text: str) -> int:
    """Columns that text takes in a terminal, where an ideograph takes two and a combining accent none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _encodable(text: str, out: TextIO) -> str:
    """The text with nothing in it that the file's encoding lacks, as that of many a Windows console does branches."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII_BRANCHES).encode(encoding, "backslashreplace").decode(encoding)
    return text
