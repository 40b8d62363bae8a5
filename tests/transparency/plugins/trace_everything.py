"""A pytest plugin of the traced run: decorates every function of one package with `@trace`.

The import hook adds the decorator to the syntax tree before compilation. So every function is traced: closures,
lambdas, methods, getters, `__repr__`, functions with a second name, and functions with other decorators.
"""

from __future__ import annotations

import ast
import builtins
import json
import logging
import os
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from ace_tracing import trace
from ace_tracing.delivery.assembler import Assembler
from ace_tracing.recording.tracer import Tracer, state

DECORATOR: Final = "__traced__"
"""The name of the decorator in `builtins`, because some packages inspect the names in their modules. The trailing
underscores prevent name mangling in classes."""

_counts: Counter[str] = Counter()
_log_messages: list[str] = []


class _DecoratorAdder(ast.NodeTransformer):
    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.decorator_list.append(ast.copy_location(ast.Name(DECORATOR, ast.Load()), node))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815 - the names that ast calls

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.Call(ast.Name(DECORATOR, ast.Load()), [node], []), node)


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        # Bypasses the cache of compiled files, which contains the undecorated functions.
        tree = _DecoratorAdder().visit(ast.parse(self.get_data(self.path)))
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, *inner = fullname.split(".")
        if top != os.environ["TRANSPARENCY_PACKAGE"] or "tests" in inner:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _LogHandler(logging.Handler):
    """A handler that collects the log messages of ace-tracing. It logs only internal errors."""

    def emit(self, entry: logging.LogRecord) -> None:
        _log_messages.append(logging.Formatter().format(entry))


def _traced(function: Any) -> Any:
    _counts["functions"] += 1
    return trace(function)


class _CountingBuffer:
    """A buffer that assembles traces from frames, counts their spans and discards them."""

    finished = 0
    feedback_count = 0
    unrecorded = 0
    asleep = False
    is_abandoned = False

    def __init__(self) -> None:
        self._assembler = Assembler(lambda: _log_messages.append(traceback.format_exc()))
        self._lock = threading.RLock()

    def put(self, frame: bytes) -> None:
        with self._lock:
            for ready in self._assembler.take([(0, frame)]):
                _counts["spans"] += len(ready.trace.spans)
                _counts["failed"] += sum(span.status == "ERROR" for span in ready.trace.spans)

    def wake(self) -> None:
        """Do nothing: no worker waits."""


def pytest_unconfigure() -> None:
    Path(os.environ["TRANSPARENCY_RECORDED"]).write_text(json.dumps({**_counts, "log_messages": _log_messages}))


logging.getLogger("ace_tracing").addHandler(_LogHandler())
setattr(builtins, DECORATOR, _traced)
sys.meta_path.insert(0, _Finder())
state.tracer = Tracer(_CountingBuffer())
