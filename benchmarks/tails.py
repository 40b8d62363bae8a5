"""The distribution of what one traced call takes, by what the server does: takes all, hangs, refuses.

    hatch run bench:tails [--only ace --only opentelemetry] [--calls 20000] [--rate 2000] [--rounds 3]

The plain case is the same call while nothing is being sent. Each case is run with sleeps between the calls, as a
program does that waits for a model, and in a tight loop. It prints a table and writes it to docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from choice import TITLES, chosen, options, say, versions
from environments import Environment
from runs import Figures, inside, interleaved
from servers import hung, refusing
from sink import Sink
from table import Values, about, cells, markdown, publish

COLUMNS = ("p50", "p99", "p99.9", "max", "p99.9 beyond plain")
PLAIN = "plain: nothing being sent"
SERVERS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    PLAIN: Sink,
    "server takes all": Sink,
    "server hangs": hung,
    "connection refused": refusing,
}


class Case(NamedTuple):
    """A row: an SDK, what its server does, and calls a second, or 0 for as many as there can be."""

    name: str
    server: str
    rate: float


def measure(case: Case, environment: Environment, calls: int) -> Figures:
    """One run of a case."""
    sending = "idle" if case.server == PLAIN else "steady"
    with SERVERS[case.server]() as url:
        return inside(environment, "measure_latencies.py", case.name, url, str(calls), str(case.rate), sending)


def main() -> None:
    """Run, print, write."""
    parser = options(__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="timed in each run")
    parser.add_argument("--rate", type=float, default=2_000, help="calls a second where there are sleeps between them")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    installed = chosen(given, ("plain", "ace"))
    cases = [
        Case(name, server, rate)
        for rate in (given.rate, 0)
        for name in installed
        for server in ([PLAIN] if name == "plain" else SERVERS)
    ]
    found = interleaved(cases, given.rounds, lambda case: measure(case, installed[case.name], given.calls), say)
    rows = []
    for case, figures in found.items():
        plain = found[case._replace(server=PLAIN)]
        beyond = None if case.server == PLAIN else figures["p99.9"] - plain["p99.9"]
        row: Values = {**figures, "p99.9 beyond plain": beyond}
        pace = f"{case.rate:,.0f} a second" if case.rate else "tight loop"
        rows.append([TITLES[case.name], pace, "—" if case.name == "plain" else case.server, *cells(COLUMNS, row, {})])
    text = [
        markdown([["", "calls", "sending", *COLUMNS], *rows], texts=3),
        "\n",
        about("tails", f"µs a call of 3 spans, {given.calls:,} calls, medians of {given.rounds} rounds"),
        f"Versions: {versions(installed)}.\n",
    ]
    publish("tails", "".join(text), print_only=given.print_only)


if __name__ == "__main__":
    main()
