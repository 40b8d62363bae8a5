"""Run traced functions and methods of the main program in joblib's loky workers, which get them by value."""

from __future__ import annotations

import os
import sys

from joblib import Parallel, delayed

from ace_tracing import configure, flush, start_span, trace


@trace
def work(number: int) -> int:
    """Return the square, with a step of its own span."""
    with start_span("step"):
        return number * number


@trace
class Agent:
    """An agent that is sent to the workers with its state."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def run(self, number: int) -> int:
        """Return a multiple."""
        return work(number) * self.factor


def run_and_flush(agent: Agent, number: int) -> tuple[int, int]:
    """Trace in this process, configured by its environment."""
    configure(spool=os.environ["SPOOL"] == "1")
    result = agent.run(number)
    assert flush(240)
    return result, os.getpid()


results = Parallel(n_jobs=2, backend="loky")(delayed(run_and_flush)(Agent(3), number) for number in range(20))
assert [result for result, _ in results] == [3 * number * number for number in range(20)], results
assert os.getpid() not in {pid for _, pid in results}
sys.stdout.write("done")
