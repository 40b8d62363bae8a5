"""`instrument`, in programs of their own with small libraries and instrumentors that are really installed."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from ace_tracing import ConfigurationError, instrument, uninstrument
from ace_tracing.otel.libraries import LIBRARIES, find_major
from kayba_local import LocalServer

ROOT: Final = Path(__file__).parents[4]

INSTRUMENTOR: Final = """
import {library}

class Instrumentor:
    _instance = None
    is_instrumented_by_opentelemetry = False

    def __new__(cls):
        cls._instance = cls._instance or super().__new__(cls)
        return cls._instance

    def instrument(self, *, tracer_provider, raise_exception_on_conflict=False):
        {failure}
        self.is_instrumented_by_opentelemetry = True
        tracer = tracer_provider.get_tracer("{package}")
        self.original = original = {library}.call

        def call(question):
            attributes = {{"openinference.span.kind": "LLM", "input.value": question, "llm.token_count.prompt": 3}}
            with tracer.start_as_current_span("{package}", attributes=attributes):
                return original(question)

        {library}.call = call

    def uninstrument(self):
        self.is_instrumented_by_opentelemetry = False
        {library}.call = self.original
"""
PRELUDE: Final = """
import json
import ace_tracing
from ace_tracing import configure, flush, instrument, start_span, uninstrument

def states(report):
    return {each.library: (each.state, each.package) for each in report.libraries}
"""

Install = Callable[..., None]
Run = Callable[[str], Any]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def install(site: Path) -> Install:
    """Install a library, and instrumentors for it, by the names of their distributions."""

    def add(distribution: str, *packages: str, failure: str = "") -> None:
        module = distribution.replace("-", "_")
        (site / f"{module}.py").write_text("def call(question):\n    return question.upper()\n")
        write_metadata(site, distribution, "1.0")
        for package in packages:
            name = package.replace("-", "_")
            code = INSTRUMENTOR.format(library=module, package=package, failure=failure)
            (site / f"{name}.py").write_text(code)
            group = "openinference_instrumentor" if package.startswith("openinference") else ""
            write_metadata(site, package, "0.5", f"{distribution} = {name}:Instrumentor", group)

    return add


def write_metadata(site: Path, distribution: str, version: str, entry_point: str = "", group: str = "") -> None:
    folder = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    if entry_point:
        groups = [each for each in ("opentelemetry_instrumentor", group) if each]
        (folder / "entry_points.txt").write_text("".join(f"[{each}]\n{entry_point}\n" for each in groups))


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Run:
    """Run a program that prints JSON at its end, and return that."""

    def run(program: str) -> Any:
        script = tmp_path / "program.py"
        script.write_text(f"import sys\nsys.path.insert(0, {str(site)!r})\n{PRELUDE}\n{program}")
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


OI: Final = "openinference-instrumentation-groq"
OTHER: Final = "opentelemetry-instrumentation-groq"


def test_calls_of_an_instrumented_library_are_spans_of_the_trace(
    kayba_server: LocalServer, install: Install, run: Run
) -> None:
    install("groq", OI)
    program = f"""
configure(api_key="kb-test", base_url={kayba_server.url!r})
report = instrument("groq")
import groq
with start_span("root") as root:
    answer = groq.call("how many?")
uninstrument()
with start_span("root"):
    groq.call("no span")
assert flush(60)
trace = ace_tracing.get_trace(root.trace_id)
(call,) = [span for span in trace.data.spans if span.name != "root"]
print(json.dumps([answer, states(report), call.name, call.span_type, call.inputs, call.token_usage["input_tokens"],
                  call.parent_id == trace.root.span_id, len(ace_tracing.search_traces())]))
"""
    expected = ["HOW MANY?", {"groq": ["instrumented", OI]}, OI, "LLM", "how many?", 3, True, 2]
    assert run(program) == expected


@pytest.mark.parametrize(("prefer", "chosen"), [(None, OI), ("openllmetry", OTHER), ("genai", OI)])
def test_one_family_is_chosen_and_the_other_is_a_conflict(
    install: Install, run: Run, prefer: str | None, chosen: str
) -> None:
    install("groq", OTHER, OI)
    program = f"""
report = instrument("groq", prefer={prefer!r})
print(json.dumps([states(report), report.conflicts, str(report)]))
"""
    states, conflicts, text = run(program)
    assert states == {"groq": ["instrumented", chosen]}
    assert len(conflicts) == 1
    assert ({OI, OTHER} - {chosen}).pop() in conflicts[0]
    assert f"{chosen} 0.5" in text
    assert "Conflict: " in text


def test_the_program_s_own_instrumentation_stays(install: Install, run: Run) -> None:
    install("groq", OTHER, OI)
    program = """
import groq
from opentelemetry.trace import NoOpTracerProvider
from opentelemetry_instrumentation_groq import Instrumentor
Instrumentor().instrument(tracer_provider=NoOpTracerProvider())
before = groq.call
report = instrument()
uninstrument()
(each,) = [each for each in report.libraries if each.library == "groq"]
print(json.dumps([each.state, each.reason, groq.call is before]))
"""
    state, reason, is_same = run(program)
    assert (state, is_same) == ("skipped", True)
    assert OTHER in reason


def test_a_failing_instrumentor_does_not_prevent_the_others(install: Install, run: Run) -> None:
    install("groq", OI, failure="raise RuntimeError('no such version')")
    install("agno", "openinference-instrumentation-agno")
    program = """
report = instrument("groq", "agno", "haystack")
print(json.dumps([{each.library: [each.state, each.reason] for each in report.libraries}, report.instrumented]))
"""
    states, instrumented = run(program)
    assert states["groq"] == ["failed", "RuntimeError: no such version"]
    assert states["haystack"] == ["missing", "it is not installed: pip install haystack-ai"]
    assert instrumented == ["agno"]


def test_a_missing_instrumentor_is_reported_with_its_package(install: Install, run: Run) -> None:
    install("groq")
    program = "print(json.dumps([each.reason for each in instrument('groq').libraries]))"
    assert run(program) == [f"it has no instrumentor: pip install {OI}"]


def test_a_second_call_changes_nothing(install: Install, run: Run) -> None:
    install("groq", OI)
    program = """
instrument("groq")
import groq
before = groq.call
report = instrument("groq")
print(json.dumps([states(report), groq.call is before]))
"""
    assert run(program) == [{"groq": ["instrumented", OI]}, True]


def test_a_second_call_does_not_change_the_family(install: Install, run: Run) -> None:
    install("groq", OI, OTHER)
    program = """
instrument("groq")
import groq
before = groq.call
second = instrument("groq", prefer="openllmetry")
is_same = groq.call is before
uninstrument("groq")
print(json.dumps([states(second), is_same, states(instrument("groq", prefer="openllmetry"))]))
"""
    assert run(program) == [{"groq": ["instrumented", OI]}, True, {"groq": ["instrumented", OTHER]}]


@pytest.mark.parametrize(("version", "major"), [("2.14.1", 2), ("0", 0), ("v3", 3), ("1!2.0", 2), ("unknown", 0)])
def test_the_major_version_of_any_spelling_is_found(version: str, major: int) -> None:
    assert find_major(version) == major


@pytest.mark.parametrize("set_global", [False, True])
def test_the_global_provider_of_the_program_stays(install: Install, run: Run, *, set_global: bool) -> None:
    install("groq", OI)
    install("strands-agents")
    program = f"""
from opentelemetry import trace
from opentelemetry.trace import NoOpTracerProvider
own = NoOpTracerProvider()
trace.set_tracer_provider(own)
report = instrument("groq", "strands", set_global={set_global})
print(json.dumps([trace.get_tracer_provider() is own, states(report)]))
"""
    assert run(program) == [True, {"groq": ["instrumented", OI], "strands": ["skipped", None]}]


def test_libraries_with_spans_for_the_global_provider_need_it(install: Install, run: Run) -> None:
    install("strands-agents")
    program = """
from opentelemetry import trace
before = trace.get_tracer_provider()
first = instrument("strands")
is_unchanged = trace.get_tracer_provider() is before
second = instrument("strands", set_global=True)
print(json.dumps([is_unchanged, states(first), states(second)]))
"""
    assert run(program) == [True, {"strands": ["skipped", None]}, {"strands": ["instrumented", None]}]


@pytest.mark.parametrize(("name", "similar"), [("open-ai", "openai"), ("langchian", "langchain"), ("x", "openai")])
def test_an_unknown_library_raises_with_similar_names(name: str, similar: str) -> None:
    with pytest.raises(ConfigurationError, match=similar):
        instrument(name)
    with pytest.raises(ConfigurationError, match=similar):
        uninstrument(name)
    with pytest.raises(ConfigurationError, match="openinference"):
        instrument(prefer="opentelmetry")


def test_extras_have_the_preferred_instrumentors() -> None:
    extras = read_extras("ace-tracing")
    expected = {"otel": set[str](), "rich": {"rich"}, "pandas": {"pandas"}}
    for library in LIBRARIES.values():
        if library.has_extra:
            needed = (library, *(LIBRARIES[name] for name in library.needs))
            expected[library.name] = {each.instrumentors[0].package for each in needed} - {""}
    assert {name: packages - {"opentelemetry-api"} for name, packages in extras.items()} == expected
    assert set(read_extras("ace-framework")) == {*expected, "tracing"} - {"rich", "pandas"}


def read_extras(package: str) -> dict[str, set[str]]:
    text = (ROOT / "packages" / package / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    return {name: {each.split(">")[0].split("~")[0] for each in needed} for name, needed in extras.items()}


def test_the_guide_lists_each_library_and_its_instrumentors() -> None:
    text = (ROOT / "docs" / "guides" / "instrumentation.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    expected = []
    for library in LIBRARIES.values():
        packages = ", ".join(f"`{each.package}`" if each.package else "its own spans" for each in library.instrumentors)
        expected.append(f"| `{library.name}` | {packages} |")
    assert rows == expected
