"""Companion: OpenTelemetry's context, which travels beside the current span while the bridge `ace_tracing.otel` is on.

Nothing of OpenTelemetry is imported here: the bridge registers itself.
"""

from __future__ import annotations

from typing import Any, Final, Protocol


class ContextCompanion(Protocol):
    """A context that is carried into threads, pools, greenlets, processes and requests."""

    def capture(self) -> Any:
        """Return the context of this thread or task, false if it is empty."""

    def enter(self, context: Any) -> object:
        """Make a captured context the current one, and return a token for `leave`."""

    def leave(self, token: Any) -> None:
        """Restore the context before `enter`."""

    def pack(self, context: Any) -> object:
        """Return a captured context in a form that can be pickled. Its pickle is read as a captured context."""

    def baggage_members(self) -> dict[str, str]:
        """Return the members of the baggage header, without this package's own, by their keys."""


class Companion:
    """Holder of the companion.

    Attributes:
        bridge: The companion. None while the bridge is off.
    """

    __slots__ = ("bridge",)

    def __init__(self) -> None:
        self.bridge: ContextCompanion | None = None


companion: Final = Companion()
