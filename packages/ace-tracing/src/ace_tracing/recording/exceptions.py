"""Exceptions: which of them are failures, their message, and their traceback without the frames of this package."""

from __future__ import annotations

import sys
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from typing import TYPE_CHECKING, Any, Final

from ace_tracing.interrupts import raise_interrupt
from ace_tracing.values.masking import Mask, mask_text

if TYPE_CHECKING:
    from traceback import TracebackException
    from types import TracebackType

MAX_STACKTRACE: Final = 32_768
"""Length limit of a traceback, in characters."""
MAX_MESSAGE: Final = 4_096
"""Length limit of a message, in characters."""
MAX_MASKED: Final = 200_000
"""Length limit of a message or a traceback for a mask: a secret that is cut would not be found by the mask."""

WRAPPER_FILE: Final = "<ace_tracing wrapper, skipped by warnings like importlib._bootstrap>"
"""The file name of the wrappers' code. It depends on no installation: wrappers are also pickled by value."""

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
    except Exception as error:  # noqa: BLE001 - a user's class may have a property with these names
        raise_interrupt(error, type(exception))
        return True


def _raising_flags(where: TracebackType | None) -> int:
    """Return the code flags of the frame that raised, the innermost one of a traceback."""
    flags = 0
    while where is not None:
        flags, where = where.tb_frame.f_code.co_flags, where.tb_next
    return flags


def describe_exception(exception: BaseException, mask: Mask | None) -> tuple[dict[str, str], str]:
    """Return the attributes of an exception's event, masked, and the message of its span's status, not masked yet."""
    kind = type(exception)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    message = format_text(exception, MAX_MESSAGE if mask is None else MAX_MASKED)
    stacktrace = _format_stacktrace(exception, MAX_STACKTRACE if mask is None else MAX_MASKED)
    attributes = {
        "exception.type": mask_text(name, mask),
        "exception.message": mask_text(message, mask)[:MAX_MESSAGE],
        "exception.stacktrace": _cut_stacktrace(mask_text(stacktrace, mask), MAX_STACKTRACE),
    }
    return attributes, f"{name}: {message}" if message else name


def format_text(value: object, limit: int = MAX_MESSAGE) -> str:
    """Return the first `limit` characters of an exception's message, or of any object as text."""
    try:
        return str(value)[:limit]
    except BaseException as error:  # noqa: BLE001 - a user's `__str__` may raise anything
        raise_interrupt(error, type(value))
        return f"<{type(value).__qualname__}: its str raised>"


def _format_stacktrace(exception: BaseException, limit: int) -> str:
    """Return the last `limit` characters of the traceback as Python prints it, without this package's frames."""
    try:
        # `pipeline` has imported it before.
        from traceback import TracebackException

        report = TracebackException.from_exception(exception)
        _remove_package_frames(report)
        text = "".join(report.format())
    except Exception as error:  # noqa: BLE001 - formatting runs the user's `__str__` and reads source files
        raise_interrupt(error, type(exception))
        return f"<{type(exception).__qualname__}: its traceback could not be formatted>"
    return _cut_stacktrace(text, limit)


def _cut_stacktrace(text: str, limit: int) -> str:
    """Return the last `limit` characters of a traceback: its end names the line that raised."""
    return text if len(text) <= limit else f"<cut>\n{text[-limit:]}"


def _remove_package_frames(report: TracebackException) -> None:
    """Remove this package's frames from a report, its causes, its contexts and the members of its group."""
    reports = [report]
    while reports:
        one = reports.pop()
        one.stack[:] = [frame for frame in one.stack if not frame.filename.startswith((_PACKAGE, WRAPPER_FILE))]
        # Python 3.11 has None where 3.13 has an empty list.
        reports += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]
