"""Assembler: frames in any valid order become traces, each span once, and no trace stays open behind its spans."""

from __future__ import annotations

from itertools import permutations

import pytest

from ace_tracing.delivery.assembler import INTERRUPTED, Assembler
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.frames import ENDED, STARTED, pack_context, pack_end, pack_start
from ace_tracing.recording.records import SpanRecord

TRACE_ID = bytes(range(16))
FIRST_CALLER, SECOND_CALLER = 77, 88


def start(number: int, parent: int = 0, caller: int = 0) -> bytes:
    context = pack_context(None, None, None, f"{caller:016x}" if caller else None)
    return pack_start(STARTED, number, parent, number) + TRACE_ID + context + CallSite("step", "TOOL").packed


def end(number: int, at_ns: int = 1_000) -> bytes:
    return pack_end(ENDED, number, at_ns, 1)


def assemble(*frames: bytes) -> tuple[Assembler, list[int]]:
    """Return the assembler, and the ids of the spans that are ready, in their order."""

    def fail() -> None:
        raise AssertionError("a frame is damaged")

    assembler = Assembler(fail)
    ready = [one for at, frame in enumerate(frames) for one in assembler.take([(at, frame)])]
    return assembler, [int(span.span_id, 16) for one in ready for span in one.trace.spans]


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
def test_spans_are_ready_once_in_any_order_of_their_ends(order: tuple[int, ...]) -> None:
    assembler, ids = assemble(start(1), start(2, 1), start(3, 2), *map(end, order))
    assert sorted(ids) == [1, 2, 3]
    assert not assembler.traces
    assert assembler.oldest_position() is None


@pytest.mark.parametrize("callers", [(FIRST_CALLER, FIRST_CALLER), (FIRST_CALLER, SECOND_CALLER)])
@pytest.mark.parametrize("order", list(permutations([1, 2])))
def test_a_trace_below_foreign_spans_is_closed_with_its_spans(callers: tuple[int, int], order: tuple[int, int]) -> None:
    starts = [start(number, caller, caller) for number, caller in enumerate(callers, 1)]
    assembler, ids = assemble(*starts, *map(end, order))
    assert sorted(ids) == [1, 2]
    assert not assembler.traces


def test_an_interrupted_span_ends_with_the_last_frame_that_was_read() -> None:
    assembler, _ = assemble(start(1), start(2, 1), end(2, 5_000))
    (one,) = assembler.interrupt()
    nested, root = one.trace.spans
    assert isinstance(root, SpanRecord)
    assert (nested.end_ns, root.end_ns) == (5_000, 5_000)
    assert root.attributes == {INTERRUPTED: True}


def test_an_interrupted_span_does_not_end_before_it_started() -> None:
    assembler, _ = assemble(start(1), start(2, 1), end(2, 100), start(9_000, 1))
    (one,) = assembler.interrupt()
    assert all(span.end_ns >= span.start_ns for span in one.trace.spans)
