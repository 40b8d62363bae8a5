"""Analysis jobs: read the requested traces, run the detectors, and return the findings with a result to report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kayba_local.analysis.detectors import MAX_FINDINGS, Detectors
from kayba_local.analysis.findings import Finding, format_count
from kayba_local.jobs import sources
from kayba_local.jobs.llm import DEFAULT_MODEL, TIMEOUT_S, ModelError, rewrite_findings
from kayba_local.store.database import Database

NO_KEY_NOTE: Final = "No model was used: no key was given, so the insights are in the analysis' own words."


@dataclass(frozen=True, slots=True)
class JobResult:
    """The findings of a job, and the job's result as the API reports it."""

    findings: Sequence[Finding]
    result: Mapping[str, Any]


class JobStoppedError(Exception):
    """This process must stop the job: the server stops, or another process has the lease."""


def run_analysis(
    db: Database, request: Mapping[str, Any], key: str | None, model_url: str, checkpoint: Callable[[float], None]
) -> JobResult:
    """Run a request for insights.

    Args:
        db: The store to read from.
        request: The optional fields `traceIds`, `model` and `keyGiven`.
        key: The API key of the model's provider; None runs without a model.
        model_url: The URL of the provider's API.
        checkpoint: Called before every trace and every request to the model, with the seconds until its next call where
            that may take long, else 0. An exception from it stops the job.
    """
    ids = request.get("traceIds")
    detectors = Detectors()
    read, deleted, truncated = 0, 0, 0
    for source in sources.read_all(db) if ids is None else sources.read_named(db, ids):
        checkpoint(0)
        if source is None:
            deleted += 1
            continue
        detectors.observe(source.trees, source.transcript)
        read += 1
        truncated += source.truncated
    findings, left_out = detectors.findings()
    notes = []
    if deleted:
        notes.append(f"Skipped {format_count(deleted, 'deleted trace')}.")
    if truncated:
        notes.append(f"Read only the first {sources.MAX_SPANS:,} spans of {format_count(truncated, 'larger trace')}.")
    if left_out:
        notes.append(f"Left out {format_count(left_out, 'less frequent finding')}; the limit is {MAX_FINDINGS}.")
    reported, model_used, note = _rewrite(findings, request, key, model_url, lambda: checkpoint(TIMEOUT_S))
    summary = f"{_summarize(reported)} from {format_count(read, 'trace')}. {note}"
    result = {"summary": summary, "tracesRead": read, "modelUsed": model_used, "notes": [*notes, note]}
    return JobResult(reported, result)


def _rewrite(
    findings: Sequence[Finding],
    request: Mapping[str, Any],
    key: str | None,
    model_url: str,
    before_request: Callable[[], None],
) -> tuple[Sequence[Finding], bool, str]:
    """Return the findings, rewritten by a model if possible, whether a model was used, and a note on it."""
    model = request.get("model") or DEFAULT_MODEL
    if key is None and not request.get("keyGiven"):
        return findings, False, NO_KEY_NOTE
    if key is None:
        return findings, False, "No model was used: the server restarted, and the key is kept in memory only."
    if not findings:
        return findings, False, "No model was used: there are no findings."
    try:
        rewritten = rewrite_findings(findings, model, key, model_url, before_request)
    except ModelError as error:
        return findings, False, f"No model was used: {model} could not rewrite the insights, {error}."
    return rewritten, True, f"{model} rewrote the insights."


def _summarize(findings: Sequence[Finding]) -> str:
    if not findings:
        return "No insight"
    by_section = Counter(finding.section for finding in findings)
    sections = ", ".join(f"{count} on {section}" for section, count in by_section.most_common())
    return f"{format_count(len(findings), 'insight')} ({sections})"
