"""Every hostile value through a traced function: `python -m ace_tracing.hostile` shows what becomes of each.

Nothing leaves the process. The command exits with 0 when all pass and with 1 otherwise.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from ace_tracing.decorator.decorator import trace
from ace_tracing.testing import capture_traces
from ace_tracing.testing.hostile.values import VALUES

__all__ = ["MAX_BYTES", "MAX_SECONDS", "VALUES", "Verdict", "check", "main"]

MAX_SECONDS = 0.05
MAX_BYTES = 1_200_000
"""What of one value may leave the process: 1 MiB and the notes that say what was cut."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one value.

    Attributes:
        name: its name in `VALUES`.
        seconds: what tracing added to the call: the inputs and the outputs are each read once.
        bytes: the length of what was kept of it, as JSON.
        problem: what went wrong; empty when nothing did. Being slow is none.
    """

    name: str
    seconds: float
    bytes: int
    problem: str


def check(name: str, make: Callable[[], object]) -> Verdict:
    """Pass a hostile value through a traced function between two others, and say what became of the three."""

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
        except BaseException as error:  # noqa: BLE001 - finding out is the point
            return Verdict(name, 0.0, 0, f"raised {type(error).__name__}")
        seconds = time.perf_counter() - started
        after()
    if result is not value:
        return Verdict(name, seconds, 0, "another object was returned")
    spans = [trace.root for trace in traces]
    if [span.name for span in spans if span] != ["before", "hostile", "after"]:
        return Verdict(name, seconds, 0, "a trace was lost")
    if {span.outputs for span in spans if span and span.name != "hostile"} != {"whole"}:
        return Verdict(name, seconds, 0, "a neighbour was changed")
    kept = len(orjson.dumps(spans[1].outputs)) if spans[1] else 0
    return Verdict(name, seconds, kept, "" if kept <= MAX_BYTES else f"more than {MAX_BYTES} bytes")


def main() -> int:
    """Check every value and print a table; give the command's exit code."""
    failed = 0
    sys.stdout.write(f"{'value':45} {'ms':>8} {'bytes':>9}  verdict\n")
    for name, make in VALUES.items():
        verdict = check(name, make)
        # A pause for the collector of garbage, or for another process, is not the value's doing.
        if verdict.seconds > MAX_SECONDS:
            verdict = min(verdict, check(name, make), check(name, make), key=lambda one: one.seconds)
        problem = verdict.problem or ("slow" if verdict.seconds > MAX_SECONDS else "")
        failed += bool(problem)
        sys.stdout.write(f"{name:45} {verdict.seconds * 1e3:8.2f} {verdict.bytes:9}  {problem or 'ok'}\n")
    sys.stdout.write(f"\n{len(VALUES) - failed} of {len(VALUES)} values pass\n")
    return 1 if failed else 0
