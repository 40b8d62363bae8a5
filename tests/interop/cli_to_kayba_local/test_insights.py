"""`kayba insights`: list and triage."""

from __future__ import annotations

import pytest
from tests.helpers.interop.published_cli import Cli

from kayba_local import LocalServer
from kayba_local.store import insights


def insight_contents(kayba: Cli, *options: str) -> set[str]:
    return {insight["content"] for insight in kayba.read_list("insights", "list", *options)}


@pytest.mark.interop("`insights list`")
def test_insights_are_listed_by_status_and_section(kayba: Cli, server: LocalServer) -> None:
    assert kayba("insights", "list") == "No insights found.\n"
    for status in ("pending", "new", "accepted", "rejected"):
        for section in ("orders", "style"):
            insights.add(server.db, f"{status} {section}", section=section, status=status)
    assert len(kayba.read_list("insights", "list")) == 8
    assert insight_contents(kayba, "--status", "new") == {"new orders", "new style"}
    assert insight_contents(kayba, "--section", "style", "--status", "rejected") == {"rejected style"}
    assert insight_contents(kayba, "--section", "none of them") == set()
    shown = kayba("insights", "list", "--status", "accepted", "--section", "orders").split()
    assert shown[:2] == [
        "[accepted]",
        kayba.read_list("insights", "list", "--status", "accepted", "--section", "orders")[0]["id"],
    ]
    assert shown[2:] == ["orders", "accepted", "orders"]


@pytest.mark.interop("`insights triage`")
def test_insights_are_accepted_and_rejected(kayba: Cli, server: LocalServer) -> None:
    ids = [insights.add(server.db, f"Advice {number}.").id for number in range(4)]
    output = kayba("insights", "triage", "--accept", ids[0], "--reject", ids[1], "--note", "seen twice")
    assert output.split() == ["Accepted", ids[0], "Rejected", ids[1]]
    decided = {insight["id"]: insight for insight in kayba.read_list("insights", "list")}
    assert [decided[id_]["status"] for id_ in ids] == ["accepted", "rejected", "pending", "pending"]
    assert [decided[id_].get("note") for id_ in ids] == ["seen twice", "seen twice", None, None]
    assert kayba("insights", "triage", "--accept-all").split() == ["Accepted", ids[2], "Accepted", ids[3]]
    assert kayba("insights", "triage", "--accept-all") == "No pending insights to accept.\n"


@pytest.mark.interop("`insights triage`")
@pytest.mark.interop("Errors")
def test_triaging_an_unknown_insight_fails(kayba: Cli) -> None:
    output = kayba.run_failing("insights", "triage", "--accept", "never-made")
    assert "Error accepting never-made: [NOT_FOUND]" in output
    assert "1 triage operation(s) failed." in output
