"""The page of insights: their texts, their statuses, and links to their traces."""

from __future__ import annotations

import httpx
import pytest
from tests.helpers.insight_jobs import failed, learn, upload
from tests.helpers.tracing_requests import send, span, trace_id

from kayba_local import LocalServer
from kayba_local.pages import routes
from kayba_local.store import insights


def test_the_page_without_insights_explains_how_to_get_some(http: httpx.Client) -> None:
    page = http.get("/insights").text
    assert "No insights yet" in page
    assert 'href="/insights"' in http.get("/").text


def test_insights_link_to_their_traces(http: httpx.Client) -> None:
    for trace in range(1, 8):
        send(http, span(trace, 1, name="search", **failed("KeyError", "x")))
    (insight,) = learn(http)
    http.patch(f"/api/insights/{insight['id']}", json={"status": "accepted"})
    page = http.get("/insights").text
    assert "`search` failed with `KeyError` 7 times in 7 traces" in page
    linked = [trace_id(trace) for trace in range(1, 9) if f'href="/trace/{trace_id(trace)}"' in page]
    assert linked == [trace_id(trace) for trace in range(1, 6)]
    assert "and 2 more" in page
    assert '<span class="state accepted">accepted</span>' in page
    assert http.get(f"/trace/{linked[0]}").status_code == 200


def test_trace_files_are_named_without_a_link(http: httpx.Client) -> None:
    file = upload(http, "KeyError: 'x'\n")
    learn(http)
    page = http.get("/insights").text
    assert f"file {file[:8]}" in page
    assert f"/trace/{file}" not in page


def test_hostile_text_in_an_insight_is_escaped(http: httpx.Client) -> None:
    send(http, span(1, 1, name="<script>alert(1)</script>", **failed("<img src=x onerror=alert(1)>", "{{ 7 * 7 }}")))
    learn(http)
    response = http.get("/insights")
    assert "<script" not in response.text
    assert "<img" not in response.text
    assert "{{ 7 * 7 }}" in response.text
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


def test_only_the_newest_insights_are_shown(
    kayba_server: LocalServer, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MAX_INSIGHTS", 2)
    for content in ("first", "second", "third"):
        insights.add(kayba_server.db, content)
    page = http.get("/insights").text
    assert "The newest 2 of 3." in page
    assert ("first" in page, "second" in page, "third" in page) == (False, True, True)
