"""Memory under a flood of traces into a server that hangs, and the SDK's own count of the traces.

    hatch run bench:flood [--only ace --only opentelemetry] [--traces 1000000]

It prints a table and writes it to `docs/benchmarks.md`.
"""

from __future__ import annotations

from typing import Final

from environments import Environment
from options import TITLES, format_versions, log_progress, make_parser, prepare_environments
from runs import run_script
from servers import hung_server
from table import Values, format_caption, format_cells, format_table, publish

MEGABYTES: Final = ("growth", "anonymous", "file", "disk")
COLUMNS: Final = (*(f"{name} MB" for name in MEGABYTES), "caller µs", "pending", "dropped", "unaccounted")

# The comparison sets these queues so large that nothing is dropped; here they have their default sizes.
QUEUES: Final = {"OTEL_BSP_MAX_QUEUE_SIZE": "2048", "MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE": "1000"}


def measure(name: str, environment: Environment, traces: int) -> Values:
    """Run one flood and return its row."""
    with hung_server() as url:
        figures = run_script(environment, "measure_memory.py", name, url, str(traces), **QUEUES)
    sizes = {f"{kind} MB": figures[kind] / 1e6 for kind in MEGABYTES if figures[kind] is not None}
    counts = [figures[state] for state in ("delivered", "pending", "dropped") if state in figures]
    # The SDK also counts the traces of the warm-up, which `traces` includes.
    unaccounted = figures["traces"] - sum(counts) if counts else None
    return {
        **sizes,
        "caller µs": figures["seconds"] / traces / 3 * 1e6,
        "pending": figures.get("pending"),
        "dropped": figures.get("dropped"),
        "unaccounted": unaccounted,
    }


def main() -> None:
    """Measure the floods, print the table and write it to the page."""
    parser = make_parser(__doc__)
    parser.add_argument("--traces", type=int, default=1_000_000)
    options = parser.parse_args()
    prepared = prepare_environments(options, ("ace",))
    rows = []
    for name, environment in prepared.items():
        log_progress(f"flood of {name}")
        rows.append([TITLES[name], *format_cells(COLUMNS, measure(name, environment, options.traces), {})])
    text = [
        format_table([["", *COLUMNS], *rows]),
        "\n",
        format_caption("flood", f"{options.traces:,} traces of 3 spans; {format_versions(prepared)}"),
    ]
    publish("flood", "".join(text), print_only=options.print_only)


if __name__ == "__main__":
    main()
