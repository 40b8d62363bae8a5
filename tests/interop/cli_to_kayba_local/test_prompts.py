"""`kayba prompts`: generate from accepted insights, list, pull, and install into the files that agents read."""

from __future__ import annotations

import json
import re
from typing import Final

import pytest
from tests.helpers.interop.published_cli import Cli

from kayba_local import LocalServer
from kayba_local.store import insights

ADVICE: Final = "Ask for the order number — 注文番号 — first."


@pytest.fixture
def accepted(server: LocalServer) -> str:
    """Add an accepted insight and return its id."""
    return insights.add(server.db, ADVICE, section="orders", status="accepted").id


def prompt_id(output: str) -> str:
    match = re.match(r"Prompt (\S+) \(v([0-9]+)\) generated\.\n", output)
    assert match is not None, output
    return match[1]


@pytest.mark.interop("`prompts generate`")
def test_a_prompt_contains_the_accepted_insights(kayba: Cli, server: LocalServer, accepted: str) -> None:
    insights.add(server.db, "Never apologise.", section="style", status="rejected")
    output = kayba("prompts", "generate")
    assert "(v1)" in output
    assert ADVICE in output
    assert "apologise" not in output
    assert "(v2)" in kayba("prompts", "generate")


@pytest.mark.interop("`prompts generate`")
def test_a_prompt_of_named_insights_is_saved(kayba: Cli, server: LocalServer, accepted: str) -> None:
    other = insights.add(server.db, "Answer briefly.", section="style", status="accepted").id
    output = kayba("prompts", "generate", "--insights", other, "--label", "support", "-o", "prompt.md")
    assert "Saved to prompt.md" in output
    text = (kayba.folder / "prompt.md").read_text(encoding="utf-8")
    assert "Answer briefly." in text
    assert ADVICE not in text


@pytest.mark.interop("`prompts generate`")
@pytest.mark.interop("Errors")
def test_a_prompt_needs_an_accepted_insight(kayba: Cli, server: LocalServer) -> None:
    assert "[CONFLICT]" in kayba.run_failing("prompts", "generate")
    pending = insights.add(server.db, ADVICE).id
    assert pending in kayba.run_failing("prompts", "generate", "--insights", pending)
    assert "[NOT_FOUND]" in kayba.run_failing("prompts", "generate", "--insights", "never-made")


@pytest.mark.interop("`prompts list`")
def test_prompts_are_listed_newest_first(kayba: Cli, accepted: str) -> None:
    assert kayba("prompts", "list") == "No prompts found.\n"
    first = prompt_id(kayba("prompts", "generate", "--label", "support"))
    second = prompt_id(kayba("prompts", "generate", "--label", "sales"))
    assert kayba("prompts", "list") == f"  {second}  sales\n  {first}  support\n"


@pytest.mark.interop("`prompts pull`")
def test_pull_returns_the_latest_prompt_or_one_by_id(kayba: Cli, accepted: str) -> None:
    assert "No prompts available" in kayba.run_failing("prompts", "pull")
    first = prompt_id(kayba("prompts", "generate", "--label", "support"))
    second = prompt_id(kayba("prompts", "generate", "--label", "support"))
    kayba("prompts", "pull", "-o", "latest.md")
    text = (kayba.folder / "latest.md").read_text(encoding="utf-8")
    assert ADVICE in text
    assert kayba("prompts", "pull", "--id", first) == f"{text}\n"
    assert json.loads(kayba("prompts", "pull", "--pretty")) | {"createdAt": ""} == {
        "id": second,
        "promptId": second,
        "version": 2,
        "label": "support",
        "createdAt": "",
        "content": {"text": text},
    }
    assert "[NOT_FOUND]" in kayba.run_failing("prompts", "pull", "--id", "never-made")


@pytest.mark.interop("`prompts install`")
@pytest.mark.parametrize(
    ("target", "file"), [("universal", "AGENTS.md"), ("claude-code", "CLAUDE.md"), ("cursor", ".cursorrules")]
)
def test_an_installed_prompt_replaces_the_previous_one(kayba: Cli, server: LocalServer, target: str, file: str) -> None:
    (kayba.folder / file).write_text("# House rules\n")
    for text, other in (("Answer briefly.", "Cite sources."), ("Cite sources.", "Answer briefly.")):
        insight = insights.add(server.db, text, status="accepted").id
        prompt = prompt_id(kayba("prompts", "generate", "--insights", insight))
        assert f"({prompt}) into {file}" in kayba("prompts", "install", "--target", target)
        installed = (kayba.folder / file).read_text(encoding="utf-8")
        assert installed.startswith("# House rules\n")
        assert installed.count("KAYBA:PROMPT:START") == 1
        assert text in installed
        assert other not in installed


@pytest.mark.interop("`prompts install`")
def test_a_prompt_is_installed_by_id_into_any_file(kayba: Cli, accepted: str) -> None:
    prompt = prompt_id(kayba("prompts", "generate"))
    kayba("prompts", "install", "--id", prompt, "--file", "agents/support.md")
    assert ADVICE in (kayba.folder / "agents" / "support.md").read_text(encoding="utf-8")
