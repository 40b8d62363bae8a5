"""The same work under each SDK: what a span costs, what is delivered, what is installed.

    hatch run bench:peers [--without langsmith --without mlflow] [--only ace --only opentelemetry]
                          [--traces 20000] [--rounds 5]

It prints a table and writes it to docs/benchmarks.md, which says what the columns mean.
"""

from __future__ import annotations

from choice import SILENT, TITLES, chosen, options, say, versions
from environments import Environment
from runs import Figures, interleaved, run
from table import Values, about, cells, markdown, publish

COLUMNS = (
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


def values(name: str, figures: Figures, environment: Environment) -> Values:
    """A row of the table."""
    size = environment.bytes
    found = {**figures, "install MB": size and size / 1e6, "packages": environment.packages}
    silent = ("spans/s", "delivered", "sent B") if name in SILENT else ()
    absent = ("import ms", "install MB", "packages") if name == "plain" else ()
    return {**found, **dict.fromkeys((*silent, *absent))}


def main() -> None:
    """Run, print, write."""
    parser = options(__doc__)
    parser.add_argument("--traces", type=int, default=20_000, help="of the fastest; slower SDKs run a share of them")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    installed = chosen(given, tuple(TITLES))
    medians = interleaved(
        installed, given.rounds, lambda name: run(name, installed[name], "3 spans", given.traces), say
    )
    found = {name: values(name, figures, installed[name]) for name, figures in medians.items()}
    rows = [
        [TITLES[name], *cells(COLUMNS, row, {} if name in ("ace", *SILENT) else found.get("ace", {}))]
        for name, row in found.items()
    ]
    lost = [
        f"- {TITLES[name]} did not deliver all spans: its costs are those of less work than the others did.\n"
        for name, row in medians.items()
        if name not in SILENT and row["delivered"] < 1
    ]
    traces = ", ".join(f"{TITLES[name]} {row['traces']:,.0f}" for name, row in medians.items())
    text = [
        markdown([["", *COLUMNS], *rows]),
        *(["\n", *lost] if lost else []),
        "\n",
        about("peers", f"medians of {given.rounds} rounds of traces of 3 spans, so many a round: {traces}"),
        f"Versions: {versions(installed)}.\n",
    ]
    publish("peers", "".join(text), print_only=given.print_only)


if __name__ == "__main__":
    main()
