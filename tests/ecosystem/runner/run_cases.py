"""Run the cases of a program, each in a trace: `python run_cases.py PROGRAM MODE FRAMEWORK ...`.

The mode `bridge` records with ace-tracing, the mode `sdk` with OpenTelemetry's SDK and its OTLP exporter. A program
defines functions, one for each case. A line of JSON reports the trace of each case and its result.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

from cases import begin_case
from recorders import RECORDERS


def load(path: Path) -> ModuleType:
    """Return the program as a module. Its name differs from the framework's."""
    spec = importlib.util.spec_from_file_location(f"program_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Annotations of a class are evaluated in the module that `sys.modules` holds.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run(case: Callable[[], Any], root: AbstractContextManager[str]) -> dict[str, Any]:
    """Run a case in a trace, and return its report."""
    begin_case(case.__name__)
    report: dict[str, Any] = {"case": case.__name__, "result": None, "error": None}
    try:
        with root as trace_id:
            report["trace_id"] = trace_id
            result = case()
            report["result"] = str(asyncio.run(result) if inspect.iscoroutine(result) else result)
    except Exception as error:
        report["error"] = f"{type(error).__name__}: {error}"
    # An abandoned stream may end only when it is freed.
    gc.collect()
    return report


def main(program: str, mode: str, *frameworks: str) -> None:
    """Run all cases of a program."""
    with RECORDERS[mode](frameworks) as start_root:
        module = load(Path(program))
        cases = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
        for case in cases:
            if inspect.isfunction(case) and not case.__name__.startswith("_"):
                print(json.dumps(run(case, start_root(case.__name__))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
