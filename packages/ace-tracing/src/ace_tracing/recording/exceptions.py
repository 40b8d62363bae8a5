"""Exceptions as text: their message, and their traceback without the frames of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from traceback import TracebackException

MAX_STACKTRACE: Final = 32_768
"""Length limit of a traceback, in characters."""
MAX_MESSAGE: Final = 4_096
"""Length limit of a message, in characters."""

_PACKAGE: Final = __file__.rpartition("recording")[0]


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
