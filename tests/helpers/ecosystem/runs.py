"""Runs of the frameworks' programs: their traces as kayba-local stores them, beside the provider's requests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.helpers.ecosystem.environments import ROOT, make_variables, prepare
from tests.helpers.ecosystem.provider import Exchange, run_provider

import kayba_local
from ace_tracing import Span, Trace, configure, get_trace, search_traces, shutdown

ECOSYSTEM: Final = ROOT / "tests" / "ecosystem"
RUNNER: Final = ECOSYSTEM / "runner"
TIMEOUT_S: Final = 300.0
MODEL_TYPES: Final = ("CHAT_MODEL", "LLM", "EMBEDDING")
API_KEY: Final = "kb-test"
SDK_VARIABLES: Final = {
    # Anthropic's client emits spans of its own to the global provider, beside those of the instrumentor.
    "ANTHROPIC_OPEN_TELEMETRY": "false",
    # The convention's instrumentors record contents only if asked.
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
}
"""The variables that a user of OpenTelemetry's SDK sets. `instrument` of ace-tracing needs none of them."""


@dataclass(frozen=True, slots=True)
class CaseRun:
    """One case of a program.

    Attributes:
        name: The name of the case.
        result: The text of the value that the program returned; None after an exception.
        error: The exception that left the program; None without one.
        trace: The trace of the case.
        exchanges: The requests that the provider received during the case.
    """

    name: str
    result: str | None
    error: str | None
    trace: Trace
    exchanges: list[Exchange]

    @property
    def model_spans(self) -> list[Span]:
        """The spans of calls to a model, in the order of their start."""
        spans = [span for span in self.trace.data.spans if span.span_type in MODEL_TYPES]
        return sorted(spans, key=lambda span: span.start_time_ns)

    @property
    def tool_spans(self) -> list[Span]:
        """The spans of tools."""
        return [span for span in self.trace.data.spans if span.span_type == "TOOL"]

    def describe(self) -> str:
        """Return the tree of the trace and the requests, for the message of a failed test."""
        lines = [f"{self.name}: {self.result!r} {self.error or ''}", *map(str, self.exchanges)]
        names = {span.span_id: span.name for span in self.trace.data.spans}
        for span in self.trace.data.spans:
            parent = names.get(span.parent_id or "", span.parent_id)
            lines.append(f"{span.name} {span.span_type} {span.status} of {parent} {span.token_usage}")
            lines.append(f"    in  {_shorten(span.inputs)}\n    out {_shorten(span.outputs)}")
            lines.extend(f"    {name} = {_shorten(value)}" for name, value in span.attributes.items())
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Run:
    """A program that has run to its end.

    Attributes:
        cases: Its cases, by name.
        traces: All traces of the server, those outside of the cases' too.
        log: The standard error of the program.
    """

    cases: dict[str, CaseRun]
    traces: list[Trace]
    log: str

    def describe(self, case: str) -> str:
        """Return a case's trace and requests, or the log of the run, for the message of a failed test."""
        return self.cases[case].describe() if case in self.cases else self.log


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A script that has run to its end.

    Attributes:
        output: Its standard output.
        log: Its standard error.
        traces: The traces of the server.
        exchanges: The requests that the provider received.
    """

    output: str
    log: str
    traces: list[Trace]
    exchanges: list[Exchange]


def run_program(program: Path, environment: str, mode: str, home: Path, *names: str) -> Run:
    """Run a program in an environment, and read its traces from a kayba-local of its own.

    Args:
        program: The program, a file that defines one function for each case.
        environment: The framework whose environment the program needs.
        mode: `"bridge"` for ace-tracing, `"sdk"` for OpenTelemetry's SDK.
        home: An empty folder for the files of the program.
        names: The names for `instrument`; the framework by default.

    Raises:
        RuntimeError: The program ended with an error, or one of its traces has not arrived.
    """
    arguments = ["-P", RUNNER / "run_cases.py", program, mode, *(names or [environment])]
    script = run_script(arguments, environment, home, mode)
    reports = [json.loads(line) for line in script.output.splitlines() if line.startswith('{"case"')]
    return Run(_pair(reports, script), script.traces, script.log)


def run_script(arguments: Sequence[str | Path], environment: str, home: Path, mode: str = "bridge") -> ScriptRun:
    """Run Python in an environment, with a provider and a kayba-local of its own.

    Args:
        arguments: The arguments of the interpreter.
        environment: The framework whose environment the script needs.
        home: An empty folder for the files of the script.
        mode: `"bridge"` to configure ace-tracing by environment variables, `"sdk"` to configure OpenTelemetry's SDK.

    Raises:
        RuntimeError: The script ended with an error.
    """
    python = prepare(environment)
    with run_provider() as provider, kayba_local.serve(api_key=None) as server:
        recorder = (
            {"KAYBA_API_KEY": API_KEY, "KAYBA_API_URL": server.url}
            if mode == "bridge"
            else {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url, **SDK_VARIABLES}
        )
        clients = {
            "OPENAI_API_KEY": API_KEY,
            "OPENAI_BASE_URL": f"{provider.url}/v1",
            "OPENAI_API_BASE": f"{provider.url}/v1",
            "ANTHROPIC_API_KEY": API_KEY,
            "ANTHROPIC_BASE_URL": provider.url,
            "PROVIDER_URL": provider.url,
            "PYTHONPATH": str(RUNNER),
        }
        done = subprocess.run(
            [python, *arguments],
            env=make_variables(home, **recorder, **clients),
            cwd=home,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        configure(api_key=API_KEY, base_url=server.url)
        try:
            traces = [get_trace(trace.info.trace_id) for trace in search_traces(max_results=1_000)]
        finally:
            shutdown()
        return ScriptRun(done.stdout, done.stderr, traces, provider.exchanges())


def _pair(reports: list[dict[str, Any]], script: ScriptRun) -> dict[str, CaseRun]:
    """Return the cases with their traces and requests."""
    by_id = {trace.info.trace_id: trace for trace in script.traces}
    cases = {}
    for report in reports:
        name, trace_id = report["case"], report["trace_id"]
        if trace_id not in by_id:
            raise RuntimeError(f"the trace of {name} has not arrived")
        mine = [exchange for exchange in script.exchanges if exchange.case == name]
        cases[name] = CaseRun(name, report["result"], report["error"], by_id[trace_id], mine)
    return cases


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]} ..."
