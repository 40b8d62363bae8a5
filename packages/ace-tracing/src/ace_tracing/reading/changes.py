"""What differs between two traces, as `Trace.diff` gives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ace_tracing.reading.model import Span


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
        from ace_tracing.reading.difftext import describe

        return describe(self)
