"""Prompts: made of accepted insights, listed, pulled, installed into the files that agents read."""

from __future__ import annotations

import json
import re

import pytest
from tests.helpers.interop.published_cli import Cli

from kayba_local import LocalServer
from kayba_local.store import insights

ADVICE = "Ask for the order number — 注文番号 — first."


@pytest.fixture
def accepted(server: LocalServer) -> str:
    """The id of an accepted insight."""
    return insights.add(server.db, ADVICE, section="orders", status="accepted").id


def prompt_id(said: str) -> str:
    match = re.match(r"Prompt (\S+) \(v([0-9]+)\) generated\.\n", said)
    assert match is not None, said
    return match[1]


@pytest.mark.interop("`prompts generate`")
def test_a_prompt_is_made_of_what_was_accepted(kayba: Cli, server: LocalServer, accepted: str) -> None:
    insights.add(server.db, "Never apologise.", section="style", status="rejected")
    said = kayba("prompts", "generate")
    assert "(v1)" in said
    assert ADVICE in said
    assert "apologise" not in said
    assert "(v2)" in kayba("prompts", "generate")


@pytest.mark.interop("`prompts generate`")
def test_a_prompt_is_made_of_the_insights_named_and_saved(kayba: Cli, server: LocalServer, accepted: str) -> None:
    other = insights.add(server.db, "Answer briefly.", section="style", status="accepted").id
    said = kayba("prompts", "generate", "--insights", other, "--label", "support", "-o", "prompt.md")
    assert "Saved to prompt.md" in said
    text = (kayba.folder / "prompt.md").read_text(encoding="utf-8")
    assert "Answer briefly." in text
    assert ADVICE not in text


@pytest.mark.interop("`prompts generate`")
@pytest.mark.interop("Errors")
def test_without_an_accepted_insight_there_is_no_prompt(kayba: Cli, server: LocalServer) -> None:
    assert "[CONFLICT]" in kayba.refused("prompts", "generate")
    pending = insights.add(server.db, ADVICE).id
    assert pending in kayba.refused("prompts", "generate", "--insights", pending)
    assert "[NOT_FOUND]" in kayba.refused("prompts", "generate", "--insights", "never-made")


@pytest.mark.interop("`prompts list`")
def test_prompts_are_listed_newest_first(kayba: Cli, accepted: str) -> None:
    assert kayba("prompts", "list") == "No prompts found.\n"
    first = prompt_id(kayba("prompts", "generate", "--label", "support"))
    second = prompt_id(kayba("prompts", "generate", "--label", "sales"))
    assert kayba("prompts", "list") == f"  {second}  sales\n  {first}  support\n"


@pytest.mark.interop("`prompts pull`")
def test_the_latest_prompt_is_pulled_or_one_by_its_id(kayba: Cli, accepted: str) -> None:
    assert "No prompts available" in kayba.refused("prompts", "pull")
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
    assert "[NOT_FOUND]" in kayba.refused("prompts", "pull", "--id", "never-made")


@pytest.mark.interop("`prompts install`")
@pytest.mark.parametrize(
    ("target", "file"), [("universal", "AGENTS.md"), ("claude-code", "CLAUDE.md"), ("cursor", ".cursorrules")]
)
def test_a_prompt_is_installed_and_replaced(kayba: Cli, server: LocalServer, target: str, file: str) -> None:
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
def test_a_prompt_is_installed_by_its_id_into_any_file(kayba: Cli, accepted: str) -> None:
    prompt = prompt_id(kayba("prompts", "generate"))
    kayba("prompts", "install", "--id", prompt, "--file", "agents/support.md")
    assert ADVICE in (kayba.folder / "agents" / "support.md").read_text(encoding="utf-8")
