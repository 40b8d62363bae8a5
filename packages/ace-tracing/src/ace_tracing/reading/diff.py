"""What differs between two runs, step by step along the tree.

Steps are aligned level by level among the children of steps that are aligned already: first those that are the same in
everything compared, then by name and inputs, then by name; of what is left, one of the same type and inputs was
renamed. Of several that fit alike, the first goes with the first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ace_tracing.reading.changes import SpanChange, TraceDiff

if TYPE_CHECKING:
    from ace_tracing.reading.trace import Node, Trace

MAX_PATH = 20


class _Step(NamedTuple):
    """A node with what it is aligned by: values as JSON text, in which `1` and `True` are two things."""

    node: Node
    label: str
    name: str
    span_type: str
    inputs: bytes
    outputs: bytes


class _Pair(NamedTuple):
    """Two steps that are one, or a step without a counterpart; and whether it stands among its siblings elsewhere."""

    before: _Step | None
    after: _Step | None
    moved: tuple[int, int] | None = None


_Path = tuple["_Path", str] | None

_Key = Callable[[_Step], object]

_SAME: tuple[_Key, ...] = (
    lambda step: step[2:],
    lambda step: (step.name, step.inputs),
    lambda step: step.name,
    lambda step: (step.span_type, step.inputs) if step.inputs != b"null" else id(step),
)
"""What makes two steps one, the surest first."""


def diff(before: Trace, after: Trace, *, ignore_order: bool, times: bool) -> TraceDiff:
    """Compare two traces; see `Trace.diff`."""
    changes: list[SpanChange] = []
    stack: list[tuple[_Path, _Pair]] = []

    def push(path: _Path, old: list[Node], new: list[Node]) -> None:
        pairs = _align(_steps(old), _steps(new), ignore_order=ignore_order, is_top=path is None)
        stack.extend((path, pair) for pair in reversed(pairs))

    push(None, before.tree, after.tree)
    while stack:
        above, pair = stack.pop()
        step = pair.after or pair.before
        if step is None:
            continue
        path = (above, step.label)
        if change := _change(path, pair, times=times):
            changes.append(change)
        push(path, pair.before.node.children if pair.before else [], pair.after.node.children if pair.after else [])
    return TraceDiff(changes)


def _steps(nodes: list[Node]) -> list[_Step]:
    namesakes = Counter(node.span.name for node in nodes)
    seen: Counter[str] = Counter()
    steps = []
    for node in nodes:
        span = node.span
        seen[span.name] += 1
        label = span.name if namesakes[span.name] == 1 else f"{span.name}[{seen[span.name]}]"
        steps.append(_Step(node, label, span.name, span.span_type, _json(span.inputs), _json(span.outputs)))
    return steps


def _align(old: list[_Step], new: list[_Step], *, ignore_order: bool, is_top: bool) -> list[_Pair]:
    """Pair the children of one step, in the order of the newer trace, each removed one where it was."""
    partner: dict[int, int] = {}
    taken: set[int] = set()
    # Two traces are compared because they are of one thing: their roots belong together, whatever they are called.
    keys: tuple[_Key, ...] = (*_SAME, lambda _step: None) if is_top else _SAME
    for same in keys:
        free: defaultdict[object, deque[int]] = defaultdict(deque)
        for j, step in enumerate(new):
            if j not in taken:
                free[same(step)].append(j)
        for i, step in enumerate(old):
            if i not in partner and (fitting := free.get(same(step))):
                partner[i] = fitting.popleft()
                taken.add(partner[i])
    stayed = set(partner) if ignore_order else _in_order(partner)
    placed: list[tuple[tuple[int, int, int], _Pair]] = []
    place = -1
    for i, step in enumerate(old):
        if i in partner:
            place = partner[i]
            moved = None if i in stayed else (i, place)
            placed.append(((place, 0, 0), _Pair(step, new[place], moved)))
        else:
            placed.append(((place, 1, i), _Pair(step, None)))
    placed += [((j, 0, 0), _Pair(None, step)) for j, step in enumerate(new) if j not in taken]
    return [pair for _, pair in sorted(placed, key=lambda item: item[0])]


def _in_order(partner: dict[int, int]) -> set[int]:
    """The most old places whose partners are in the same order: the others have moved."""
    ends: list[int] = []
    at: list[int] = []
    previous: dict[int, int | None] = {}
    for i in sorted(partner):
        length = bisect_left(ends, partner[i])
        previous[i] = at[length - 1] if length else None
        # A slice, which also appends.
        ends[length : length + 1] = [partner[i]]
        at[length : length + 1] = [i]
    stayed: set[int] = set()
    last = at[-1] if at else None
    while last is not None:
        stayed.add(last)
        last = previous[last]
    return stayed


def _change(path: _Path, pair: _Pair, *, times: bool) -> SpanChange | None:
    if pair.before is None or pair.after is None:
        before, after = (step and step.node.span for step in pair[:2])
        return SpanChange("removed" if after is None else "added", _names(path), before, after)
    old, new = pair.before.node.span, pair.after.node.span
    fields = {
        name: (getattr(old, name), getattr(new, name))
        for name in ("name", "span_type", "status", *(["duration_ms"] if times else []))
        if getattr(old, name) != getattr(new, name)
    }
    if pair.before.inputs != pair.after.inputs:
        fields["inputs"] = (old.inputs, new.inputs)
    if pair.before.outputs != pair.after.outputs:
        fields["outputs"] = (old.outputs, new.outputs)
    if pair.moved:
        fields["position"] = pair.moved
    return SpanChange("changed", _names(path), old, new, fields) if fields else None


def _names(path: _Path) -> tuple[str, ...]:
    names: deque[str] = deque()
    while path is not None and len(names) < MAX_PATH:
        path, name = path
        names.appendleft(name)
    if path is not None:
        names.appendleft("…")
    return tuple(names)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
