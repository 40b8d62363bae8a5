"""Pairing: which steps of two runs of the same agent are the same step."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple


class Step(NamedTuple):
    """A step as it is paired. Values are JSON text, in which `1` and `True` differ; empty without a value."""

    name: str
    span_type: str
    inputs: bytes
    outputs: bytes


class Pair(NamedTuple):
    """A step in both runs, or in only one.

    Attributes:
        before: Its position in the older run; None if it was added.
        after: Its position in the newer run; None if it was removed.
        has_moved: Whether its place among its siblings differs.
    """

    before: int | None
    after: int | None
    has_moved: bool = False


_Key = Callable[[Step], object]

_KEYS: Final[tuple[_Key, ...]] = (
    lambda step: step,
    lambda step: (step.name, step.inputs),
    lambda step: step.name,
    lambda step: (step.span_type, step.inputs) if step.inputs not in (b"", b"null") else id(step),
)
"""Two steps with an equal key are a pair. The most reliable key comes first."""


def pair_steps(
    old: Sequence[Step], new: Sequence[Step], *, are_roots: bool = False, ignore_order: bool = False
) -> list[Pair]:
    """Pair the children of one step of two runs.

    Equal steps are paired first, then steps with the same name and inputs, then steps with the same name. Of the
    remaining steps, two with the same type and inputs are a renamed step. Among several equal candidates, the first of
    each run form a pair.

    Args:
        old: The steps of the older run, in order.
        new: The steps of the newer run.
        are_roots: Pair what remains, too: the roots of two runs of an agent are the same step under any name.
        ignore_order: No step has moved.

    Returns:
        The pairs in the order of the newer run. A removed step keeps its old place.
    """
    partner: dict[int, int] = {}
    taken: set[int] = set()
    keys: tuple[_Key, ...] = (*_KEYS, lambda _step: None) if are_roots else _KEYS
    for key in keys:
        free: defaultdict[object, deque[int]] = defaultdict(deque)
        for j, step in enumerate(new):
            if j not in taken:
                free[key(step)].append(j)
        for i, step in enumerate(old):
            if i not in partner and (candidates := free.get(key(step))):
                partner[i] = candidates.popleft()
                taken.add(partner[i])
    stayed = set(partner) if ignore_order else _longest_increasing(partner)
    sortable: list[tuple[tuple[int, int, int], Pair]] = []
    position = -1
    for i in range(len(old)):
        if i in partner:
            position = partner[i]
            sortable.append(((position, 0, 0), Pair(i, position, has_moved=i not in stayed)))
        else:
            sortable.append(((position, 1, i), Pair(i, None)))
    sortable += [((j, 0, 0), Pair(None, j)) for j in range(len(new)) if j not in taken]
    return [pair for _, pair in sorted(sortable, key=lambda item: item[0])]


def _longest_increasing(partner: dict[int, int]) -> set[int]:
    """Return the most old positions whose partners are in the same order. The other steps have moved."""
    ends: list[int] = []
    at: list[int] = []
    previous: dict[int, int | None] = {}
    for i in sorted(partner):
        length = bisect_left(ends, partner[i])
        previous[i] = at[length - 1] if length else None
        # A slice assignment also appends.
        ends[length : length + 1] = [partner[i]]
        at[length : length + 1] = [i]
    stayed: set[int] = set()
    last = at[-1] if at else None
    while last is not None:
        stayed.add(last)
        last = previous[last]
    return stayed
