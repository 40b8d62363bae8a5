"""Every fact that a program can state about a trace, and every route on which a trace is delivered."""

from __future__ import annotations

import contextvars
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ace_tracing
from ace_tracing import (
    NotFoundError,
    Trace,
    continue_trace,
    folder,
    get_current_trace_id,
    get_trace,
    inject,
    start_span,
    trace,
    update_current_trace,
)
from ace_tracing.reading.model import TraceInfo

FOLDER: Final = "reports/daily"
LONG_TEXT: Final = "long text, " * 600 + "end"

REPOSITORY: Final = Path(__file__).parents[2]
RECOVERY_LIMIT_S: Final = 120.0
NO_VARIABLES: Final[Mapping[str, str]] = {}

FACTS: Final[dict[str, tuple[Callable[[TraceInfo], Any], Any]]] = {
    "name": (lambda info: info.name, "named"),
    "tag": (lambda info: info.tags.get("team"), "search"),
    "tag with a slash": (lambda info: info.tags.get("team/part"), "index"),
    "metadata": (lambda info: info.trace_metadata.get("dataset"), "sums"),
    "long metadata": (lambda info: info.trace_metadata.get("notes"), LONG_TEXT),
    "session": (lambda info: info.trace_metadata.get("mlflow.trace.session"), "s-1"),
    "user": (lambda info: info.trace_metadata.get("mlflow.trace.user"), "u-1"),
    "folder": (lambda info: info.folder, FOLDER),
    "state": (lambda info: info.state.value, "OK"),
    "has a duration": (lambda info: info.execution_duration is not None, True),
    "request preview": (lambda info: "question" in (info.request_preview or ""), True),
    "response preview": (lambda info: "answer" in (info.response_preview or ""), True),
}
"""Each fact with the function that reads it from a trace's info, and its value after a route."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The server and the experiment that tracing is configured for."""

    url: str
    experiment: str | None = None


def state_facts() -> None:
    """State every fact of `FACTS` that the running trace does not have by itself."""
    update_current_trace(
        name="named",
        tags={"team": "search", "team/part": "index"},
        metadata={"dataset": "sums", "notes": LONG_TEXT},
        session_id="s-1",
        user_id="u-1",
    )


def at_once(_: Destination) -> str:
    with folder(FOLDER), start_span("root") as root:
        root.set_inputs("the question")
        state_facts()
        root.set_outputs("the answer")
    return root.trace_id or ""


def while_it_runs(_: Destination) -> str:
    with folder(FOLDER), start_span("root") as root:
        root.set_inputs("the question")
        with start_span("step"):
            state_facts()
        assert ace_tracing.flush()
        root.set_outputs("the answer")
    return root.trace_id or ""


def after_the_root(_: Destination) -> str:
    with folder(FOLDER), start_span("root") as root:
        root.set_inputs("the question")
        context = contextvars.copy_context()
        root.set_outputs("the answer")
    assert ace_tracing.flush()
    context.run(state_facts)
    return root.trace_id or ""


def in_another_process(destination: Destination) -> str:
    with folder(FOLDER), start_span("root") as root:
        root.set_inputs("the question")
        headers = _variables()
        _run(destination, "continue", headers)
        root.set_outputs("the answer")
    return root.trace_id or ""


def in_another_process_after_the_root(destination: Destination) -> str:
    with folder(FOLDER), start_span("root") as root:
        root.set_inputs("the question")
        headers = _variables()
        root.set_outputs("the answer")
    assert ace_tracing.flush()
    _run(destination, "continue", headers)
    return root.trace_id or ""


def _variables() -> dict[str, str]:
    """Return the context of the running span as environment variables."""
    headers: dict[str, str] = {}
    return {name.upper(): value for name, value in inject(headers).items()}


def below_a_foreign_caller(_: Destination) -> str:
    caller = {"traceparent": f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"}
    with continue_trace(caller), folder(FOLDER), start_span("served") as served:
        served.set_inputs("the question")
        with start_span("step"):
            state_facts()
        served.set_outputs("the answer")
        trace_id = get_current_trace_id()
    return trace_id or ""


def killed(destination: Destination) -> str:
    trace_id = _run(destination, "killed", code=-signal.SIGKILL)
    deadline = time.monotonic() + RECOVERY_LIMIT_S
    while not _is_stored(trace_id):
        assert time.monotonic() < deadline
        with start_span("wakes the worker"):
            pass
        time.sleep(0.2)
    return trace_id


def _is_stored(trace_id: str) -> bool:
    try:
        return get_trace(trace_id).info.state != "IN_PROGRESS"
    except NotFoundError:
        return False


def _run(destination: Destination, task: str, environment: Mapping[str, str] = NO_VARIABLES, code: int = 0) -> str:
    """Run a task of `_CHILD_TASKS` in a process of its own, and return its output."""
    command = [sys.executable, "-m", "tests.helpers.trace_facts", destination.url, destination.experiment or "", task]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, cwd=REPOSITORY
    )
    assert done.returncode == code, done.stderr
    return done.stdout.strip()


ROUTES: Final[dict[str, Callable[[Destination], str]]] = {
    "at once": at_once,
    "while it runs": while_it_runs,
    "after the root": after_the_root,
    "in another process": in_another_process,
    "in another process after the root": in_another_process_after_the_root,
    "below a foreign caller": below_a_foreign_caller,
    "killed": killed,
}
"""Each route with the function that makes a trace on it, and returns its id."""

DIFFERENT: Final = {"killed": {"state": "ERROR", "response preview": False}}
"""The facts that a route leaves with another value."""


def expected_facts(route: str) -> dict[str, Any]:
    """Return every fact of a trace after a route."""
    return {name: value for name, (_, value) in FACTS.items()} | DIFFERENT.get(route, {})


def facts_of(trace: Trace) -> dict[str, Any]:
    """Return every fact that the reader of a trace sees."""
    return {name: read(trace.info) for name, (read, _) in FACTS.items()}


def deliver_on(route: str, destination: Destination) -> Trace:
    """Make and deliver a trace on a route, and read it from the server."""
    trace_id = ROUTES[route](destination)
    delivery = ace_tracing.flush()
    assert delivery, delivery
    return get_trace(trace_id)


def _continue_trace() -> None:
    with continue_trace(os.environ), start_span("served"):
        state_facts()
    assert ace_tracing.flush()


def _die() -> None:
    with folder(FOLDER):
        _killed("the question")


@trace
def _killed(question: str) -> None:
    state_facts()
    print(get_current_trace_id(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


_CHILD_TASKS: Final = {"continue": _continue_trace, "killed": _die}

if __name__ == "__main__":
    ace_tracing.configure(api_key="kb-test", base_url=sys.argv[1], experiment=sys.argv[2] or None)
    _CHILD_TASKS[sys.argv[3]]()
