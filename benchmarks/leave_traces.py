"""Traces that this process leaves in the spool: it reports when they are made, and waits until it is killed.

python leave_traces.py ADDRESS TRACES SPANS
"""

from __future__ import annotations

import sys
import threading

import ace_tracing


@ace_tracing.trace(span_type="AGENT")
def answer(question: str, spans: int) -> str:
    """Return the answer of an agent after a number of steps."""
    for number in range(spans - 1):
        look_up(number)
    return f"{question} 42"


@ace_tracing.trace(span_type="TOOL")
def look_up(number: int) -> dict[str, int]:
    """Return the result of a step."""
    return {"found": number}


def main() -> None:
    """Make the traces, report their number, and wait."""
    _, url, traces, spans = sys.argv
    ace_tracing.configure(api_key="kb-benchmark", base_url=url)
    for _ in range(int(traces)):
        answer("What is the answer?", int(spans))
    status = ace_tracing.tracing_status()
    print(status.pending, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
