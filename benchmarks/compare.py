"""Comparison of SDKs on the same work: the cost of a span, the delivery, and the size of the installation.

    hatch run bench:peers [--without langsmith --without mlflow] [--only ace --only opentelemetry]
                          [--traces 20000] [--rounds 5]

It prints a table and writes it to `docs/benchmarks.md`, which explains the columns.
"""

from __future__ import annotations

from typing import Final

from environments import Environment
from options import SILENT, TITLES, format_versions, log_progress, make_parser, prepare_environments
from runs import Figures, measure_spans, run_interleaved
from table import Values, format_caption, format_cells, format_table, publish

COLUMNS: Final = (
    "caller µs",
    "caller CPU µs",
    "whole CPU µs",
    "spans/s",
    "delivered",
    "sent B",
    "import ms",
    "install MB",
    "packages",
)


def make_row(name: str, figures: Figures, environment: Environment) -> Values:
    """Return a row of the table."""
    size = environment.bytes
    row = {**figures, "install MB": size and size / 1e6, "packages": environment.packages}
    silent = ("spans/s", "delivered", "sent B") if name in SILENT else ()
    absent = ("import ms", "install MB", "packages") if name == "plain" else ()
    return {**row, **dict.fromkeys((*silent, *absent))}


def main() -> None:
    """Measure the SDKs, print the table and write it to the page."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "--traces", type=int, default=20_000, help="traces of the fastest SDKs; slower ones run a share of them"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    prepared = prepare_environments(options, tuple(TITLES))
    medians = run_interleaved(
        prepared,
        options.rounds,
        lambda name: measure_spans(name, prepared[name], "3 spans", options.traces),
        log_progress,
    )
    rows = {name: make_row(name, figures, prepared[name]) for name, figures in medians.items()}
    cells = [
        [TITLES[name], *format_cells(COLUMNS, row, {} if name in ("ace", *SILENT) else rows.get("ace", {}))]
        for name, row in rows.items()
    ]
    notes = [
        f"- {TITLES[name]} did not deliver all spans, so its costs are for less work than those of the others.\n"
        for name, row in medians.items()
        if name not in SILENT and row["delivered"] < 1
    ]
    traces = ", ".join(f"{TITLES[name]} {row['traces']:,.0f}" for name, row in medians.items())
    text = [
        format_table([["", *COLUMNS], *cells]),
        *(["\n", *notes] if notes else []),
        "\n",
        format_caption("peers", f"medians of {options.rounds} rounds; traces of 3 spans in each round: {traces}"),
        f"Versions: {format_versions(prepared)}.\n",
    ]
    publish("peers", "".join(text), print_only=options.print_only)


if __name__ == "__main__":
    main()
