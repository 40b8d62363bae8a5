"""Other shapes of work: deep and wide trees, large inputs, tasks, threads; ours beside OpenTelemetry.

    hatch run bench:shapes [--only ace --only langfuse] [--shape "deep: 100"] [--traces 10000] [--rounds 3]

It prints a table and writes it to docs/benchmarks.md, which says what the columns mean.
"""

from __future__ import annotations

from choice import SILENT, TITLES, chosen, options, say, versions
from runs import interleaved, run
from table import Values, about, cells, markdown, publish
from workloads import SHAPES

COLUMNS = ("caller µs", "caller CPU µs", "whole CPU µs", "spans/s", "delivered", "content B", "sent B", "traces")
SENT = ("spans/s", "delivered", "content B", "sent B")
DEFAULT = ("plain", "ace", "opentelemetry")


def main() -> None:
    """Run, print, write."""
    parser = options(__doc__)
    parser.add_argument("--shape", action="append", choices=SHAPES, help="just this one; may be repeated")
    parser.add_argument("--traces", type=int, default=10_000, help="of 3 spans; other shapes run a share of them")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    installed = chosen(given, DEFAULT)
    medians = interleaved(
        [(shape, name) for shape in given.shape or SHAPES for name in installed],
        given.rounds,
        lambda key: run(key[1], installed[key[1]], key[0], given.traces),
        say,
    )
    found: dict[tuple[str, str], Values] = {
        key: {**figures, **dict.fromkeys(SENT if key[1] in SILENT else ())} for key, figures in medians.items()
    }
    rows = []
    for (shape, name), row in found.items():
        ours = {} if name in ("ace", *SILENT) else {**found.get((shape, "ace"), {}), "traces": None}
        rows.append([shape, TITLES[name], *cells(COLUMNS, row, ours)])
    text = [
        markdown([["shape", "", *COLUMNS], *rows], texts=2),
        "\n",
        about("shapes", f"medians of {given.rounds} rounds; {versions(installed)}"),
    ]
    publish("shapes", "".join(text), print_only=given.print_only)


if __name__ == "__main__":
    main()
