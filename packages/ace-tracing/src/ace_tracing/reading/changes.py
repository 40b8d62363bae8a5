"""What differs between two traces, as `Trace.diff` gives it.

A difference between two traces as text: a line a step, and below it what changed, down to the value inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import orjson

from ace_tracing.reading.outline import clean

if TYPE_CHECKING:
    from ace_tracing.reading.model import Span, SpanStatus


@dataclass(frozen=True, slots=True)
class SpanChange:
    """One step that differs.

    Attributes:
        kind: whether the step was added, removed or changed.
        path: the names of the steps that lead to it, itself last; `step[2]` is the second of that name below its
            parent. Only the innermost 20 of a deeper one, after a `…`.
        before: the step as it was; None when it was added.
        after: the step as it is; None when it was removed.
        fields: what changed, as `{"outputs": ("Paris", "Rome")}`; of `name`, `span_type`, `status`, `inputs`,
            `outputs`, `duration_ms` and, when it moved among its siblings, `position`. Empty unless it was changed.
    """

    kind: Literal["added", "removed", "changed"]
    path: tuple[str, ...]
    before: Span | None
    after: Span | None
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TraceDiff:
    """What differs between two traces: false when nothing does, and readable as a string.

    Attributes:
        changes: in the order of the tree.
    """

    changes: list[SpanChange]

    @property
    def added(self) -> list[SpanChange]:
        """Steps that only the newer trace has; those below an added step, too."""
        return [change for change in self.changes if change.kind == "added"]

    @property
    def removed(self) -> list[SpanChange]:
        """Steps that only the older trace has; those below a removed step, too."""
        return [change for change in self.changes if change.kind == "removed"]

    @property
    def changed(self) -> list[SpanChange]:
        """Steps that both have, with a difference."""
        return [change for change in self.changes if change.kind == "changed"]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:

        return describe(self)


MAX_DIFFERENCES = 10
"""Differences told of one value."""
MAX_TEXT = 100

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_ABSENT = object()


def describe(difference: TraceDiff) -> str:
    """Say what was added, removed and changed."""
    if not difference.changes:
        return "no difference"
    counts = ", ".join(f"{len(group)} {kind}" for kind in _SIGNS if (group := getattr(difference, kind)))
    return "\n".join([counts, *(line for change in difference.changes for line in _lines(change))])


def _lines(change: SpanChange) -> Iterator[str]:
    yield f"{_SIGNS[change.kind]} {' > '.join(clean(name, MAX_TEXT) for name in change.path)}"
    for name, (before, after) in change.fields.items():
        if name == "status":
            yield f"    status: {_status(before)} -> {_status(after)}"
            continue
        told = list(islice(_differences(name, before, after), MAX_DIFFERENCES + 1))
        for path, old, new in told[:MAX_DIFFERENCES]:
            left, right = _texts(old, new)
            yield f"    {clean(path, MAX_TEXT)}: {left} -> {right}"
        if len(told) > MAX_DIFFERENCES:
            yield f"    {name}: and more"


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Where inside two JSON values they differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before | after:
            yield from _differences(f"{path}.{key}", before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            old = before[place] if place < len(before) else _ABSENT
            new = after[place] if place < len(after) else _ABSENT
            yield from _differences(f"{path}[{place}]", old, new)
    elif type(before) is not type(after) or before != after:
        yield path, before, after


def _texts(before: Any, after: Any) -> tuple[str, str]:
    """Two values on one line, long ones from shortly before they part."""
    left, right = _text(before), _text(after)
    same = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
    skipped = max(0, same - MAX_TEXT // 4) if max(len(left), len(right)) > MAX_TEXT else 0
    return tuple(clean(f"…{text[skipped:]}" if skipped else text, MAX_TEXT) for text in (left, right))  # type: ignore[return-value]


def _text(value: Any) -> str:
    return "(absent)" if value is _ABSENT else orjson.dumps(value).decode()


def _status(status: SpanStatus) -> str:
    return clean(f"{status.status_code} {status.description}".strip(), MAX_TEXT)
