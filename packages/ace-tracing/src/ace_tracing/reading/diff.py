"""The comparison of two traces, step by step along the tree.

Steps are paired level by level, among the children of pairs, by `conventions/pairing.py`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from ace_tracing.conventions import Step, pair_steps
from ace_tracing.reading.changes import SpanChange, TraceDiff
from ace_tracing.reading.ignored import Ignored, Rule
from ace_tracing.reading.model import Span
from ace_tracing.reading.tree import Node, SpanTree

MAX_PATH: Final = 20
"""Names in the path of a change."""


class _Step(NamedTuple):
    """A node with its place for people, and as it is paired.

    Attributes:
        span: The span without its ignored parts. `label` and `key` are made from it.
    """

    node: Node
    span: Span
    label: str
    key: Step


class _Pair(NamedTuple):
    """A step in both traces, or in only one. `moved` holds both positions of a step that moved among its siblings."""

    before: _Step | None
    after: _Step | None
    moved: tuple[int, int] | None = None


_Path = tuple["_Path", str] | None


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
            _make_steps(old, ignored), _make_steps(new, ignored), ignore_order=ignore_order, are_roots=path is None
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
        steps.append(_Step(node, span, label, Step(span.name, span.span_type, inputs, outputs)))
    return steps


def _pair_steps(old: list[_Step], new: list[_Step], *, ignore_order: bool, are_roots: bool) -> list[_Pair]:
    pairs: list[_Pair] = []
    keys = [step.key for step in old], [step.key for step in new]
    for i, j, has_moved in pair_steps(*keys, are_roots=are_roots, ignore_order=ignore_order):
        moved = (i, j) if has_moved and i is not None and j is not None else None
        pairs.append(_Pair(None if i is None else old[i], None if j is None else new[j], moved))
    return pairs


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
            is_same = getattr(pair.before.key, name) == getattr(pair.after.key, name)
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
