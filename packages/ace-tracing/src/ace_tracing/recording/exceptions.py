"""Exceptions: which of them are failures, their message, and their traceback without the frames of this package."""

from __future__ import annotations

import sys
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from traceback import TracebackException
    from types import TracebackType

MAX_STACKTRACE: Final = 32_768
"""Length limit of a traceback, in characters."""
MAX_MESSAGE: Final = 4_096
"""Length limit of a message, in characters."""

_PACKAGE: Final = __file__.rpartition("recording")[0]


def is_failure(exception: BaseException) -> bool:
    """Return whether an exception that leaves a span is a failure of its step.

    It is none if it ends the program with success (`sys.exit()`, `sys.exit(0)`, and the same of `click`), or if it
    closes a generator, as the consumer's `break` does.
    """
    try:
        if isinstance(exception, SystemExit):
            code = exception.code
            return code is not None and not (isinstance(code, int) and code == 0)
        if isinstance(exception, GeneratorExit):
            # In a coroutine, it means that the coroutine was abandoned.
            return not _raising_flags(exception.__traceback__) & (CO_GENERATOR | CO_ASYNC_GENERATOR)
        click_exit: Any = getattr(sys.modules.get("click.exceptions"), "Exit", ())
        return not (isinstance(exception, click_exit) and exception.exit_code == 0)
    except Exception:  # noqa: BLE001 - a user's class may have a property with these names
        return True


def _raising_flags(where: TracebackType | None) -> int:
    """Return the code flags of the frame that raised, the innermost one of a traceback."""
    flags = 0
    while where is not None:
        flags, where = where.tb_frame.f_code.co_flags, where.tb_next
    return flags


def format_message(exception: BaseException) -> str:
    """Return the exception's message, cut at `MAX_MESSAGE`."""
    try:
        return str(exception)[:MAX_MESSAGE]
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a user's `__str__` may raise anything
        return f"<{type(exception).__qualname__}: its str raised>"


def format_stacktrace(exception: BaseException) -> str:
    """Return the traceback as Python prints it, without this package's frames, cut to the last `MAX_STACKTRACE`."""
    try:
        # `pipeline` has imported it before.
        from traceback import TracebackException

        report = TracebackException.from_exception(exception)
        _remove_package_frames(report)
        text = "".join(report.format())
    except Exception:  # noqa: BLE001 - formatting runs the user's `__str__` and reads source files
        return f"<{type(exception).__qualname__}: its traceback could not be formatted>"
    # The end of a traceback names the line that raised, so the beginning is cut.
    return text if len(text) <= MAX_STACKTRACE else f"<cut>\n{text[-MAX_STACKTRACE:]}"


def _remove_package_frames(report: TracebackException) -> None:
    """Remove this package's frames from a report, its causes, its contexts and the members of its group."""
    reports = [report]
    while reports:
        one = reports.pop()
        one.stack[:] = [frame for frame in one.stack if not frame.filename.startswith(_PACKAGE)]
        # Python 3.11 has None where 3.13 has an empty list.
        reports += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]
