"""The direction of imports: each package's folders and files, with the ones they may import."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from imports import SOURCES, circles, files_of, import_graph, imported_names

LAYERS: dict[str, str] = {
    "ace_tracing": """
    errors                  -
    version                 -
    conventions/            -
    lazy                    -
    interrupts              -
    clocks                  interrupts
    diagnostics             clocks interrupts
    native                  clocks
    forks                   diagnostics native
    values/                 clocks diagnostics interrupts
    recording/              clocks forks values/ diagnostics interrupts
    recording/model_calls   conventions/ recording/
    clients/                values/
    decorator/              clients/ clocks recording/ values/snapshot values/copies values/introspection
                            values/sentinels diagnostics interrupts errors
    addresses               -
    otlp_settings           addresses errors
    arguments               addresses otlp_settings recording/frames recording/prices values/media errors
    settings                arguments otlp_settings recording/folders recording/sampling values/media errors
    delivery/open_traces    clocks recording/
    delivery/derivation     conventions/ recording/ diagnostics
    delivery/assembler      clocks delivery/derivation delivery/open_traces recording/ values/media
    delivery/attempts       clocks recording/feedback
    delivery/backoff        clocks
    delivery/content        -
    delivery/control        -
    delivery/descriptors    -
    delivery/fork           forks native
    delivery/gil            clocks
    delivery/status         -
    delivery/uwsgi          diagnostics
    delivery/spool/         clocks forks native delivery/assembler delivery/descriptors delivery/open_traces recording/
                            diagnostics interrupts
    delivery/otlp/          delivery/content recording/ version
    delivery/http/          clocks forks native delivery/content delivery/otlp/response recording/feedback errors
    delivery/http/transport delivery/http/ delivery/descriptors delivery/fork
    delivery/http/otlp      delivery/content delivery/http/ delivery/media delivery/otlp/ otlp_settings
                            recording/feedback recording/records version
    delivery/http/experiments  delivery/http/ delivery/mlflow/file
    delivery/http/exporter  delivery/http/ delivery/mlflow/attachments delivery/mlflow/export delivery/mlflow/facts
                            delivery/otlp/encoder delivery/status recording/feedback
    delivery/mlflow/        clocks delivery/content delivery/http/ delivery/otlp/attributes recording/records
    delivery/media          recording/frames recording/records values/limits values/media
    delivery/mlflow/attachments  clocks delivery/http/ delivery/media delivery/mlflow/ delivery/otlp/encoder
                            delivery/status values/media diagnostics
    delivery/batches        delivery/open_traces delivery/otlp/encoder recording/
    delivery/ledger         native delivery/open_traces delivery/backoff delivery/spool/ delivery/status
    delivery/exporter       delivery/http/results delivery/otlp/encoder recording/feedback
    delivery/parallel       native
    delivery/feedback       clocks delivery/attempts delivery/parallel delivery/ledger delivery/exporter
                            delivery/backoff delivery/content delivery/http/results delivery/http/deadline
                            delivery/spool/ recording/ diagnostics
    delivery/dispatch       delivery/feedback delivery/exporter delivery/ledger delivery/batches delivery/open_traces
                            delivery/backoff delivery/content delivery/control delivery/gil delivery/http/results
                            delivery/otlp/encoder delivery/spool/ recording/context diagnostics
    delivery/recovery       clocks delivery/dispatch delivery/ledger delivery/open_traces delivery/control
                            delivery/parallel delivery/spool/ diagnostics
    delivery/rounds         clocks delivery/content delivery/recovery delivery/dispatch delivery/exporter
                            delivery/ledger delivery/control delivery/spool/ diagnostics
    delivery/worker         clocks native delivery/content delivery/recovery delivery/dispatch delivery/exporter
                            delivery/ledger delivery/control delivery/rounds delivery/status delivery/http/deadline
                            delivery/spool/ delivery/uwsgi diagnostics
    delivery/               -
    pipeline                native delivery/exporter delivery/worker delivery/http/ delivery/spool/ recording/tracer
                            arguments settings diagnostics
    process                 clocks forks native pipeline delivery/worker delivery/fork delivery/status recording/
                            diagnostics
    propagation/patches     -
    propagation/companion   -
    propagation/span_context  recording/
    propagation/bound_context  propagation/companion propagation/span_context recording/
    propagation/executors   propagation/bound_context propagation/companion propagation/patches recording/context
                            diagnostics
    capture                 process pipeline propagation/executors recording/ values/masking
    runtime                 clocks capture process pipeline delivery/worker delivery/http/client delivery/fork
                            delivery/status delivery/uwsgi propagation/executors recording/ values/masking values/media
                            arguments settings errors
    propagation/            runtime recording/ diagnostics interrupts
    instrumentation         otel/instrument otel/report
    run                     runtime otel/instrument otel/libraries errors
    __main__                run
    otel/                   errors forks runtime propagation/ recording/ values/ diagnostics interrupts version
    reading/                clocks conventions/ runtime delivery/http/client delivery/http/deadline delivery/media
                            delivery/mlflow/file recording/attributes recording/feedback recording/folders errors
    serverless              runtime arguments decorator/descriptors reading/threads diagnostics
    testing/                capture delivery/assembler delivery/mlflow/ delivery/otlp/ reading/
                            recording/ decorator/decorator diagnostics
    hostile                 testing/
""",
    "kayba_local": """
    conventions/            -
    contract                -
    cost/                   -
    otlp/                   conventions/ cost/
    store/                  -
    store/schema/           otlp/
    store/span_text         otlp/
    store/query/            store/errors store/database store/functions
    store/traces/           store/query/ store/database store/errors store/experiments store/functions store/ids
                            store/revisions store/span_text otlp/
    content/                conventions/ otlp/
    store/explore/          content/ conventions/ otlp/ store/
    analysis/               conventions/ otlp/
    mlflow_json/            store/traces/traces store/errors otlp/ cost/json_values
    jobs/                   analysis/ store/ otlp/records
    http/                   jobs/runner store/database store/deadline store/errors contract cost/
    upkeep/                 store/ otlp/
    upkeep/commands         upkeep/deletion upkeep/exports upkeep/files upkeep/imports upkeep/line_files store/
    upkeep/options          upkeep/commands upkeep/retention upkeep/worker store/database
    handlers/               http/ jobs/sources mlflow_json/ otlp/ store/ upkeep/deletion cost/protobuf_fields
    handlers/explore/       content/ http/ store/ upkeep/
    pages/                  http/ otlp/ store/
    app                     handlers/ http/ jobs/runner jobs/text_indexer pages/routes store/database
                            store/integrations contract
    server                  app http/ store/database
    cli                     app http/limits server store/ upkeep/commands upkeep/options
    pytest_plugin           server
    __main__                cli
""",
    "openapi": """
    comparison/             -
    resources/              -
    runtime/                -
    rules                   -
    reference               -
    generate                resources/project
    baseline                comparison/
    regenerate              generate rules baseline comparison/report
""",
}
"""Each package with a table: a folder (`values/`) or a file, then the folders and files that it may import.

A row of a file replaces the row of its folder. Files of one folder may import each other, unless they have a row of
their own. `-` stands for none; a line that is indented further continues the line above.
"""

OUTSIDE = {
    "ace": {"ace_tracing"},
    "ace_tracing": {"kayba_api"},
    "kayba_api": set[str](),
    "kayba_local": set[str](),
}
"""Each package with the packages of this repository that it may import."""

CONTRACT_CLIENTS = ("delivery/", "reading/")
"""The folders of `ace_tracing` that may import `kayba_api`."""

GENERATED_CIRCLES = re.compile(r"kayba_api\.models\.")
"""Generated models refer to each other where the contract's schemas are recursive."""


def rows_of(table: str) -> dict[str, list[str]]:
    """Return the rows of a table, each subject with its allowed targets."""
    lines = re.sub(r"\n {12,}", " ", table).strip().splitlines()
    return {subject: [target for target in targets if target != "-"] for subject, *targets in map(str.split, lines)}


def covers(entry: str, module: str) -> bool:
    """Return whether an entry of the table names a module or its folder."""
    return module == entry or (entry.endswith("/") and f"{module}/".startswith(entry))


def row_for(module: str, rows: Mapping[str, list[str]]) -> str | None:
    """Return the subject of the most specific row for a module."""
    return max((subject for subject in rows if covers(subject, module)), key=len, default=None)


def graph_of(package: str) -> dict[str, set[str]]:
    """Return the package's import graph with modules as paths in the package, without the package's own `__init__`."""

    def path(module: str) -> str:
        return module.removeprefix(f"{package}.").replace(".", "/")

    graph = import_graph(package)
    return {path(module): {*map(path, targets - {package})} for module, targets in graph.items() if module != package}


@pytest.mark.parametrize("package", LAYERS)
def test_every_module_has_a_row_and_every_row_a_module(package: str) -> None:
    rows, modules = rows_of(LAYERS[package]), graph_of(package)
    assert [module for module in modules if row_for(module, rows) is None] == []
    assert [subject for subject in rows if not any(row_for(module, rows) == subject for module in modules)] == []


@pytest.mark.parametrize("package", LAYERS)
def test_every_allowed_import_is_used(package: str) -> None:
    rows, graph = rows_of(LAYERS[package]), graph_of(package)
    unused = [
        f"{subject} may import {entry}"
        for subject, entries in rows.items()
        for entry in entries
        if not any(
            covers(entry, target) for module in graph if row_for(module, rows) == subject for target in graph[module]
        )
    ]
    assert unused == []


@pytest.mark.parametrize("package", LAYERS)
def test_imports_run_one_way(package: str) -> None:
    rows = rows_of(LAYERS[package])
    wrong = []
    for module, targets in graph_of(package).items():
        subject = row_for(module, rows) or ""
        siblings = [subject] if subject.endswith("/") else []
        wrong += [
            f"{module} imports {target}"
            for target in targets
            if not any(covers(entry, target) for entry in [*rows[subject], *siblings])
        ]
    assert wrong == []


@pytest.mark.parametrize("package", SOURCES)
def test_no_module_is_in_an_import_circle(package: str) -> None:
    assert [module for module in circles(import_graph(package)) if not GENERATED_CIRCLES.match(module)] == []


@pytest.mark.parametrize("package", OUTSIDE)
def test_a_package_imports_only_those_below_it(package: str) -> None:
    others = SOURCES.keys() - OUTSIDE[package] - {package}
    wrong = [
        f"{module} imports {name}"
        for module, path in files_of(package).items()
        for name in imported_names(path)
        if name.partition(".")[0] in others
    ]
    assert wrong == []


def test_only_stages_that_send_or_read_import_the_client() -> None:
    users = [
        module.removeprefix("ace_tracing.").replace(".", "/")
        for module, path in files_of("ace_tracing").items()
        if any(name.partition(".")[0] == "kayba_api" for name in imported_names(path))
    ]
    assert users
    assert [module for module in users if not module.startswith(CONTRACT_CLIENTS)] == []


@pytest.mark.parametrize("module", ["decorator/decorator", "recording/span", "delivery/otlp/encoder"])
def test_the_most_specific_row_counts(module: str) -> None:
    folder = module.rpartition("/")[0] + "/"
    assert row_for(module, {folder: [], module: [], "decorator/other": []}) == module
    assert row_for(module, {folder: []}) == folder
