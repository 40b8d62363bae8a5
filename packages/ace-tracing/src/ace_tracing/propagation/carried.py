"""Work that takes the submitter's place in the trace with it, to a thread or into another process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ace_tracing.propagation.handover import Handover, running
from ace_tracing.recording.tracer import current_scope, current_span
from ace_tracing.runtime import state


class Carried:
    """A function that runs where this object was made, as far as traces go, wherever it is called.

    Only the package's own context variables are carried: what others keep in theirs is as it would be without us. In a
    pickle the running span is what another process can take up.

    Args:
        function: what to call.
    """

    __slots__ = ("_function", "_scope", "_span")

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._span = current_span.get()
        self._scope = current_scope.get()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        span, scope = current_span.set(self._span), current_scope.set(self._scope)
        try:
            return self._function(*args, **kwargs)
        finally:
            current_scope.reset(scope)
            current_span.reset(span)

    def __reduce__(self) -> tuple[Callable[..., Carried], tuple[Any, ...]]:
        # Pickled by whatever thread of a pool does that, not where it was made.
        token = current_span.set(self._span)
        try:
            return _unpickle, (self._function, running(), self._scope)
        finally:
            current_span.reset(token)


def _unpickle(function: Callable[..., Any], parent: Handover | None, scope: Any) -> Carried:
    carried = Carried(function)
    tracer = state.tracer
    carried._span = parent.take_up(tracer) if parent is not None and tracer is not None else None
    carried._scope = scope
    return carried
