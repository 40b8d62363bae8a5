"""Reports of the package's own failures, which never reach the user's code.

Code that runs inside a traced function is wrapped in `guard`, or, on the hot path, catches `Exception` and calls
`internal_error`. The package's tests set `loud`, which lets the exception through.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from logging import Handler, Logger, LogRecord

from ace_tracing.clocks import monotonic
from ace_tracing.interrupts import is_interrupt, raise_interrupt

loud = False

_INTERVAL_S: Final = 60.0
_LOGGER: Final = "ace_tracing"
_last_warned: dict[str, float] = {}

P = ParamSpec("P")
T = TypeVar("T")


class guard:  # noqa: N801 - a decorator and a context manager, used like a function
    """Decorator and context manager that keeps an `Exception` of this package from the user's code.

    A guarded function that fails returns None. The hot path (opening a span, ending it, setting its outputs) does the
    same with a plain `try` and `internal_error`: a guarded call costs one more Python call for each span.

    Args:
        action: The guarded action, for the log message, such as `"setting an attribute"`.
    """

    def __init__(self, action: str) -> None:
        self._action = action

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return the guarded function."""

        # Not a `with` block: near the recursion limit, entering it could raise outside the guard.
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return function(*args, **kwargs)
            except Exception:  # noqa: BLE001 - the purpose of the guard
                internal_error(self._action)

        return guarded

    def __enter__(self) -> None:
        """Begin the guarded action."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        internal_error(self._action)
        return True


def internal_error(action: str) -> None:
    """Log the exception being handled, a defect of this package, or raise it again if it is an interrupt.

    Args:
        action: The action that failed, such as `"ending a span"`.
    """
    error = sys.exception()
    if isinstance(error, RecursionError):
        # The user's recursion reached its limit inside this package. It reaches the limit again in the user's own
        # code, and logging here would raise once more.
        return
    if loud or is_interrupt(error):
        raise  # re-raises the exception that the caller handles
    warn(f"internal:{action}", "%s failed; your code is not affected", action, exc_info=True)


def warn(cause: str, message: str, *args: object, exc_info: bool = False) -> None:
    """Log a warning, at most once a minute for the same cause.

    Args:
        cause: The key of the rate limit.
        message: The message, with `%` placeholders for `args`.
        exc_info: Whether to log the exception being handled.
    """
    now = monotonic()
    if now - _last_warned.get(cause, -_INTERVAL_S) >= _INTERVAL_S:
        _last_warned[cause] = now
        # A log handler of the user's may raise, in the user's thread as well as in the worker's.
        try:
            # `pipeline` has imported logging before; importing it here would slow down `import ace_tracing`.
            from logging import getLogger

            logger = getLogger(_LOGGER)
            closed = _closed_handlers(logger)
            for handler in closed:
                handler.addFilter(_is_foreign)
            try:
                logger.warning(message, *args, exc_info=exc_info)
            finally:
                for handler in closed:
                    handler.removeFilter(_is_foreign)
        except Exception as error:  # noqa: BLE001 - see above
            raise_interrupt(error)


def _closed_handlers(logger: Logger | None) -> list[Handler]:
    """Return the handlers whose stream is closed, as at the end of a process: logging prints an error for each."""
    closed = []
    while logger is not None:
        for handler in logger.handlers:
            # The second is for rich's handler.
            stream = getattr(handler, "stream", None) or getattr(getattr(handler, "console", None), "file", None)
            if getattr(stream, "closed", False) is True:
                closed.append(handler)
        logger = logger.parent if logger.propagate else None
    return closed


def _is_foreign(record: LogRecord) -> bool:
    """Return whether a record is not this package's: a filter of handlers."""
    return record.name != _LOGGER
