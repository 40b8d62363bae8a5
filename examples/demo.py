"""Demo: run a traced agent against a local Kayba server, read its trace back and print it.

hatch run demo ["a question about Python's standard library"]
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from docs_agent import answer

from ace.tracing import Trace, configure, flush, search_traces
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


def run(server: LocalServer, question: str) -> None:
    """Run the agent, read its trace from the server and print it."""
    configure(
        api_key=server.api_key or "kb-local", base_url=server.url, experiment="demo", folder="examples/docs-agent"
    )
    print(f"{question}\n\n{answer(question)}\n")
    flush()
    (trace,) = search_traces(max_results=1)
    print("\n".join(tree_lines(trace)))
    print(f"\nThe trace in your browser: {server.url}/trace/{trace.trace_id}")


def stay_until_interrupted() -> None:
    """Keep the server running until Ctrl-C, so that the trace can be viewed in a browser."""
    print("Ctrl-C ends the server.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


def main() -> None:
    """Serve the default store on port 4180, or on a free port when 4180 is in use."""
    question = " ".join(sys.argv[1:]) or QUESTION
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(port=PORT, store=default_store()))
        except OSError:
            server = stack.enter_context(serve(store=default_store()))
        run(server, question)
        if sys.stdin.isatty() and sys.stdout.isatty():
            stay_until_interrupted()


if __name__ == "__main__":
    main()
