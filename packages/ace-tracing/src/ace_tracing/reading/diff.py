"""The comparison of two traces, step by step along the tree.

Steps are paired level by level, among the children of pairs. Equal steps are paired first, then steps with the same
name and inputs, then steps with the same name. Of the remaining steps, two with the same type and inputs are a renamed
step. Among several equal candidates, the first of each trace form a pair.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from ace_tracing.reading.changes import SpanChange, TraceDiff
from ace_tracing.reading.ignored import Ignored, Rule
from ace_tracing.reading.model import Span
from ace_tracing.reading.tree import Node, SpanTree

MAX_PATH: Final = 20
"""Names in the path of a change."""


class _Step(NamedTuple):
    """A node with its keys for pairing. Values are JSON text, in which `1` and `True` differ.

    Attributes:
        span: The span without its ignored parts. The other fields are made from it.
    """

    node: Node
    span: Span
    label: str
    name: str
    span_type: str
    inputs: bytes
    outputs: bytes


class _Pair(NamedTuple):
    """A step in both traces, or in only one. `moved` holds both positions of a step that moved among its siblings."""

    before: _Step | None
    after: _Step | None
    moved: tuple[int, int] | None = None


_Path = tuple["_Path", str] | None

_Key = Callable[[_Step], object]

_PAIRING_KEYS: Final[tuple[_Key, ...]] = (
    lambda step: step[3:],
    lambda step: (step.name, step.inputs),
    lambda step: step.name,
    lambda step: (step.span_type, step.inputs) if step.inputs not in (b"", b"null") else id(step),
)
"""Two steps with an equal key are a pair. The most reliable key comes first."""


def diff(
    before: SpanTree, after: SpanTree, *, ignore_order: bool, times: bool, ignore: Rule | Iterable[Rule] = ()
) -> TraceDiff:
    """Compare two traces. See `Trace.diff`."""
    ignored = Ignored(ignore)
    fields = [
        name
        for name in (
            "name",
            "span_type",
            "status",
            *(["duration_ms"] if times else []),
            "inputs",
            "outputs",
            "position",
        )
        if not ignored.has_field(name)
    ]
    changes: list[SpanChange] = []
    stack: list[tuple[_Path, _Pair]] = []

    def push(path: _Path, old: list[Node], new: list[Node]) -> None:
        pairs = _pair_steps(
            _make_steps(old, ignored), _make_steps(new, ignored), ignore_order=ignore_order, is_top=path is None
        )
        stack.extend((path, pair) for pair in reversed(pairs))

    push(None, before.tree, after.tree)
    while stack:
        parent_path, pair = stack.pop()
        step = pair.after or pair.before
        if step is None:
            continue
        path = (parent_path, step.label)
        if change := _compare_pair(path, pair, fields):
            changes.append(change)
        push(path, pair.before.node.children if pair.before else [], pair.after.node.children if pair.after else [])
    return TraceDiff(changes)


def _make_steps(nodes: list[Node], ignored: Ignored) -> list[_Step]:
    spans = [ignored.reduce(node.span) for node in nodes]
    name_counts = Counter(span.name for span in spans)
    seen: Counter[str] = Counter()
    steps = []
    for node, span in zip(nodes, spans, strict=True):
        seen[span.name] += 1
        label = node.span.name if name_counts[span.name] == 1 else f"{node.span.name}[{seen[span.name]}]"
        inputs = b"" if ignored.has_field("inputs") else _dump_json(span.inputs)
        outputs = b"" if ignored.has_field("outputs") else _dump_json(span.outputs)
        steps.append(_Step(node, span, label, span.name, span.span_type, inputs, outputs))
    return steps


def _pair_steps(old: list[_Step], new: list[_Step], *, ignore_order: bool, is_top: bool) -> list[_Pair]:
    """Pair the children of one step, in the order of the newer trace. A removed step keeps its old place."""
    partner: dict[int, int] = {}
    taken: set[int] = set()
    # Both traces are runs of the same agent, so their roots are a pair, also under different names.
    keys: tuple[_Key, ...] = (*_PAIRING_KEYS, lambda _step: None) if is_top else _PAIRING_KEYS
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
    sortable: list[tuple[tuple[int, int, int], _Pair]] = []
    position = -1
    for i, step in enumerate(old):
        if i in partner:
            position = partner[i]
            moved = None if i in stayed else (i, position)
            sortable.append(((position, 0, 0), _Pair(step, new[position], moved)))
        else:
            sortable.append(((position, 1, i), _Pair(step, None)))
    sortable += [((j, 0, 0), _Pair(None, step)) for j, step in enumerate(new) if j not in taken]
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


def _compare_pair(path: _Path, pair: _Pair, names: Sequence[str]) -> SpanChange | None:
    """Return the change of a pair.

    Args:
        path: The path of the step.
        pair: The pair.
        names: The compared fields.
    """
    if pair.before is None or pair.after is None:
        before, after = (step and step.node.span for step in pair[:2])
        return SpanChange("removed" if after is None else "added", _path_names(path), before, after)
    fields: dict[str, tuple[Any, Any]] = {}
    for name in names:
        if name == "position":
            if pair.moved:
                fields[name] = pair.moved
            continue
        values = getattr(pair.before.span, name), getattr(pair.after.span, name)
        if name in ("inputs", "outputs"):
            is_same = getattr(pair.before, name) == getattr(pair.after, name)
        else:
            is_same = values[0] == values[1]
        if not is_same:
            fields[name] = values
    before, after = pair.before.node.span, pair.after.node.span
    return SpanChange("changed", _path_names(path), before, after, fields) if fields else None


def _path_names(path: _Path) -> tuple[str, ...]:
    names: deque[str] = deque()
    while path is not None and len(names) < MAX_PATH:
        path, name = path
        names.appendleft(name)
    if path is not None:
        names.appendleft("…")
    return tuple(names)


def _dump_json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
