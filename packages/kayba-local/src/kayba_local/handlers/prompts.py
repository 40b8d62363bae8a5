"""Handlers of prompts: generate them from accepted insights, list and return them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from kayba_local.handlers.errors import not_found
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler
from kayba_local.store import insights, prompts
from kayba_local.store.insights import Insight
from kayba_local.store.prompts import Prompt

DEFAULT_LABEL: Final = "default"
MAX_NAMED_TRACES: Final = 5
"""Trace ids that a point of a prompt names; its insight has more of them."""

_OPENING: Final = "Apply what was learned from earlier work:"


def generate_prompt(call: Call) -> dict[str, Any]:
    """Store the next version of a label's prompt, made from the named insights or from all accepted ones."""
    body = call.body or {}
    ids = body.get("insightIds")
    accepted = insights.find(call.db, status="accepted") if ids is None else _require_accepted(call, ids)
    if not accepted:
        raise Problem(409, None, "No insight is accepted: accept some with PATCH /insights/{id} first.")
    prompt = prompts.add(call.db, body.get("label") or DEFAULT_LABEL, compose(accepted))
    return {"promptId": prompt.id, "version": prompt.version, "content": {"text": prompt.text}}


def list_prompts(call: Call) -> dict[str, Any]:
    """Return all prompts, newest first."""
    return {"prompts": [_write(prompt) for prompt in prompts.list_all(call.db)]}


def get_prompt(call: Call) -> dict[str, Any]:
    """Return a prompt."""
    prompt = prompts.get(call.db, call.path["id"])
    if prompt is None:
        raise not_found("prompt", [call.path["id"]])
    return _write(prompt)


def compose(accepted: Iterable[Insight]) -> str:
    """Return the text of a prompt: the insights as points under the headings of their sections, sorted by name.

    Each point ends with its sources: the ids of its insights and of traces that show it. Insights of the same content
    are one point. The same insights in the same order always give the same text.
    """
    ordered = sorted(accepted, key=lambda insight: insight.section)
    blocks = [_OPENING]
    for section, members in groupby(ordered, key=lambda insight: insight.section):
        by_content: dict[str, list[Insight]] = {}
        for insight in members:
            by_content.setdefault(" ".join(insight.content.split()), []).append(insight)
        points = (f"- {content} [{_format_sources(insights)}]" for content, insights in by_content.items())
        blocks.append("\n".join([f"## {section}", "", *points]))
    return "\n\n".join(blocks) + "\n"


def _format_sources(same: Sequence[Insight]) -> str:
    evidence = [insight.evidence for insight in same if insight.evidence is not None]
    trace_ids = list(dict.fromkeys(trace_id for each in evidence for trace_id in each.trace_ids))
    # Several insights may share traces, so only the largest count is certain.
    count = max([len(trace_ids), *(each.traces for each in evidence)])
    sources = _format_ids("insight", [insight.id for insight in same], len(same))
    return f"{sources}; {_format_ids('trace', trace_ids[:MAX_NAMED_TRACES], count)}" if trace_ids else sources


def _format_ids(noun: str, ids: Sequence[str], count: int) -> str:
    more = f" and {count - len(ids):,} more" if count > len(ids) else ""
    return f"{noun}{'' if count == 1 else 's'} {', '.join(ids)}{more}"


def _require_accepted(call: Call, ids: list[str]) -> list[Insight]:
    found = insights.get(call.db, ids)
    if missing := [id_ for id_ in ids if id_ not in found]:
        raise not_found("insight", missing)
    if not_accepted := [insight for insight in found.values() if insight.status != "accepted"]:
        first = not_accepted[0]
        raise Problem(
            409, None, f"Insight {first.id} is {first.status}: accept it with PATCH /insights/{first.id} first."
        )
    return list(found.values())


def _write(prompt: Prompt) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "promptId": prompt.id,
        "version": prompt.version,
        "label": prompt.label,
        "createdAt": prompt.created_at,
        "content": {"text": prompt.text},
    }


HANDLERS: Final[Mapping[str, Handler]] = {
    "generatePrompt": generate_prompt,
    "listPrompts": list_prompts,
    "getPrompt": get_prompt,
}
