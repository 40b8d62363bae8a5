"""Who may import whom, drawn as a table; data flows one way, and an import that runs back up fails."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2] / "packages"

LAYERS = {
    "ace_tracing": """
        errors                  -
        version                 -
        lazy                    -
        span_types              -
        diagnostics             -
        delivery.outcome        -
        reading.model           -
        values.reflect          -
        values.arrays           values.reflect
        values.records          values.reflect
        values.readings         values.reflect
        values.wellknown        values.arrays values.readings values.reflect
        values.describe         values.arrays values.records values.readings values.wellknown values.reflect
        values.snapshot         values.describe values.readings values.reflect
        values.masking          values.snapshot values.reflect
        binding                 -
        record                  -
        sampling                -
        folders                 -
        settings                errors folders sampling
        delivery.deadline       -
        delivery.partial        -
        delivery.answers        delivery.outcome delivery.partial
        delivery.connections    delivery.deadline
        delivery.service        errors delivery.connections kayba_api
        no_span                 -
        exceptions              -
        span                    values.snapshot values.masking record diagnostics exceptions tracer*
        tracer                  span record sampling* values.masking
        delivery.status         -
        delivery.segments       -
        delivery.buffer         delivery.segments record
        delivery.locking        -
        delivery.spool          delivery.locking delivery.segments
        delivery.assembly       record span
        delivery.logs           delivery.assembly delivery.buffer delivery.segments delivery.spool record diagnostics
        delivery.meanings       -
        delivery.protobuf       -
        delivery.encoder        record delivery.meanings delivery.protobuf delivery.tracefacts version
        delivery.breaker        -
        delivery.courtesy       -
        delivery.parts          delivery.assembly delivery.encoder record span
        delivery.worker         delivery.logs delivery.parts delivery.assembly delivery.buffer delivery.spool
                                delivery.encoder delivery.breaker delivery.courtesy delivery.deadline
                                delivery.outcome delivery.status tracer diagnostics
        delivery.importing      -
        delivery.tracefacts     record delivery.meanings
        delivery.tracefile      record delivery.meanings delivery.tracefacts
        delivery.traceinfo      delivery.tracefacts delivery.tracefile
        delivery.experiments    delivery.service delivery.answers delivery.outcome delivery.importing kayba_api
        delivery.onetrace       delivery.service delivery.answers delivery.outcome delivery.importing kayba_api
                                delivery.tracefile delivery.traceinfo record
        delivery.artifacts      delivery.onetrace delivery.service delivery.outcome delivery.deadline record
        delivery.exporter       delivery.artifacts delivery.experiments delivery.answers delivery.service
                                delivery.outcome delivery.deadline delivery.importing kayba_api record*
        children                -
        pipeline                tracer delivery/ settings diagnostics
        runtime                 pipeline tracer delivery/ values.masking settings folders errors diagnostics children
        calls                   binding record tracer span values.snapshot diagnostics
        streams                 values.snapshot tracer span diagnostics
        generated               binding calls runtime tracer
        wrappers                calls generated streams runtime tracer
        descriptors             -
        surface                 no_span descriptors wrappers calls record runtime tracer span diagnostics
        current                 no_span tracer span folders diagnostics
        reading.tree            reading.model reading.usage reading.terminal reading.notebook reading.frame reading.diff
                                reading.changes*
        reading.usage           span reading.tree*
        reading.outline         reading.model* reading.tree*
        reading.terminal        reading.outline reading.tree*
        reading.notebook        reading.outline reading.model* reading.tree*
        reading.frame           reading.tree*
        reading.changes         reading.difftext reading.model*
        reading.diff            reading.changes reading.tree*
        reading.difftext        reading.outline reading.model* reading.changes*
        reading.decode          reading.model reading.tree kayba_api
        reading.queries         runtime delivery.service reading.decode reading.tree errors kayba_api
        testing.loopback        record delivery.encoder delivery.tracefacts reading.model reading.tree
        testing.treetext        reading.model reading.tree reading.outline
        hostile.kinds           -
        hostile.values          hostile.kinds
        hostile                 hostile.values surface testing
        testing                 runtime tracer record delivery.assembly testing.loopback reading.tree testing.treetext
                                diagnostics
        reading.feedback        reading.queries runtime errors kayba_api
        propagation.w3c         -
        propagation.carrier     -
        propagation.requests    -
        propagation.handover    tracer
        propagation.headers     propagation.w3c propagation.carrier propagation.handover runtime tracer diagnostics
        propagation.asgi        propagation.headers propagation.requests runtime surface
        propagation.wsgi        propagation.headers propagation.requests record runtime tracer span diagnostics
        propagation.clients     propagation.headers
        propagation.carried     propagation.handover runtime tracer
        propagation.processes   propagation.handover runtime tracer sampling diagnostics
        propagation.carrying    propagation.carried propagation.processes tracer
        hostile.__main__        hostile
        values                  -
        delivery                -
        reading                 -
        propagation             -
    """,
}
"""Each module with the modules it may import.

`*` marks an import for the type checker only, `/` stands for every module of a folder, and a line that is indented
further goes on with the one above.
"""

OUTSIDE = {
    "kayba_api": set[str](),
    "ace_tracing": {"kayba_api"},
    "ace": {"ace_tracing"},
    "kayba_local": set[str](),
}
"""Each package with the packages of this repository it may import."""


def imports(path: Path) -> set[tuple[str, bool]]:
    """The modules that a file imports, each with whether it is for the type checker only."""
    found: set[tuple[str, bool]] = set()

    def visit(node: ast.AST, typing_only: bool) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for statement in node.body:
                visit(statement, True)
            return
        if isinstance(node, ast.Import):
            found.update((alias.name, typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add((node.module, typing_only))
            found.update((f"{node.module}.{alias.name}", typing_only) for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child, typing_only)

    visit(ast.parse(path.read_text(encoding="utf-8")), False)
    return found


def table(package: str) -> dict[str, set[str]]:
    rows = (line.split() for line in re.sub(r"\n {30,}", " ", LAYERS[package]).strip().splitlines())
    drawn = {module: set(allowed) - {"-"} for module, *allowed in rows}
    folders = {f"{module}/": {inner for inner in drawn if inner.startswith(f"{module}.")} for module in drawn}
    return {module: set().union(*(folders.get(name, {name}) for name in names)) for module, names in drawn.items()}


def sources(package: str) -> list[Path]:
    return sorted(PACKAGES.glob(f"*/src/{package}/**/*.py"))


def module_of(path: Path, package: str) -> str:
    parts = (path.parent if path.stem == "__init__" else path.with_suffix("")).parts
    return ".".join(parts[len(parts) - parts[::-1].index(package) :])


@pytest.mark.parametrize("package", LAYERS)
def test_every_module_stands_in_the_table(package: str) -> None:
    assert {module_of(path, package) for path in sources(package)} - {""} == set(table(package))


@pytest.mark.parametrize("package", LAYERS)
def test_imports_run_one_way(package: str) -> None:
    allowed = table(package)
    folders = {module_of(path, package) for path in sources(package) if path.stem == "__init__"} - {
        "testing",
        "hostile",
    }
    wrong = []
    for path in sources(package):
        module = module_of(path, package)
        if not module:
            continue
        for name, typing_only in imports(path):
            top, *rest = name.split(".")
            if ".".join(rest) in folders:
                continue  # of a folder that is empty itself; what is taken from it is in the list as well
            target = top if top != package else next((m for m in (".".join(rest[:2]), *rest[:1]) if m in allowed), "")
            if (top == package and target) or top == "kayba_api":
                fits = target in allowed[module] or (typing_only and f"{target}*" in allowed[module])
                if not fits:
                    wrong.append(f"{module} imports {name}")
    assert not wrong


@pytest.mark.parametrize("package", LAYERS)
def test_the_table_has_no_cycle(package: str) -> None:
    remaining = {module: {name for name in names if "*" not in name} for module, names in table(package).items()}
    while remaining:
        free = {module for module, names in remaining.items() if not names & remaining.keys()}
        assert free, f"a cycle among {sorted(remaining)}"
        remaining = {module: names for module, names in remaining.items() if module not in free}


@pytest.mark.parametrize("package", OUTSIDE)
def test_packages_know_only_those_below_them(package: str) -> None:
    others = OUTSIDE.keys() - OUTSIDE[package] - {package}
    wrong = [
        f"{path.name} imports {name}"
        for path in sources(package)
        for name, _ in imports(path)
        if name.partition(".")[0] in others
    ]
    assert not wrong
