"""The command `run`: it configures tracing, instruments all libraries, and runs a program in the same process."""

from __future__ import annotations

import io
import os
import pkgutil
import runpy
import sys
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, Final, NoReturn, TypeAlias

from ace_tracing.runtime import configure

USAGE: Final = """\
usage: python -m ace_tracing run [--set-global] [-m] PROGRAM [ARGUMENT ...]

Run a Python program and record the calls of all installed libraries that can be instrumented, such as openai and
langchain. Functions with @trace are recorded, too.

  PROGRAM        a script, or a folder or zip file with __main__.py; with -m, the name of a module
  ARGUMENT ...   the program's own arguments
  --set-global   make this SDK the global tracer provider, for libraries that send their spans to no other one, such as
                 strands and mcp

environment: KAYBA_API_KEY (required), KAYBA_API_URL; KAYBA_TRACING_DISABLED=1 runs the program without recording.
libraries:   the extras openai, langchain and others of ace-tracing install the instrumentors of these libraries.
"""
USAGE_ERROR: Final = 2

_ZIP: Final = b"PK"
ExceptHook: TypeAlias = Callable[[type[BaseException], BaseException, TracebackType | None], object]
_OWN_FILES: Final = (
    __file__,
    os.path.join(os.path.dirname(__file__), "__main__.py"),
    runpy.run_path.__code__.co_filename,
)


def main() -> None:
    """Run the command of `sys.argv`. The exit code is the program's, or 2 for a wrong command."""
    arguments = sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]) or arguments[:2] in (["run", "-h"], ["run", "--help"]):
        print(USAGE, end="")  # noqa: T201 - the command's output
        return
    if arguments[:1] != ["run"]:
        _exit_with_usage()
    arguments = arguments[1:]
    set_global = arguments[:1] == ["--set-global"]
    if set_global:
        arguments = arguments[1:]
    is_module = arguments[:1] == ["-m"]
    if is_module:
        arguments = arguments[1:]
    if not arguments:
        _exit_with_usage()
    _start(set_global=set_global)
    sys.excepthook = _Hook(sys.excepthook)
    if is_module:
        _run_module(arguments)
    else:
        _run_script(arguments)


def _exit_with_usage() -> NoReturn:
    sys.stderr.write(USAGE)
    sys.exit(USAGE_ERROR)


def _start(*, set_global: bool) -> None:
    """Configure and instrument. A failure is reported, and the program runs without.

    Args:
        set_global: Whether to make this SDK the global tracer provider.
    """
    from ace_tracing.errors import TracingError

    try:
        configure()
    except TracingError as error:
        sys.stderr.write(f"ace-tracing: the program runs without recording: {error}\n")
        return
    try:
        from ace_tracing.otel.instrument import instrument
        from ace_tracing.otel.libraries import LIBRARIES
    except ImportError as error:
        sys.stderr.write(f"ace-tracing: only functions with @trace are recorded: {error}\n")
        return
    report = instrument(set_global=set_global)
    for each in report.libraries:
        if each.state == "failed":
            sys.stderr.write(f"ace-tracing: {each.library} is not recorded: {each.reason}\n")
    skipped = [LIBRARIES[each.library] for each in report.libraries if each.state == "skipped"]
    names = [library.name for library in skipped if any(way.to_global for way in library.instrumentors)]
    if names and not set_global:
        sys.stderr.write(f"ace-tracing: not recorded without run --set-global: {', '.join(names)}\n")


def _run_module(arguments: list[str]) -> None:
    sys.argv = arguments
    # `python -m` puts the current folder there, which is already so.
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _run_script(arguments: list[str]) -> None:
    path = arguments[0]
    sys.argv = arguments
    # As the interpreter: the path in messages and in `__file__` is absolute, and the one in `sys.argv` is not.
    absolute = os.path.join(os.getcwd(), path)
    if os.path.isdir(absolute) or _is_zip(absolute):
        sys.path[0] = absolute
        code, file = _find_main(absolute)
    else:
        sys.path[0] = os.path.dirname(os.path.realpath(absolute))
        with io.open_code(absolute) as source:
            # Not inherited: this module's `from __future__` imports are not the program's.
            code, file = compile(source.read(), absolute, "exec", dont_inherit=True), absolute
    # The module stays after the end of its code: threads and exit handlers of the program still use it.
    module = ModuleType("__main__")
    module.__dict__.update({"__file__": file, "__builtins__": sys.modules["builtins"]})
    sys.modules["__main__"] = module
    exec(code, module.__dict__)  # noqa: S102 - the program itself


def _is_zip(path: str) -> bool:
    """Return whether a path is a zip file. A missing file is reported as the interpreter does."""
    try:
        with io.open_code(path) as file:
            return file.read(len(_ZIP)) == _ZIP
    except OSError as error:
        sys.stderr.write(f"{sys.executable}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}\n")
        sys.exit(USAGE_ERROR)


def _find_main(path: str) -> tuple[CodeType, str]:
    """Return the code and the file of `__main__` in a folder or a zip file."""
    importer: Any = pkgutil.get_importer(path)
    spec = None if importer is None else importer.find_spec("__main__")
    if spec is None:
        sys.stderr.write(f"{sys.executable}: can't find '__main__' module in {path!r}\n")
        sys.exit(1)
    code: CodeType = spec.loader.get_code("__main__")
    return code, spec.origin


class _Hook:
    """The hook for uncaught exceptions, without the frames of this command in the traceback.

    Args:
        previous: The hook that shows the exception.
    """

    def __init__(self, previous: ExceptHook) -> None:
        self._previous = previous

    def __call__(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        """Show an exception as the interpreter shows it for the program alone."""
        shown = traceback
        while shown is not None and shown.tb_frame.f_code.co_filename in _OWN_FILES:
            shown = shown.tb_next
        error.__traceback__ = shown
        self._previous(kind, error, shown)
