"""Traces of child processes: below the span that started the process, with every span delivered exactly once."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.helpers.programs import read_traces, unexpected_lines, wait_until_equal

from ace_tracing import Trace, search_traces
from kayba_local import LocalServer

PROGRAM = """
import concurrent.futures, multiprocessing, os, sys
from ace_tracing import configure, flush, propagate_context, start_span, trace

@trace
def work(number):
    with start_span("inner"):
        return number

{given}
if __name__ == "__main__":
    # Forked children have seconds to deliver. On a busy machine this import alone could take them.
    import httpx, kayba_api.api.tracing.export_traces
    configure(api_key="kb-test", base_url=sys.argv[1])
    {opt_in}
    method = {method!r}
    context = multiprocessing.get_context(method) if method else None
{body}
"""

PROCESS = """
    with start_span("root"):
        children = [context.Process(target=work, args=(number,)) for number in range(2)]
        for child in children: child.start()
        for child in children: child.join()
        assert [child.exitcode for child in children] == [0, 0]
"""

POOL = """
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        with start_span("first"):
            assert pool.submit(work, 1).result() == 1
        with start_span("second"):
            assert list(pool.map(work, [2, 3])) == [2, 3]
        assert pool.submit(work, 4).result() == 4
"""

MULTIPROCESSING_POOL = """
    with start_span("root"):
        pool = context.Pool(2)
        assert pool.map(work, [1, 2]) == [1, 2]
        pool.close()
        pool.join()
"""

OS_FORK = """
    with start_span("root"):
        with start_span("before"): pass
        child = os.fork()
        work(1)
        if not child:
            {end}
        assert os.waitpid(child, 0)[1] == 0
"""

NESTED = """
    with start_span("root"):
        child = context.Process(target=between)
        child.start()
        child.join()
        assert child.exitcode == 0
"""
BETWEEN = """
def between():
    with start_span("between"):
        child = multiprocessing.get_context("fork").Process(target=work, args=(1,))
        child.start()
        child.join()
"""

WORK = ("work", [("inner", [])])


def run(program: str, server: LocalServer, folder: Path, warning: str = "") -> None:
    script = folder / "program.py"
    script.write_text(program)
    # From 3.12 on Python warns about each fork of a process with threads, and these tests fork such processes.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script), server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    if warning:
        assert warning in done.stderr, done.stderr
    else:
        # A child on a busy machine may warn that its traces are still waiting.
        assert unexpected_lines(done.stderr) == [], done.stderr


Shape = tuple[str, list["Shape"]]


def forest() -> list[Shape]:
    """Return the trees of all delivered traces, as names, sorted independently of time."""

    def shape(trace: Trace, parent_id: str | None) -> list[Shape]:
        return sorted((s.name, shape(trace, s.span_id)) for s in trace.data.spans if s.parent_id == parent_id)

    traces = search_traces()
    times = Counter(span.span_id for trace in traces for span in trace.data.spans)
    assert set(times.values()) <= {1}
    trees = sorted(tree for trace in traces for tree in shape(trace, None))
    assert len(times) == sum(map(size, trees))
    return trees


def size(tree: Shape) -> int:
    return 1 + sum(map(size, tree[1]))


POOLED = [("first", [WORK]), ("second", [WORK, WORK]), WORK]
OPT_IN = "propagate_context()"

# name: (start method, opt-in call, program body, definitions for children, expected trees)
TABLE = {
    "fork": ("fork", "", PROCESS, "", [("root", [WORK, WORK])]),
    "fork, opted in": ("fork", OPT_IN, PROCESS, "", [("root", [WORK, WORK])]),
    "fork in a fork": ("fork", "", NESTED, BETWEEN, [("root", [("between", [WORK])])]),
    "fork, multiprocessing.Pool": ("fork", "", MULTIPROCESSING_POOL, "", [("root", [WORK, WORK])]),
    "fork, ProcessPoolExecutor": ("fork", OPT_IN, POOL, "", POOLED),
    "spawn": ("spawn", OPT_IN, PROCESS, "", [("root", [WORK, WORK])]),
    "spawn, ProcessPoolExecutor": ("spawn", OPT_IN, POOL, "", POOLED),
    "forkserver": ("forkserver", OPT_IN, PROCESS, "", [("root", [WORK, WORK])]),
    "forkserver, ProcessPoolExecutor": ("forkserver", OPT_IN, POOL, "", POOLED),
    "forkserver, configured itself": (
        "forkserver",
        "",
        PROCESS,
        'import pathlib; configure(api_key="kb-test", base_url=pathlib.Path(__file__).with_suffix(".url").read_text())',
        [("root", []), WORK, WORK],
    ),
    "os.fork, exits": (None, "", OS_FORK.format(end="sys.exit(0)"), "", [("root", [("before", []), WORK, WORK])]),
    "os.fork, os._exit after flush": (
        None,
        "",
        OS_FORK.format(end="assert flush(); os._exit(0)"),
        "",
        [("root", [("before", []), WORK, WORK])],
    ),
}


# name: the row of the contexts or endings table, when it differs from the name
ROWS = {
    "fork, opted in": ("Contexts", "fork"),
    "fork, multiprocessing.Pool": ("Contexts", "fork, `multiprocessing.Pool`"),
    "fork, ProcessPoolExecutor": ("Contexts", "fork, `ProcessPoolExecutor`"),
    "spawn, ProcessPoolExecutor": ("Contexts", "spawn, `ProcessPoolExecutor`"),
    "forkserver, ProcessPoolExecutor": ("Contexts", "forkserver, `ProcessPoolExecutor`"),
    "forkserver, configured itself": ("Contexts", "forkserver"),
    "os.fork, exits": ("Endings", "Forked child: `sys.exit`"),
    "os.fork, os._exit after flush": ("Endings", "Forked child: `os._exit` after `flush`"),
}
CASES = [
    pytest.param(*case, id=name, marks=pytest.mark.covers(*ROWS.get(name, ("Contexts", name))))
    for name, case in TABLE.items()
]


@pytest.mark.parametrize(("method", "opt_in", "body", "given", "expected"), CASES)
def test_child_processes_trace_below_their_parent_and_deliver(
    tracing: LocalServer, tmp_path: Path, method: str | None, opt_in: str, body: str, given: str, expected: list[Shape]
) -> None:
    if method != "spawn" and not hasattr(os, "fork"):
        pytest.skip("the platform has no fork")
    (tmp_path / "program.url").write_text(tracing.url)
    run(PROGRAM.format(given=given, opt_in=opt_in, method=method, body=body), tracing, tmp_path)
    wait_until_equal(forest, expected)


MASKED = """
import multiprocessing, sys
from ace_tracing import configure, propagate_context, start_span

def mask(value):
    return "masked"

def work():
    with start_span("work") as span:
        span.set_inputs("secret")

if __name__ == "__main__":
    configure(api_key="kb-test", base_url=sys.argv[1], folder="filed", mask={mask})
    propagate_context()
    child = multiprocessing.get_context("spawn").Process(target=work)
    child.start()
    child.join()
"""


def test_a_spawned_child_has_its_parent_s_configuration(tracing: LocalServer, tmp_path: Path) -> None:
    run(MASKED.format(mask="mask"), tracing, tmp_path)
    (trace,) = read_traces(1)
    assert (trace.info.folder, [span.inputs for span in trace.data.spans]) == ("filed", ["masked"])


def test_a_spawned_child_without_a_picklable_mask_does_not_trace(tracing: LocalServer, tmp_path: Path) -> None:
    run(MASKED.format(mask="lambda value: value"), tracing, tmp_path, warning="The mask cannot be pickled")
    assert search_traces() == []


def test_the_api_key_is_not_on_a_child_s_command_line(tracing: LocalServer, tmp_path: Path) -> None:
    program = MASKED.format(mask="None").replace(
        "def work():", 'def work():\n    assert "kb-test" not in str(sys.orig_argv)'
    )
    run(program, tracing, tmp_path)
    assert len(read_traces(1)) == 1


BUSY = """
import faulthandler, os, sys, threading
from ace_tracing import configure, flush, start_span

faulthandler.dump_traceback_later(90, exit=True)
configure(api_key="kb-test", base_url=sys.argv[1])
stop = threading.Event()

def busy():
    while not stop.wait(0.002):
        with start_span("busy"):
            pass

threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads: thread.start()
# The first fork happens while the parent's worker imports its HTTP client.
for number in range(50):
    with start_span("parent"):
        child = os.fork()
        if not child:
            with start_span(f"child {number}"):
                pass
            os._exit(0 if flush(60) else 1)
        assert os.waitpid(child, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
assert flush(60)
"""


@pytest.mark.covers("Contexts", "fork of a busy parent")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_fifty_forks_of_a_busy_parent_deliver_every_trace_once(tracing: LocalServer, tmp_path: Path) -> None:
    run(BUSY, tracing, tmp_path)
    traces = read_traces(50, filter_string="name = 'parent'")
    children = [s.name for t in traces for s in t.data.spans if s.parent_id]
    assert sorted(children) == sorted(f"child {number}" for number in range(50))
    assert len(traces) == 50


TLS_AND_FORK = """
import os, sys, threading, time
import httpx
from ace_tracing import configure, flush, start_span

create, is_reading, in_progress = httpx.create_ssl_context, threading.Event(), []

def slow(*args, **options):
    # OpenSSL holds locks of the process meanwhile, and nothing would release them in a forked child.
    in_progress.append(True)
    is_reading.set()
    time.sleep(0.3)
    context = create(*args, **options)
    in_progress.clear()
    return context

httpx.create_ssl_context = slow
configure(api_key="kb-test", base_url=sys.argv[1], spool=False)
with start_span("first"):
    pass
if sys.argv[1].startswith("https"):
    assert is_reading.wait(60)
else:
    assert flush(60)
    assert not is_reading.is_set()
child = os.fork()
if not child:
    os._exit(len(in_progress))
assert os.waitpid(child, 0)[1] == 0
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_fork_waits_while_the_worker_sets_up_tls(scheme: str, tracing: LocalServer, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(TLS_AND_FORK)
    command = [sys.executable, str(script), tracing.url.replace("http", scheme, 1)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_started_process_has_no_spool_when_its_parent_has_none(
    method: str, tracing: LocalServer, tmp_path: Path
) -> None:
    if method != "spawn" and not hasattr(os, "fork"):
        pytest.skip("the platform has no fork")
    body = f"""
    configure(api_key="kb-test", base_url=sys.argv[1], spool=False){PROCESS}"""
    run(PROGRAM.format(given="", opt_in=OPT_IN, method=method, body=body), tracing, tmp_path)
    wait_until_equal(forest, [("root", [WORK, WORK])])
    assert not Path(os.environ["KAYBA_SPOOL_DIR"]).exists()


SCOPED = """
    from ace_tracing import folder, session
    with folder("runs"), session("s-1"), concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        assert pool.submit(work, 1).result() == 1
    with folder("runs"), session("s-1"):
        child = context.Process(target=work, args=(2,))
        child.start()
        child.join()
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_scopes_reach_processes_once_contexts_are_propagated(tracing: LocalServer, method: str, tmp_path: Path) -> None:
    run(PROGRAM.format(given="", opt_in="propagate_context()", method=method, body=SCOPED), tracing, tmp_path)
    found = [(read.info.folder, read.info.trace_metadata.get("mlflow.trace.session")) for read in search_traces()]
    assert found == [("runs", "s-1")] * 2
