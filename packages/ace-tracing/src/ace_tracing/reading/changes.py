"""The changes between two traces, and their text: one line per span, and below it one line per changed value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Literal

import orjson

from ace_tracing.reading.model import Span, SpanStatus
from ace_tracing.reading.outline import clean

MAX_DIFFERENCES: Final = 10
"""Lines of text for one changed field."""
MAX_TEXT: Final = 100
"""Characters of one name or value in the text."""

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True, repr=False)
class SpanChange:
    """A span that was added, removed or changed. Readable as a string.

    Attributes:
        kind: `"added"`, `"removed"` or `"changed"`.
        path: The span names from the root to this span. `step[2]` is the second child of that name. A path of more
            than 20 names has only the innermost 20, after a `…`.
        before: The span in the older trace; None when it was added.
        after: The span in the newer trace; None when it was removed.
        fields: The changed fields with both values, such as `{"outputs": ("Paris", "Rome")}`, without the parts that
            `ignore` names. Possible fields are
            `name`, `span_type`, `status`, `inputs`, `outputs`, `duration_ms` and, for a span that moved among its
            siblings, `position`. Empty unless `kind` is `"changed"`.
    """

    kind: Literal["added", "removed", "changed"]
    path: tuple[str, ...]
    before: Span | None
    after: Span | None
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join(_format_change(self))

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class TraceDiff:
    """The changes between two traces: false without a change, and readable as a string.

    Attributes:
        changes: The changes, in the order of the tree.
    """

    changes: list[SpanChange]

    @property
    def added(self) -> list[SpanChange]:
        """The spans of the newer trace alone, with the descendants of each added span."""
        return [change for change in self.changes if change.kind == "added"]

    @property
    def removed(self) -> list[SpanChange]:
        """The spans of the older trace alone, with the descendants of each removed span."""
        return [change for change in self.changes if change.kind == "removed"]

    @property
    def changed(self) -> list[SpanChange]:
        """The spans of both traces that have a difference."""
        return [change for change in self.changes if change.kind == "changed"]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        if not self.changes:
            return "no difference"
        counts = ", ".join(f"{len(group)} {kind}" for kind in _SIGNS if (group := getattr(self, kind)))
        return "\n".join([counts, *(line for change in self.changes for line in _format_change(change))])

    __repr__ = __str__


def _format_change(change: SpanChange) -> Iterator[str]:
    """Yield the lines of one change."""
    yield f"{_SIGNS[change.kind]} {' > '.join(clean(name, MAX_TEXT) for name in change.path)}"
    for name, (before, after) in change.fields.items():
        if name == "status":
            yield f"    status: {_format_status(before)} -> {_format_status(after)}"
            continue
        differences = list(islice(_find_differences(name, before, after), MAX_DIFFERENCES + 1))
        for path, old, new in differences[:MAX_DIFFERENCES]:
            left, right = _format_pair(old, new)
            yield f"    {clean(path, MAX_TEXT)}: {left} -> {right}"
        if len(differences) > MAX_DIFFERENCES:
            yield f"    {name}: and more"


def _find_differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each difference inside two JSON values, with the old and the new value."""
    stack = [(path, before, after)]
    while stack:
        place, old, new = stack.pop()
        if isinstance(old, dict) and isinstance(new, dict):
            keys = reversed(list(old | new))
            stack.extend((f"{place}.{key}", old.get(key, _ABSENT), new.get(key, _ABSENT)) for key in keys)
        elif isinstance(old, list) and isinstance(new, list):
            for index in reversed(range(max(len(old), len(new)))):
                left, right = (values[index] if index < len(values) else _ABSENT for values in (old, new))
                stack.append((f"{place}[{index}]", left, right))
        elif type(old) is not type(new) or old != new:
            yield place, old, new


def _format_pair(before: Any, after: Any) -> tuple[str, str]:
    """Return two values as one line of text each. Long ones start shortly before their first difference."""
    left, right = _format_value(before), _format_value(after)
    same = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
    skipped = max(0, same - MAX_TEXT // 4) if max(len(left), len(right)) > MAX_TEXT else 0
    return tuple(clean(f"…{text[skipped:]}" if skipped else text, MAX_TEXT) for text in (left, right))  # type: ignore[return-value]


def _format_value(value: Any) -> str:
    return "(absent)" if value is _ABSENT else orjson.dumps(value).decode()


def _format_status(status: SpanStatus) -> str:
    return clean(f"{status.status_code} {status.description}".strip(), MAX_TEXT)
