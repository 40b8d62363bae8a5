"""The import graph of the packages: `hatch run structure` prints figures, `tests/architecture` checks the direction."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = {
    "ace": ROOT / "packages/ace-framework/src",
    "ace_tracing": ROOT / "packages/ace-tracing/src",
    "kayba_api": ROOT / "packages/kayba-api/src",
    "kayba_local": ROOT / "packages/kayba-local/src",
    "openapi": ROOT / "openapi",
}
"""Each package with the folder that its module names start from. `openapi` is a folder of scripts, not a package."""

MAX_LINES: Final = 300

Graph = dict[str, set[str]]


def files_of(package: str) -> dict[str, Path]:
    """Return the modules of a package by full name, each with its file; a folder's `__init__` has the folder's name."""
    base = SOURCES[package]
    folder = base if package == "openapi" else base / package
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, also for the type checker only and inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def import_graph(package: str) -> Graph:
    """Return the modules of a package, each with the modules of the same package that it imports."""
    files = files_of(package)
    graph: Graph = {}
    for module, path in files.items():
        targets = (name if name in files else name.rpartition(".")[0] for name in imported_names(path))
        graph[module] = {target for target in targets if target in files and target != module}
    return graph


def circles(graph: Mapping[str, set[str]]) -> set[str]:
    """Return the modules that import each other in a circle."""
    remaining = dict(graph)
    # A module that imports none of the remaining ones, or that none of them imports, is in no circle.
    while True:
        imported = set().union(*remaining.values()) if remaining else set()
        free = {name for name, targets in remaining.items() if not targets & remaining.keys() or name not in imported}
        if not free:
            return set(remaining)
        remaining = {name: targets for name, targets in remaining.items() if name not in free}


def main() -> int:
    """Print the figures of the hand-written packages."""
    for package in ("ace_tracing", "kayba_local", "openapi"):
        graph, files = import_graph(package), files_of(package)
        modules = [name for name, path in files.items() if path.name != "__init__.py"]
        importers = Counter(target for targets in graph.values() for target in targets)
        single = sum(importers[module] == 1 for module in modules)
        long = [name for name in modules if files[name].read_text(encoding="utf-8").count("\n") > MAX_LINES]
        print(f"{package}: {len(modules)} modules, {len(circles(graph))} in import circles")
        print(f"  with exactly one importer: {single} ({100 * single / len(modules):.0f} %)")
        print(f"  above {MAX_LINES} lines: {', '.join(long) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
