"""Demo: run a traced agent against a local Kayba server, read its trace back and print it.

hatch run demo ["a question about Python's standard library"]

In a terminal the server runs until Ctrl-C, and the demo prints a link to the trace. Otherwise the server ends with the
demo, and the demo prints how to view the trace later.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from docs_agent import answer

from ace.tracing import Trace, configure, flush, search_traces, shutdown
from kayba_local import LocalServer, default_store, serve

QUESTION = "How do I read a gzip file line by line?"
PORT = 4180


def tree_lines(trace: Trace) -> list[str]:
    """Return one line per span: name, type, milliseconds and error."""
    lines = []
    for depth, span in trace.walk():
        error = "" if span.status.status_code == "OK" else f"  {span.status.description}"
        lines.append(f"{'  ' * depth + span.name:<24} {span.span_type:<10} {span.duration_ms or 0:>9.2f} ms{error}")
    return lines


def run(server: LocalServer, question: str) -> Trace:
    """Run the agent, read its trace from the server, print it and return it."""
    configure(
        api_key=server.api_key or "kb-local",
        base_url=server.url,
        experiment="demo",
        folder="examples/docs-agent",
        # Files of pending traces would wait for this server, which ends with the demo.
        spool=False,
    )
    print(f"{question}\n\n{answer(question)}\n")
    flush()
    (trace,) = search_traces(max_results=1)
    print("\n".join(tree_lines(trace)))
    return trace


def show_until_interrupted(url: str) -> None:
    """Print the link, and keep the server running until Ctrl-C."""
    print(f"\nThe trace in your browser: {url}\nCtrl-C ends the server.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


def main() -> None:
    """Serve the default store on port 4180, or on a free port when 4180 is in use."""
    question = " ".join(sys.argv[1:]) or QUESTION
    store = default_store()
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(port=PORT, store=store))
        except OSError:
            server = stack.enter_context(serve(store=store))
        # Registered after the server, so tracing ends first and never waits for a server that has ended.
        stack.callback(shutdown)
        trace = run(server, question)
        if sys.stdin.isatty() and sys.stdout.isatty():
            show_until_interrupted(f"{server.url}/trace/{trace.trace_id}")
    print(f"\nThe trace {trace.trace_id} is kept in {store}")
    print("To view it in your browser: hatch run kayba-local serve")


if __name__ == "__main__":
    main()
