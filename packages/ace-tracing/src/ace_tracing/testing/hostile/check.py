"""The check of hostile values: pass each through a traced function and report the effect of tracing.

`python -m ace_tracing.hostile` runs it and prints a table. Nothing leaves the process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from ace_tracing.decorator.decorator import trace
from ace_tracing.testing.capture import capture_traces
from ace_tracing.testing.hostile.values import VALUES

__all__ = ["MAX_BYTES", "MAX_SECONDS", "VALUES", "Verdict", "check", "main"]

MAX_SECONDS: Final = 0.05
"""Limit for the time that tracing adds to one call."""
MAX_BYTES: Final = 1_200_000
"""Limit for one recorded value as JSON: 1 MiB, and the notes about cut parts."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of checking one value.

    Attributes:
        name: The value's name in `VALUES`.
        seconds: The time that tracing added to the call, in which the inputs and the outputs are each read once.
        bytes: The size of the recorded value as JSON.
        problem: The failure. Empty without one. A slow call is not a failure.
    """

    name: str
    seconds: float
    bytes: int
    problem: str


def check(name: str, make: Callable[[], object]) -> Verdict:
    """Pass a hostile value through a traced function, between two calls with harmless values.

    Args:
        name: The value's name.
        make: Creates the value.
    """

    @trace(name="before")
    def before() -> str:
        return "whole"

    @trace(name="hostile")
    def identity(value: object) -> object:
        return value

    @trace(name="after")
    def after() -> str:
        return "whole"

    value = make()
    with capture_traces() as traces:
        before()
        started = time.perf_counter()
        try:
            result = identity(value)
        except BaseException as error:  # noqa: BLE001 - the check reports any exception
            return Verdict(name, 0.0, 0, f"raised {type(error).__name__}")
        seconds = time.perf_counter() - started
        is_same = result is value
        # The span of a future that is never done ends when nobody refers to the future any more.
        del result, value
        after()
    if not is_same:
        return Verdict(name, seconds, 0, "another object was returned")
    spans = [trace.root for trace in traces]
    if [span.name for span in spans if span] != ["before", "hostile", "after"]:
        return Verdict(name, seconds, 0, "a trace was lost")
    if {span.outputs for span in spans if span and span.name != "hostile"} != {"whole"}:
        return Verdict(name, seconds, 0, "a neighbour was changed")
    size = len(orjson.dumps(spans[1].outputs)) if spans[1] else 0
    return Verdict(name, seconds, size, "" if size <= MAX_BYTES else f"more than {MAX_BYTES} bytes")


def main() -> int:
    """Check every value and print a table.

    Returns:
        The exit code: 0 if all values pass, else 1.
    """
    failed = 0
    sys.stdout.write(f"{'value':45} {'ms':>8} {'bytes':>9}  verdict\n")
    for name, make in VALUES.items():
        verdict = check(name, make)
        # The fastest of three: the garbage collector or another process may have interrupted the first call.
        if verdict.seconds > MAX_SECONDS:
            verdict = min(verdict, check(name, make), check(name, make), key=lambda one: one.seconds)
        problem = verdict.problem or ("slow" if verdict.seconds > MAX_SECONDS else "")
        failed += bool(problem)
        sys.stdout.write(f"{name:45} {verdict.seconds * 1e3:8.2f} {verdict.bytes:9}  {problem or 'ok'}\n")
    sys.stdout.write(f"\n{len(VALUES) - failed} of {len(VALUES)} values pass\n")
    return 1 if failed else 0
