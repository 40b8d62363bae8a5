"""Traces as the analysis sees them: of each span only what is counted, so that a trace of any size stays small."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

import orjson

from kayba_local.analysis.findings import shortened
from kayba_local.otlp.spans import INPUTS, SPAN_TYPE, parent_of
from kayba_local.otlp.values import python_value, unwrap

MODEL_CALLS: Final = frozenset({"LLM", "CHAT_MODEL"})
"""Types of spans that ask a model."""

_INPUTS: Final = (INPUTS, "input.value", "gen_ai.input.messages", "traceloop.entity.input")
_TYPES: Final = (SPAN_TYPE, "openinference.span.kind")
_USAGE: Final = "mlflow.chat.tokenUsage"
_INPUT_TOKENS: Final = ("gen_ai.usage.input_tokens", "llm.token_count.prompt", "gen_ai.usage.prompt_tokens")
_OUTPUT_TOKENS: Final = ("gen_ai.usage.output_tokens", "llm.token_count.completion", "gen_ai.usage.completion_tokens")
_READ: Final = frozenset({*_INPUTS, *_TYPES, _USAGE, *_INPUT_TOKENS, *_OUTPUT_TOKENS})
_ERROR: Final = 2
_NOTHING: Final = frozenset({"", "{}", "[]", "null", '""', "()"})
_RAISED: Final = re.compile(r"([A-Za-z_][\w.]*): ")


@dataclass(slots=True)
class Step:
    """One span of a trace.

    Attributes:
        duration_ns: How long it took; None while it runs, or where that is not told.
        exception: The type of what it raised, as far as that is known; empty if it did not fail.
        message: The beginning of what the failure said.
        inputs: A digest of what it was given; empty if that was not recorded, or was nothing.
        input_characters: The length of what it was given.
        input_tokens: What the model's provider counted; None if that is not told.
        tokens: All tokens that it reports; 0 if none.
    """

    id: str
    parent: str | None
    name: str
    type: str = "UNKNOWN"
    duration_ns: int | None = None
    failed: bool = False
    exception: str = ""
    message: str = ""
    inputs: bytes = b""
    input_characters: int = 0
    input_tokens: int | None = None
    tokens: int = 0


class Run:
    """One tree of steps, in the order of their start; `source` is the id that a finding names for it."""

    def __init__(self, source: str, steps: Sequence[Step]) -> None:
        self.source = source
        self.steps = steps

    @cached_property
    def parents(self) -> list[int | None]:
        """The position of each step's parent; None for roots, for steps whose parent is missing, and in a circle."""
        positions = {step.id: position for position, step in enumerate(self.steps)}
        parents = [None if step.parent is None else positions.get(step.parent) for step in self.steps]
        settled: set[int] = set()
        for start in range(len(parents)):
            path: set[int] = set()
            position: int | None = start
            while position is not None and position not in settled:
                path.add(position)
                above = parents[position]
                if above in path:
                    above = parents[position] = None
                position = above
            settled |= path
        return parents

    @cached_property
    def children(self) -> Mapping[int | None, Sequence[int]]:
        """The positions of the steps below each step, of the roots below None."""
        below: defaultdict[int | None, list[int]] = defaultdict(list)
        for position, parent in enumerate(self.parents):
            below[parent].append(position)
        return below

    def downwards(self) -> Iterator[tuple[int, int | None]]:
        """Every position with its parent's, parents before their children."""
        waiting: list[int | None] = [None]
        while waiting:
            parent = waiting.pop()
            for position in self.children.get(parent, ()):
                yield position, parent
                waiting.append(position)

    @cached_property
    def with_own_tokens(self) -> Sequence[int]:
        """The positions of the steps whose tokens count: frameworks repeat those of a call on the steps around it."""
        reporting = [position for position, step in enumerate(self.steps) if step.tokens]
        containers: set[int] = set()
        for position in reporting:
            above = self.parents[position]
            while above is not None and above not in containers:
                containers.add(above)
                above = self.parents[above]
        return [position for position in reporting if position not in containers]

    @cached_property
    def below_failures(self) -> frozenset[int]:
        """The positions of steps that failed, or whose work came to nothing because a step around them did."""
        failed: set[int] = set()
        for position, parent in self.downwards():
            if self.steps[position].failed or parent in failed:
                failed.add(position)
        return frozenset(failed)


def read_step(content: bytes) -> Step:
    """The step of a stored span."""
    return from_otlp(orjson.loads(content))


def from_otlp(span: Mapping[str, Any]) -> Step:
    """The step of a span as OTLP's JSON."""
    values = {
        pair["key"]: python_value(pair.get("value")) for pair in span.get("attributes", ()) if pair["key"] in _READ
    }
    status = span.get("status") or {}
    exception = next((e for e in reversed(span.get("events") or ()) if e.get("name") == "exception"), None)
    raised = {pair["key"]: python_value(pair.get("value")) for pair in (exception or {}).get("attributes") or ()}
    return make(
        (span["spanId"].lower(), parent_of(span), span["name"]),
        (int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano") or 0)),
        failed=int(status.get("code") or 0) == _ERROR,
        said=status.get("message") or "",
        raised=raised,
        attributes=values,
    )


def make(
    identity: tuple[str, str | None, str],
    times_ns: tuple[int, int],
    *,
    failed: bool,
    said: str,
    raised: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> Step:
    """A step of what a span says.

    Args:
        identity: Its id, its parent's and its name.
        times_ns: When it began and ended; an end of 0 means that it runs.
        failed: Whether its status is an error.
        said: The status' message.
        raised: The attributes of the exception's event; empty without one.
        attributes: Its own attributes, those that hold JSON as that text or taken apart.
    """
    span_id, parent, name = identity
    start_ns, end_ns = times_ns
    given = next((value for key in _INPUTS if (value := attributes.get(key)) is not None), None)
    text = "" if given is None else _text(given)
    tokens_in, tokens_out, tokens = _tokens(attributes)
    step = Step(
        span_id,
        parent,
        name,
        type=str(next((unwrap(value) for key in _TYPES if (value := attributes.get(key))), "UNKNOWN")).upper(),
        duration_ns=max(0, end_ns - start_ns) if end_ns else None,
        failed=failed,
        inputs=b"" if text.strip() in _NOTHING else digest(text),
        input_characters=len(text),
        input_tokens=tokens_in,
        tokens=tokens or (tokens_in or 0) + (tokens_out or 0),
    )
    if failed:
        named = _RAISED.match(said)
        step.exception = str(raised.get("exception.type") or (named[1] if named else "an error"))
        step.message = shortened(str(raised.get("exception.message") or (said[named.end() :] if named else said)))
    return step


def digest(text: str) -> bytes:
    """What tells one text from another, in 16 bytes."""
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).digest()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str, sort_keys=True)


def _tokens(attributes: Mapping[str, Any]) -> tuple[int | None, int | None, int]:
    """Tokens of input and output, None where they are not told, and the total that is told, 0 if it is not."""
    usage = unwrap(attributes.get(_USAGE))
    if isinstance(usage, Mapping):
        total = _count(usage.get("total_tokens"))
        return _count(usage.get("input_tokens")), _count(usage.get("output_tokens")), total or 0
    tokens_in = next((count for key in _INPUT_TOKENS if (count := _count(attributes.get(key))) is not None), None)
    tokens_out = next((count for key in _OUTPUT_TOKENS if (count := _count(attributes.get(key))) is not None), None)
    return tokens_in, tokens_out, 0


def _count(value: Any) -> int | None:
    """A number of tokens, of whatever a client wrote there."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e15 else None
