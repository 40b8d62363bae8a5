"""Prompts: made of accepted insights, listed, read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from kayba_local.handlers.errors import unknown
from kayba_local.http.operation import Call, Problem
from kayba_local.store import insights, prompts
from kayba_local.store.insights import Insight
from kayba_local.store.prompts import Prompt

DEFAULT_LABEL = "default"
TRACES_NAMED = 5
"""How many traces a point of a prompt names; its insight knows more."""
_OPENING = "Apply what was learned from earlier work:"


def generate_prompt(call: Call) -> dict[str, Any]:
    """Make the next version of a label's prompt of the insights named, or of all accepted ones."""
    body = call.body or {}
    ids = body.get("insightIds")
    accepted = insights.find(call.db, status="accepted") if ids is None else _require_accepted(call, ids)
    if not accepted:
        raise Problem(409, None, "No insight is accepted: accept some with PATCH /insights/{id} first.")
    prompt = prompts.add(call.db, body.get("label") or DEFAULT_LABEL, compose(accepted))
    return {"promptId": prompt.id, "version": prompt.version, "content": {"text": prompt.text}}


def list_prompts(call: Call) -> dict[str, Any]:
    """Every prompt, newest first."""
    return {"prompts": [_answer(prompt) for prompt in prompts.list_all(call.db)]}


def get_prompt(call: Call) -> dict[str, Any]:
    """One prompt."""
    prompt = prompts.get(call.db, call.path["id"])
    if prompt is None:
        raise unknown("prompt", [call.path["id"]])
    return _answer(prompt)


def compose(accepted: Iterable[Insight]) -> str:
    """The text of a prompt: the insights as points below the headings of their sections, sections by name.

    Each point ends with its sources: the insights that say so, and traces that show it. The same insights, in the same
    order, make the same text.
    """
    ordered = sorted(accepted, key=lambda insight: insight.section)
    blocks = [_OPENING]
    for section, members in groupby(ordered, key=lambda insight: insight.section):
        by_content: dict[str, list[Insight]] = {}
        for insight in members:
            by_content.setdefault(" ".join(insight.content.split()), []).append(insight)
        points = (f"- {content} [{_sources(insights)}]" for content, insights in by_content.items())
        blocks.append("\n".join([f"## {section}", "", *points]))
    return "\n\n".join(blocks) + "\n"


def _sources(same: Sequence[Insight]) -> str:
    evidence = [insight.evidence for insight in same if insight.evidence is not None]
    trace_ids = list(dict.fromkeys(trace_id for each in evidence for trace_id in each.trace_ids))
    # One trace may show several of them: no more than the largest count is sure.
    count = max([len(trace_ids), *(each.traces for each in evidence)])
    named = _named("insight", [insight.id for insight in same], len(same))
    return f"{named}; {_named('trace', trace_ids[:TRACES_NAMED], count)}" if trace_ids else named


def _named(noun: str, ids: Sequence[str], count: int) -> str:
    more = f" and {count - len(ids):,} more" if count > len(ids) else ""
    return f"{noun}{'' if count == 1 else 's'} {', '.join(ids)}{more}"


def _require_accepted(call: Call, ids: list[str]) -> list[Insight]:
    found = insights.get(call.db, ids)
    if missing := [id_ for id_ in ids if id_ not in found]:
        raise unknown("insight", missing)
    if undecided := [insight for insight in found.values() if insight.status != "accepted"]:
        first = undecided[0]
        raise Problem(
            409, None, f"Insight {first.id} is {first.status}: accept it with PATCH /insights/{first.id} first."
        )
    return list(found.values())


def _answer(prompt: Prompt) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "promptId": prompt.id,
        "version": prompt.version,
        "label": prompt.label,
        "createdAt": prompt.created_at,
        "content": {"text": prompt.text},
    }
