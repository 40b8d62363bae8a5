"""Insights: list and triage. Generating them has no handler yet."""

from __future__ import annotations

from typing import Any

from kayba_local.calls import Call
from kayba_local.handlers.unknown import unknown
from kayba_local.store import insights
from kayba_local.store.insights import Insight


def list_insights(call: Call) -> dict[str, Any]:
    """The insights of a status and a section, both optional."""
    found = insights.find(call.db, status=call.query.get("status"), section=call.query.get("section"))
    return {"insights": [_answer(insight) for insight in found]}


def update_insight(call: Call) -> dict[str, Any]:
    """Accept or reject an insight, with a note or without."""
    insight = insights.triage(call.db, call.path["id"], call.body["status"], call.body.get("note"))
    if insight is None:
        raise unknown("insight", [call.path["id"]])
    return _answer(insight)


def _answer(insight: Insight) -> dict[str, Any]:
    answer = {
        "id": insight.id,
        "status": insight.status,
        "section": insight.section,
        "content": insight.content,
        "helpful": insight.helpful,
        "harmful": insight.harmful,
    }
    return answer if insight.note is None else {**answer, "note": insight.note}
