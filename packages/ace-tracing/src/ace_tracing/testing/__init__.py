"""Helpers for tests of traced code: its traces in memory, without a server, with reproducible ids and times.

    def test_my_agent():
        with capture_traces() as traces:
            my_agent("What is the capital of France?")
        assert_tree(traces[0], ("my_agent", "retrieve", "answer [LLM]"))

With pytest, the fixture `captured_traces` replaces the `with` statement.
"""

from __future__ import annotations

from ace_tracing.testing.capture import CapturedTraces, capture_traces
from ace_tracing.testing.clock import FixedClock, fixed_clock
from ace_tracing.testing.ids import fixed_ids
from ace_tracing.testing.tree import Expected, assert_tree

__all__ = ["CapturedTraces", "Expected", "FixedClock", "assert_tree", "capture_traces", "fixed_clock", "fixed_ids"]
