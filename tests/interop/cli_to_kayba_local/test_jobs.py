"""Jobs: insights generated from uploaded traces, looked at, materialized; and the whole workflow."""

from __future__ import annotations

import json
import re

import pytest
from tests.helpers.interop.published_cli import Cli

TRANSCRIPT = """# User
Refund order 17.

# Agent
Calling refund(order=17)

PaymentError: card 4711 was declined by the bank

# Agent
I could not refund it.
"""


@pytest.fixture
def uploaded(kayba: Cli) -> list[str]:
    """The ids of three uploaded transcripts that show the same error."""
    for name in ("monday.md", "tuesday.md", "friday.md"):
        (kayba.folder / name).write_text(TRANSCRIPT)
    return re.findall(r"^  (\S+)  \S+\.md$", kayba("upload", "monday.md", "tuesday.md", "friday.md"), re.MULTILINE)


def contents(kayba: Cli, *options: str) -> set[str]:
    return {insight["content"] for insight in kayba.read("insights", "list", *options)}


def job_of(said: str) -> str:
    match = re.match(r"Job started: (\S+)", said)
    assert match is not None, said
    return match[1]


@pytest.mark.interop("`insights generate`")
@pytest.mark.interop("`status`")
def test_insights_are_generated_by_a_job_that_is_waited_for(kayba: Cli, uploaded: list[str]) -> None:
    said = kayba("insights", "generate", "--wait")
    job = job_of(said)
    assert f"  {job}  completed\n" in said
    assert f"Run: kayba materialize {job}" in said
    kayba("materialize", job)
    assert any("PaymentError" in content for content in contents(kayba))


@pytest.mark.interop("`insights generate`")
def test_insights_are_generated_of_the_traces_named(kayba: Cli, uploaded: list[str]) -> None:
    (kayba.folder / "other.md").write_text("# Agent\n\nSearchTimeout: no answer within 30 s\n")
    kayba("upload", "other.md")
    options = ("--model", "claude-opus-4-6", "--epochs", "2", "--reflector-mode", "standard")
    said = kayba("insights", "generate", "--traces", uploaded[0], "--traces", uploaded[1], *options, "--wait")
    kayba("materialize", job_of(said))
    assert any("PaymentError" in content for content in contents(kayba))
    assert not any("SearchTimeout" in content for content in contents(kayba))


@pytest.mark.interop("`insights generate`")
@pytest.mark.interop("Errors")
def test_a_trace_that_is_not_there_cannot_be_analysed(kayba: Cli, uploaded: list[str]) -> None:
    said = kayba.refused("insights", "generate", "--traces", "never-uploaded")
    assert "[NOT_FOUND]" in said
    assert "never-uploaded" in said


@pytest.mark.interop("`run`")
def test_the_pipeline_is_run(kayba: Cli, uploaded: list[str]) -> None:
    started = json.loads(kayba("run", "--all", "--json"))
    assert started["traces"] == 3
    assert "Status: completed" in kayba("status", started["jobId"], "--wait", "--interval", "1")
    said = kayba("run", "--traces", uploaded[0], "--wait")
    assert job_of(said) != started["jobId"]
    assert "Status: completed" in said


@pytest.mark.interop("`run`")
@pytest.mark.interop("Errors")
def test_without_traces_nothing_is_run(kayba: Cli) -> None:
    assert "No traces found" in kayba.refused("run", "--all")


@pytest.mark.interop("`status`")
def test_the_status_tells_what_came_out(kayba: Cli, uploaded: list[str]) -> None:
    job = job_of(kayba("insights", "generate", "--wait"))
    told = dict(line.split(": ", 1) for line in kayba("status", job).splitlines() if ": " in line)
    assert told["Job"].strip() == job
    assert told["Status"] == "completed"
    assert told["Started"] <= told["Completed"]
    assert int(told["Skills generated"]) > 0
    assert told["Summary"]
    assert told["Materialized"] == "False"


@pytest.mark.interop("`status`")
@pytest.mark.interop("`materialize`")
@pytest.mark.interop("Errors")
@pytest.mark.parametrize("command", ["status", "materialize"])
def test_a_job_that_is_not_there_is_named(kayba: Cli, command: str) -> None:
    said = kayba.refused(command, "never-started")
    assert "[NOT_FOUND]" in said
    assert "never-started" in said


@pytest.mark.interop("`materialize`")
def test_a_job_is_materialized(kayba: Cli, uploaded: list[str]) -> None:
    job = job_of(kayba("insights", "generate", "--wait"))
    assert contents(kayba) == set()
    said = kayba("materialize", job)
    found = kayba.read("insights", "list", "--status", "pending")
    assert said == f"Materialized {len(found)} skill(s) from job {job}.\n"
    assert "Materialized: True" in kayba("status", job)
    assert kayba("materialize", job) == said
    assert kayba.read("insights", "list") == found


@pytest.mark.interop("`upload`")
@pytest.mark.interop("`run`")
@pytest.mark.interop("`materialize`")
@pytest.mark.interop("`insights triage`")
@pytest.mark.interop("`prompts generate`")
@pytest.mark.interop("`prompts install`")
def test_the_whole_workflow(kayba: Cli) -> None:
    (kayba.folder / "traces").mkdir()
    for day in ("monday", "tuesday"):
        (kayba.folder / "traces" / f"{day}.md").write_text(TRANSCRIPT)
    kayba("traces", "upload", "traces/")
    # Its guide goes on with the triage; what it prints itself says to materialize first.
    (materialize,) = re.findall("Run: kayba (materialize .+)", kayba("run", "--all", "--wait"))
    kayba(*materialize.split())
    kayba("insights", "triage", "--accept-all")
    kayba("prompts", "generate", "-o", "prompt.md")
    kayba("prompts", "install", "--target", "claude-code")
    prompt = (kayba.folder / "prompt.md").read_text(encoding="utf-8")
    assert "PaymentError" in prompt
    assert prompt.strip() in (kayba.folder / "CLAUDE.md").read_text(encoding="utf-8")
