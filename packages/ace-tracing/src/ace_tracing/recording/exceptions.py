"""An exception as text: its message, and its traceback as the user's code made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traceback import TracebackException

MAX_STACKTRACE = 32_768
MAX_MESSAGE = 4_096

_PACKAGE = __file__.rpartition("recording")[0]


def message_of(exception: BaseException) -> str:
    try:
        return str(exception)[:MAX_MESSAGE]
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a user's __str__ may raise anything
        return f"<{type(exception).__qualname__}: its str raised>"


def stacktrace_of(exception: BaseException) -> str:
    """The traceback as Python prints it, without the frames of this package between the user's."""
    try:
        # `pipeline` has imported it.
        from traceback import TracebackException

        report = TracebackException.from_exception(exception)
        _leave_out_our_frames(report)
        text = "".join(report.format())
    except Exception:  # noqa: BLE001 - formatting runs the user's __str__ and reads source files
        return f"<{type(exception).__qualname__}: its traceback could not be formatted>"
    # The end of a traceback names the place that raised; the beginning is the part to lose.
    return text if len(text) <= MAX_STACKTRACE else f"<cut>\n{text[-MAX_STACKTRACE:]}"


def _leave_out_our_frames(report: TracebackException) -> None:
    """In the exception, in those it came from, and in those of a group."""
    reports = [report]
    while reports:
        one = reports.pop()
        one.stack[:] = [frame for frame in one.stack if not frame.filename.startswith(_PACKAGE)]
        # Python 3.11 has None where 3.13 has an empty list.
        reports += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]
