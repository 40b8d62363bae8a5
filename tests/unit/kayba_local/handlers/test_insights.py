"""Insights over HTTP: list, accept and reject; prompts made from accepted insights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from kayba_local import LocalServer
from kayba_local.store import insights


def add_accepted(server: LocalServer, content: str, section: str = "general") -> str:
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
def test_insights_are_listed_by_status_and_section(
    kayba_server: LocalServer, http: httpx.Client, query: dict[str, str], found: list[str]
) -> None:
    insights.add(kayba_server.db, "one", section="style")
    insights.add(kayba_server.db, "two", section="tools")
    insights.add(kayba_server.db, "three", section="tools", status="rejected")
    response = http.get("/api/insights", params=query).json()
    assert [insight["content"] for insight in response["insights"]] == found


def test_a_decision_is_stored_with_its_note(kayba_server: LocalServer, http: httpx.Client) -> None:
    insight = insights.add(kayba_server.db, "Look first.", section="style", helpful=3, harmful=1)
    response = http.patch(f"/api/insights/{insight.id}", json={"status": "accepted", "note": "seen twice"}).json()
    assert response == {
        "id": insight.id,
        "status": "accepted",
        "section": "style",
        "content": "Look first.",
        "helpful": 3,
        "harmful": 1,
        "note": "seen twice",
    }
    http.patch(f"/api/insights/{insight.id}", json={"status": "rejected"})
    assert http.get("/api/insights").json()["insights"] == [{**response, "status": "rejected"}]


def test_a_decision_other_than_accepted_or_rejected_returns_400(kayba_server: LocalServer, http: httpx.Client) -> None:
    insight = insights.add(kayba_server.db, "Look first.")
    assert http.patch(f"/api/insights/{insight.id}", json={"status": "new"}).status_code == 400
    assert http.get("/api/insights").json()["insights"][0]["status"] == "pending"


def test_a_prompt_contains_the_accepted_insights_by_section(kayba_server: LocalServer, http: httpx.Client) -> None:
    first = add_accepted(kayba_server, "Answer\nbriefly.", "style")
    number = add_accepted(kayba_server, "Ask for the order number.", "retrieval")
    greet = add_accepted(kayba_server, "Greet.", "style")
    second = add_accepted(kayba_server, "Answer briefly.", "style")
    insights.add(kayba_server.db, "Not decided.")
    response = http.post("/api/prompts/generate", json={}).json()
    assert response["version"] == 1
    assert response["content"]["text"] == (
        "Apply what was learned from earlier work:\n\n"
        f"## retrieval\n\n- Ask for the order number. [insight {number}]\n\n"
        f"## style\n\n- Answer briefly. [insights {first}, {second}]\n- Greet. [insight {greet}]\n"
    )


def test_a_prompt_of_named_insights_contains_only_these(kayba_server: LocalServer, http: httpx.Client) -> None:
    chosen = add_accepted(kayba_server, "Chosen.")
    add_accepted(kayba_server, "Left out.")
    text = http.post("/api/prompts/generate", json={"insightIds": [chosen]}).json()["content"]["text"]
    assert "Chosen." in text
    assert "Left out." not in text


def test_a_prompt_of_a_pending_insight_returns_409(kayba_server: LocalServer, http: httpx.Client) -> None:
    undecided = insights.add(kayba_server.db, "Perhaps.")
    response = http.post("/api/prompts/generate", json={"insightIds": [undecided.id]})
    assert response.status_code == 409
    assert f"PATCH /insights/{undecided.id}" in response.json()["error"]["message"]
    assert http.get("/api/prompts").json() == {"prompts": []}


def test_versions_increase_by_label_and_are_listed_newest_first(kayba_server: LocalServer, http: httpx.Client) -> None:
    add_accepted(kayba_server, "Look first.")
    for label in ("support", "support", "sales"):
        http.post("/api/prompts/generate", json={"label": label})
    listed = http.get("/api/prompts").json()["prompts"]
    assert [(prompt["label"], prompt["version"]) for prompt in listed] == [("sales", 1), ("support", 2), ("support", 1)]
    whole = http.get(f"/api/prompts/{listed[0]['id']}").json()
    assert whole["promptId"] == whole["id"] == listed[0]["id"]
    assert "Look first." in whole["content"]["text"]


def test_concurrent_prompts_get_different_versions(kayba_server: LocalServer, http: httpx.Client) -> None:
    add_accepted(kayba_server, "Look first.")
    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(lambda _: http.post("/api/prompts/generate", json={}).json(), range(24)))
    assert sorted(response["version"] for response in responses) == list(range(1, 25))
