"""The import graph that the architecture tests rely on."""

from __future__ import annotations

from pathlib import Path

import imports


def test_imports_for_types_and_inside_functions_are_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "import a.b\nif TYPE_CHECKING:\n    from c import d\ndef f():\n    from e.f import g\n", encoding="utf-8"
    )
    assert set(imports.imported_names(path)) == {"a.b", "c.d", "e.f.g"}


def test_a_circle_is_found_and_modules_beside_it_are_not() -> None:
    graph = {"entry": {"a"}, "a": {"b"}, "b": {"c"}, "c": {"a", "leaf"}, "leaf": set[str]()}
    assert imports.circles(graph) == {"a", "b", "c"}


def test_a_graph_without_circles_has_none() -> None:
    assert imports.circles({"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}) == set()


def test_a_package_imports_its_own_modules_by_full_name() -> None:
    graph = imports.import_graph("ace_tracing")
    assert "ace_tracing.recording.trace" in graph["ace_tracing.recording.tracer"]
