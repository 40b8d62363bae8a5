"""Recovery after a kill: a process is killed while it works, and the next process delivers its traces."""

import subprocess
import sys
import time

from ace.tracing import configure, search_traces, start_span, trace, tracing_status


@trace(span_type="AGENT")
def answer(question: str) -> str:
    """Complete one run."""
    return f"about {question}"


@trace(span_type="TOOL")
def search(query: str) -> None:
    """Run a step that takes 60 seconds."""
    print("searching for", query, flush=True)
    time.sleep(60)


@trace(span_type="AGENT")
def research(question: str) -> None:
    """Start a run that is killed in its second step."""
    with start_span("plan") as span:
        span.set_outputs(["search"])
    search(question)


def work_and_be_killed() -> None:
    """Start another process, and kill it while it works: with SIGKILL, or with TerminateProcess on Windows."""
    with subprocess.Popen([sys.executable, __file__, "work"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()


if __name__ == "__main__":
    if sys.argv[1:] == ["work"]:
        configure(folder="examples/killed")
        answer("spans")
        research("traces")
    else:
        work_and_be_killed()
        configure()
        deadline = time.monotonic() + 60
        while not tracing_status().recovered and time.monotonic() < deadline:
            time.sleep(0.05)

        in_folder = "tags.`kayba.folder` = 'examples/killed'"
        for found in search_traces(filter_string=in_folder, order_by=["timestamp_ms ASC"]):
            for depth, span in found.walk():
                print("  " * depth + span.name, span.inputs or span.outputs, span.status.description or "OK")
