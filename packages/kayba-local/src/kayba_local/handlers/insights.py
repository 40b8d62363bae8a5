"""Handlers of insights: start a job that finds them, list them, accept or reject them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.errors import not_found
from kayba_local.http.operation import Call, Handler
from kayba_local.jobs import sources
from kayba_local.store import insights
from kayba_local.store.insights import Evidence, Insight


def generate_insights(call: Call) -> dict[str, Any]:
    """Start a job on the traces that the request names, otherwise on all traces."""
    body = call.body or {}
    ids = body.get("traceIds")
    if ids is not None and (missing := sources.find_unknown_ids(call.db, ids)):
        raise not_found("trace file or trace", missing)
    request = {name: body[name] for name in ("traceIds", "model") if name in body}
    return {"jobId": call.jobs.submit(request, body.get("anthropicApiKey"))}


def list_insights(call: Call) -> dict[str, Any]:
    """Return the insights, optionally of one status and one section."""
    found = insights.find(call.db, status=call.query.get("status"), section=call.query.get("section"))
    return {"insights": [_write(insight) for insight in found]}


def update_insight(call: Call) -> dict[str, Any]:
    """Accept or reject an insight, with an optional note."""
    insight = insights.triage(call.db, call.path["id"], call.body["status"], call.body.get("note"))
    if insight is None:
        raise not_found("insight", [call.path["id"]])
    return _write(insight)


def _write(insight: Insight) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": insight.id,
        "status": insight.status,
        "section": insight.section,
        "content": insight.content,
        "helpful": insight.helpful,
        "harmful": insight.harmful,
    }
    if insight.note is not None:
        written["note"] = insight.note
    return written if insight.evidence is None else {**written, **_write_evidence(insight.evidence)}


def _write_evidence(evidence: Evidence) -> dict[str, Any]:
    written = {
        "kind": evidence.kind,
        "jobId": evidence.job_id,
        "traceIds": evidence.trace_ids,
        "traceCount": evidence.traces,
        "occurrences": evidence.occurrences,
    }
    return written if evidence.tokens is None else {**written, "tokens": evidence.tokens}


HANDLERS: Final[Mapping[str, Handler]] = {
    "generateInsights": generate_insights,
    "listInsights": list_insights,
    "updateInsight": update_insight,
}
