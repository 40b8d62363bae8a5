"""Exceptions: which of them are failures, their message, and their traceback without the frames of this package."""

from __future__ import annotations

import sys
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ace_tracing.interrupts import raise_interrupt
from ace_tracing.values.masking import Mask, mask_text

if TYPE_CHECKING:
    from traceback import TracebackException
    from types import TracebackType

MAX_STACKTRACE: Final = 32_768
"""Length limit of a traceback, in characters."""
MAX_MESSAGE: Final = 4_096
"""Length limit of a message, in characters."""
MAX_PASSING_FRAMES: Final = 16
"""The number of frames from which on a span that an exception passes has only its own part of the traceback."""
MAX_MASKED: Final = 200_000
"""Length limit of a message or a traceback for a mask: a secret that is cut would not be found by the mask."""

_MAX_TAIL: Final = 4_096
"""Length limit of the line that raised and the message, in characters."""

WRAPPER_FILE: Final = "<ace_tracing wrapper, skipped by warnings like importlib._bootstrap>"
"""The file name of the wrappers' code. It depends on no installation: wrappers are also pickled by value."""

_PACKAGE: Final = __file__.rpartition("recording")[0]


class Passing(NamedTuple):
    """An exception that has left a span and may leave the spans around it.

    It contains no reference to the exception, whose frames would keep the user's objects alive.

    Attributes:
        exception_id: The id of the exception.
        head_id: The id of the first entry of its traceback.
        frame_count: The number of frames in its traceback, without this package's.
        tail: The end of its traceback: the line that raised, and the message.
    """

    exception_id: int
    head_id: int
    frame_count: int
    tail: str


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


def describe_exception(
    exception: BaseException, mask: Mask | None, passing: Passing | None = None
) -> tuple[dict[str, str], str, Passing | None]:
    """Describe an exception for the event of a span that it leaves.

    A deep recursion of traced functions would take forever if each of its spans had the traceback of all frames below.

    Args:
        exception: The exception.
        mask: The mask.
        passing: The last exception that left a span inside this one. None to record the whole traceback.

    Returns:
        The attributes of the event, masked, the message of the span's status, not masked yet, and the exception for the
        span around this one.
    """
    kind = type(exception)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    message = format_text(exception, MAX_MESSAGE if mask is None else MAX_MASKED)
    limit = MAX_STACKTRACE if mask is None else MAX_MASKED
    stacktrace, passed = _format_part(exception, passing) or _format_stacktrace(exception, limit)
    attributes = {
        "exception.type": mask_text(name, mask),
        "exception.message": mask_text(message, mask)[:MAX_MESSAGE],
        "exception.stacktrace": _cut_stacktrace(mask_text(stacktrace, mask), MAX_STACKTRACE),
    }
    return attributes, f"{name}: {message}" if message else name, passed


def format_text(value: object, limit: int = MAX_MESSAGE) -> str:
    """Return the first `limit` characters of an exception's message, or of any object as text."""
    try:
        return str(value)[:limit]
    except BaseException as error:  # noqa: BLE001 - a user's `__str__` may raise anything
        raise_interrupt(error, type(value))
        return f"<{type(value).__qualname__}: its str raised>"


def _format_part(exception: BaseException, passing: Passing | None) -> tuple[str, Passing] | None:
    """Return the part of a long traceback that the exception has passed since it left the last span, and its tail."""
    head = where = exception.__traceback__
    if passing is None or passing.exception_id != id(exception):
        return None
    passed = 0
    while where is not None and id(where) != passing.head_id:
        passed += 1
        if passed > MAX_PASSING_FRAMES:
            return None
        where = where.tb_next
    if where is None:
        return None
    from traceback import extract_tb

    stack = extract_tb(head, passed)
    stack[:] = [frame for frame in stack if not frame.filename.startswith((_PACKAGE, WRAPPER_FILE))]
    count = passing.frame_count + len(stack)
    if count <= MAX_PASSING_FRAMES:
        return None
    note = f"  <cut: {passing.frame_count - 1} more of {count} frames, see the spans inside this one>\n"
    text = "".join(("Traceback (most recent call last):\n", *stack.format(), note, passing.tail))
    return text, passing._replace(head_id=id(head), frame_count=count)


def _format_stacktrace(exception: BaseException, limit: int) -> tuple[str, Passing | None]:
    """Return the last `limit` characters of the traceback as Python prints it, without this package's frames."""
    try:
        # `pipeline` has imported it before.
        from traceback import TracebackException

        report = TracebackException.from_exception(exception)
        _remove_package_frames(report)
        text = "".join(report.format())
    except Exception as error:  # noqa: BLE001 - formatting runs the user's `__str__` and reads source files
        raise_interrupt(error, type(exception))
        return f"<{type(exception).__qualname__}: its traceback could not be formatted>", None
    tail = text[text.rfind('\n  File "') + 1 :][:_MAX_TAIL]
    passing = Passing(id(exception), id(exception.__traceback__), len(report.stack), tail)
    return _cut_stacktrace(text, limit), passing


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
