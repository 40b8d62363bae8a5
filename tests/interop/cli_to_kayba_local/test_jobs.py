"""`kayba insights generate`, `run`, `status` and `materialize`, and the workflow from upload to installed prompt."""

from __future__ import annotations

import json
import re
from typing import Final

import pytest
from tests.helpers.interop.published_cli import Cli

TRANSCRIPT: Final = """# User
Refund order 17.

# Agent
Calling refund(order=17)

PaymentError: card 4711 was declined by the bank

# Agent
I could not refund it.
"""


@pytest.fixture
def uploaded(kayba: Cli) -> list[str]:
    """Upload three transcripts with the same error and return their ids."""
    for name in ("monday.md", "tuesday.md", "friday.md"):
        (kayba.folder / name).write_text(TRANSCRIPT)
    return re.findall(r"^  (\S+)  \S+\.md$", kayba("upload", "monday.md", "tuesday.md", "friday.md"), re.MULTILINE)


def insight_contents(kayba: Cli, *options: str) -> set[str]:
    return {insight["content"] for insight in kayba.read_list("insights", "list", *options)}


def job_id(output: str) -> str:
    match = re.match(r"Job started: (\S+)", output)
    assert match is not None, output
    return match[1]


@pytest.mark.interop("`insights generate`")
@pytest.mark.interop("`status`")
def test_generate_with_wait_returns_after_the_job(kayba: Cli, uploaded: list[str]) -> None:
    output = kayba("insights", "generate", "--wait")
    job = job_id(output)
    assert f"  {job}  completed\n" in output
    assert f"Run: kayba materialize {job}" in output
    kayba("materialize", job)
    assert any("PaymentError" in content for content in insight_contents(kayba))


@pytest.mark.interop("`insights generate`")
def test_insights_are_generated_from_the_named_traces(kayba: Cli, uploaded: list[str]) -> None:
    (kayba.folder / "other.md").write_text("# Agent\n\nSearchTimeout: no answer within 30 s\n")
    kayba("upload", "other.md")
    options = ("--model", "claude-opus-4-6", "--epochs", "2", "--reflector-mode", "standard")
    output = kayba("insights", "generate", "--traces", uploaded[0], "--traces", uploaded[1], *options, "--wait")
    kayba("materialize", job_id(output))
    assert any("PaymentError" in content for content in insight_contents(kayba))
    assert not any("SearchTimeout" in content for content in insight_contents(kayba))


@pytest.mark.interop("`insights generate`")
@pytest.mark.interop("Errors")
def test_generating_from_an_unknown_trace_fails(kayba: Cli, uploaded: list[str]) -> None:
    output = kayba.run_failing("insights", "generate", "--traces", "never-uploaded")
    assert "[NOT_FOUND]" in output
    assert "never-uploaded" in output


@pytest.mark.interop("`run`")
def test_run_completes_a_job(kayba: Cli, uploaded: list[str]) -> None:
    started = json.loads(kayba("run", "--all", "--json"))
    assert started["traces"] == 3
    assert "Status: completed" in kayba("status", started["jobId"], "--wait", "--interval", "1")
    output = kayba("run", "--traces", uploaded[0], "--wait")
    assert job_id(output) != started["jobId"]
    assert "Status: completed" in output


@pytest.mark.interop("`run`")
@pytest.mark.interop("Errors")
def test_run_without_traces_fails(kayba: Cli) -> None:
    assert "No traces found" in kayba.run_failing("run", "--all")


@pytest.mark.interop("`status`")
def test_status_shows_the_result_of_a_job(kayba: Cli, uploaded: list[str]) -> None:
    job = job_id(kayba("insights", "generate", "--wait"))
    shown = dict(line.split(": ", 1) for line in kayba("status", job).splitlines() if ": " in line)
    assert shown["Job"].strip() == job
    assert shown["Status"] == "completed"
    assert shown["Started"] <= shown["Completed"]
    assert int(shown["Skills generated"]) > 0
    assert shown["Summary"]
    assert shown["Materialized"] == "False"


@pytest.mark.interop("`status`")
@pytest.mark.interop("`materialize`")
@pytest.mark.interop("Errors")
@pytest.mark.parametrize("command", ["status", "materialize"])
def test_an_unknown_job_is_named_in_the_error(kayba: Cli, command: str) -> None:
    output = kayba.run_failing(command, "never-started")
    assert "[NOT_FOUND]" in output
    assert "never-started" in output


@pytest.mark.interop("`materialize`")
def test_materialize_makes_the_insights_of_a_job_visible(kayba: Cli, uploaded: list[str]) -> None:
    job = job_id(kayba("insights", "generate", "--wait"))
    assert insight_contents(kayba) == set()
    output = kayba("materialize", job)
    found = kayba.read_list("insights", "list", "--status", "pending")
    assert output == f"Materialized {len(found)} skill(s) from job {job}.\n"
    assert "Materialized: True" in kayba("status", job)
    assert kayba("materialize", job) == output
    assert kayba.read_list("insights", "list") == found


@pytest.mark.interop("`upload`")
@pytest.mark.interop("`run`")
@pytest.mark.interop("`materialize`")
@pytest.mark.interop("`insights triage`")
@pytest.mark.interop("`prompts generate`")
@pytest.mark.interop("`prompts install`")
def test_the_workflow_from_upload_to_installed_prompt(kayba: Cli) -> None:
    (kayba.folder / "traces").mkdir()
    for day in ("monday", "tuesday"):
        (kayba.folder / "traces" / f"{day}.md").write_text(TRANSCRIPT)
    kayba("traces", "upload", "traces/")
    # The guide continues with the triage, but the command's output asks to materialize first.
    (materialize,) = re.findall("Run: kayba (materialize .+)", kayba("run", "--all", "--wait"))
    kayba(*materialize.split())
    kayba("insights", "triage", "--accept-all")
    kayba("prompts", "generate", "-o", "prompt.md")
    kayba("prompts", "install", "--target", "claude-code")
    prompt = (kayba.folder / "prompt.md").read_text(encoding="utf-8")
    assert "PaymentError" in prompt
    assert prompt.strip() in (kayba.folder / "CLAUDE.md").read_text(encoding="utf-8")
