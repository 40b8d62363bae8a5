"""Internal frames: frames of the wrappers, which `warnings` and `logging` do not count as callers.

A function that warns with `stacklevel=2` means its caller. Python has one way to leave out a frame in between: both
modules skip frames whose file name contains "importlib" and "_bootstrap". The reasons are in
docs/decisions/0018-frames-pickles-and-pools.md.
"""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import Any, TypeVar

from ace_tracing.recording.exceptions import WRAPPER_FILE

T = TypeVar("T", bound=type)
F = TypeVar("F", bound=Any)


def make_internal(function: F) -> F:
    """Change a function's code, and the functions that it defines, to code of internal frames."""
    function.__code__ = _rename_file(function.__code__)
    return function


def make_methods_internal(owner: T) -> T:
    """Change the methods of a class to code of internal frames."""
    for member in vars(owner).values():
        if isinstance(member, FunctionType):
            make_internal(member)
    return owner


def _rename_file(code: CodeType) -> CodeType:
    constants = tuple(_rename_file(value) if isinstance(value, CodeType) else value for value in code.co_consts)
    return code.replace(co_filename=WRAPPER_FILE, co_consts=constants)
