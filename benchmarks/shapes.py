"""Other shapes of work: trees, large inputs, models, streams, errors, tasks and threads, compared with OpenTelemetry.

    hatch run bench:shapes [--only ace --only langfuse] [--shape "deep: 100"] [--traces 10000] [--rounds 3]

It prints a table and writes it to `docs/benchmarks.md`, which explains the columns.
"""

from __future__ import annotations

from typing import Final

from options import SILENT, TITLES, format_versions, log_progress, make_parser, prepare_environments
from runs import measure_spans, run_interleaved
from table import Values, format_caption, format_cells, format_table, publish
from workloads import SHAPES

COLUMNS: Final = ("caller µs", "caller CPU µs", "whole CPU µs", "spans/s", "delivered", "content B", "sent B", "traces")
DELIVERY_COLUMNS: Final = ("spans/s", "delivered", "content B", "sent B")
DEFAULT: Final = ("plain", "ace", "opentelemetry")
EXTRA: Final = ("numpy", "pydantic")
"""The packages of the values in some shapes."""


def main() -> None:
    """Measure the shapes, print the table and write it to the page."""
    parser = make_parser(__doc__)
    parser.add_argument("--shape", action="append", choices=SHAPES, help="run only this shape; may be repeated")
    parser.add_argument(
        "--traces", type=int, default=10_000, help="traces of 3 spans; other shapes run a share of them"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    prepared = prepare_environments(options, DEFAULT, EXTRA)
    medians = run_interleaved(
        [(shape, name) for shape in options.shape or SHAPES for name in prepared],
        options.rounds,
        lambda key: measure_spans(key[1], prepared[key[1]], key[0], options.traces),
        log_progress,
    )
    rows: dict[tuple[str, str], Values] = {
        key: {**figures, **dict.fromkeys(DELIVERY_COLUMNS if key[1] in SILENT else ())}
        for key, figures in medians.items()
    }
    cells = []
    for (shape, name), row in rows.items():
        baseline = {} if name in ("ace", *SILENT) else {**rows.get((shape, "ace"), {}), "traces": None}
        cells.append([shape, TITLES[name], *format_cells(COLUMNS, row, baseline)])
    text = [
        format_table([["shape", "", *COLUMNS], *cells], texts=2),
        "\n",
        format_caption("shapes", f"medians of {options.rounds} rounds; {format_versions(prepared)}"),
    ]
    publish("shapes", "".join(text), print_only=options.print_only)


if __name__ == "__main__":
    main()
