"""A pytest plugin, loaded in the traced run: every function of one package is defined below an `@trace`.

The package's source is decorated on its way from the file to the compiler, so that no function escapes: closures,
lambdas, methods, getters, `__repr__`, and what a module gives a second name or hands to a decorator of its own.
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
from typing import Any

from ace_tracing import trace
from ace_tracing.delivery.assembler import Assembler
from ace_tracing.recording.tracer import Tracer, state

DECORATOR = "__traced__"
"""A built-in name, as packages look at the names in their modules; it ends so that no class mangles it."""

_counts: Counter[str] = Counter()
_complaints: list[str] = []


class _Decorating(ast.NodeTransformer):
    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.decorator_list.append(ast.copy_location(ast.Name(DECORATOR, ast.Load()), node))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815 - the names that ast looks for

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.Call(ast.Name(DECORATOR, ast.Load()), [node], []), node)


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        # Not from a cache of compiled files, nor into it: those hold the undecorated functions.
        tree = _Decorating().visit(ast.parse(self.get_data(self.path)))
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


class _Complaints(logging.Handler):
    """Whatever ace-tracing says about itself, which it does only when something of its own went wrong."""

    def emit(self, entry: logging.LogRecord) -> None:
        _complaints.append(logging.Formatter().format(entry))


def _traced(function: Any) -> Any:
    _counts["functions"] += 1
    return trace(function)


class _Counting:
    """Makes traces of frames, and forgets them."""

    finished = 0
    asleep = False

    def __init__(self) -> None:
        self._assembler = Assembler(lambda: _complaints.append(traceback.format_exc()))
        self._lock = threading.RLock()

    def put(self, frame: bytes) -> None:
        with self._lock:
            for ready in self._assembler.take([(0, frame)]):
                _counts["spans"] += len(ready.trace.spans)
                _counts["failed"] += sum(span.status == "ERROR" for span in ready.trace.spans)

    def wake(self) -> None:
        """Nobody sleeps."""


def pytest_unconfigure() -> None:
    Path(os.environ["TRANSPARENCY_RECORDED"]).write_text(json.dumps({**_counts, "complaints": _complaints}))


logging.getLogger("ace_tracing").addHandler(_Complaints())
setattr(builtins, DECORATOR, _traced)
sys.meta_path.insert(0, _Finder())
state.tracer = Tracer(_Counting())
