"""The calls that count in the sums of a trace, compared with the rule written down plainly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kayba_local.conventions import Report, find_counted


def list_ancestors(parents: list[int | None], position: int) -> list[int]:
    found: list[int] = []
    while (parent := parents[position]) is not None:
        found.append(parent)
        position = parent
    return found


def count_plainly(parents: list[int | None], reports: dict[int, Report]) -> list[int]:
    containers = {above for position in reports for above in list_ancestors(parents, position)}
    innermost = [position for position in sorted(reports) if position not in containers]
    free: list[int] = []
    repeated = set()
    for inner in sorted(innermost, key=lambda each: (reports[each].start_ns, -(reports[each].end_ns or 0))):
        call = reports[inner]
        for outer in free:
            other = reports[outer]
            is_within = other.start_ns <= call.start_ns and (call.end_ns or 0) <= (other.end_ns or 0)
            is_beside = parents[inner] is None or parents[inner] in list_ancestors(parents, outer)
            if other.figures == call.figures and other.name != call.name and is_within and is_beside:
                free.remove(outer)
                repeated.add(inner)
                break
        else:
            free.append(inner)
    return [position for position in innermost if position not in repeated]


@st.composite
def traces(draw: st.DrawFn) -> tuple[list[int | None], dict[int, Report]]:
    size = draw(st.integers(1, 14))
    parents = [draw(st.none() | st.integers(0, position - 1)) if position else None for position in range(size)]
    # No two calls have the same times, so one order is right.
    starts = draw(st.permutations(range(size)))
    lengths = [draw(st.integers(1, 20)) for _ in range(size)]
    reports = {
        position: Report(draw(st.sampled_from("ab")), start, start + lengths[position], draw(st.integers(1, 2)))
        for position, start in enumerate(starts)
        if draw(st.booleans())
    }
    return parents, reports


@given(traces())
def test_calls_of_any_tree_count_by_the_rule(trace: tuple[list[int | None], dict[int, Report]]) -> None:
    parents, reports = trace
    assert find_counted(parents, reports) == count_plainly(parents, reports)


def test_calls_below_two_long_chains_take_bounded_work() -> None:
    # Comparing the ancestors of each pair of calls one by one takes hours.
    depth = 30_000
    parents: list[int | None] = [None]
    ends = []
    for _ in range(2):
        first = len(parents)
        parents += [0, *range(first, first + depth - 1)]
        ends.append(len(parents) - 1)
    reports: dict[int, Report] = {}
    for number in range(depth):
        reports[len(parents)] = Report("ab"[number % 2], number, 10**9 - number, (1, 1))
        parents.append(ends[number % 2])
    assert find_counted(parents, reports) == sorted(reports)
