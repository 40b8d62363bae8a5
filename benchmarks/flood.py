"""What a flood of traces into a server that hangs does to memory, and what the SDK says became of them.

    hatch run bench:flood [--only ace --only opentelemetry] [--traces 1000000]

It prints a table and writes it to docs/benchmarks.md.
"""

from __future__ import annotations

from choice import TITLES, chosen, options, say, versions
from environments import Environment
from runs import inside
from servers import hung
from table import Values, about, cells, markdown, publish

MEGABYTES = ("growth", "anonymous", "file", "disk")
COLUMNS = (*(f"{name} MB" for name in MEGABYTES), "caller µs", "pending", "dropped", "not told of")

# The comparisons give these queues without end, so that nothing is dropped; here they have their defaults.
QUEUES = {"OTEL_BSP_MAX_QUEUE_SIZE": "2048", "MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE": "1000"}


def measure(name: str, environment: Environment, traces: int) -> Values:
    """One flood."""
    with hung() as url:
        found = inside(environment, "measure_memory.py", name, url, str(traces), **QUEUES)
    sizes = {f"{kind} MB": found[kind] / 1e6 for kind in MEGABYTES if found[kind] is not None}
    told = [found[fate] for fate in ("delivered", "pending", "dropped") if fate in found]
    # What a trace is to the SDK that tells, so the few of the warm-up are counted by it, too.
    rest = found["traces"] - sum(told) if told else None
    return {
        **sizes,
        "caller µs": found["seconds"] / traces / 3 * 1e6,
        "pending": found.get("pending"),
        "dropped": found.get("dropped"),
        "not told of": rest,
    }


def main() -> None:
    """Run, print, write."""
    parser = options(__doc__)
    parser.add_argument("--traces", type=int, default=1_000_000)
    given = parser.parse_args()
    installed = chosen(given, ("ace",))
    rows = []
    for name, environment in installed.items():
        say(f"flood of {name}")
        rows.append([TITLES[name], *cells(COLUMNS, measure(name, environment, given.traces), {})])
    text = [
        markdown([["", *COLUMNS], *rows]),
        "\n",
        about("flood", f"{given.traces:,} traces of 3 spans; {versions(installed)}"),
    ]
    publish("flood", "".join(text), print_only=given.print_only)


if __name__ == "__main__":
    main()
