"""The checks of a program's traces: each covers some of its cases, and describes those that are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from tests.ecosystem.runner.questions import (
    ANSWER,
    ERROR_MESSAGE,
    FAILING_QUESTION,
    FIRST_WORD,
    QUESTION,
    SLOW_QUESTION,
    WEATHER,
    WEATHER_ANSWER,
    WEATHER_QUESTION,
)
from tests.helpers.ecosystem.runs import CaseRun, Run

UNFINISHED: Final = ("cancelled", "abandoned")
"""The cases whose last response has no end. Columns of their own cover them."""
MODEL_ATTRIBUTE: Final = "mlflow.llm.model"
QUESTIONS: Final = (QUESTION, WEATHER_QUESTION, SLOW_QUESTION, FAILING_QUESTION)
ANSWERS: Final = (ANSWER, WEATHER_ANSWER)

Check = Callable[[Run], Iterator[tuple[str, str]]]
"""Yields each case that it covers, with a description of what is wrong; empty if the case is right."""
WHOLE_RUN: Final = "the run"
"""Stands for a case where a check covers the whole run."""


def check_model_spans(run: Run) -> Iterator[tuple[str, str]]:
    """Each request to the provider is one model span."""
    for case in _finished(run):
        found, expected = len(case.model_spans), len(case.exchanges)
        yield case.name, "" if found == expected else f"{found} model spans for {expected} requests"


def check_models(run: Run) -> Iterator[tuple[str, str]]:
    """Model spans without an error name the model."""
    for case in _finished(run):
        spans = [span for span in case.model_spans if not span.failed]
        if spans:
            unnamed = [span.name for span in spans if not isinstance(span.attributes.get(MODEL_ATTRIBUTE), str)]
            yield case.name, f"no model on {unnamed}" if unnamed else ""


def check_tokens(run: Run) -> Iterator[tuple[str, str]]:
    """The tokens of a trace are those that the provider reported."""
    for case in _finished(run):
        reported = [exchange.usage for exchange in case.exchanges if exchange.usage]
        expected = (sum(usage.input_tokens for usage in reported), sum(usage.output_tokens for usage in reported))
        usage = case.trace.token_usage
        found = (usage.get("input_tokens", 0), usage.get("output_tokens", 0))
        yield case.name, "" if found == expected else f"{found} tokens for {expected}"


def check_cached_tokens(run: Run) -> Iterator[tuple[str, str]]:
    """The trace has the input tokens that were read from the cache and written to it."""
    for case in _finished(run):
        reported = [exchange.usage for exchange in case.exchanges if exchange.usage]
        expected = (sum(usage.cache_read for usage in reported), sum(usage.cache_written for usage in reported))
        usage = case.trace.token_usage
        found = (usage.get("cache_read_input_tokens", 0), usage.get("cache_creation_input_tokens", 0))
        yield case.name, "" if found == expected else f"{found} cached tokens for {expected}"


def check_reasoning_tokens(run: Run) -> Iterator[tuple[str, str]]:
    """The trace has the output tokens that were used for reasoning."""
    for case in _finished(run):
        expected = sum(exchange.usage.reasoning for exchange in case.exchanges if exchange.usage)
        found = case.trace.token_usage.get("reasoning_tokens", 0)
        yield case.name, "" if found == expected else f"{found} reasoning tokens for {expected}"


def check_tree(run: Run) -> Iterator[tuple[str, str]]:
    """Each case is one tree of ended spans, and nothing else has arrived."""
    known = {case.trace.info.trace_id for case in run.cases.values()}
    detached = [[span.name for span in trace.data.spans] for trace in run.traces if trace.info.trace_id not in known]
    yield WHOLE_RUN, f"detached traces: {detached}" if detached else ""
    for case in _finished(run):
        ids = {span.span_id for span in case.trace.data.spans}
        parents = [span.parent_id for span in case.trace.data.spans]
        is_tree = parents.count(None) == 1 and ids.issuperset(filter(None, parents))
        yield case.name, "" if is_tree and _has_ended(case) else "not one tree of ended spans"


def check_inputs(run: Run) -> Iterator[tuple[str, str]]:
    """Model spans have the question in their inputs."""
    for case in _finished(run):
        asked = [question for exchange in case.exchanges for question in _find(QUESTIONS, exchange.question)]
        recorded = [question for span in case.model_spans for question in _find(QUESTIONS, _text(span.inputs))]
        if asked:
            yield case.name, "" if set(asked) == set(recorded) else f"{recorded} in inputs for {asked}"


def check_outputs(run: Run) -> Iterator[tuple[str, str]]:
    """A model span has the answer in its outputs."""
    for case in _finished(run):
        if answers := _find(ANSWERS, case.result or ""):
            is_found = any(_find(answers, _text(span.outputs)) for span in case.model_spans)
            yield case.name, "" if is_found else f"{answers} in no output"


def check_tool_calls(run: Run) -> Iterator[tuple[str, str]]:
    """A tool call is in the outputs of one model span, and its result in the inputs of a later one."""
    for case in _named(run, "tools"):
        calls = [i for i, span in enumerate(case.model_spans) if _has_call(_text(span.outputs))]
        results = [i for i, span in enumerate(case.model_spans) if WEATHER in _text(span.inputs)]
        is_right = calls and results and calls[0] < results[0]
        yield case.name, "" if is_right else f"calls in {calls}, results in {results}"


def check_tool_spans(run: Run) -> Iterator[tuple[str, str]]:
    """A tool that the framework runs has a span with its arguments and its result."""
    for case in _named(run, "tools"):
        is_found = any("Paris" in _text(span.inputs) and WEATHER in _text(span.outputs) for span in case.tool_spans)
        yield case.name, "" if is_found else "no tool span with arguments and result"


def check_errors(run: Run) -> Iterator[tuple[str, str]]:
    """A failed call is an error of its model span, with the provider's message."""
    for case in _named(run, "error"):
        failed = [span for span in case.model_spans if span.failed]
        texts = [_text([span.status.description, [event.attributes for event in span.events]]) for span in failed]
        is_right = len(failed) == len(case.exchanges) and all(ERROR_MESSAGE in text for text in texts)
        yield case.name, "" if is_right else f"errors: {texts}"


def check_cancelled(run: Run) -> Iterator[tuple[str, str]]:
    """A cancelled call is one model span, which has ended."""
    for case in _named(run, "cancelled"):
        _require(case.result == "cancelled", case)
        is_right = len(case.model_spans) == len(case.exchanges) and _has_ended(case)
        yield case.name, "" if is_right else f"{len(case.model_spans)} model spans"


def check_abandoned(run: Run) -> Iterator[tuple[str, str]]:
    """An abandoned stream is one model span, which has ended and has the text that arrived."""
    for case in _named(run, "abandoned"):
        _require((case.result or "").startswith(FIRST_WORD), case)
        is_counted = len(case.model_spans) == len(case.exchanges) and _has_ended(case)
        has_text = any(FIRST_WORD in _text(span.outputs) for span in case.model_spans)
        yield case.name, "" if is_counted and has_text else f"{len(case.model_spans)} model spans, text: {has_text}"


def check_log(run: Run) -> Iterator[tuple[str, str]]:
    """No span causes a traceback or an error of OpenTelemetry's context in the log."""
    yield WHOLE_RUN, run.log if "Failed to detach" in run.log or "opentelemetry" in run.log else ""


CHECKS: Final[dict[str, Check]] = {
    "model spans": check_model_spans,
    "model": check_models,
    "tokens": check_tokens,
    "cached tokens": check_cached_tokens,
    "reasoning tokens": check_reasoning_tokens,
    "one tree": check_tree,
    "question": check_inputs,
    "answer": check_outputs,
    "tool call": check_tool_calls,
    "tool span": check_tool_spans,
    "error": check_errors,
    "cancelled": check_cancelled,
    "abandoned": check_abandoned,
    "quiet log": check_log,
}
"""The checks by the titles of their columns."""


def _finished(run: Run) -> list[CaseRun]:
    return [case for case in run.cases.values() if case.name not in UNFINISHED]


def _named(run: Run, word: str) -> list[CaseRun]:
    """Return the cases with a word in their name."""
    found = [case for case in run.cases.values() if word in case.name]
    if not found:
        raise ValueError(f"the program has no case with {word!r} in its name")
    return found


def _require(condition: bool, case: CaseRun) -> None:
    """Raise an error of the program, which no known gap covers."""
    if not condition:
        raise ValueError(case.describe())


def _has_ended(case: CaseRun) -> bool:
    return all(span.end_time_ns is not None for span in case.trace.data.spans)


def _has_call(outputs: str) -> bool:
    return "get_weather" in outputs and "Paris" in outputs


def _find(texts: Iterable[str], where: str) -> list[str]:
    return [text for text in texts if text in where]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
