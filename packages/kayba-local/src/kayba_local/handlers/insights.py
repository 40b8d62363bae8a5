"""Insights: found by a job, listed, triaged."""

from __future__ import annotations

from typing import Any

from kayba_local.handlers.errors import unknown
from kayba_local.http.operation import Call
from kayba_local.jobs import sources
from kayba_local.store import insights
from kayba_local.store.insights import Evidence, Insight


def generate_insights(call: Call) -> dict[str, Any]:
    """Start a job over the traces named, or over all that there are."""
    body = call.body or {}
    ids = body.get("traceIds")
    if ids is not None and (missing := sources.unknown_ids(call.db, ids)):
        raise unknown("trace file or trace", missing)
    request = {name: body[name] for name in ("traceIds", "model") if name in body}
    return {"jobId": call.jobs.submit(request, body.get("anthropicApiKey"))}


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
    answer: dict[str, Any] = {
        "id": insight.id,
        "status": insight.status,
        "section": insight.section,
        "content": insight.content,
        "helpful": insight.helpful,
        "harmful": insight.harmful,
    }
    if insight.note is not None:
        answer["note"] = insight.note
    return answer if insight.evidence is None else {**answer, **_evidence(insight.evidence)}


def _evidence(evidence: Evidence) -> dict[str, Any]:
    answer = {
        "kind": evidence.kind,
        "jobId": evidence.job_id,
        "traceIds": evidence.trace_ids,
        "traceCount": evidence.traces,
        "occurrences": evidence.occurrences,
    }
    return answer if evidence.tokens is None else {**answer, "tokens": evidence.tokens}
