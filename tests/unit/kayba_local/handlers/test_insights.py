"""Triage of insights, and prompts made of the accepted ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from kayba_local import LocalServer
from kayba_local.store import insights


def accepted(server: LocalServer, content: str, section: str = "general") -> str:
    return insights.add(server.db, content, section=section, status="accepted").id


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["one", "two", "three"]),
        ({"status": "pending"}, ["one", "two"]),
        ({"section": "tools"}, ["two", "three"]),
        ({"status": "pending", "section": "tools"}, ["two"]),
        ({"section": "nowhere"}, []),
        ({"section": "' OR 1=1 --"}, []),
    ],
)
def test_list_by_status_and_section(
    kayba_server: LocalServer, http: httpx.Client, query: dict[str, str], found: list[str]
) -> None:
    insights.add(kayba_server.db, "one", section="style")
    insights.add(kayba_server.db, "two", section="tools")
    insights.add(kayba_server.db, "three", section="tools", status="rejected")
    answer = http.get("/api/insights", params=query).json()
    assert [insight["content"] for insight in answer["insights"]] == found


def test_triage_is_kept(kayba_server: LocalServer, http: httpx.Client) -> None:
    insight = insights.add(kayba_server.db, "Look first.", section="style", helpful=3, harmful=1)
    answer = http.patch(f"/api/insights/{insight.id}", json={"status": "accepted", "note": "seen twice"}).json()
    assert answer == {
        "id": insight.id,
        "status": "accepted",
        "section": "style",
        "content": "Look first.",
        "helpful": 3,
        "harmful": 1,
        "note": "seen twice",
    }
    http.patch(f"/api/insights/{insight.id}", json={"status": "rejected"})
    assert http.get("/api/insights").json()["insights"] == [{**answer, "status": "rejected"}]


def test_a_decision_is_accepted_or_rejected_and_nothing_else(kayba_server: LocalServer, http: httpx.Client) -> None:
    insight = insights.add(kayba_server.db, "Look first.")
    assert http.patch(f"/api/insights/{insight.id}", json={"status": "new"}).status_code == 400
    assert http.get("/api/insights").json()["insights"][0]["status"] == "pending"


def test_a_prompt_holds_the_accepted_insights_by_section(kayba_server: LocalServer, http: httpx.Client) -> None:
    shortly = accepted(kayba_server, "Say it\nshortly.", "style")
    number = accepted(kayba_server, "Ask for the order number.", "retrieval")
    greet = accepted(kayba_server, "Greet.", "style")
    again = accepted(kayba_server, "Say it shortly.", "style")
    insights.add(kayba_server.db, "Not decided.")
    answer = http.post("/api/prompts/generate", json={}).json()
    assert answer["version"] == 1
    assert answer["content"]["text"] == (
        "Apply what was learned from earlier work:\n\n"
        f"## retrieval\n\n- Ask for the order number. [insight {number}]\n\n"
        f"## style\n\n- Say it shortly. [insights {shortly}, {again}]\n- Greet. [insight {greet}]\n"
    )


def test_a_prompt_of_chosen_insights(kayba_server: LocalServer, http: httpx.Client) -> None:
    chosen = accepted(kayba_server, "Chosen.")
    accepted(kayba_server, "Left out.")
    text = http.post("/api/prompts/generate", json={"insightIds": [chosen]}).json()["content"]["text"]
    assert "Chosen." in text
    assert "Left out." not in text


def test_an_insight_that_is_not_accepted_makes_no_prompt(kayba_server: LocalServer, http: httpx.Client) -> None:
    undecided = insights.add(kayba_server.db, "Perhaps.")
    answer = http.post("/api/prompts/generate", json={"insightIds": [undecided.id]})
    assert answer.status_code == 409
    assert f"PATCH /insights/{undecided.id}" in answer.json()["error"]["message"]
    assert http.get("/api/prompts").json() == {"prompts": []}


def test_versions_count_up_by_label_and_the_newest_comes_first(kayba_server: LocalServer, http: httpx.Client) -> None:
    accepted(kayba_server, "Look first.")
    for label in ("support", "support", "sales"):
        http.post("/api/prompts/generate", json={"label": label})
    listed = http.get("/api/prompts").json()["prompts"]
    assert [(prompt["label"], prompt["version"]) for prompt in listed] == [("sales", 1), ("support", 2), ("support", 1)]
    whole = http.get(f"/api/prompts/{listed[0]['id']}").json()
    assert whole["promptId"] == whole["id"] == listed[0]["id"]
    assert "Look first." in whole["content"]["text"]


def test_prompts_made_at_the_same_time_get_different_versions(kayba_server: LocalServer, http: httpx.Client) -> None:
    accepted(kayba_server, "Look first.")
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: http.post("/api/prompts/generate", json={}).json(), range(24)))
    assert sorted(answer["version"] for answer in answers) == list(range(1, 25))
