"""Tail latencies of one traced call, with a server that accepts all traces, hangs or refuses connections.

    hatch run bench:tails [--only ace --only opentelemetry] [--calls 20000] [--rate 2000] [--rounds 3]

In the plain case, nothing is sent during the calls. Each case runs with sleeps between the calls, as in a program that
waits for a model, and in a tight loop. It prints a table and writes it to `docs/benchmarks.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from environments import Environment
from options import TITLES, format_versions, log_progress, make_parser, prepare_environments
from runs import Figures, run_interleaved, run_script
from servers import hung_server, refusing_address
from sink import Sink
from table import Values, format_caption, format_cells, format_table, publish

COLUMNS: Final = ("p50", "p99", "p99.9", "max", "p99.9 beyond plain")
PLAIN: Final = "plain: nothing being sent"
SERVERS: Final[dict[str, Callable[[], AbstractContextManager[str]]]] = {
    PLAIN: Sink,
    "server takes all": Sink,
    "server hangs": hung_server,
    "connection refused": refusing_address,
}


class Case(NamedTuple):
    """A row: an SDK, the behaviour of its server, and the calls per second, 0 for a tight loop."""

    name: str
    server: str
    rate: float


def measure(case: Case, environment: Environment, calls: int) -> Figures:
    """Run a case once and return its percentiles."""
    sending = "idle" if case.server == PLAIN else "steady"
    with SERVERS[case.server]() as url:
        return run_script(environment, "measure_latencies.py", case.name, url, str(calls), str(case.rate), sending)


def main() -> None:
    """Measure the cases, print the table and write it to the page."""
    parser = make_parser(__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="calls measured in each run")
    parser.add_argument("--rate", type=float, default=2_000, help="calls per second in the cases with sleeps")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    prepared = prepare_environments(options, ("plain", "ace"))
    cases = [
        Case(name, server, rate)
        for rate in (options.rate, 0)
        for name in prepared
        for server in ([PLAIN] if name == "plain" else SERVERS)
    ]
    medians = run_interleaved(
        cases, options.rounds, lambda case: measure(case, prepared[case.name], options.calls), log_progress
    )
    rows = []
    for case, figures in medians.items():
        plain = medians[case._replace(server=PLAIN)]
        beyond = None if case.server == PLAIN else figures["p99.9"] - plain["p99.9"]
        row: Values = {**figures, "p99.9 beyond plain": beyond}
        rate = f"{case.rate:,.0f} a second" if case.rate else "tight loop"
        rows.append(
            [TITLES[case.name], rate, "—" if case.name == "plain" else case.server, *format_cells(COLUMNS, row, {})]
        )
    text = [
        format_table([["", "calls", "sending", *COLUMNS], *rows], texts=3),
        "\n",
        format_caption("tails", f"µs a call of 3 spans, {options.calls:,} calls, medians of {options.rounds} rounds"),
        f"Versions: {format_versions(prepared)}.\n",
    ]
    publish("tails", "".join(text), print_only=options.print_only)


if __name__ == "__main__":
    main()
