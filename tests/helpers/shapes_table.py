"""The tables in docs/shapes.md: the tests that cover each shape, context and ending of traced code.

The marker `@pytest.mark.covers("Shapes", "Method")` names the row that a test covers. On one case of a parametrized
test the marker covers this case only. `hatch run shapes-table` writes the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.helpers.tables import DOCS, Cell, CoverageTable, markdown_table

ROWS: Final = {
    "Shapes": (
        "Function",
        "Coroutine function",
        "Coroutine made by a generator",
        "Function that returns a coroutine",
        "Function that returns a coroutine which others hold",
        "Function that returns a task or a future",
        "Function that returns a future of `concurrent.futures`",
        "Generator: `next`, `send`, `throw`, return value",
        "Generator: exception thrown in",
        "Generator: `yield from`",
        "Generator: spans of its consumer",
        "Generator: never used",
        "Generator: very many items",
        "Async generator: `anext`, `asend`, `athrow`",
        "Async generator: spans of its consumer",
        "Stream returned by a client",
        "Async stream returned by a client",
        "Stream of OpenAI or Anthropic",
        "Items folded by a reducer",
        "Method",
        "`staticmethod`, either order of decorators",
        "`classmethod`, either order of decorators",
        "Class: its public methods",
        "Class: its data",
        "Class: inheritance, `super`, slots, mangled names",
        "Abstract method",
        "Dataclass",
        "Property, either order of decorators",
        "Cached function, either order of decorators",
        "`singledispatch`, either order of decorators",
        "Context manager, either order of decorators",
        "`functools.partial`",
        "Object with `__call__`, sync and async",
        "Built-in, C function",
        "Lambda",
        "Overloaded function",
        "Positional-only and keyword-only parameters",
        "`*args`, `**kwargs`, defaults",
        "Call that does not fit",
        "Signature, docstring, `inspect`",
        "Pickle, copy, weak reference",
        "Recursion, 1,500 deep",
        "Recursion without end",
        "`with start_span`",
        "Span by hand",
    ),
    "Contexts": (
        "Function of a function",
        "`threading.Thread`",
        "subclass of `Thread`",
        "`threading.Timer`",
        "thread of a thread",
        "`ThreadPoolExecutor.submit`",
        "`ThreadPoolExecutor.map`",
        "`with_context(ThreadPoolExecutor)`",
        "worker that serves several callers in turn",
        "`loop.run_in_executor`",
        "asyncio task",
        "`asyncio.TaskGroup`",
        "`asyncio.gather`",
        "`loop.call_soon`",
        "`asyncio.to_thread`",
        "`run_coroutine_threadsafe`",
        "anyio task group",
        "`anyio.to_thread`",
        "Any interleaving of tasks",
        "Any interleaving of threads",
        "callbacks",
        "gevent",
        "finalizer, run by the garbage collector",
        "log handler",
        "step of a coroutine in another context",
        "fork",
        "fork in a fork",
        "fork, `multiprocessing.Pool`",
        "fork, `ProcessPoolExecutor`",
        "spawn",
        "spawn, `ProcessPoolExecutor`",
        "forkserver",
        "forkserver, `ProcessPoolExecutor`",
        "`os.fork`",
        "fork of a busy parent",
        "gunicorn, preloaded",
        "ASGI request",
        "ASGI streamed body",
        "WebSocket",
        "WSGI request",
        "service called over HTTP: httpx, requests",
    ),
    "Endings": (
        "Return",
        "Exception",
        "Exception that the caller catches",
        "Exception group",
        "Exception that cannot be printed",
        "Exception in a `with` block",
        "Exception in a coroutine",
        "`KeyboardInterrupt`",
        "`SystemExit`",
        "`CancelledError`",
        "Task cancelled",
        "Returned awaitable: exception",
        "Returned awaitable: cancelled",
        "Returned coroutine: never awaited",
        "Event loop closed half-way",
        "Generator: exhausted",
        "Generator: left by `break`, then collected",
        "Generator: `close`",
        "Generator: exception inside",
        "Generator: `GeneratorExit` thrown in",
        "Generator: `GeneratorExit` ignored",
        "Generator: exception in its clean-up",
        "Generator: `return` in its clean-up",
        "Generator: `StopIteration` inside",
        "Async generator: `aclose`",
        "Async generator: left by `break`",
        "Async generator: left by `break`, never closed",
        "Async generator: consumer cancelled",
        "Stream left half-way",
        "Request that fails",
        "WSGI body left half-way",
        "Child that outlives its root",
        "Span ended twice",
        "Span never ended",
        "Tracing disabled meanwhile",
        "Process: end of the program",
        "Process: `sys.exit`",
        "Process: uncaught exception",
        "Process: uncaught `KeyboardInterrupt`",
        "Process: thread still running",
        "Process: span in `atexit`",
        "Process: finalizer after `atexit`",
        "Forked child: `sys.exit`",
        "Forked child: `os._exit` after `flush`",
    ),
}
"""Every covered shape, context and ending, in the order of the page."""


class ShapesTable(CoverageTable):
    """A pytest plugin that compares or writes the tables in docs/shapes.md.

    Args:
        write: Whether to write the tables of the collected tests into the page.
    """

    def __init__(self, *, write: bool) -> None:
        super().__init__(DOCS / "shapes.md", "hatch run shapes-table", write=write)

    def find_cells(self, item: pytest.Item) -> Iterator[tuple[Cell, str]]:
        """Yield the cell of each marker. A marker on one case gets the name of that case."""
        for marker in item.iter_markers("covers"):
            column, row = marker.args
            if row not in ROWS.get(column, ()):
                raise pytest.UsageError(f"{item.nodeid}: no row {row!r} below {column!r} in {Path(__file__).name}")
            of_one_case = hasattr(item, "callspec") and marker in item.callspec.marks
            name = item.name if of_one_case else item.name.partition("[")[0]
            yield Cell(row, column), f"{item.path.name}::{name}"

    def markdown(self) -> str:
        """Return one section each for shapes, contexts and endings, as Markdown."""
        parts = []
        for column, rows in ROWS.items():
            table = markdown_table([[column[:-1], "Tests"], *([row, self.tests(Cell(row, column))] for row in rows)])
            parts.append(f"## {column}\n\n{table}")
        return "\n".join(parts)

    def empty(self) -> list[Cell]:
        """Return the rows without a test."""
        return [cell for column, rows in ROWS.items() for row in rows if not self.names.get(cell := Cell(row, column))]
