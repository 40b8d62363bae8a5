"""Imports at run time: `configure` imports everything on its caller's thread, and nothing later does.

A module that a background thread imports is in `sys.modules` before it is complete. Other packages look modules up
there without the import lock, and then fail in the user's code.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final

import pytest
from tests.helpers.faulty_server import FakeResponse, faulty_server

import kayba_api
from kayba_local import serve

PROGRAM: Final = """
import json, sys, threading

imported = []
sys.addaudithook(
    lambda event, given: event == "import" and imported.append((threading.current_thread().name, given[0]))
)

from ace.tracing import configure, flush, shutdown, start_span, trace, tracing_status, update_current_trace

configure(api_key="kb-key", base_url=sys.argv[1], experiment=sys.argv[2] or None)
configured = len(imported)

@trace
def agent(question):
    update_current_trace(name="run", tags={"a": "b", "a/b": "c"}, metadata={"dataset": "sums"})
    with start_span("step") as span:
        span.set_token_usage(input_tokens=1, output_tokens=2)
    return start_span("late")

with agent("a question"):
    delivery = flush(20)
flush(20)
try:
    {}["missing"]
except KeyError:
    tracing_status()
shutdown(20)
others = sorted({name for thread, name in imported if thread != "MainThread"})
print(json.dumps({
    "others": others,
    "later": sorted({name for _, name in imported[configured:]}),
    "models": sorted(name for name in sys.modules if name.startswith("kayba_api.models.")),
}))
"""

NEVER_PARSED: Final = {f"kayba_api.models.{name}" for name in ("export_trace_service_request", "trace_answer")}

ANSWERS: Final = [
    FakeResponse(503, headers={"Retry-After": format_datetime(datetime.now(UTC), usegmt=True)}),
    FakeResponse(413),
    FakeResponse(200, b"<html>", {"Content-Type": "text/html"}),
    FakeResponse(
        400, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "no"}', {"Content-Type": "application/json"}
    ),
]


def imports_of_a_run(url: str, experiment: str = "") -> dict[str, list[str]]:
    """Trace and deliver in a process of its own.

    Returns:
        The modules that other threads than the main thread imported (`others`), those that were imported after
        `configure` (`later`), and the loaded models of the client (`models`).
    """
    command = [sys.executable, "-c", PROGRAM, url, experiment]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("otlp", [True, False], ids=["otlp", "artifacts"])
@pytest.mark.parametrize("experiment", ["", "a new one"])
def test_a_delivery_imports_nothing(otlp: bool, experiment: str) -> None:
    with serve(otlp=otlp) as server:
        found = imports_of_a_run(server.url.replace("127.0.0.1", "localhost"), experiment)
    assert (found["others"], found["later"]) == ([], [])


EXPORTERS: Final = {
    "collector": 'configure(exporter="otlp", endpoint=sys.argv[1])',
    "collector, JSON": "import os; os.environ['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/json'; "
    'configure(exporter="otlp", endpoint=sys.argv[1])',
    "both": 'configure(api_key="kb-key", base_url=sys.argv[1], exporter=("kayba", "otlp"), endpoint=sys.argv[1])',
}


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_delivery_to_a_collector_imports_nothing(exporter: str) -> None:
    configure = 'configure(api_key="kb-key", base_url=sys.argv[1], experiment=sys.argv[2] or None)'
    with serve() as server:
        command = [sys.executable, "-c", PROGRAM.replace(configure, EXPORTERS[exporter]), server.url, ""]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["others"], found["later"]) == ([], [])


BRIDGE: Final = """
from ace_tracing.otel import tracer_provider

tracer = tracer_provider().get_tracer("instrumentation")

def bridged(question):
    return tracer.start_as_current_span("chat", attributes={
        "gen_ai.operation.name": "chat", "traceloop.entity.input": "{'a': (1,)}", "gen_ai.prompt.0.content": question,
    })
"""


def test_a_span_of_the_bridge_imports_nothing_when_it_is_delivered() -> None:
    program = PROGRAM.replace("\n@trace\n", f"{BRIDGE}\n@trace\n").replace(
        'with agent("a question")', 'with bridged("a")'
    )
    with serve() as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.url, ""], capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["others"] == []


def test_every_model_that_a_response_may_need_is_loaded() -> None:
    with serve() as server:
        loaded = set(imports_of_a_run(server.url)["models"])
    for name in loaded - NEVER_PARSED:
        source = Path(kayba_api.__path__[0], "models", f"{name.rpartition('.')[2]}.py")
        needed = re.findall(r"^        from \.\.models\.(\w+) import", source.read_text(encoding="utf-8"), re.MULTILINE)
        assert {f"kayba_api.models.{model}" for model in needed} <= loaded


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer.status))
def test_a_failed_attempt_imports_nothing(answer: FakeResponse) -> None:
    with faulty_server(answer, FakeResponse(200)) as server:
        assert imports_of_a_run(server.url)["others"] == []


def test_an_unreachable_server_imports_nothing() -> None:
    with faulty_server(FakeResponse(200)) as server:
        server.down()
        command = [sys.executable, "-c", PROGRAM.replace("20)", "0.5)"), server.url, ""]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert json.loads(done.stdout)["others"] == [], done.stderr
