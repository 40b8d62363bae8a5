"""Interrupts: exceptions that a signal handler or another thread raises while code of this package runs.

Soft time limits, timeout decorators and `PyThreadState_SetAsyncExc` raise that way. Such an exception is meant for the
traced code, so every broad `except` on the caller's thread raises it again.
"""

from __future__ import annotations

import sys
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import FrameType
from typing import Final

_PACKAGE: Final = __file__.rpartition("interrupts")[0]
_LIBRARIES: Final = sys.stdlib_module_names | {"ace_tracing", "orjson"}
"""The modules whose exceptions can be a failure of this package."""

_module: Final = type.__dict__["__module__"].__get__
_mro: Final = type.__dict__["__mro__"].__get__


def raise_interrupt(error: BaseException, *kinds: type) -> None:
    """Raise an exception again if it is an interrupt.

    Args:
        error: The exception, which the caller handles.
        kinds: The classes of the values that were being read. Their libraries can raise their own exceptions.
    """
    if is_interrupt(error, *kinds):
        raise error


def is_interrupt(error: BaseException | None, *kinds: type) -> bool:
    """Return whether an exception was raised by a signal handler, or in this package by another thread."""
    if isinstance(error, (KeyboardInterrupt, type(None))):
        return error is not None
    frame, where = None, error.__traceback__
    while where is not None:
        frame, where = where.tb_frame, where.tb_next
        if not _is_own(frame) and _is_handler(frame):
            return True
    # Another thread's exception has no frame of its own, and neither has that of a compiled handler.
    return frame is not None and _is_own(frame) and not _can_be_failure(error, kinds)


def _is_own(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_PACKAGE)


def _is_handler(frame: FrameType) -> bool:
    """Return whether a frame has the frame that it interrupted as an argument, as signal handlers and debuggers do."""
    interrupted, code = frame.f_back, frame.f_code
    if interrupted is None:
        return False
    variadic = bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    values = frame.f_locals
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + variadic]:
        value = values.get(name)
        if value is interrupted or (type(value) is tuple and any(item is interrupted for item in value)):
            return True
    return False


def _can_be_failure(error: BaseException, kinds: tuple[type, ...]) -> bool:
    """Return whether code of this package, or of a library that it calls, raises exceptions of this class."""
    if isinstance(error, TimeoutError):
        # One of the operating system has a number.
        return error.errno is not None
    library = _library_of(type(error))
    return library in _LIBRARIES or any(library == _library_of(base) for kind in kinds for base in _mro(kind))


def _library_of(kind: type) -> str:
    # Not `kind.__module__` and `kind.__mro__`, which can run code of the metaclass.
    module = _module(kind)
    return str.partition(module, ".")[0] if isinstance(module, str) else ""
