"""What a job does: reads the chosen traces, analyses them, and says what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kayba_local.analysis.analysis import Analysis
from kayba_local.analysis.findings import Finding, some
from kayba_local.jobs import sources
from kayba_local.jobs.llm import DEFAULT_MODEL, TIMEOUT_S, WordingError, worded
from kayba_local.store.database import Database

WITHOUT_MODEL: Final = "No model was used: no key was given, so the insights are in the analysis' own words."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job found, and what is told of it."""

    findings: Sequence[Finding]
    result: Mapping[str, Any]


class GoneError(Exception):
    """The work is no longer ours to do."""


def analyse(
    db: Database, request: Mapping[str, Any], key: str | None, model_url: str, keep_on: Callable[[float], None]
) -> Outcome:
    """Carry out a request for insights.

    Args:
        db: The store to read from.
        request: ``traceIds``, ``model`` and ``keyGiven``, each optional.
        key: The key of the model's provider; None to do without the model.
        model_url: Where the provider's API is.
        keep_on: Called before every trace and every wait for the model, with the seconds until it is called next where
            these may be many; raises to end the work.
    """
    ids = request.get("traceIds")
    analysis = Analysis()
    read, gone, cut = 0, 0, 0
    for source in sources.read_all(db) if ids is None else sources.read_named(db, ids):
        keep_on(0)
        if source is None:
            gone += 1
            continue
        analysis.look(source.runs, source.text)
        read += 1
        cut += source.cut
    findings, left_out = analysis.findings()
    notes = []
    if gone:
        notes.append(f"{some(gone, 'trace')} had been deleted before the job came to it.")
    if cut:
        notes.append(f"{some(cut, 'trace')} had over {sources.MOST_SPANS:,} spans, of which only those were read.")
    if left_out:
        notes.append(f"{some(left_out, 'further finding')}, shown by fewer traces, were left out.")
    told, model_used, said = _word(findings, request, key, model_url, lambda: keep_on(TIMEOUT_S))
    summary = f"{_count(told)} from {some(read, 'trace')}. {said}"
    result = {"summary": summary, "tracesRead": read, "modelUsed": model_used, "notes": [*notes, said]}
    return Outcome(told, result)


def _word(
    findings: Sequence[Finding],
    request: Mapping[str, Any],
    key: str | None,
    model_url: str,
    before_request: Callable[[], None],
) -> tuple[Sequence[Finding], bool, str]:
    """The findings, in a model's words where that is wanted and works; whether it did; and what is said of that."""
    model = request.get("model") or DEFAULT_MODEL
    if key is None and not request.get("keyGiven"):
        return findings, False, WITHOUT_MODEL
    if key is None:
        return findings, False, "No model was used: the key, which is kept in memory alone, was gone after a restart."
    if not findings:
        return findings, False, "No model was used: there was nothing to word."
    try:
        in_its_words = worded(findings, model, key, model_url, before_request)
    except WordingError as error:
        return findings, False, f"No model was used: {model} was asked to word the insights, but {error}."
    return in_its_words, True, f"{model} was asked to word the insights."


def _count(findings: Sequence[Finding]) -> str:
    if not findings:
        return "No insight"
    by_section = Counter(finding.section for finding in findings)
    sections = ", ".join(f"{count} on {section}" for section, count in by_section.most_common())
    return f"{some(len(findings), 'insight')} ({sections})"
