"""Captures of an application that calls `configure` itself, without a key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ace_tracing
from ace_tracing import ConfigurationError, Delivery, start_span
from ace_tracing.testing import CapturedTraces, capture_traces

APPLICATION = """
from ace_tracing import configure, trace

def start(**arguments):
    mask = lambda value: value if isinstance(value, str) else "masked"
    configure(folder="app", experiment="runs", mask=mask, **arguments)

@trace
def agent(number):
    return number
"""


def record(name: str) -> None:
    with start_span(name) as span:
        span.set_inputs({"secret": 1})


def test_configure_without_a_key_applies_to_the_capture(captured_traces: CapturedTraces) -> None:
    ace_tracing.configure(folder="app", mask=lambda value: "masked")
    record("step")
    assert [(read.info.folder, read.root and read.root.inputs) for read in captured_traces] == [("app", "masked")]
    assert ace_tracing.flush() == Delivery()
    assert ace_tracing.tracing_status().state == "off"


def test_reading_in_a_keyless_capture_raises(captured_traces: CapturedTraces) -> None:
    ace_tracing.configure()
    with pytest.raises(ConfigurationError, match="api_key"):
        ace_tracing.search_traces()
    assert len(captured_traces) == 0


@pytest.mark.parametrize("arguments", [{"api_key": 5}, {"base_url": "x y"}, {"sample_rate": "0.5"}, {"experiment": 7}])
def test_other_wrong_arguments_still_raise(captured_traces: CapturedTraces, arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(arguments))):
        ace_tracing.configure(**arguments)  # type: ignore[arg-type]
    record("step")
    assert len(captured_traces) == 1


def test_after_the_capture_a_key_is_required_and_nothing_is_recorded() -> None:
    with capture_traces() as traces:
        ace_tracing.configure(folder="inner")
    record("lost")
    assert len(traces) == 0
    assert ace_tracing.get_folder() is None
    with pytest.raises(ConfigurationError, match="KAYBA_API_KEY"):
        ace_tracing.configure()


def test_a_capture_applies_a_configuration_while_tracing_is_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_TRACING_DISABLED", "1")
    with capture_traces() as traces:
        ace_tracing.configure(api_key="kb-test", folder="app")
        record("step")
    assert [read.info.folder for read in traces] == ["app"]
    assert ace_tracing.tracing_status().state == "off"


def run_pytest(folder: Path, application: str, test: str) -> str:
    (folder / "app.py").write_text(application)
    (folder / "test_app.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    return done.stdout


TEST = """
import pytest
from app import agent, start
import ace_tracing

def test_captured(captured_traces):
    {start}
    agent(5)
    (read,) = captured_traces
    assert read.info.folder == "app"
    assert read.root.inputs == "masked"

def test_not_captured():
    agent(5)
    assert ace_tracing.tracing_status().state == "off"
    with pytest.raises(ace_tracing.ConfigurationError):
        ace_tracing.configure()
"""


def test_an_application_that_configures_in_the_test_is_captured(tmp_path: Path) -> None:
    assert "2 passed" in run_pytest(tmp_path, APPLICATION, TEST.format(start="start()"))


def test_an_application_that_configures_at_its_import_is_captured(tmp_path: Path) -> None:
    assert "2 passed" in run_pytest(tmp_path, f"{APPLICATION}\nstart()\n", TEST.format(start="pass"))


def test_a_wrong_argument_at_the_import_of_an_application_raises(tmp_path: Path) -> None:
    printed = run_pytest(tmp_path, f"{APPLICATION}\nstart(sample_rate=7)\n", TEST.format(start="pass"))
    assert "configure(sample_rate=7)" in printed
